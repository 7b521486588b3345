"""Samples that k6 wrote into a file, block by block: read on one thread, decoded on others."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa

from analysis.findings import RunFacts
from orchestrator.errors import UsageError
from orchestrator.files.kinds import BOM, Kind, kind_of
from orchestrator.files.source import EXPECTED, Source, label_of, telling
from orchestrator.k6.samples.blocks import BlockCutter, LineCutter
from orchestrator.k6.samples.decode import BlockDecoder
from orchestrator.k6.samples.json_lines import JsonReader
from orchestrator.k6.samples.requests import Loss, Requests, in_words
from orchestrator.k6.samples.rows import RowAssembler

THREADS = 2
BLOCKS_AHEAD = 3

Progress = Callable[[Source], None]


class SampleFile:
    """The samples of a file, or of standard input for ``-``; figures are complete at its end.

    Parameters
    ----------
    name
        A path, or ``-``.
    on_progress
        Called after each block.
    """

    def __init__(self, name: str, on_progress: Progress = lambda _: None) -> None:
        self.name = name
        self._on_progress = on_progress
        self._rows = RowAssembler(remember_ns=None)
        self._dropped_iterations = 0.0
        self._endpoints_folded = False
        self.rows = 0
        self.lost: Counter[Loss] = Counter()
        self.cut_off = False
        self.format = ""
        self.sha256 = ""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the requests in the order of the file.

        Raises
        ------
        UsageError
            It is missing, damaged, no samples of k6, or holds no request.
        """
        with telling(self.name):
            source = Source(self.name)
            try:
                yield from self._requests(source)
            finally:
                source.close()
        if not self.rows:
            what = in_words(self.lost) if self.lost.total() else "it has no samples, or of other metrics only"
            raise UsageError(f"{label_of(self.name)}: there is no request in it; {what}", hint=EXPECTED)

    def facts(self) -> RunFacts:
        """Return what is known of the Run that made the file."""
        lost = sum(self.lost[loss] for loss in Loss if loss is not Loss.LINE)
        return RunFacts(dropped_iterations=int(self._dropped_iterations), unreadable=lost)

    def notes(self) -> tuple[str, ...]:
        """Return what a reader should know of the file."""
        notes = []
        if self._endpoints_folded:
            notes.append("more than 50 endpoints: those beyond are folded into 'other'")
        if self.lost.total():
            notes.append(in_words(self.lost))
        if self.cut_off:
            notes.append("the last line of the file is cut off")
        return tuple(notes)

    def _requests(self, source: Source) -> Iterator[pa.RecordBatch]:
        head = source.read()
        kind = kind_of(head)
        self.format = f"{kind}, gzip" if source.packed else str(kind)
        cutter = BlockCutter() if kind is Kind.CSV else LineCutter()
        decoder: BlockDecoder | None = None
        with ThreadPoolExecutor(THREADS) as pool:
            reading: deque[Future[Requests]] = deque()
            for block in self._blocks(source, head.removeprefix(BOM), cutter):
                decoder = decoder or _decoder(cutter, block)
                reading.append(pool.submit(decoder.read, block))
                if len(reading) > BLOCKS_AHEAD:
                    yield from self._decoded(decoder, reading.popleft())
                self._on_progress(source)
            decoder = decoder or _decoder(cutter, b"")  # refuses a header, also when nothing stands below it
            while reading:
                yield from self._decoded(decoder, reading.popleft())
        yield from self._counted(self._rows.finish())
        self.lost[Loss.LINE] += cutter.dropped
        self._endpoints_folded = decoder.endpoints.folded
        self.sha256 = source.sha256()

    def _blocks(self, source: Source, data: bytes, cutter: LineCutter) -> Iterator[bytes]:
        while data:
            cutter.push(data)
            if block := cutter.cut():
                yield block
            data = source.read()
        block, broken = cutter.finish()
        self.cut_off = bool(broken)
        if block:
            yield block

    def _decoded(self, decoder: BlockDecoder, found: Future[Requests]) -> Iterator[pa.RecordBatch]:
        decoded = decoder.take(found.result())
        self._dropped_iterations += decoded.counters["dropped_iterations"]
        self.lost += decoded.lost
        yield from self._counted(self._rows.push(decoded))

    def _counted(self, batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.rows += batch.num_rows
            yield batch


def _decoder(cutter: LineCutter, block: bytes) -> BlockDecoder:
    """Return what decodes the file; only where samples carry serials, requests wait for their bytes."""
    header = cutter.header if isinstance(cutter, BlockCutter) else None
    return BlockDecoder(header or JsonReader(), bytes_received=b"serial" in block)
