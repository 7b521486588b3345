"""`import`: files and standard input, kept or refused; what breaks it off leaves nothing behind."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.cli import app
from tests.orchestrator.cli.run import ROOT, stallwatch
from tests.orchestrator.cli.terminal import on_terminal
from tests.orchestrator.files.content import ROWS, csv_samples, json_samples

COMMAND = [sys.executable, "-m", "orchestrator.cli.app"]
LINE_MIB = 400
MOST_KIB = 350 << 10
MANY = 60_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of files."""
    (tmp_path / "a.csv").write_bytes(csv_samples())
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(json_samples()))
    (tmp_path / "bad.csv").write_bytes(b"a,b\n1,2\n")
    return tmp_path


def environ() -> dict[str, str]:
    """Return the environment of a command."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


def left(home: Path) -> list[str]:
    """Name what is in a home beside its catalog."""
    return sorted(
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and not path.name.startswith("catalog.db")
    )


def test_files_are_kept_and_found_again(folder: Path) -> None:
    """The verdict is printed as for a run; `list`, `analyze` and `report` know the campaign."""
    done = stallwatch("import", "a.csv", "b.json.gz", "--home", "home", folder=folder)
    assert done.returncode == 3
    assert done.stdout.startswith("inconclusive: ")
    assert "report: home/reports/" in done.stdout
    assert "a.csv as a, b.json.gz as b" in done.stderr
    [campaign] = [json.loads(line) for line in run(folder, "list", "campaigns").splitlines()]
    found = [json.loads(line) for line in run(folder, "analyze", "last").splitlines()]
    assert [value["input"] for value in found] == [f"{campaign['id']}.a", f"{campaign['id']}.b"]
    assert [value["requests"] for value in found] == [ROWS, ROWS]
    assert stallwatch("report", "last", "--home", "home", folder=folder).returncode == 3
    again = stallwatch("import", "a.csv", "--home", "home", folder=folder)
    assert (again.returncode, again.stdout) == (2, "")
    assert f"the same content is imported already, as run {campaign['id']}.a" in again.stderr
    for name in ("c.csv", "d.csv"):
        (folder / name).write_bytes(csv_samples(7))
    twice = stallwatch("import", "c.csv", "d.csv", "--home", "home", folder=folder)
    assert "d.csv: the same content is in c.csv" in twice.stderr


def run(folder: Path, *arguments: str) -> str:
    """Return what a command prints as JSON."""
    return stallwatch(*arguments, "--home", "home", "--format", "json", folder=folder).stdout


@pytest.mark.parametrize(
    ("command", "content"), [("analyze", csv_samples()), ("import", gzip.compress(json_samples()))]
)
def test_standard_input_is_a_file(folder: Path, command: str, content: bytes) -> None:
    """CSV or JSON, packed or not; `--format json` is one object."""
    done = subprocess.run(
        [*COMMAND, command, "-", "--format", "json", "--home", "home"],
        cwd=folder, env=environ(), input=content, capture_output=True, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)
    [node] = found.get("nodes", [found])
    assert (done.returncode, node["requests"]) == (3, ROWS)
    assert node["input"] == ("stdin" if command == "import" else "standard input")


def test_limits_and_names_are_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a config, where one is named; a node's name in the place of the file's."""
    (folder / "own.yaml").write_text(
        'service: {url: "http://shop.example.test/"}\n'
        "nodes: [{name: n0, address: 127.0.0.1}]\n"
        "limits: {stall_ms: 123}\n"
    )
    monkeypatch.chdir(folder)
    named = ["--node", "node-7", "--config", "own.yaml", "--home", "home"]
    assert app.run(["import", "a.csv", *named]) == 3
    [record] = (folder / "home" / "runs").glob("*.node-7/run.json")
    assert json.loads(record.read_text())["limits"]["stall_ms"] == 123


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.csv", "bad.csv"], "bad.csv: k6 wrote no CSV"),
        (["missing.csv"], "missing.csv: there is no such file"),
        (["-", "-"], "standard input can be read once only"),
        (["a.csv", "--node", "x", "--node", "y"], "there are 2 values of --node and 1 of FILE"),
        (["a.csv", "b.json.gz", "--node", "x", "--node", "x"], "--node names 'x' twice"),
        (["a.csv", "--node", "../x"], "cannot be a name"),
        (["a.csv", "--node", "control"], "reserved"),
        ([], "Missing argument 'FILE...'"),
    ],
)
def test_what_cannot_be_imported_is_one_line(
    folder: Path,
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, and nothing in the home."""
    monkeypatch.chdir(folder)
    assert app.run(["import", *arguments, "--home", "home"]) == 2
    out, err = capsys.readouterr()
    [error] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert said in error
    assert out == ""
    assert left(folder / "home") == []


@contextmanager
def importing(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start an import of standard input, and have it write some of its table."""
    process = subprocess.Popen(
        [*COMMAND, "import", "-", "--home", "home"],
        cwd=folder,
        env=environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdin
        process.stdin.write(csv_samples(MANY))
        process.stdin.flush()  # all but the last block is taken
        assert any(name.startswith("runs/") for name in left(folder / "home"))
        yield process


def test_an_interrupt_leaves_nothing(folder: Path) -> None:
    """Ctrl-C in the midst of a file: exit code 130, one word, and no trace in the home."""
    with importing(folder) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.splitlines()[1:] == [b"interrupted"]
    assert left(folder / "home") == []


def test_a_kill_leaves_nothing_behind_the_next_command(folder: Path) -> None:
    """What it wrote is taken away, and the catalog never knew of it; who still imports is left alone."""
    with importing(folder) as process:
        assert run(folder, "list", "runs") == ""
        assert left(folder / "home") != []
        process.kill()
        process.communicate()
    assert run(folder, "list", "runs") == ""
    assert left(folder / "home") == []


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit to set")
def test_a_full_disk_leaves_nothing(folder: Path) -> None:
    """When a table can no longer be written: one line, exit code 4, and no trace in the home."""
    (folder / "many.csv").write_bytes(csv_samples(MANY, spread_ms=1.0))
    limited = (
        "import resource, signal, sys; from orchestrator.cli.app import main;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "import", "a.csv", "many.csv", "--home", "home"],
        cwd=folder, env=environ(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (4, "")
    assert "is the disk full?" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert left(folder / "home") == []


@pytest.mark.parametrize("samples", [csv_samples(), json_samples()])
def test_a_line_of_hundreds_of_megabytes_fills_no_memory(samples: bytes) -> None:
    """It is thrown away as it comes and counted as one line; what stands around it is kept."""
    cut = samples.rfind(b"\n", 0, len(samples) // 2) + 1
    # A process's own peak: what the system tells of a child may be its parent's.
    watched = (
        "import sys; from orchestrator.cli.app import run; code = run(sys.argv[1:]);"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')), file=sys.stderr)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", watched, "analyze", "-", "--format", "json"],
        env=environ(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin
        process.stdin.write(samples[:cut])
        for _ in range(LINE_MIB):
            process.stdin.write(b"x" * (1 << 20))
        out, err = process.communicate(b"\n" + samples[cut:], timeout=60)
    found = json.loads(out)
    assert found["requests"] == ROWS
    assert "lines that are no samples: 1)" in " ".join(found["notes"])
    assert int(err.split()[1]) < MOST_KIB


def test_a_terminal_shows_how_far_it_is(folder: Path) -> None:
    """The name of the file and its size, on the terminal and not in the result."""
    code, seen = on_terminal(
        [*COMMAND, "import", "a.csv", "--home", "home"],
        folder=folder,
        environ=environ(),
    )
    assert code == 3
    assert "a.csv" in seen
    assert "kB" in seen
