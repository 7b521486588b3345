"""A shop on loopback that users' scripts talk to: HTTP, gRPC and WebSocket, each noting what it saw."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import grpc
from websockets.sync.server import ServerConnection, serve

FRONT = b"<html><title>Shop</title></html>"
PRODUCTS = json.dumps([{"id": 1, "name": "shoe"}, {"id": 2, "name": "hat"}]).encode()
TOKEN = "token-of-the-shop"


class Shop(ThreadingHTTPServer):
    """An HTTP server that counts connections and paths, and keeps the last headers and body of each path."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.paths: Counter[str] = Counter()
        self.headers: dict[str, dict[str, str]] = {}
        self.bodies: dict[str, bytes] = {}
        self.connections = 0
        self._changed = threading.Condition()
        super().__init__((host, 0), _Handler)

    @property
    def address(self) -> str:
        """Return host and port."""
        host, port = self.server_address[:2]
        return f"{host!s}:{port}"

    @property
    def port(self) -> int:
        """Return the port."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a connection."""
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was cut off."""

    def note(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Keep what was asked."""
        with self._changed:
            self.paths[path] += 1
            self.headers[path], self.bodies[path] = headers, body
            self._changed.notify_all()

    def wait_for(self, requests: int) -> bool:
        """Wait until this many requests have come."""
        with self._changed:
            return self._changed.wait_for(lambda: self.requests >= requests, timeout=60)

    @property
    def requests(self) -> int:
        """Return how many requests came."""
        return sum(self.paths.values())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Shop

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.note(path, {name.lower(): value for name, value in self.headers.items()}, body)
        status, location, content = _reply(path)
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815 # names of http.server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # a name of http.server
        """Say nothing."""


def _reply(path: str) -> tuple[int, str, bytes]:
    """Return status, location and body."""
    _, first, *rest = path.split("/")
    match first:
        case "":
            return 200, "", FRONT
        case "login":
            return 200, "", json.dumps({"token": TOKEN}).encode()
        case "products" if not rest:
            return 200, "", PRODUCTS
        case "status":
            return int(rest[0]), "", b"as asked"
        case "moved":
            left = int(rest[0])
            return 302, f"/moved/{left - 1}" if left else "/", b""
        case _:
            return 200, "", b"ok"


@contextmanager
def shop(host: str = "127.0.0.1") -> Iterator[Shop]:
    """Open a shop."""
    with Shop(host) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def greeting() -> Iterator[tuple[str, list[bytes]]]:
    """Serve hello.HelloService; give its address and what it was sent."""
    calls: list[bytes] = []

    def say_hello(message: bytes, _: grpc.ServicerContext) -> bytes:
        calls.append(message)
        text = b"hello " + message[2:]  # one string: its tag, its length, its bytes
        return bytes([10, len(text)]) + text

    server = grpc.server(futures.ThreadPoolExecutor(4))
    handler = grpc.unary_unary_rpc_method_handler(say_hello)
    service = grpc.method_handlers_generic_handler("hello.HelloService", {"SayHello": handler})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", calls
    finally:
        server.stop(0).wait()


@contextmanager
def echoing() -> Iterator[tuple[str, list[str]]]:
    """Echo over WebSocket; give the URL and what was sent."""
    texts: list[str] = []

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            texts.append(str(message))
            connection.send(message)

    with serve(echo, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/chat", texts
        finally:
            server.shutdown()
            thread.join()
