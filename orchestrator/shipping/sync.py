"""What InfluxDB does not have yet: sent, counted there, and told."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.catalog import Catalog, Row
from orchestrator.errors import StoreError
from orchestrator.home import Home
from orchestrator.shipping.counts import counts
from orchestrator.shipping.refused import FOLDER, reasons, short
from orchestrator.shipping.shipment import Step
from orchestrator.shipping.shipper import ONLY_A_PERSON, Shipper, Tell, target_name
from orchestrator.shipping.verdicts import verdicts
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.failures import InfluxError
from orchestrator.stores.parquet import ParquetStore

if TYPE_CHECKING:
    from orchestrator.judging import Judged

POLL_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on while nothing gets through, and in all; None for as long as it takes."""

    idle_s: float
    most_s: float | None = None


AFTER_A_CAMPAIGN = Patience(idle_s=5.0, most_s=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """How far a Run has come: rows on disk, those sent, those refused, and those counted in InfluxDB."""

    run: str
    rows: int
    sent: int
    refused: int
    counted: int | None
    elsewhere: bool = False

    @property
    def left(self) -> int:
        """How many are still on disk only."""
        return self.rows - self.sent

    @property
    def there(self) -> int:
        """How many are in InfluxDB: counted, or as far as confirmed."""
        return self.sent - self.refused if self.counted is None else self.counted

    @property
    def lost(self) -> bool:
        """Whether InfluxDB has less than it had confirmed."""
        return not self.left and not self.elsewhere and self.counted is not None and not self.complete

    @property
    def complete(self) -> bool:
        """Whether all that InfluxDB does not refuse is there, as counted."""
        return not self.left and self.counted is not None and self.counted + self.refused >= self.rows


class Sync:
    """Brings Campaigns to InfluxDB as far as it takes them.

    Parameters
    ----------
    on_step
        Gets, after each round, how many rows have been sent in it.
    """

    def __init__(  # what it works with
        self,
        catalog: Catalog,
        home: Home,
        client: InfluxClient,
        *,
        owner: str,
        spool_bytes: int,
        tell: Tell,
        patience: Patience,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._catalog, self._client = catalog, client
        self._store = ParquetStore(home.run_dir)
        self._target = target_name(client.settings)
        self._shipper = Shipper(catalog, home, client, owner=owner, spool_bytes=spool_bytes, tell=tell)
        self._patience, self._on_step, self._tell = patience, on_step, tell
        self._began = self._moved = time.monotonic()

    @property
    def trouble(self) -> InfluxError | None:
        """Why it does not go on, None while it does."""
        return self._shipper.trouble

    def close(self) -> None:
        """Let go of files and leases."""
        self._shipper.close()

    def campaign(
        self, campaign_id: str, runs: Sequence[Row], judge: Callable[[], Judged] | None
    ) -> list[Delivered]:
        """Send what is not there, count what is; where InfluxDB has lost some, send those Runs once more.

        ``judge`` gives the verdicts, which are sent after the requests; None when they are not to be sent.
        """
        found = self._sent_and_counted(campaign_id, runs)
        if lost := [one for one in found if one.lost]:
            missing = sum(one.sent - one.refused - one.there for one in lost)
            self._tell(f"{campaign_id}: InfluxDB lacks {missing:,} requests that it had taken: sent again")
            for one in lost:
                self._catalog.note(one.run, self._target, rows=0, refused=0, counted=None, judged=None)
                self._shipper.rest(one.run)
            found = self._sent_and_counted(campaign_id, runs)
        if judge is not None and self._shipper.trouble is None:
            self._send_verdicts(runs, judge)
        return found

    def going_on(self, runs: Sequence[Row]) -> list[Delivered]:
        """Send what there is of a Campaign that goes on, where no other shipper does."""
        return self.state(runs, self._drain(runs, wait=False))

    def _send_verdicts(self, runs: Sequence[Row], judge: Callable[[], Judged]) -> None:
        sent = self._catalog.list_shipments(self._target)
        wanted = {run["id"] for run in runs if run["id"] in sent and not sent[run["id"]]["judged"]}
        if not wanted:
            return
        try:
            for run_id, points in verdicts(judge(), self._store):
                if run_id not in wanted:
                    continue
                if not all(self._shipper.send(run_id, part) for part in points):
                    return
                self._catalog.note(run_id, self._target, judged=True)
        except StoreError as error:  # a table or record that is gone
            self._tell(f"warning: no verdict can be sent: {error}")

    def _sent_and_counted(self, campaign_id: str, runs: Sequence[Row]) -> list[Delivered]:
        elsewhere = self._drain(runs)
        over = self._shipper.trouble is None
        found = self.state(runs, elsewhere)
        if not over or any(one.left for one in found):
            return found
        try:
            counted = counts(self._client, campaign_id)
        except InfluxError as error:
            self._tell(f"warning: what InfluxDB has cannot be counted: {error}")
            return found
        for one in found:
            self._catalog.note(one.run, self._target, counted=counted.get(one.run, 0))
        return self.state(runs, elsewhere)

    def state(self, runs: Sequence[Row], elsewhere: Collection[str] = ()) -> list[Delivered]:
        """Return how far Runs have come, as the catalog has it."""
        sent = self._catalog.list_shipments(self._target)
        return [
            Delivered(
                run=run["id"],
                rows=run["requests"] if run["requests"] is not None else (row or {"rows": 0})["rows"],
                sent=row["rows"] if row else 0,
                refused=row["refused"] if row else 0,
                counted=row["counted"] if row else None,
                elsewhere=run["id"] in elsewhere,
            )
            for run in runs
            for row in (sent.get(run["id"]),)
        ]

    def _drain(self, runs: Sequence[Row], *, wait: bool = True) -> set[str]:
        """Send until nothing is left or patience is; return the Runs that another shipper has.

        ``wait`` for these too: their lease may expire.
        """
        waiting, elsewhere = {run["id"]: run for run in runs}, set[str]()
        self._shipper.at_once()
        self._moved = time.monotonic()
        while waiting:
            steps = self._shipper.turn(list(waiting.values()))
            elsewhere = elsewhere - set(steps) | {
                run for run, step in steps.items() if step is Step.ELSEWHERE
            }
            for run, step in steps.items():
                if step is Step.NOTHING or (step is Step.ELSEWHERE and not wait):
                    self._shipper.rest(run)
                    del waiting[run]
            if {Step.FULL, Step.SENT} & set(steps.values()):
                self._moved = time.monotonic()
                self._on_step(self._shipper.rows)
            elif waiting and self._enough():
                break
            elif waiting:
                time.sleep(min(self._patience.idle_s, max(POLL_S, self._shipper.delay_s)))
            if self._too_long():
                break
        return elsewhere

    def _enough(self) -> bool:
        trouble = self._shipper.trouble
        if trouble is not None and trouble.status in ONLY_A_PERSON:
            return True
        return time.monotonic() - self._moved >= self._patience.idle_s

    def _too_long(self) -> bool:
        most_s = self._patience.most_s
        return most_s is not None and time.monotonic() - self._began >= most_s


def in_words(found: Sequence[Delivered], home: Home) -> str:
    """Say how many of the requests are in InfluxDB, and what became of the others."""
    rows, refused = sum(one.rows for one in found), sum(one.refused for one in found)
    left = sum(one.left for one in found)
    text = f"InfluxDB {sum(one.there for one in found):,} of {rows:,}"
    said = []
    if refused:
        why = next(iter(reasons(home.spool_dir / FOLDER, {one.run for one in found if one.refused})), "")
        why = f" ({short(why)})" if why else ""
        said.append(f"{refused:,} refused and set aside in {home.spool_dir / FOLDER}{why}")
    if left:
        said.append(f"{left:,} are on disk only, and `stallwatch sync` sends them")
    elif any(one.counted is None for one in found):
        said.append("as confirmed, not counted")
    return f"{text}: {'; '.join(said)}" if said else text
