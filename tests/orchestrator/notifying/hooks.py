"""Servers on loopback that take messages: webhooks that answer, fail, hang or hang up, and one for mail."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG, CLOSE, TRICKLE = "hang", "close", "trickle"


class Hook:
    """A webhook: ``answers`` are taken one after the other, the last one again and again."""

    def __init__(self, *answers: int | str) -> None:
        self.answers: list[int | str] = list(answers or (200,))
        self.taken: list[tuple[str, str, Any]] = []
        self.tries = 0
        self.port = 0
        self.ending = threading.Event()

    @property
    def url(self) -> str:
        """Its address, which nobody else is to see."""
        return f"http://user:pa55word@127.0.0.1:{self.port}/hook/T0KEN?key=s3cret"

    def answer(self) -> int | str:
        """Return what it does this time."""
        self.tries += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def listening(*hooks: Hook) -> Iterator[None]:
    """Run webhooks while entered."""
    servers = [_server(hook) for hook in hooks]
    try:
        yield
    finally:
        for hook, server in zip(hooks, servers, strict=True):
            hook.ending.set()
            server.shutdown()
            server.server_close()


def _server(hook: Hook) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = hook.answer()
            if answer == HANG:
                hook.ending.wait(60)
            elif answer == TRICKLE:
                while not hook.ending.wait(0.05):
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n"[:1])
            elif isinstance(answer, int):
                if answer < 300:
                    hook.taken.append((self.command, self.path, json.loads(body) if body else None))
                self.send_response(answer)
                if answer == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            self.close_connection = True

        do_GET = do_POST  # noqa: N815 # the library's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


class Mail:
    """An SMTP server that keeps what it takes; it asks for nothing."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Its address as apprise takes it."""
        return (
            f"mailto://127.0.0.1:{self.port}/?from=stallwatch@example.test&to=ops@example.test&mode=insecure"
        )


@contextmanager
def mailing(mail: Mail) -> Iterator[None]:
    """Run a mail server while entered."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 loopback\r\n")
            for line in self.rfile:
                word = line.split(None, 1)[0].upper() if line.strip() else b""
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    mail.taken.append(b"".join(lines).decode())
                    self.wfile.write(b"250 taken\r\n")
                elif word == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        mail.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield
        server.shutdown()
