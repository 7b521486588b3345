"""Real parts are found, or missed by name; setting them up leaves no trace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers import parts, setup

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def nothing_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use an empty cache, so that k6 2.2 is missing on every machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_both_k6_are_what_they_are_called(k6_binary: Path, request: pytest.FixtureRequest) -> None:
    """The fixture hands out the version that the test's id names."""
    version = subprocess.run([k6_binary, "version"], capture_output=True, text=True, check=True).stdout
    assert f"v{request.node.callspec.params['k6_binary'].removeprefix('k6-')}." in version


def test_a_missing_part_is_skipped_by_name(nothing_built: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the desk, a test without its part is skipped, and the reason says which part and what to do."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"k6-2\.2: .*`make setup`"):
        parts.require("k6-2.2")


def test_a_missing_part_fails_in_ci(nothing_built: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI=true nothing is skipped."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"k6-2\.2: .*`make setup`"):
        parts.require("k6-2.2")


def test_the_reason_of_a_failed_build_is_kept(nothing_built: None) -> None:
    """What the build said is what the skipped test says."""
    note = parts.failure_note(parts.BUILT_PARTS["k6-2.2"].target)
    note.parent.mkdir(parents=True)
    note.write_text("`go build` failed: no space left\n", encoding="utf-8")
    expected = "no space left" if parts.find_program("go") else "there is no go"
    assert expected in parts.why_missing("k6-2.2")


def test_a_missing_tool_is_named(nothing_built: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is built with Rust says so where there is none, and where to get it."""
    found = parts.find_program
    monkeypatch.setattr(parts, "find_program", lambda name: None if name == "cargo" else found("sh"))
    reason = parts.why_missing("influxd")
    assert "a Rust toolchain" in reason
    assert "there is no cargo; get it: https://rustup.rs" in reason


def test_services_stay_down_only_during_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's policy file forbids services (101) inside the block, and is gone after it."""
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(setup, "POLICY", policy)
    with setup.services_stay_down():
        assert subprocess.run([policy, "nginx", "start"], check=False).returncode == 101
    assert not policy.exists()


def test_an_administrators_policy_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy file that was there before is neither replaced nor removed."""
    policy = tmp_path / "policy-rc.d"
    policy.write_text("mine", encoding="utf-8")
    monkeypatch.setattr(setup, "POLICY", policy)
    with setup.services_stay_down():
        assert policy.read_text(encoding="utf-8") == "mine"
    assert policy.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("older", ["no-such-python", "false"])
def test_make_passes_over_unfit_interpreters(older: str) -> None:
    """What is missing or broken is passed over for the next interpreter."""
    command = [str(ROOT / ".ci" / "find-python"), older, sys.executable]
    version, path = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert version == ".".join(map(str, sys.version_info[:2]))
    assert path == sys.executable


def test_an_old_python_is_refused_in_one_line(tmp_path: Path) -> None:
    """Python 3.10 is named as the reason, with what to do."""
    old = tmp_path / "python3"
    # What an interpreter answers when it is asked for its version, and then whether that is enough.
    old.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.10 ;; *) exit 1 ;; esac\n', encoding="utf-8")
    old.chmod(0o755)
    done = subprocess.run([ROOT / ".ci" / "find-python", old], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"stallwatch needs Python 3.11 or newer: {old} is Python 3.10; "
        "install one, or name it: make PYTHON=/path/to/python3\n"
    )


@given(st.integers())
def test_properties_need_no_exemption_for_the_home(number: int) -> None:
    """The fixture that gives each test a home of its own goes together with Hypothesis' health checks."""
    assert int(str(number)) == number
