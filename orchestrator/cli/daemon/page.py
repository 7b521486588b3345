"""stallwatch page: the process of the web page of `stallwatch serve`."""

from __future__ import annotations

import pickle
import sys

from orchestrator.cli.show.output import say


def command() -> int:
    """Answer for `serve`, which says what on standard input."""
    from orchestrator.errors import ExitCode
    from orchestrator.web.server import serve

    serve(pickle.load(sys.stdin.buffer), say)  # noqa: S301 # from our own parent alone
    return ExitCode.PASS
