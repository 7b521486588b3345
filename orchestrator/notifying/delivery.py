"""One message to one channel: tried again for a while, and never a word of where it went."""

from __future__ import annotations

import errno
import logging
import os
import ssl
import time
from dataclasses import dataclass

import httpx

from orchestrator.errors import StallwatchError
from orchestrator.model import Channel
from orchestrator.notifying.messages import Message, payload

_LATER = {408, 425, 429}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an answer may take, and how long is waited between tries."""

    timeout_s: float = 10.0
    pauses_s: tuple[float, ...] = (1.0, 2.0, 4.0)


class NotDeliveredError(StallwatchError):
    """A channel did not take a message; ``again`` when it may take it a little later."""

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again


def deliver(channel: Channel, message: Message, patience: Patience) -> None:
    """Deliver a message.

    Raises
    ------
    NotDeliveredError
        It was refused, or nobody took it in all tries; the URL is in neither text nor cause.
    """
    for pause_s in patience.pauses_s:
        try:
            return _try(channel, message, patience.timeout_s)
        except NotDeliveredError as error:
            if not error.again:
                raise
        time.sleep(pause_s)
    try:
        _try(channel, message, patience.timeout_s)
    except NotDeliveredError as error:
        tries = len(patience.pauses_s) + 1
        raise NotDeliveredError(f"{error.message}, {tries} times", again=error.again) from None


def _try(channel: Channel, message: Message, timeout_s: float) -> None:
    if channel.kind == "apprise":
        _by_apprise(channel, message)
        return
    reason, again = _by_http(channel, message, timeout_s)
    if reason:
        raise NotDeliveredError(reason, again=again)


def _by_http(channel: Channel, message: Message, timeout_s: float) -> tuple[str, bool]:
    """Send one request; return why it was not taken, and whether it may be later."""
    ping = channel.kind == "ping"
    try:
        with (
            httpx.Client(timeout=timeout_s, trust_env=False) as client,
            client.stream(
                "GET" if ping else "POST",
                channel.url,
                json=None if ping else payload(channel.kind, message),
                headers={"User-Agent": "stallwatch"},
            ) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return _reason(error, timeout_s), True
    if 200 <= status < 300:
        return "", False
    return f"it answered {status}", status >= 500 or status in _LATER


def _reason(error: Exception, timeout_s: float) -> str:
    """Say what went wrong, in words that cannot hold a part of the URL, as an error's own may."""
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {timeout_s:g} s"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "no TLS connection: its certificate is not trusted, or not for its name"
        if isinstance(cause, OSError) and cause.errno is not None and cause.errno in errno.errorcode:
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "its name cannot be resolved"
    return "the connection ended without an answer"


def _by_apprise(channel: Channel, message: Message) -> None:
    import apprise

    # Its log names hosts, users and tokens.
    log = logging.getLogger("apprise")
    log.propagate = False
    log.handlers = [logging.NullHandler()]
    service = apprise.Apprise()
    if not service.add(channel.url):
        raise NotDeliveredError("apprise does not know such a URL", again=False)
    text = message["text"] or message["title"]
    taken = service.notify(title=message["title"], body=text, body_format=apprise.NotifyFormat.TEXT)
    if not taken:
        raise NotDeliveredError("apprise could not deliver it", again=True)
