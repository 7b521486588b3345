"""Programs in place of k6 that print garbage, too much or nothing, or do not end: one line, no hanging."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from orchestrator.home import Home
from orchestrator.model import RunState
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.runs.fakes import HEADER, program, request_lines
from tests.orchestrator.runs.test_run import run_of, side_by_side

NS = 1_780_000_000_000_000_000
GOOD = "".join(request_lines(NS + n) for n in range(50))
SENDING = f"print({HEADER!r})\nprint({GOOD!r}, end='', flush=True)\n"
OUT = "sys.stdout.buffer"


@pytest.mark.parametrize(
    ("body", "rows", "error"),
    [
        (f"{OUT}.write(os.urandom(3_000_000))", 0, "k6 wrote no CSV of samples"),
        (f"while True: {OUT}.write(b'x' * 65536)", 0, "k6 wrote no CSV of samples"),
        ("print('time,value\\n1,2\\n' * 1000)", 0, "k6 wrote no CSV of samples"),
        (f"{SENDING}while True: {OUT}.write(b'x' * 65536)", 49, "bytes without the end of a line"),
        (f"{SENDING}while True: print('http_reqs,\"', end='')", 49, "bytes without the end of a line"),
        (f"{SENDING}{OUT}.flush()\nos.close(1)\ntime.sleep(600)", 50, "k6 closed its output and went on"),
        ("", 0, "k6 made no request at all: it said nothing"),
        ("print(flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)", 0, "ended by signal SIGSEGV"),
    ],
    ids=["noise", "line", "header", "endless", "quote", "closed", "nothing", "crash"],
)
def test_garbage_is_one_line_and_costs_no_row(tmp_path: Path, body: str, rows: int, error: str) -> None:
    """What came before is kept, the program is gone, and the error says what it did."""
    seen = tmp_path / "pid"
    k6 = program(tmp_path / "k6", f"open({str(seen)!r}, 'w').write(str(os.getpid()))\n{body}\n")
    home = Home(tmp_path / "home")
    [record] = side_by_side(run_of(k6, home))
    assert record.state is RunState.FAILED
    assert error in record.error
    assert "\n" not in record.error
    assert len(record.error) < 600
    assert record.rows >= rows
    assert record.rows == ParquetStore(home.run_dir).count("n0")
    with pytest.raises(ProcessLookupError):
        os.kill(int(seen.read_text()), 0)


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (f"{SENDING}print('something else\\n' * 10)", "10 lines of k6 could not be read"),
        (f"{SENDING}print('http_reqs,1')", "1 lines of k6 could not be read"),
        (f"{SENDING}sys.stdout.flush()\n{OUT}.write(b'\\xff\\0x\\n' * 9)", "9 lines of k6 could not be read"),
        (SENDING, ""),
    ],
)
def test_lines_that_are_no_samples_are_counted(tmp_path: Path, body: str, note: str) -> None:
    """What is not k6's between and behind its samples is said, and without totals the Run cannot pass."""
    [record] = side_by_side(run_of(program(tmp_path / "k6", body), Home(tmp_path / "home")))
    assert (record.state, record.rows, record.error) == (RunState.DONE, 50, "")
    assert record.notes == ((note,) if note else ())
    assert record.facts.unfit == "k6 wrote no totals: whether each of its requests is stored is not known"


FORK = "child = os.fork()\nif child:\n    open({seen!r}, 'w').write(str(child))\n    os._exit(0)\n"


@pytest.mark.parametrize("then", ["time.sleep(600)", "while True: print('x', flush=True); time.sleep(0.01)"])
def test_a_child_that_holds_the_pipes_keeps_nobody_waiting(tmp_path: Path, then: str) -> None:
    """The Run ends with its k6, silent child or talking one, and the child does not outlive it."""
    seen = tmp_path / "pid"
    k6 = program(tmp_path / "k6", f"{SENDING}{FORK.format(seen=str(seen))}{then}\n")
    [record] = side_by_side(run_of(k6, Home(tmp_path / "home")))
    assert (record.state, record.rows) == (RunState.DONE, 50)
    child = int(seen.read_text())
    assert not running(child)


def running(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_flood_on_stderr_stops_nobody(tmp_path: Path) -> None:
    """A hundred megabytes of complaints are drained, and the last one in earnest is what is told."""
    error = 'time="x" level=error msg="the pumps have failed"'
    flood = f"for _ in range(1600): sys.stderr.write('level=info ' * 6000)\nprint({error!r}, file=sys.stderr)"
    k6 = program(tmp_path / "k6", f"{SENDING}{flood}\nsys.exit(1)\n")
    [record] = side_by_side(run_of(k6, Home(tmp_path / "home")))
    assert record.error == "k6 exit code 1: the pumps have failed"
    assert record.rows == 50


@pytest.mark.parametrize("deaf", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"])
def test_a_program_without_a_known_end_ends_on_request(tmp_path: Path, deaf: str) -> None:
    """Where nobody knows how long it may take nothing is overdue, until it is asked to end."""
    k6 = program(tmp_path / "k6", f"{deaf}{SENDING}time.sleep(600)")
    run = run_of(k6, Home(tmp_path / "home"), overtime_s=0.5, duration_s=None)
    while run.snapshot().requests < 49:
        run.look(1e12)
    assert not run.ended()
    run.interrupt()
    while not run.ended():
        run.look(time.monotonic())
    record = run.finish()
    assert record.rows == 50
    assert record.state is (RunState.FAILED if deaf else RunState.INTERRUPTED)
