"""What is answered to which path."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from orchestrator.catalog import Catalog
from orchestrator.errors import StallwatchError, StoreError
from orchestrator.runs.record import RunRecord, read_record
from orchestrator.web.files import has_report, open_report, pieces
from orchestrator.web.guard import POLICY
from orchestrator.web.health import overdue
from orchestrator.web.metrics import Metrics
from orchestrator.web.pages import Pages
from orchestrator.web.progress import Watching
from orchestrator.web.site import Site
from orchestrator.web.stored import MAX_CAMPAIGNS, Stored
from orchestrator.web.views import figures_view, record_pairs, schedule_view

RECENT = 20
SOON_S, LATER_S = 5, 30
"""How often a page loads itself again: while a campaign goes on, and else."""
# A report's own styles and charts stand in it; it needs nothing else, and may do nothing else.
REPORT_POLICY = f"{POLICY}; style-src 'unsafe-inline'; img-src data:; sandbox"
Found = TypeVar("Found")
_TROUBLE = "The catalog of this home cannot be read now; the log of the daemon says why."


class Answers:
    """The pages of a site, from what is stored; no request makes anything run."""

    def __init__(self, site: Site, catalog: Catalog, tell: Callable[[str], None]) -> None:
        self._site, self._tell = site, tell
        self._stored, self._pages = Stored(catalog), Pages()
        self._watching, self._metrics = Watching(site.home), Metrics(site, catalog)
        self._told = ""

    def app(self) -> Starlette:
        """Return the paths, and what becomes of mistakes."""
        app = Starlette(
            routes=[
                Route("/", self.front),
                Route("/campaigns", self.campaigns),
                Route("/campaigns/{id}", self.campaign),
                Route("/runs/{id}", self.run),
                Route("/schedules/{name}", self.schedule),
                Route("/reports/{name}", self.report),
                Route("/healthz", self.health),
                Route("/metrics", self.metrics),
            ],
            exception_handlers={
                HTTPException: self._refuse,
                StallwatchError: self._trouble,
            },
        )
        app.router.redirect_slashes = False
        return app

    def front(self, _: Request) -> Response:
        """Show what goes on, what comes next, and what came last."""
        now = datetime.now(UTC)
        going, seen = self._going(), self._stored.seen()
        return self._pages.page(
            "front",
            refresh_s=SOON_S if going else LATER_S,
            overdue=overdue(self._site.schedules, seen, now),
            going=going,
            schedules=[
                schedule_view(schedule, self._stored.starts(schedule.name, 1), now)
                for schedule in self._site.schedules
            ],
            campaigns=self._stored.newest(RECENT),
        )

    def campaigns(self, _: Request) -> Response:
        """List the newest campaigns."""
        return self._pages.page(
            "campaigns", refresh_s=LATER_S, campaigns=self._stored.newest(), most=MAX_CAMPAIGNS
        )

    def campaign(self, request: Request) -> Response:
        """Show a campaign with its runs, and how far they have come while it goes on."""
        row = _found(self._stored.campaign(request.path_params["id"]))
        going = next((one for one in self._going() if one["id"] == row["id"]), None)
        report = f"{row['id']}.html"
        return self._pages.page(
            "campaign",
            refresh_s=SOON_S if going else None,
            campaign=row,
            going=going,
            report=report if has_report(self._site.home.reports_dir, report) else None,
        )

    def run(self, request: Request) -> Response:
        """Show a run as its record tells it."""
        row = _found(self._stored.run(request.path_params["id"]))
        record: RunRecord | None = None
        with suppress(StoreError):  # its files are gone, or not there yet: the catalog's row remains
            record = read_record(self._site.home.run_dir(row["id"]))
        return self._pages.page(
            "run",
            run=row,
            figures=figures_view(row["id"], self._site.home),
            notes=record.notes if record else (),
            pairs=record_pairs(record) if record else {},
        )

    def schedule(self, request: Request) -> Response:
        """Show a schedule with what became of its newest starts."""
        name = request.path_params["name"]
        schedule = _found(next((one for one in self._site.schedules if one.name == name), None))
        starts = self._stored.starts(name)
        view = schedule_view(schedule, starts[:1], datetime.now(UTC))
        return self._pages.page("schedule", refresh_s=LATER_S, schedule=view, starts=starts)

    def report(self, request: Request) -> Response:
        """Hand out a stored report."""
        file, size = _found(open_report(self._site.home.reports_dir, request.path_params["name"]))
        headers = {"Content-Security-Policy": REPORT_POLICY, "Content-Length": str(size)}
        if request.method == "HEAD":
            file.close()
            return Response(media_type="text/html", headers=headers)
        return StreamingResponse(pieces(file, size), media_type="text/html", headers=headers)

    def health(self, _: Request) -> Response:
        """Tell whether every start that was due has been taken up: 200, or 503 with the reasons."""
        try:
            late = overdue(self._site.schedules, self._stored.seen(), datetime.now(UTC))
        except StallwatchError as error:
            self._say_once(error)
            return JSONResponse({"ok": False, "reasons": [_TROUBLE]}, 503)
        return JSONResponse({"ok": not late, "reasons": [str(one) for one in late]}, 503 if late else 200)

    def metrics(self, _: Request) -> Response:
        """Tell Prometheus."""
        return Response(self._metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _going(self) -> list[dict[str, Any]]:
        """Return the campaigns that go on, each run of theirs with its progress."""
        going = self._stored.running()
        running = [run for row in going for run in row["runs"] if run["state"] == "running"]
        progress = self._watching.look(running, time.time_ns())
        return [
            row | {"runs": [run | {"progress": progress.get(run["id"])} for run in row["runs"]]}
            for row in going
        ]

    def _refuse(self, _: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        return self._pages.page("nothing", status=status, text="There is no such page, or no longer.")

    def _trouble(self, _: Request, error: Exception) -> Response:
        self._say_once(error)
        return self._pages.page("nothing", status=503, refresh_s=LATER_S, text=_TROUBLE)

    def _say_once(self, error: Exception) -> None:
        if str(error) != self._told:
            self._tell(f"error: {error}")
        self._told = str(error)


def _found(value: Found | None) -> Found:
    if value is None:
        raise HTTPException(404)
    return value
