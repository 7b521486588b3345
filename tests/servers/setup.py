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
    if parts.locate("k6-2.2") is None:
        build_k6_2()
    install_debian_packages([name for name in parts.SYSTEM_PARTS if parts.locate(name) is None])
    missing = [part for part in parts.PARTS if parts.locate(part) is None]
    for part in missing:
        print(f"{'missing' if parts.in_ci() else 'skipped'}: {part}: {parts.why_missing(part)}", flush=True)
    return int(bool(missing) and parts.in_ci())


def build_k6_2() -> None:
    """Build k6 from its pinned Go modules into the cache; a failure leaves its reason there."""
    go, target = parts.find_program("go"), parts.k6_2_target()
    if go is None:
        return
    note = parts.failure_note(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    print(f"building k6 {parts.K6_2_VERSION} (once; about 75 s on 2 cores)", flush=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        built = Path(scratch) / "k6"
        environ = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
        command = [str(go), "build", "-buildvcs=false", "-trimpath", "-o", str(built), "go.k6.io/k6/v2"]
        done = subprocess.run(
            command, cwd=parts.HERE / "k6", env=environ, text=True, stderr=subprocess.PIPE, check=False
        )
        if done.returncode:
            sys.stderr.write(done.stderr)
            last_line = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            note.write_text(f"`go build` failed: {last_line}; it needs Go >= 1.26 and a module proxy\n")
            return
        # A rename is one step: two checkouts that build at once never run half a file.
        built.replace(target)
    note.unlink(missing_ok=True)


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
