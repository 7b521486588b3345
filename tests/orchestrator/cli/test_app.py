"""The frame: help, routes, one line an error, the right exit code, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.orchestrator.cli.run import ROOT, stallwatch

# A command that does what its first argument says, put in the place of `init`.
PLANTED = """
import sys, types
from orchestrator.cli import app
from orchestrator.errors import StallwatchError, UsageError, ConfigError

def command(what: str) -> int:
    secret = "hunter2-local"
    match what:
        case "bug": raise RuntimeError("first\\nsecond \\x1b[31mred")
        case "bug-long": raise ValueError("x" * 5000)
        case "known": raise StallwatchError("the store is full", hint="free some space")
        case "usage": raise UsageError("no such thing")
        case "config": raise ConfigError("a.yaml:1: x: one\\na.yaml:2: y: two", hint="mend them")
        case "escape": raise UsageError("name \\x1b]0;owned\\x07 is bad")
        case "fail": return 1
        case "inconclusive": return 3
        case "none": return None
        case "much":
            for _ in range(100_000): print("line")
        case "wait":
            import signal
            print("ready", flush=True)
            signal.pause()
        case "exit": raise SystemExit(7)
    return 0

module = types.ModuleType("orchestrator.cli.init")
module.command = command
sys.modules["orchestrator.cli.init"] = module
"""


ALL = (
    "demo, init, check, run-smoke, run-load, run, "
    "import, analyze, compare, history, report, sync, prune, notify, list, serve"
)


def planted(
    what: str, *, stdout: int | None = subprocess.PIPE, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run the planted command to its end."""
    return subprocess.run(
        [sys.executable, "-c", f"{PLANTED}\nsys.argv = ['stallwatch', 'init', {what!r}]\napp.main()"],
        cwd=ROOT,
        env=os.environ | environ,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_command() -> None:
    """--help says what each command does and what the exit codes mean, on standard output."""
    done = stallwatch("--help")
    assert done.returncode == 0
    for name in ("demo", "init", "check", "run-smoke", "analyze", "report", "list", "Exit codes"):
        assert name in done.stdout
    assert done.stderr == ""


def test_nothing_asked_is_a_usage_error_with_help() -> None:
    """An empty command line shows the help on standard error and is no success."""
    done = stallwatch()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: stallwatch ")


@pytest.mark.parametrize("name", ["demo", "init", "check", "run-smoke", "analyze", "report", "list"])
def test_each_command_has_help(name: str) -> None:
    """Every command that is listed can be loaded and explains itself."""
    done = stallwatch(name, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: stallwatch {name} ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["chek"], "error: no command 'chek'; did you mean 'check'?"),
        (
            ["frobnicate"],
            f"error: no command 'frobnicate'; the commands are {ALL}",
        ),
        (["a\x1b[31mb"], f"error: no command 'a\\x1b[31mb'; the commands are {ALL}"),
        (["--bogus"], "error: No such option: --bogus; see `stallwatch --help`"),
        (
            ["check", "--format"],
            "error: Option '--format' requires an argument; see `stallwatch check --help`",
        ),
        (
            ["check", "--format", "xml"],
            (
                "error: Invalid value for '--format': 'xml' is not one of 'text', 'json'; "
                "see `stallwatch check --help`"
            ),
        ),
    ],
)
def test_a_usage_error_is_one_line(arguments: list[str], line: str) -> None:
    """What is wrong with the arguments is one line on standard error, with exit code 2."""
    done = stallwatch(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line + "\n")


def test_too_many_arguments_are_one_line() -> None:
    """What is one argument too many is named, in whatever words typer has for it."""
    done = stallwatch("init", "extra")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "(extra); see `stallwatch init --help`" in done.stderr


def test_version() -> None:
    """--version names the program."""
    done = stallwatch("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("stallwatch")


def test_run_smoke_is_a_command_of_its_own() -> None:
    """`run-smoke` takes the arguments of `stallwatch run-smoke`."""
    done = subprocess.run(
        [sys.executable, "-c", "from orchestrator.cli.app import run_smoke_main; run_smoke_main()", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("Usage: stallwatch run-smoke ")


@pytest.mark.parametrize(
    ("what", "code", "stderr"),
    [
        ("known", 4, "error: the store is full; free some space\n"),
        ("usage", 2, "error: no such thing\n"),
        ("config", 2, "error: a.yaml:1: x: one\nerror: a.yaml:2: y: two; mend them\n"),
        ("escape", 2, "error: name \\x1b]0;owned\\x07 is bad\n"),
        ("fail", 1, ""),
        ("inconclusive", 3, ""),
        ("none", 0, ""),
    ],
)
def test_exit_codes_and_messages(what: str, code: int, stderr: str) -> None:
    """Each error class has its exit code; each problem its line; no control character gets out."""
    done = planted(what)
    assert (done.returncode, done.stderr) == (code, stderr)


def test_a_bug_is_one_line_and_a_private_file(tmp_path: Path) -> None:
    """An unexpected exception names itself and the file with its traceback, without variables."""
    done = planted("bug", STALLWATCH_HOME=str(tmp_path / "home"))
    [crash] = (tmp_path / "home").glob("crash-*.txt")
    assert (done.returncode, done.stderr) == (
        4,
        (
            "error: RuntimeError: first second \\x1b[31mred; this is a bug in stallwatch; "
            f"its traceback is in {crash}\n"
        ),
    )
    text = crash.read_text()
    assert crash.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in text
    assert "in command" in text
    assert "hunter2-local" not in text


def test_a_bug_with_nowhere_to_write(tmp_path: Path) -> None:
    """When the home cannot be written, the one line says so, and stays short whatever the message."""
    (tmp_path / "file").touch()
    done = planted("bug-long", STALLWATCH_HOME=str(tmp_path / "file"))
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "its traceback could not be written" in done.stderr
    assert len(done.stderr) < 700


def test_interrupted() -> None:
    """Ctrl-C ends with 130 and one word."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{PLANTED}\nsys.argv = ['stallwatch', 'init', 'wait']\napp.main()"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (130, "interrupted\n")


def test_a_reader_that_leaves() -> None:
    """`stallwatch ... | head -1` ends without a word: the reader left on purpose."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = planted("much", stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (4, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's own full disk")
@pytest.mark.parametrize("what", ["much", "none"])
def test_a_full_disk_behind_standard_output(what: str) -> None:
    """Output that cannot be written is told in one line and is no success."""
    with Path("/dev/full").open("w") as full:
        done = planted(what, stdout=full.fileno())
    said = "error: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == ((4, said) if what == "much" else (0, ""))


def test_the_daemons_own_command_is_not_for_people() -> None:
    """`job` runs, and no help lists it."""
    assert "job" not in stallwatch("--help").stdout.split()
    assert stallwatch("job", "--help").returncode == 0
