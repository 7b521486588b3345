"""Open files: the limit of this process raised as far as a campaign needs and the system allows."""

from __future__ import annotations

import resource

from orchestrator.preflight.machine import OWN_FILES, Need, open_files

FILES_PER_RUN = 8  # pipes, selectors, the stream, and the table that it becomes


def make_room(need: Need) -> str:
    """Raise the soft limit of open files; return a warning when the hard one is below the need.

    The limit holds for each process: that of k6, which inherits ours, and our own.
    """
    soft, hard = open_files()
    wanted = max(need.sockets_per_run + OWN_FILES, need.runs_at_once * FILES_PER_RUN + OWN_FILES)
    if soft < min(wanted, hard):
        try:
            # The hard limit as it was: without one it is no number to count with.
            unchanged = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), unchanged))
        except (OSError, ValueError):  # macOS allows less than it says
            hard = soft
    if wanted <= hard:
        return ""
    return (
        f"a node's k6 may need {wanted:,} open files, and {hard:,} are allowed: where they do not suffice, "
        f"its run is inconclusive; raise the limit (ulimit -Hn {wanted}), or lower the rate"
    )
