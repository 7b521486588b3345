"""A home with things to show, and its page served on loopback by the real server."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from orchestrator.campaign import Records, open_records
from orchestrator.catalog import starts
from orchestrator.home import Home
from orchestrator.model import RunState, Schedule
from orchestrator.web.server import server_of
from orchestrator.web.site import Site, listen
from tests.orchestrator.history.nights import RECORD

OFTEN = Schedule(name="often", profile="smoke", every_s=600.0)
REPORT = "<!doctype html><title>report</title><p>the report"


class Page:
    """A page that is being served; ``said`` is what it complained of."""

    def __init__(self, port: int) -> None:
        self.port, self.said = port, list[str]()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask as a browser does."""
        return self.client.get(path, **options)

    def raw(self, target: str, method: str = "GET", *headers: tuple[str, str]) -> tuple[int, bytes]:
        """Ask for a path exactly as it is written, with just these headers; return status and body."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers or [("Host", "localhost")]:
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, response.read()


@contextmanager
def showing(
    home: Home,
    *,
    schedules: Sequence[Schedule] = (),
    hosts: Sequence[str] = (),
    influxdb: str | None = None,
    address: str = "127.0.0.1:0",
) -> Iterator[Page]:
    """Serve the page of a home while entered."""
    with listen(address) as listening:
        page = Page(listening.getsockname()[1])
        site = Site(
            home=home,
            listening=listening.fileno(),
            hosts=tuple(hosts),
            schedules=tuple(schedules),
            influxdb=influxdb,
        )
        server = server_of(site, page.said.append)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with page.client:
                yield page
        finally:
            server.should_exit = True
            thread.join()


def empty(folder: Path) -> Records:
    """Return a home in which nothing has run."""
    return open_records(Home(folder / "home").create())


def add_start(kept: Records, schedule: str, due_ns: int, **values: Any) -> None:
    """Write a start of a schedule down."""
    row = {"wall": str(due_ns), "state": "done", "reason": "", "campaign_id": None, **values}
    with kept.catalog.writing() as connection:
        connection.execute(starts.insert().values(schedule=schedule, due_ns=due_ns, noted_ns=due_ns, **row))


def add_running(kept: Records, campaign_id: str = "now", node: str = "n0") -> str:
    """Add a campaign that goes on, with one run; return the run's id."""
    at_ns, run_id = time.time_ns(), f"{campaign_id}.{node}"
    kept.catalog.add_campaign(id=campaign_id, profile="smoke", state=RunState.RUNNING, started_ns=at_ns)
    kept.catalog.add_run(
        id=run_id, campaign_id=campaign_id, node=node, kind="node", profile="smoke",
        state=RunState.RUNNING, started_ns=at_ns,
    )  # fmt: skip
    kept.home.run_dir(run_id).mkdir()
    RECORD.closed(id=run_id, campaign_id=campaign_id, node=node, state=RunState.RUNNING).write(
        kept.home.run_dir(run_id)
    )
    return run_id
