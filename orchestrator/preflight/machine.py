"""What a campaign needs of this machine: disk, open files, memory."""

from __future__ import annotations

import resource
import shutil
from dataclasses import dataclass

from orchestrator.errors import StallwatchError
from orchestrator.home import Home
from orchestrator.k6.load import most_requests_of, sockets_of, vus_of
from orchestrator.model import Profile, ProfileKind
from orchestrator.plan import control_profile, duration_in_words, load_in_words
from orchestrator.preflight.check import Check, State
from orchestrator.processes import available_memory_mb

MB = 1_000_000
# Measured with k6 1.1 and 2.2 and TLS on each new connection: 56 MB at 51 VUs, 205 MB at 501, 372 MB at
# 1,001; the same when every answer takes 9 s.
BASE_MB = 50.0
VU_MB = 0.33
OWN_FILES = 64  # of a k6 process beside its sockets: pipes, epoll, summary, libraries
# A row of the stream: 8 int64, 2 int16, a flag, 6 dictionary indices of int32: about 95 bytes, and up to 20
# in the Parquet file beside it; rounded up.
BYTES_PER_REQUEST = 150
KEEP_FREE_BYTES = 500 * MB
LESS = {ProfileKind.DOWNLOAD: "lower vus", ProfileKind.SCRIPT: "let the script have fewer VUs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one profile against all nodes needs at once; a control runs beside the nodes."""

    runs_at_once: int
    vus_per_run: int
    sockets_per_run: int
    memory_mb: float
    requests: int


def need_of(profile: Profile, nodes: int, max_parallel: int) -> Need:
    """Compute VUs, sockets, memory and requests of a profile against so many nodes."""
    control = control_profile(profile)
    waves, beside = -(-nodes // max_parallel), min(nodes, max_parallel)
    vus = vus_of(profile) or 0
    return Need(
        runs_at_once=beside + 1,
        vus_per_run=vus,
        sockets_per_run=sockets_of(profile) or 0,
        memory_mb=beside * _memory_mb(vus) + _memory_mb(vus_of(control) or 0),
        requests=(most_requests_of(profile) or 0) * nodes + (most_requests_of(control) or 0) * waves,
    )


def _memory_mb(vus: int) -> float:
    return BASE_MB + VU_MB * vus


def check_profile(
    profile: Profile, need: Need, *, available_mb: float | None, open_files: tuple[int, int]
) -> Check:
    """Compare what a profile needs with the memory and open files there are.

    ``open_files`` is (soft, hard): k6 raises its own soft limit to the hard one, our own processes do not.
    """
    name = f"profile {profile.name}"
    files = need.sockets_per_run + OWN_FILES
    less = LESS.get(profile.kind, "lower rate_per_s")
    text = (
        f"{load_in_words(profile)}, for {duration_in_words(profile)}: "
        f"{need.runs_at_once} k6 processes at once, "
        f"each up to {need.vus_per_run:,} VUs and {need.sockets_per_run:,} sockets; "
        f"about {need.memory_mb:,.0f} MB in all"
    )
    soft, hard = open_files
    state, hint = State.OK, ""
    if files > hard:
        text += f"; only {hard:,} open files are allowed"
        state, hint = State.FAILED, f"raise the limit (ulimit -Hn {files}), or {less}"
    elif available_mb is not None and need.memory_mb > available_mb:
        text += f"; only {available_mb:,.0f} MB are available"
        state, hint = State.FAILED, f"{less} or max_parallel, or use a larger machine"
    elif available_mb is not None and need.memory_mb > available_mb / 2:
        text += f"; {available_mb:,.0f} MB are available"
        state, hint = (
            State.WARNING,
            f"a machine short of memory stalls by itself: {less} or max_parallel",
        )
    elif files > soft:
        text += f"; the soft limit is {soft:,} open files"
        state, hint = State.WARNING, f"raise it: ulimit -n {files}"
    figures = {
        "vus_per_run": need.vus_per_run,
        "sockets_per_run": need.sockets_per_run,
        "runs_at_once": need.runs_at_once,
        "memory_mb": round(need.memory_mb),
        "available_mb": None if available_mb is None else round(available_mb),
        "open_files_soft": soft,
        "open_files_hard": hard,
    }
    return Check(name=name, state=state, text=text, hint=hint, figures=figures)


def check_home(home: Home, requests: int) -> Check:
    """Create the home when it is missing, write to it, and compare the free space with what is coming."""
    try:
        home.create()
        free = shutil.disk_usage(home.path).free
    except StallwatchError as error:
        return Check(name="home", state=State.FAILED, text=error.message, hint=error.hint)
    needed = requests * BYTES_PER_REQUEST
    text = f"{home.path} can be written to; {free // MB:,} MB free"
    if requests:
        text += f", a campaign takes about {max(1, needed // MB):,} MB"
    figures: dict[str, str | float | None] = {
        "path": str(home.path),
        "free_mb": free // MB,
        "needed_mb": needed // MB,
    }
    if free < needed:
        hint = "free some space, or name another folder with --home PATH"
        return Check(name="home", state=State.FAILED, text=text, hint=hint, figures=figures)
    if free < needed + KEEP_FREE_BYTES:
        hint = "the disk is nearly full: free some space"
        return Check(name="home", state=State.WARNING, text=text, hint=hint, figures=figures)
    if home.path.stat().st_mode & 0o077:
        hint = f"chmod 700 {home.path}"
        return Check(
            name="home", state=State.WARNING, text=f"{text}; others may read it", hint=hint, figures=figures
        )
    return Check(name="home", state=State.OK, text=text, figures=figures)


def shortage(home: Home, need: Need) -> StallwatchError | None:
    """Return why a campaign must not start: it would fill the disk, or take more memory than there is."""
    free, needed = shutil.disk_usage(home.path).free, need.requests * BYTES_PER_REQUEST
    if free < needed:
        return StallwatchError(
            f"refused: the campaign may store {needed / MB:,.0f} MB, and {home.path} has"
            f" {free / MB:,.0f} MB free",
            hint="free some space, shorten the campaign, or name another folder with --home PATH",
        )
    available_mb = available_memory_mb()
    if available_mb is not None and need.memory_mb > available_mb:
        return StallwatchError(
            f"refused: the campaign needs about {need.memory_mb:,.0f} MB of memory, and"
            f" {available_mb:,.0f} MB are available",
            hint="lower the rate or max_parallel, or use a larger machine",
        )
    return None


def open_files() -> tuple[int, int]:
    """Return the (soft, hard) limit of open files; no limit is a very large number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return tuple(2**31 if limit == resource.RLIM_INFINITY else limit for limit in (soft, hard))  # type: ignore[return-value] # a pair in, a pair out
