"""stallwatch job: the processes of `stallwatch serve`."""

from __future__ import annotations

import pickle
import sys

from orchestrator.cli.show.output import say


def command() -> int:
    """Do what `serve` asks for on standard input."""
    from orchestrator.daemon.job import run_job

    # From our own parent alone; secrets come along, and a pipe keeps them out of arguments and files.
    return run_job(pickle.load(sys.stdin.buffer), say)  # noqa: S301
