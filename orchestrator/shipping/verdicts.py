"""What Runs came to, on its way to InfluxDB: verdicts, findings, and counts by the second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.shipping.shipment import MAX_ROWS

if TYPE_CHECKING:
    from orchestrator.judging import Judged
    from orchestrator.stores.contract import RunStore

EVIDENCE = ("end_ns", "failed", "connecting_ns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Points that are no requests."""

    texts: tuple[str, ...]
    first_row: int

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.texts)

    def lines(self) -> bytes:
        """Return them as line protocol."""
        return "".join(f"{text}\n" for text in self.texts).encode()

    def halves(self) -> tuple[Points, Points]:
        """Return the first half and the rest."""
        half = self.rows // 2
        return (
            Points(texts=self.texts[:half], first_row=self.first_row),
            Points(texts=self.texts[half:], first_row=self.first_row + half),
        )


def verdicts(judged: Judged, store: RunStore) -> Iterator[tuple[str, list[Points]]]:
    """Yield each Run with its points; of one table at a time, only what is counted is held."""
    from orchestrator.stores.frames import to_frame
    from orchestrator.stores.influxdb.results import evidence_lines, result_lines

    analyses = {result.name: result.analysis for result in judged.results()}
    for record in judged.records:
        frame = to_frame(store.batches(record.id, EVIDENCE), rows=store.count(record.id), columns=EVIDENCE)
        texts = [*result_lines(record, analyses[record.node]), *evidence_lines(record, frame)]
        yield (
            record.id,
            [
                Points(texts=tuple(texts[first : first + MAX_ROWS]), first_row=first)
                for first in range(0, len(texts), MAX_ROWS)
            ],
        )
