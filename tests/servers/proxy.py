"""A proxy before an HTTP server that delays, cuts and answers itself, as a test asks it to."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WRITE = "/api/v2/write"


class Cut(Enum):
    """Where a connection is cut."""

    IN_THE_REQUEST = auto()
    """When half of the body has reached the server."""
    BEFORE_THE_ANSWER = auto()
    """When the server has done what it was asked, and said so to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the proxy answers by itself."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Seconds that pass before a request is handed on."""

    seconds: float


Fault = Cut | Answer | Delay | None


class Proxy:
    """Hands requests on to a port of 127.0.0.1; those that ``fault`` has something for meet it.

    ``fault`` gets the path with its query, and the number of the write that it is, from 1 on; 0 for others.
    ``on_write`` gets what was written, and when in ns UTC.
    """

    def __init__(self, target_port: int, fault: Callable[[str, int], Fault]) -> None:
        self.fault = fault
        self.writes = 0
        self.met = 0
        self.seen_at: list[float] = []
        self.on_write: Callable[[bytes, int], object] = lambda _body, _at_ns: None
        self._lock = threading.Lock()
        self._server = _Server(self, target_port)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def next_fault(self, path: str) -> Fault:
        """Count a request and return what it meets."""
        with self._lock:
            number = 0
            if path.startswith(WRITE):
                self.writes = number = self.writes + 1
                self.seen_at.append(time.monotonic())
            fault = self.fault(path, number)
            self.met += fault is not None
        return fault


_HOP_BY_HOP = frozenset({"transfer-encoding", "content-length", "connection"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: Proxy, target_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy, self.target_port = proxy, target_port

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that left."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        fault = self.server.proxy.next_fault(self.path)
        if self.path.startswith(WRITE):
            self.server.proxy.on_write(body, time.time_ns())
        if isinstance(fault, Answer):
            self._answer(fault.status, fault.headers, fault.body.encode())
            return
        if isinstance(fault, Delay):
            time.sleep(fault.seconds)
        try:
            self._hand_on(body, fault)
        except OSError:
            self._cut()

    do_POST = do_GET  # noqa: N815 # as http.server calls it

    def _hand_on(self, body: bytes, fault: Fault) -> None:
        server = http.client.HTTPConnection("127.0.0.1", self.server.target_port, timeout=60)
        try:
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                server.putheader(name, value)
            server.endheaders()
            if fault is Cut.IN_THE_REQUEST:
                server.send(body[: len(body) // 2])
                self._cut()
                return
            server.send(body)
            answer = server.getresponse()
            content = answer.read()
        finally:
            server.close()
        if fault is Cut.BEFORE_THE_ANSWER:
            self._cut()
            return
        kept = {n: v for n, v in answer.getheaders() if n.lower() not in _HOP_BY_HOP}
        self._answer(answer.status, kept, content)

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""
