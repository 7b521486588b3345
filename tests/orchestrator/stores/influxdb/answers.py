"""Servers that answer with fixed bytes: what InfluxDB, or what stands before it, may say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.model import InfluxSettings

TOKEN = "geheim-2026"


@contextmanager
def answering(*answers: bytes) -> Iterator[InfluxSettings]:
    """Serve fixed bytes, one connection after the other."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            port = server.getsockname()[1]
            yield InfluxSettings(url=f"http://127.0.0.1:{port}", org="o", bucket="b", token=TOKEN)
        finally:
            thread.join(20)


def head(status: str, *lines: str, body: str = "") -> bytes:
    """Return an HTTP answer."""
    fixed = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *lines, "", "")
    return ("\r\n".join(fixed) + body).encode()
