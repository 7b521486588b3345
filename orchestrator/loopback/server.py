"""A small HTTP/1.1 server in a process of its own; run by its path, it imports nothing of ours.

It prints its port and serves until its standard input ends, so that it never outlives whoever
started it. ``--freeze-s`` makes it stand still, as a stopped process would, once every ``--period-s``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import time
from typing import cast

RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
MAX_HEAD_BYTES = 64 * 1024


class Connection(asyncio.Protocol):
    """Answers every request head with 200; bodies are not expected."""

    def __init__(self) -> None:
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each whole head; a head that never ends closes the connection."""
        self._head += data
        while (end := self._head.find(b"\r\n\r\n")) >= 0:
            head, self._head = self._head[:end].lower(), self._head[end + 4 :]
            close = b"connection: close" in head
            self._transport.write(RESPONSE + (b"Connection: close\r\n" if close else b"") + b"\r\nok\n")
            if close:
                self._transport.close()
        if len(self._head) > MAX_HEAD_BYTES:
            self._transport.abort()


async def serve(freeze_s: float, period_s: float, phase_s: float) -> None:
    """Serve on a free loopback port until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    # Nobody reads what asyncio may say of broken connections: a full pipe would stop the server.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    began = loop.time()

    def freeze(cycle: int) -> None:
        time.sleep(freeze_s)  # the whole loop stands still: nothing is accepted, read or answered
        loop.call_at(began + phase_s + (cycle + 1) * period_s, freeze, cycle + 1)

    if freeze_s > 0:
        loop.call_at(began + phase_s, freeze, 0)
    await loop.run_in_executor(None, lambda: os.read(sys.stdin.fileno(), 1))
    server.close()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--freeze-s", type=float, default=0.0)
    parser.add_argument("--period-s", type=float, default=60.0)
    parser.add_argument("--phase-s", type=float, default=0.0)
    options = parser.parse_args()
    gc.disable()  # nothing here makes cycles, and a collection would be a stall of our own
    asyncio.run(serve(options.freeze_s, options.period_s, options.phase_s))


if __name__ == "__main__":
    main()
