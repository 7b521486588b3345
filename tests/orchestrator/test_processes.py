"""Programs are started in a session of their own and end with whoever started them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import processes

ROOT = Path(__file__).parents[2]
ENDLESS = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"


def test_program_gets_arguments_and_environment_as_they_are() -> None:
    """What a program is given arrives unchanged, also empty and odd arguments."""
    code = "import os, sys; print(sys.argv[1:], os.environ.get('A'), os.environ.get('PATH'))"
    argv = [sys.executable, "-c", code, "", "a b", "$HOME", "é"]
    process, stdout, stderr = processes.start(argv, env={"A": "x y", "PYTHONUTF8": "1"})
    with process, stdout, stderr:
        assert stdout.read().decode() == "['', 'a b', '$HOME', 'é'] x y None\n"
        assert process.wait() == 0


def test_program_leads_its_own_session() -> None:
    """A signal of the terminal does not reach the program, and its id is the one that is known."""
    process, stdout, stderr = processes.start([sys.executable, "-c", ENDLESS], stdin=subprocess.PIPE)
    with process, stdout, stderr:
        assert int(stdout.readline()) == process.pid == os.getsid(process.pid)
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="pipes cannot be widened")
def test_a_burst_fits_into_the_pipe() -> None:
    """A program that writes more than an ordinary pipe holds is not held up by a reader that is busy."""
    code = "import sys; sys.stdout.write('x' * 900_000)"
    process, stdout, stderr = processes.start([sys.executable, "-c", code])
    with process, stdout, stderr:
        assert process.wait(timeout=60) == 0
        assert len(stdout.read()) == 900_000


@pytest.mark.parametrize(("mode", "says"), [(None, "No such file"), (0o644, "Permission denied")])
def test_program_that_cannot_start_raises(tmp_path: Path, mode: int | None, says: str) -> None:
    """A missing program and one without permission are told where they are started."""
    path = tmp_path / "program"
    if mode is not None:
        path.write_text("#!/bin/sh\n")
        path.chmod(mode)
    with pytest.raises(OSError, match=says):
        processes.start([str(path)])


STARTING = f"""\
import sys, threading
from orchestrator import processes
process, stdout, _ = processes.start([sys.executable, "-c", {ENDLESS!r}], stdin=0)
sys.stdout.buffer.write(stdout.readline())
sys.stdout.flush()
process.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asked of the kernel on Linux only")
def test_program_ends_with_its_starter() -> None:
    """After SIGKILL of the starter the kernel ends the program, though nothing of its pipes closed."""
    read_end, write_end = os.pipe()
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTING], cwd=ROOT, stdin=read_end, stdout=subprocess.PIPE
    )
    with starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        program = os.pidfd_open(pid)
        starter.kill()
    import select

    assert select.select([program], [], [], 30)[0]
    for descriptor in (program, read_end, write_end):
        os.close(descriptor)


def test_memory_is_the_lesser_of_machine_and_container(tmp_path: Path) -> None:
    """A container's limit counts when it is below what the machine has; without either nothing is known."""
    assert processes.available_memory_mb(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable:    8000000 kB\n")
    assert processes.available_memory_mb(tmp_path) == pytest.approx(8192)
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/memory.current").write_text("100000000\n")
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("max\n")
    assert processes.available_memory_mb(tmp_path) == pytest.approx(8192)
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("600000000\n")
    assert processes.available_memory_mb(tmp_path) == pytest.approx(500)
