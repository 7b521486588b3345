"""Bring the real programs for tests onto this machine: ``python -m tests.servers.setup``.

What this machine cannot have is skipped by name, with the reason; with CI=true that is an error.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.servers import parts

POLICY = Path("/usr/sbin/policy-rc.d")


def main() -> int:
    """Install what is missing and can be had; return 1 when CI lacks something."""
    for name in parts.BUILT_PARTS:
        if parts.locate(name) is None:
            build(name)
    install_debian_packages([name for name in parts.SYSTEM_PARTS if parts.locate(name) is None])
    missing = [part for part in parts.PARTS if parts.locate(part) is None]
    for part in missing:
        print(f"{'missing' if parts.in_ci() else 'skipped'}: {part}: {parts.why_missing(part)}", flush=True)
    return int(bool(missing) and parts.in_ci())


def build(name: str) -> None:
    """Build a part from its pinned Go modules into the cache; a failure leaves its reason there."""
    part, go = parts.BUILT_PARTS[name], parts.find_program("go")
    if go is None or part.missing_tool():
        return
    note = parts.failure_note(part.target)
    part.target.parent.mkdir(parents=True, exist_ok=True)
    print(f"building {part.program} {part.version} (once; about {part.minutes:g} min on 2 cores)", flush=True)
    with tempfile.TemporaryDirectory(dir=part.target.parent) as scratch:
        built = Path(scratch) / part.program
        commands = influxd_commands(part, built) if name == "influxd" else [go_build(part.package, built)]
        environ = {**os.environ, "GOWORK": "off"}
        environ |= flux_environ(Path(scratch)) if name == "influxd" else {"CGO_ENABLED": "0"}
        for command in commands:
            done = subprocess.run(
                [str(go), *command],
                cwd=part.source,
                env=environ,
                text=True,
                stderr=subprocess.PIPE,
                check=False,
            )
            if done.returncode:
                sys.stderr.write(done.stderr)
                last_line = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
                needs = " and ".join(part.needs.values())
                note.write_text(f"`go build` failed: {last_line}; it needs {needs}, and a module proxy\n")
                return
        # A rename is one step: two checkouts that build at once never run half a file.
        built.replace(part.target)
    note.unlink(missing_ok=True)


def go_build(package: str, built: Path, *options: str) -> list[str]:
    """Return the arguments of go that build a package of the folder's go.mod."""
    return ["build", "-buildvcs=false", "-trimpath", *options, "-o", str(built), package]


def influxd_commands(part: parts.BuiltPart, built: Path) -> list[list[str]]:
    """Return what builds InfluxDB: first the pkg-config of its makers, which has cargo build flux."""
    tags = "sqlite_foreign_keys,sqlite_json,noasset"  # noasset: without the web page
    stamp = f"-s -w -X main.version=v{part.version}"
    return [
        go_build("github.com/influxdata/pkg-config", built.with_name("pkg-config")),
        go_build(part.package, built, "-tags", tags, "-ldflags", stamp),
    ]


def flux_environ(scratch: Path) -> dict[str, str]:
    """Return what flux needs to build with the Rust that is here."""
    wrapper = scratch / "rustc"
    # Flux denies warnings, and a newer compiler has new ones; RUSTFLAGS do not reach its dependencies.
    wrapper.write_text('#!/bin/sh\nexec "$@" --cap-lints warn\n')
    wrapper.chmod(0o755)
    cargo = str(parts.find_program("cargo"))
    environ = {
        "CGO_ENABLED": "1",
        "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(cargo).parent)]),
        "PKG_CONFIG": str(scratch / "pkg-config"),
        "RUSTC_WRAPPER": str(wrapper),
    }
    if rustup := parts.find_program("rustup"):
        # Flux names a toolchain of 2023, which rustup would fetch.
        shown = subprocess.run(
            [str(rustup), "show", "active-toolchain"], capture_output=True, text=True, check=False
        )
        if shown.stdout.strip():
            environ["RUSTUP_TOOLCHAIN"] = shown.stdout.split()[0]
    return environ


def install_debian_packages(names: list[str]) -> None:
    """Install the packages of the named system parts, as root on Debian; elsewhere do nothing."""
    apt = shutil.which("apt-get")
    if not names or os.geteuid() != 0 or apt is None or not is_debian():
        return
    packages = [package for name in names for package in parts.SYSTEM_PARTS[name].debian]
    print(f"apt-get install {' '.join(packages)}", flush=True)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with services_stay_down():
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            done = subprocess.run(
                [apt, "--quiet=2", *command], env=environ, stdout=subprocess.DEVNULL, check=False
            )
            if done.returncode:
                print(f"apt-get {command[0]} ended with exit code {done.returncode}", file=sys.stderr)
    systemctl = shutil.which("systemctl")
    if "nginx" in names and systemctl and Path("/run/systemd/system").is_dir():
        # Packages also start their service at the next boot; the tests start their own nginx.
        subprocess.run([systemctl, "--quiet", "disable", "nginx"], check=False)


def is_debian() -> bool:
    """Tell Debian itself from others: Ubuntu's chromium, for one, is a snap, which containers cannot run."""
    try:
        return "ID=debian" in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False


@contextlib.contextmanager
def services_stay_down() -> Iterator[None]:
    """Keep packages from starting their services, by Debian's own means: a policy that says no (101)."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


if __name__ == "__main__":
    sys.exit(main())
