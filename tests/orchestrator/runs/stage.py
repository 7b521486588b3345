"""A stage for whole campaigns: home, config, servers that note what they answered, commands as processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from orchestrator.catalog import Catalog

ROOT = Path(__file__).resolve().parents[3]
POLL_S = 0.002


class Answering:
    """An HTTP server on loopback that notes when it answered; a silent one never answers."""

    def __init__(self, host: str = "127.0.0.1", *, silent: bool = False) -> None:
        self.host, self.silent = host, silent
        self.answered_ns: list[int] = []
        self.port = 0
        self.open: set[asyncio.Transport] = set()
        self.idle = asyncio.Event()

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        """Serve until ``stop``."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), self.host, 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        for transport in self.open:
            transport.abort()
        if self.open:
            self.idle.clear()
            await self.idle.wait()

    def wait_for(self, answers: int) -> None:
        """Wait until so many requests have been answered."""
        until = time.monotonic() + 60
        while len(self.answered_ns) < answers:
            assert time.monotonic() < until
            time.sleep(POLL_S)

    def wait_for_connections(self, connections: int) -> None:
        """Wait until so many are open."""
        until = time.monotonic() + 60
        while len(self.open) < connections:
            assert time.monotonic() < until
            time.sleep(POLL_S)

    def answered_before(self, moment_ns: int) -> int:
        """Count the requests that were answered before a moment."""
        return sum(at <= moment_ns for at in self.answered_ns)


class _Connection(asyncio.Protocol):
    def __init__(self, server: Answering) -> None:
        self._server = server
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.open.add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._server.open.discard(self._transport)
        if not self._server.open:
            self._server.idle.set()

    def data_received(self, data: bytes) -> None:
        self._head += data
        while not self._server.silent and (end := self._head.find(b"\r\n\r\n")) >= 0:
            head, self._head = self._head[:end].lower(), self._head[end + 4 :]
            close = b"connection: close" in head
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                + (b"Connection: close\r\n" if close else b"")
                + b"\r\nok\n"
            )
            self._server.answered_ns.append(time.time_ns())
            if close:
                self._transport.close()


@contextmanager
def answering(*servers: Answering) -> Iterator[None]:
    """Run servers in a thread of their own."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready = [threading.Event() for _ in servers]

    async def all_of_them() -> None:
        await asyncio.gather(*(s.serve(r, stop) for s, r in zip(servers, ready, strict=True)))

    thread = threading.Thread(target=loop.run_until_complete, args=(all_of_them(),))
    thread.start()
    try:
        for event in ready:
            assert event.wait(20)
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


class Stage:
    """A home and a config of its own, and the commands that use them."""

    def __init__(self, folder: Path, k6: Path) -> None:
        self.folder, self.home, self.k6 = folder, folder / "home", k6
        folder.mkdir(parents=True, exist_ok=True)

    def configure(
        self,
        nodes: Mapping[str, str],
        *,
        service: str = '{url: "http://shop.example.test/healthz"}',
        rate_per_s: float = 20,
        duration: str = "3s",
        timeout: str = "2s",
        profiles: Sequence[str] = (),
        more: Sequence[str] = (),
    ) -> None:
        """Write stallwatch.yaml for nodes, given as name and address."""
        smoke = f"smoke: {{rate_per_s: {rate_per_s:g}, duration: {duration}, timeout: {timeout}}}"
        lines = [
            f"service: {service}",
            "nodes:",
            *(f'  - {{name: {name}, address: "{address}"}}' for name, address in nodes.items()),
            f"profiles: {{{', '.join((smoke, *profiles))}}}",
            f"k6: {{binary: {self.k6}}}",
            *more,
        ]
        (self.folder / "stallwatch.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self, *arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start a command as the leader of a process group of its own."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )

    def command(self, *arguments: str) -> list[str]:
        """Return the argument list of a command."""
        return [sys.executable, "-m", "orchestrator.cli.app", *arguments]

    def environ(self) -> dict[str, str]:
        """Return the environment of a command; it names the home, and whatever it starts inherits that."""
        return os.environ | {"PYTHONPATH": str(ROOT), "STALLWATCH_HOME": str(self.home)}

    def run(self, *arguments: str, timeout_s: float = 120) -> tuple[int, str, str]:
        """Run a command to its end: exit code, standard output, standard error; never a traceback."""
        with self.start(*arguments) as process:
            return finished(process, timeout_s)

    def listed(self, what: Literal["runs", "campaigns"]) -> list[dict[str, Any]]:
        """Return what the catalog says, newest first."""
        catalog = Catalog(self.home / "catalog.db", self.home / "locks")
        return catalog.list_runs() if what == "runs" else catalog.list_campaigns()

    def belonging(self) -> dict[int, str]:
        """Return the processes that name this home in their arguments or environment, with arguments."""
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                arguments, environ = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            except OSError:
                continue
            if str(self.home).encode() in arguments + environ:
                found[int(folder.name)] = arguments.replace(b"\0", b" ").decode(errors="replace")
        return found

    def left_after(self, seconds: float) -> dict[int, str]:
        """Return what still runs for this home after some time, as soon as nothing does."""
        until = time.monotonic() + seconds
        while (left := self.belonging()) and time.monotonic() < until:
            time.sleep(POLL_S * 10)
        return left

    def await_file(self, pattern: str, process: subprocess.Popen[Any], *, bytes_at_least: int = 0) -> bool:
        """Wait until a file of the home matches; False when the process ended before."""
        while process.poll() is None:
            if any(_size(path) >= bytes_at_least for path in self.home.glob(pattern)):
                return True
            time.sleep(POLL_S)
        return False


def finished(process: subprocess.Popen[str], timeout_s: float = 120) -> tuple[int, str, str]:
    """Wait for a command: exit code, standard output, standard error; never a traceback."""
    out, err = process.communicate(timeout=timeout_s)
    assert "Traceback" not in (out or "") + (err or ""), err
    assert "bug in stallwatch" not in (err or ""), err
    return process.returncode, out or "", err or ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # gone again meanwhile
        return -1
