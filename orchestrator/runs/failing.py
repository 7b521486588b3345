"""When a Run only fails, so that its load does nobody any good: the automatic stop."""

from __future__ import annotations

from orchestrator.k6.recent import Recent, Tally

FAILING_S = 30.0
JUDGED_S = 10.0
MIN_REQUESTS = 10
ERROR_CHARS = 200


class FailureWatch:
    """Tells when more than half of a Run's requests have failed for 30 s; look four times a second.

    A Run is *failing* from the moment that more than half of the requests taken in the last 10 s failed
    until the moment that half or more of them did not; while none is taken it stays what it was. It is to
    be stopped when it has been failing for 30 s without a break, and of the requests taken in these 30 s,
    at least 10, more than half failed. So a blip of a client that retries without a pause ends nothing,
    and a Run of less than one request each 3 s is never stopped: it hurts nobody.

    Requests count when they are taken from k6, which is when they ended: where each waits for a timeout
    of 60 s, the first 60 s show nothing.
    """

    def __init__(self, recent: Recent) -> None:
        self._recent = recent
        self._failing_since_s: float | None = None

    def look(self, now_s: float) -> str:
        """Return why the Run is to be stopped now, and nothing as long as it is not."""
        last = self._recent.tally(now_s, JUDGED_S)
        if last.requests and not _mostly_failed(last):
            self._failing_since_s = None
        elif last.requests and self._failing_since_s is None:
            self._failing_since_s = now_s
        if self._failing_since_s is None or now_s - self._failing_since_s < FAILING_S:
            return ""
        whole = self._recent.tally(now_s, FAILING_S)
        if whole.requests < MIN_REQUESTS or not _mostly_failed(whole):
            return ""
        [(error, _)] = self._recent.errors(now_s, FAILING_S).most_common(1)
        return (
            f"{whole.failed:,} of {whole.requests:,} requests failed in the last {FAILING_S:g} s: "
            f"{' '.join(error.split())[:ERROR_CHARS]}"
        )


def _mostly_failed(tally: Tally) -> bool:
    return 2 * tally.failed > tally.requests
