"""Telling all channels what happened, side by side: a dead one holds up nobody, and none for long."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from orchestrator.catalog import Catalog, Row
from orchestrator.errors import ExitCode
from orchestrator.notifying.delivery import NotDeliveredError, Patience, deliver
from orchestrator.notifying.messages import Message
from orchestrator.notifying.outbox import Outbox

if TYPE_CHECKING:
    from orchestrator.home import Home
    from orchestrator.model import Channel

LONGEST_S = 120.0
"""How long one round takes at most, whatever the channels do."""

Tell = Callable[[str], object]
Done = Callable[[Row], object]
_Result = tuple[str, Row | None, str | None]


def notify(home: Home, channels: Sequence[Channel], tell: Tell, patience: Patience | None = None) -> ExitCode:
    """Tell the channels what happened since; 4 when something was not delivered, and waits.

    Raises
    ------
    StoreError
        The catalog cannot be used.
    """
    outbox = Outbox(Catalog(home.catalog_db, home.locks_dir))
    outbox.fill(channels, time.time_ns())
    for row in outbox.give_up(time.time_ns()):
        tell(f"warning: notify {row['channel']}: given up, too old to be told: {_title(row)}")
    waiting = {channel.name: outbox.waiting(channel.name) for channel in channels}

    def taken(row: Row) -> None:
        outbox.delivered(row)
        tell(f"notify {row['channel']}: {_title(row)}")

    troubles = deliver_all(channels, waiting, taken, patience or Patience())
    for name, reason in troubles.items():
        tell(f"warning: notify {name}: not delivered, and tried again later: {reason}")
    return ExitCode.INFRASTRUCTURE if troubles else ExitCode.PASS


def deliver_all(
    channels: Sequence[Channel],
    waiting: Mapping[str, Sequence[Row]],
    taken: Done,
    patience: Patience,
    longest_s: float = LONGEST_S,
) -> dict[str, str]:
    """Deliver what waits, a thread a channel; return by channel why something is left.

    ``taken`` gets each message that was delivered, in this thread. A channel's messages come in order:
    after one that is not taken, no more are tried.
    """
    results: queue.Queue[_Result] = queue.Queue()
    busy = {channel.name for channel in channels if waiting[channel.name]}
    for channel in channels:
        if channel.name in busy:
            args = (channel, waiting[channel.name], patience, results)
            threading.Thread(target=_deliver, args=args, daemon=True).start()
    troubles: dict[str, str] = {}
    until_s = time.monotonic() + longest_s
    while busy:
        try:
            name, row, trouble = results.get(timeout=max(until_s - time.monotonic(), 0.001))
        except queue.Empty:
            return troubles | dict.fromkeys(busy, f"it had not answered after {longest_s:g} s")
        if row is not None:
            taken(row)
            continue
        busy.discard(name)
        if trouble is not None:
            troubles[name] = trouble
    return troubles


def _deliver(
    channel: Channel, rows: Sequence[Row], patience: Patience, results: queue.Queue[_Result]
) -> None:
    trouble = None
    try:
        for row in rows:
            deliver(channel, _body(row), patience)
            results.put((channel.name, row, None))
    except NotDeliveredError as error:
        trouble = error.message
    except Exception as error:  # noqa: BLE001 # what a library raises may name the URL
        trouble = f"{type(error).__name__} in what delivers it"
    results.put((channel.name, None, trouble))


def _body(row: Row) -> Message:
    body: Message = json.loads(row["body"])
    return body


def _title(row: Row) -> str:
    return str(_body(row)["title"]).removeprefix("stallwatch: ")
