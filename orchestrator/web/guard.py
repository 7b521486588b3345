"""What stands before every page: only GET and HEAD, only under known names, always with these headers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "HEAD")
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?")


class Guard:
    """Refuses what a page is never asked by those who may read it, and sets what a page does not set.

    The Host header is the only thing that tells a web site whose name was pointed at this address (DNS
    rebinding) from the person at the browser: a name must be known, and an address loopback or our own.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str], tell: Callable[[str], None]) -> None:
        self._app, self._hosts, self._tell = app, {"localhost", *hosts}, tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["type"] != "http":
            return
        try:
            await (self._refusal(scope) or self._app)(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 # the last stop: one line, and the next request is answered
            self._tell(f"error: {type(error).__name__}: {' '.join(str(error).split())[:300]}")

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["method"] not in METHODS:
            allow = {"Allow": ", ".join(METHODS)}
            return PlainTextResponse("This page is read-only: GET and HEAD.\n", 405, headers=allow)
        if not self._known(Headers(scope=scope).getlist("host"), scope["server"]):
            text = "Not a name of this page; `stallwatch serve --allowed-host NAME` adds one.\n"
            return PlainTextResponse(text, 400)
        return None

    def _known(self, hosts: Sequence[str], server: tuple[str, int | None] | None) -> bool:
        match = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        if match is None:
            return False
        if match["name"] in self._hosts:
            return True
        address = _address(match["name"].strip("[]"))
        ours = _address(server[0]) if server else None
        return address is not None and (address.is_loopback or address == ours)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
