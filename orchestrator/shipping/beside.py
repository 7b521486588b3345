"""InfluxDB beside a Campaign: a process of its own sends while Runs go on, the rest follows at their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from secrets import token_hex
from typing import IO, TYPE_CHECKING, Self, cast

from orchestrator import processes
from orchestrator.catalog import Catalog
from orchestrator.errors import StallwatchError
from orchestrator.home import Home
from orchestrator.model import Shipping
from orchestrator.shipping.shipper import BACK, Tell, target_name

if TYPE_CHECKING:
    from orchestrator.judging import Judged

END_S = 3.0
# Isolated from the user's folder and settings; what to import, and the token, come through standard input.
_CODE = """\
import json, sys
order = json.loads(sys.stdin.readline())
sys.path[:] = order["path"]
from orchestrator.shipping.child import main
main(order)
"""


@contextmanager
def beside(
    shipping: Shipping | None, home: Home, campaign_id: str, tell: Tell
) -> Iterator[Callable[[Judged], None]]:
    """Send a Campaign that runs meanwhile; gives what sends the rest when it is judged.

    Nothing happens without an InfluxDB.
    """
    if shipping is None:
        yield lambda _: None
        return
    with Beside(shipping, home, campaign_id, tell) as process:
        yield process.finish


class Beside:
    """Sends one Campaign; whatever goes wrong in it is told, and the Campaign goes on.

    A process, not a thread: it must not take turns with the decoder of k6's output, and it has a lower
    priority than k6. Enter it from the thread that runs the Campaign (see ``processes.start``).
    """

    def __init__(self, shipping: Shipping, home: Home, campaign_id: str, tell: Tell) -> None:
        self._shipping, self._home, self._campaign, self._say = shipping, home, campaign_id, tell
        self._owner = f"{os.getpid()}-{token_hex(4)}"
        self._process: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self._last_said = "it said nothing"
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        order = {
            "path": sys.path,
            "home": str(self._home.path),
            "campaign": self._campaign,
            "owner": self._owner,
            "influxdb": asdict(self._shipping.influxdb),
            "spool_bytes": self._shipping.spool_bytes,
        }
        try:
            argv = [sys.executable, "-I", "-c", _CODE]
            self._process, stdout, stderr = processes.start(argv, env={}, stdin=subprocess.PIPE)
        except OSError as error:
            self._tell(f"warning: nothing is sent to InfluxDB during the run: {error.strerror or error}")
            return self
        self._readers = [
            threading.Thread(target=self._repeat, args=(stdout,), daemon=True),
            threading.Thread(target=self._keep, args=(stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        stdin = cast("IO[bytes]", self._process.stdin)
        with suppress(OSError):  # gone already: what it said last is told at the end
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self._process is not None:  # such as a second Ctrl-C: at once
            self._process.kill()
        self._end()

    def finish(self, judged: Judged) -> None:
        """Send what is left, for a bounded time, and say how much of the Campaign is in InfluxDB."""
        self._end()
        from orchestrator.shipping.backlog import BacklogWatch
        from orchestrator.shipping.sync import AFTER_A_CAMPAIGN, Sync, in_words
        from orchestrator.stores.influxdb.client import InfluxClient

        try:
            catalog = Catalog(self._home.catalog_db, self._home.locks_dir)
            with InfluxClient(self._shipping.influxdb) as client:
                sync = Sync(
                    catalog,
                    self._home,
                    client,
                    owner=self._owner,
                    spool_bytes=self._shipping.spool_bytes,
                    tell=self._tell,
                    patience=AFTER_A_CAMPAIGN,
                )
                runs = catalog.list_runs(self._campaign)
                try:
                    found = sync.campaign(self._campaign, runs, lambda: judged)
                except KeyboardInterrupt:
                    self._tell(in_words(sync.state(runs), self._home))
                    raise
                finally:
                    sync.close()
            self._tell(in_words(found, self._home))
            target = target_name(self._shipping.influxdb)
            if warning := BacklogWatch(catalog, self._home, target, self._shipping.spool_bytes).look():
                self._tell(warning)
        except StallwatchError as error:
            self._tell(f"warning: {error}")

    def _end(self) -> None:
        """Let the process end; what it does not manage in time is done again."""
        process, self._process = self._process, None
        if process is None:
            return
        gone = process.poll()
        with suppress(OSError):
            cast("IO[bytes]", process.stdin).close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for reader in self._readers:
            reader.join()
        if gone:
            self._tell(f"warning: the process that sends to InfluxDB ended early: {self._last_said}")

    def _tell(self, text: str) -> None:
        """Tell what was not told since InfluxDB last took points: the process may have said it."""
        if text not in self._told:
            self._say(text)
        self._told = set() if text.startswith(BACK) else self._told | {text}

    def _repeat(self, stdout: IO[bytes]) -> None:
        with stdout:
            for line in stdout:
                self._tell(line.decode("utf-8", "replace").rstrip())

    def _keep(self, stderr: IO[bytes]) -> None:
        with stderr:
            for line in stderr:
                self._last_said = line.decode("utf-8", "replace").strip()
