"""Real servers whose faults are known: one that freezes, one that accepts no connection for a while."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.loopback.process import loopback_server
from orchestrator.loopback.server import Connection
from tests.orchestrator.runs.stage import Stage, finished

FROZEN, SHUT, QUIET = "frozen", "shut", "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How long both servers fail, each how often; SYNs that were dropped come again after whole seconds."""

    run_s: float
    freeze_s: float
    freeze_every_s: float
    shut_s: float
    shut_every_s: float


@contextmanager
def shut_at_times(shut_s: float, every_s: float) -> Iterator[int]:
    """Serve, and accept nothing for the end of each period; gives the port.

    The kernel completes one connection and drops the SYNs of all others: its queue is that short.
    Connections that are open are answered all the time.
    """
    loop = asyncio.new_event_loop()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    listening.setblocking(False)

    async def accept() -> None:
        began = loop.time()
        while True:
            into_s = (loop.time() - began) % every_s
            if into_s >= every_s - shut_s:
                await asyncio.sleep(every_s - into_s)
            left_s = every_s - shut_s - (loop.time() - began) % every_s
            try:
                accepted, _ = await asyncio.wait_for(loop.sock_accept(listening), max(left_s, 0.001))
            except TimeoutError:
                continue
            await loop.connect_accepted_socket(Connection, accepted)

    serving = loop.create_task(accept())

    def serve() -> None:
        try:
            loop.run_until_complete(serving)
        except asyncio.CancelledError:
            loop.run_until_complete(loop.shutdown_asyncgens())

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()
        loop.close()
        listening.close()


def measured(
    folder: Path, programs: dict[str, Path], faults: Faults
) -> dict[str, tuple[int, dict[str, Any], dict[str, dict[str, Any]]]]:
    """Run the smoke profile of each k6 against its own three servers, all at the same time.

    Returns, by k6, the exit code, the Campaign and its Nodes by name.
    """
    with ExitStack() as servers:
        started = {}
        for version, program in programs.items():
            ports = {
                FROZEN: servers.enter_context(
                    loopback_server(freeze_s=faults.freeze_s, period_s=faults.freeze_every_s, phase_s=3.0)
                ),
                SHUT: servers.enter_context(shut_at_times(faults.shut_s, faults.shut_every_s)),
                QUIET: servers.enter_context(loopback_server()),
            }
            stage = Stage(folder / version, program)
            stage.configure(
                {name: f"127.0.0.1:{port}" for name, port in ports.items()},
                rate_per_s=10,
                duration=f"{faults.run_s:g}s",
                timeout="10s",
                more=(f"detect: {{stall_s: 1, period_s: {faults.freeze_every_s:g}}}",),
            )
            started[version] = servers.enter_context(stage.start("run-smoke", "--format", "json"))
        found = {}
        for version, process in started.items():
            code, out, _ = finished(process, faults.run_s + 120)
            campaign = json.loads(out)
            found[version] = (code, campaign, {node["name"]: node for node in campaign["nodes"]})
        return found
