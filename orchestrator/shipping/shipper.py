"""Sends what is on disk of some Runs, a batch each in turn, and knows when InfluxDB does not take it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from orchestrator.catalog import Catalog, Row
from orchestrator.errors import StoreError
from orchestrator.home import Home
from orchestrator.model import InfluxSettings
from orchestrator.shipping.delivery import Part, deliver
from orchestrator.shipping.pace import Pace
from orchestrator.shipping.refused import VERDICT, RefusedPoints, short
from orchestrator.shipping.shipment import Shipment, Step, Target
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.failures import InfluxError

ONLY_A_PERSON = frozenset({401, 403, 404})
"""No waiting mends these: a token, what it may do, an org or a bucket."""

BACK = "InfluxDB takes points again"

Tell = Callable[[str], None]


def target_name(settings: InfluxSettings) -> str:
    """Return the name under which the catalog keeps what an InfluxDB has."""
    return settings.target


class Shipper:
    """Sends Runs to one InfluxDB.

    Parameters
    ----------
    owner
        The name under which it leases Runs.
    tell
        Gets one line when InfluxDB stops taking points, or says something else than before, and one when
        it takes them again.
    """

    def __init__(
        self,
        catalog: Catalog,
        home: Home,
        client: InfluxClient,
        *,
        owner: str,
        spool_bytes: int,
        tell: Tell,
    ) -> None:
        self._catalog, self._home, self._tell = catalog, home, tell
        self._client = client
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._target = Target(
            name=target_name(client.settings),
            owner=owner,
            write=client.write,
            refused=RefusedPoints(home, spool_bytes),
            reader=self._reader,
        )
        self._shipments: dict[str, Shipment] = {}
        self._pace = Pace()
        self._not_before = 0.0
        self._failed_since: float | None = None
        self._told = ""
        self.trouble: InfluxError | None = None
        self.broken: dict[str, str] = {}

    def turn(self, runs: Iterable[Row]) -> dict[str, Step]:
        """Send at most one batch of each Run; return what that came to, as far as it came.

        Nothing is tried before ``delay_s`` is over; ``trouble`` is why, None while all is well.
        """
        steps: dict[str, Step] = {}
        for run in runs:
            if self.delay_s > 0:
                break
            try:
                steps[run["id"]] = self._shipment(run).step()
            except InfluxError as error:
                self._failed(error)
                break
            except StoreError as error:
                self.rest(run["id"])
                steps[run["id"]] = Step.NOTHING
                self._tell_broken(run["id"], str(error))
            if steps[run["id"]] in {Step.FULL, Step.SENT}:
                self._succeeded()
        return steps

    @property
    def delay_s(self) -> float:
        """How long nothing is to be tried, as the last try failed."""
        return max(0.0, self._not_before - time.monotonic())

    @property
    def rows(self) -> int:
        """How many rows of the Runs that it knows are there."""
        return sum(shipment.rows for shipment in self._shipments.values())

    def rest(self, run_id: str) -> None:
        """Let go of a Run's files; when its turn comes again, its position is read anew."""
        self._shipments[run_id].close()

    def at_once(self) -> None:
        """Let the next turn try, however the last one ended."""
        self._not_before = 0.0

    def send(self, run_id: str, part: Part) -> bool:
        """Write points of a Run that are no requests; False when they are not there, see ``trouble``."""
        try:
            for refusal in deliver(part, self._target.write):
                self._target.refused.keep(run_id, refusal, VERDICT)
                why = short(refusal.reason)
                self._tell(f"warning: {run_id}: {refusal.rows} points of its verdict refused: {why}")
        except InfluxError as error:
            self._failed(error)
            return False
        self._succeeded()
        return True

    def close(self) -> None:
        """Let go of files and leases."""
        for shipment in self._shipments.values():
            shipment.close()
        self._reader.shutdown()
        self._catalog.release(self._target.owner)

    def _shipment(self, run: Row) -> Shipment:
        if run["id"] not in self._shipments:
            folder = self._home.run_dir(run["id"])
            self._shipments[run["id"]] = Shipment(run, folder, self._catalog, self._target)
        return self._shipments[run["id"]]

    def _failed(self, error: InfluxError) -> None:
        slow = error.status in ONLY_A_PERSON
        self._not_before = time.monotonic() + self._pace.failed(asked_s=error.retry_after_s, slow=slow)
        self._failed_since = self._failed_since or time.monotonic()
        self.trouble = error
        kind = f"{type(error).__name__} {error.status}"
        if kind != self._told:
            self._told = kind
            self._tell(
                f"warning: {error.message}: what is measured stays on disk and is sent later; {error.hint}"
            )

    def _succeeded(self) -> None:
        if self._failed_since is not None:
            down_s = time.monotonic() - self._failed_since
            self._tell(f"{BACK}, after {down_s:.0f} s")
        self._pace.succeeded()
        self._failed_since, self.trouble, self._told = None, None, ""

    def _tell_broken(self, run_id: str, text: str) -> None:
        if self.broken.get(run_id) != text:
            self.broken[run_id] = text
            self._tell(f"warning: {text}")
