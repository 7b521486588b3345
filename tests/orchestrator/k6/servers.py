"""Real servers on loopback that count connections, keep the heads of requests, freeze, or stay silent."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import trustme


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as the server saw it: ``connection`` is the number of its connection."""

    connection: int
    line: str
    headers: dict[str, str]
    sni: str | None
    body: str = ""

    @property
    def fresh(self) -> bool:
        """Whether the client asked for the connection to be closed."""
        return self.headers.get("connection") == "close"


class Server:
    """What one server answers and what it has seen; ``status`` None reads requests and never answers.

    A request whose query says ``status=201`` is answered with that.
    """

    def __init__(
        self, *, status: int | None, frozen_at_s: float | None = None, freeze_s: float = 0.0, size: int = 3
    ) -> None:
        self.status = status
        self.content = b"ok\n" if size == 3 else bytes(size)
        self.port = 0
        self.seen: list[Seen] = []
        self.connections = 0
        self.frozen_ns: tuple[int, int] | None = None
        self._frozen_at_s, self._freeze_s = frozen_at_s, freeze_s
        self._changed = threading.Condition()

    def wait_for(self, requests: int) -> None:
        """Wait until this many requests have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= requests, timeout=60)

    def note(self, seen: Seen) -> None:
        """Keep a request; the first one sets the clock of the freeze."""
        with self._changed:
            self.seen.append(seen)
            self._changed.notify_all()
        if len(self.seen) == 1 and self._frozen_at_s is not None:
            asyncio.get_running_loop().call_later(self._frozen_at_s, self._freeze)

    def _freeze(self) -> None:
        began_ns = time.time_ns()
        time.sleep(self._freeze_s)  # the freeze itself: the whole loop stands still
        self.frozen_ns = (began_ns, time.time_ns())


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._number = server.connections
        server.connections += 1
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        tls = transport.get_extra_info("ssl_object")
        self._sni: str | None = getattr(tls, "stallwatch_sni", None)

    def data_received(self, data: bytes) -> None:
        self._head += data
        while (end := self._head.find(b"\r\n\r\n")) >= 0:
            line, *fields = self._head[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
            whole = end + 4 + int(headers.get("content-length", "0"))
            if len(self._head) < whole:
                return
            body, self._head = self._head[end + 4 : whole].decode(), self._head[whole:]
            self._answer(Seen(connection=self._number, line=line, headers=headers, sni=self._sni, body=body))

    def _answer(self, seen: Seen) -> None:
        self._server.note(seen)
        if self._server.status is None:
            return
        asked = re.search(r"[?&]status=(\d+)", seen.line)
        status = asked[1] if asked else self._server.status
        close = "Connection: close\r\n" if seen.fresh else ""
        more = f"Location: /elsewhere\r\nContent-Length: {len(self._server.content)}\r\n{close}"
        head = f"HTTP/1.1 {status} Said\r\n{more}\r\n".encode()
        self._transport.write(head + (b"" if seen.line.startswith("HEAD ") else self._server.content))
        if seen.fresh:
            self._transport.close()


@contextmanager
def serving(
    *,
    status: int | None = 200,
    ca: trustme.CA | None = None,
    frozen_at_s: float | None = None,
    freeze_s: float = 1.0,
    size: int = 3,
    clients: trustme.CA | None = None,
) -> Iterator[Server]:
    """Serve HTTP/1.1 on a free port of 127.0.0.1; with a CA over TLS, as ``shop.test``.

    ``clients`` is the CA that a client's certificate must be signed by.
    """
    server = Server(status=status, frozen_at_s=frozen_at_s, freeze_s=freeze_s, size=size)
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(
        loop.create_server(lambda: _Connection(server), "127.0.0.1", 0, backlog=1024, ssl=_tls(ca, clients))
    )
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _tls(ca: trustme.CA | None, clients: trustme.CA | None) -> ssl.SSLContext | None:
    if ca is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        clients.configure_trust(context)
    ca.issue_cert("shop.test").configure_cert(context)

    def note_sni(tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        tls.stallwatch_sni = name  # type: ignore[attr-defined] # carried to connection_made

    context.sni_callback = note_sni
    return context
