"""Commands as a user starts them: a process of its own, with both outputs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def stallwatch(
    *arguments: str, folder: Path | None = None, stdout: int | None = subprocess.PIPE, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run ``stallwatch`` to its end; a traceback in its output is always a failure."""
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli.app", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environ,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in (done.stdout or "") + done.stderr
    return done
