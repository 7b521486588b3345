"""The k6 process: interrupted, killed, orphaned, missing; what it said last."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.errors import K6Error
from orchestrator.k6.process import K6Process, exit_meaning
from orchestrator.k6.wrapper import K6Command
from tests.orchestrator.k6.runs import Measuring, processes_of_session
from tests.orchestrator.k6.servers import serving
from tests.orchestrator.preflight.nodes import closed_port

ROOT = Path(__file__).parents[3]


def fake(folder: Path, body: str) -> K6Command:
    """Return a command that runs a script of Python instead of k6."""
    script = folder / "fake.py"
    script.write_text(body)
    return K6Command(
        argv=(sys.executable, str(script)), env={"PYTHONUTF8": "1"}, summary=folder / "none.json"
    )


def test_interrupted_run_counts_what_was_in_flight(k6_binary: Path, tmp_path: Path) -> None:
    """After SIGTERM, started - rows is what the silent server had taken and never answered."""
    with serving(status=None) as server:
        run = Measuring(k6_binary, tmp_path, server.port, duration_s=60.0, rate_per_s=40.0)
        server.wait_for(40)
        run.process.interrupt()
        measured = run.finish()
    assert measured.exit_code == 105
    assert measured.totals.http_reqs == len(measured.frame)
    assert measured.totals.started == measured.counters["stallwatch_started"]
    assert len(measured.frame) == 0
    # A request that was just being sent has started, and the server may not have read it yet.
    assert 40 <= len(server.seen) <= measured.counters["stallwatch_started"] <= len(server.seen) + 5
    assert measured.malformed == 0


def test_interrupted_run_keeps_what_was_answered(k6_binary: Path, tmp_path: Path) -> None:
    """After SIGTERM in a healthy Run the stored rows are k6's count, and at most a few were in flight."""
    with serving() as server:
        run = Measuring(k6_binary, tmp_path, server.port, duration_s=60.0, rate_per_s=40.0)
        server.wait_for(40)
        run.process.interrupt()
        measured = run.finish()
    assert measured.exit_code == 105
    assert len(measured.frame) == measured.totals.http_reqs
    assert len(measured.frame) >= 35
    assert 0 <= measured.counters["stallwatch_started"] - len(measured.frame) <= 5


def test_k6_has_a_session_of_its_own_and_leaves_nobody(k6_binary: Path, tmp_path: Path) -> None:
    """A terminal's Ctrl-C cannot reach k6, and when the Run is over its session is empty."""
    with serving() as server:
        run = Measuring(k6_binary, tmp_path, server.port, duration_s=1.0)
        server.wait_for(1)
        session = os.getsid(run.process.pid)
        assert session == run.process.pid != os.getsid(0)
        run.finish()
    assert run.process.ended()
    assert processes_of_session(session) == []


ORPHANING = """\
import sys
from pathlib import Path
from tests.orchestrator.k6.runs import Measuring
run = Measuring(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), duration_s=60.0)
print(run.process.pid, flush=True)
run.process.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="pidfd_open is Linux's")
def test_no_k6_outlives_its_orchestrator(k6_binary: Path, tmp_path: Path) -> None:
    """After SIGKILL of the orchestrator, its k6 ends by itself."""
    with serving() as server:
        orchestrator = subprocess.Popen(
            [sys.executable, "-c", ORPHANING, k6_binary, tmp_path, str(server.port)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        with orchestrator:
            assert orchestrator.stdout is not None
            pid = int(orchestrator.stdout.readline())
            k6 = os.pidfd_open(pid)
            server.wait_for(1)
            orchestrator.kill()
        ended, _, _ = select.select([k6], [], [], 30)
        os.close(k6)
        assert ended


def test_missing_program_is_one_clear_error(tmp_path: Path) -> None:
    """A k6 that vanished is told at once, with its path."""
    command = K6Command(argv=(str(tmp_path / "k6"), "run"), env={}, summary=tmp_path / "s.json")
    with pytest.raises(K6Error, match=r"cannot be started: .*k6: No such file"):
        K6Process(command, lambda _: None)


def test_broken_reader_ends_k6(tmp_path: Path) -> None:
    """When output cannot be kept, the program is killed and the reason stays."""
    command = fake(tmp_path, "while True: print('x' * 1000, flush=True)")

    def refuse(data: bytes) -> None:
        raise K6Error(f"took {len(data)} bytes too many")

    process = K6Process(command, refuse)
    assert process.wait() == -signal.SIGKILL
    assert isinstance(process.broken, K6Error)


def test_noise_on_stderr_stops_nobody(tmp_path: Path) -> None:
    """Megabytes on stderr are drained, and only what was said last in earnest is kept."""
    noise = "for n in range(50_000): print(f'level=info msg=\"line {n} of many\"', file=sys.stderr)"
    error = r'time="t" level=error msg="caf\u00e9 \"shut\"\n  at x.js" error="EOF"'
    taken: list[bytes] = []
    process = K6Process(
        fake(tmp_path, f"import sys\n{noise}\nprint({error!r}, file=sys.stderr)\nprint('done')"), taken.append
    )
    assert process.wait() == 0
    assert process.message() == 'café "shut" at x.js: EOF'
    assert b"".join(taken) == b"done\n"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", ""),
        ("panic: no quotes", "panic: no quotes"),
        ('level=error msg=short error="no space"', "short: no space"),
        ('level=error msg="naïve 日本"', "naïve 日本"),
        ('level=error msg="unfinished', 'level=error msg="unfinished'),
    ],
)
def test_message_of_odd_lines(tmp_path: Path, said: str, message: str) -> None:
    """Whatever stands on stderr, the message is one readable line."""
    process = K6Process(fake(tmp_path, f"import sys\nprint({said!r}, file=sys.stderr)"), lambda _: None)
    process.wait()
    assert process.message() == message


def test_kill_ends_at_once(k6_binary: Path, tmp_path: Path) -> None:
    """A killed k6 leaves a readable table and no totals."""
    with closed_port() as port:
        run = Measuring(k6_binary, tmp_path, port, duration_s=60.0)
        run.process.kill()
        measured = run.finish()
    assert measured.exit_code == -signal.SIGKILL
    assert measured.totals.http_reqs is None


def test_exit_codes_have_meanings() -> None:
    """Codes say what they mean, signals are named, unknown codes stay numbers."""
    assert exit_meaning(107) == "exit code 107: the script threw an exception"
    assert exit_meaning(-9) == "was ended by signal SIGKILL"
    assert exit_meaning(55) == "exit code 55"
