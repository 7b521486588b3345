"""What InfluxDB did not do, in one line: the URL, the status, what to do next, and never the token."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from orchestrator.errors import StoreError

if TYPE_CHECKING:
    import httpx

    from orchestrator.model import InfluxSettings

MAX_SAID = 300
"""Characters that are repeated of what a server said."""
HINTS = {
    400: "the server does not accept what was sent: is it InfluxDB 2?",
    401: "is influxdb.token the right one, and does it still exist?",
    403: "the token needs read and write access to the bucket",
    404: "are influxdb.org and influxdb.bucket right? `stallwatch check --fix` makes the bucket",
    413: "the server takes less at once",
    422: "the points are older than the bucket's retention, or too far ahead: are the clocks right?",
    429: "the server asks for fewer requests; they are sent again later",
    500: "the server's own log says more",
    503: "the server is overloaded, starting, or its disk is full",
}


class InfluxError(StoreError):
    """InfluxDB did not do what it was asked.

    Parameters
    ----------
    status
        The HTTP status; None when there was no answer.
    code, said
        InfluxDB's own word and sentence, empty where it gave none.
    retry_after_s
        How long the server asks to be left alone.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        code: str = "",
        said: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.said = said
        self.retry_after_s = retry_after_s


class InfluxUnreachableError(InfluxError):
    """There was no answer, or half a one: what was asked may have been done or not."""


def unreachable(settings: InfluxSettings, path: str, error: Exception) -> InfluxUnreachableError:
    """Return what is said when there was no answer."""
    what = printable(str(error), settings) or type(error).__name__
    return InfluxUnreachableError(
        f"{settings.url}{path}: {what}", hint="is InfluxDB running, and influxdb.url right?"
    )


def refused(settings: InfluxSettings, path: str, answer: httpx.Response) -> InfluxError:
    """Return what is said of an answer that is no success; its content must have been read."""
    code, said = _said(answer, settings)
    told = f" ({said})" if said else ""
    status = answer.status_code
    hint = HINTS.get(status) or (
        HINTS[500] if status >= 500 else "is influxdb.url that of InfluxDB 2 itself?"
    )
    if status == 404 and "organization" in said:
        hint = "is influxdb.org right, and may the token see it?"
    if code in {"partial write", "unprocessable entity"} or "retention" in said:
        hint = HINTS[422]
    return InfluxError(
        f"{settings.url}{path} answered {status}{told}",
        hint=hint,
        status=status,
        code=code,
        said=said,
        retry_after_s=_retry_after_s(answer.headers.get("Retry-After", ""), datetime.now(UTC)),
    )


def printable(text: str, settings: InfluxSettings) -> str:
    """Return foreign text as one short line without the token."""
    text = re.sub(r"\s+", " ", text.replace(settings.token, "***")).strip()
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= MAX_SAID else f"{text[:MAX_SAID]}..."


def _said(answer: httpx.Response, settings: InfluxSettings) -> tuple[str, str]:
    """Return InfluxDB's code and message: of JSON, or whatever text a proxy answered."""
    try:
        values = answer.json()
        code, said = str(values.get("code", "")), str(values.get("message") or values.get("error") or "")
    except (ValueError, AttributeError):
        code, said = "", answer.text
    return printable(code, settings), printable(said, settings)


def _retry_after_s(value: str, now: datetime) -> float | None:
    """Return the seconds of Retry-After, which may be a date (RFC 9110, section 10.2.3)."""
    if re.fullmatch(r"\d{1,9}", value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None
