"""Real servers on loopback that count connections, keep the heads of requests, freeze, or stay silent."""

from __future__ import annotations

import asyncio
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

    @property
    def fresh(self) -> bool:
        """Whether the client asked for the connection to be closed."""
        return self.headers.get("connection") == "close"


class Server:
    """What one server answers and what it has seen; ``status`` None reads requests and never answers."""

    def __init__(self, *, status: int | None, frozen_at_s: float | None, freeze_s: float) -> None:
        self.status = status
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
            head, self._head = self._head[:end].decode("latin-1"), self._head[end + 4 :]
            self._answer(head)

    def _answer(self, head: str) -> None:
        line, *fields = head.split("\r\n")
        headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
        seen = Seen(connection=self._number, line=line, headers=headers, sni=self._sni)
        self._server.note(seen)
        if self._server.status is None:
            return
        close = "Connection: close\r\n" if seen.fresh else ""
        more = f"Location: /elsewhere\r\nContent-Length: 3\r\n{close}"
        self._transport.write(f"HTTP/1.1 {self._server.status} Said\r\n{more}\r\nok\n".encode())
        if seen.fresh:
            self._transport.close()


@contextmanager
def serving(
    *,
    status: int | None = 200,
    ca: trustme.CA | None = None,
    frozen_at_s: float | None = None,
    freeze_s: float = 1.0,
) -> Iterator[Server]:
    """Serve HTTP/1.1 on a free port of 127.0.0.1; with a CA over TLS, as ``shop.test``."""
    server = Server(status=status, frozen_at_s=frozen_at_s, freeze_s=freeze_s)
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(
        loop.create_server(lambda: _Connection(server), "127.0.0.1", 0, backlog=1024, ssl=_tls(ca))
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


def _tls(ca: trustme.CA | None) -> ssl.SSLContext | None:
    if ca is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("shop.test").configure_cert(context)

    def note_sni(tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        tls.stallwatch_sni = name  # type: ignore[attr-defined] # carried to connection_made

    context.sni_callback = note_sni
    return context
