"""Real nodes on loopback: an HTTP or TLS server, a closed port, two kinds of black hole."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Seen(NamedTuple):
    """What a server saw of one request."""

    path: str
    host: str
    sni: str | None
    headers: dict[str, str]
    method: str
    body: str


class Server:
    """A running server: its port, what it has seen, and what it waits for before it answers."""

    def __init__(self, *, status: int, certificate: ssl.SSLContext | None, host: str) -> None:
        self.seen: list[Seen] = []
        self.before_answer: Callable[[], object] = lambda: None
        self._sni: str | None = None
        kind = _Server6 if ":" in host else _Server
        self._server = kind((host, 0), self._handler(status))
        if certificate is not None:
            certificate.sni_callback = self._note_sni
            self._server.certificate = certificate
        self.port: int = self._server.server_address[1]

    def _note_sni(self, _connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        self._sni = name

    def _handler(self, status: int) -> type[http.server.BaseHTTPRequestHandler]:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", "0"))).decode()
                outer.seen.append(Seen(self.path, headers["host"], outer._sni, headers, self.command, body))
                outer.before_answer()
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            do_POST = do_GET  # noqa: N815 # as http.server calls it

            def log_message(self, *_: Any) -> None:
                """Keep the test's output clean."""

        return Handler

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    certificate: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread; a client that does not like us is not an error here."""
        with contextlib.suppress(OSError):
            if self.certificate is None:
                super().finish_request(request, client_address)
                return
            with self.certificate.wrap_socket(request, server_side=True) as connection:
                super().finish_request(connection, client_address)


class _Server6(_Server):
    address_family = socket.AF_INET6


def serving(
    *, status: int = 200, certificate: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> contextlib.AbstractContextManager[Server]:
    """Serve one status on a free port, with TLS when there is a certificate."""
    return Server(status=status, certificate=certificate, host=host).running()


@contextmanager
def closed_port() -> Iterator[int]:
    """Hold a port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def never_accepting() -> Iterator[int]:
    """Let the kernel accept connections that nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield held.getsockname()[1]


@contextmanager
def black_hole() -> Iterator[int]:
    """Drop every new SYN, as a Linux listener with a full backlog does."""
    with contextlib.ExitStack() as stack:
        held = stack.enter_context(socket.socket())
        held.bind(("127.0.0.1", 0))
        held.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(held.getsockname())
        yield held.getsockname()[1]
