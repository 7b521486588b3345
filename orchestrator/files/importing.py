"""Files of samples that are kept: a Campaign with one Run a file, whole or not at all."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import pyarrow as pa

from analysis.findings import Detection, Limits
from orchestrator.campaign import CampaignResult, Records, versions
from orchestrator.errors import UsageError
from orchestrator.files.samples import Progress, SampleFile
from orchestrator.files.source import STANDARD_INPUT, label_of
from orchestrator.judging import judge, write_report
from orchestrator.model import NodeKind, RunState
from orchestrator.plan import limits_in_words
from orchestrator.runs.interrupts import Interrupts
from orchestrator.runs.record import FILE as RECORD
from orchestrator.runs.record import Origin, RunRecord, read_record
from orchestrator.runs.recovery import import_lock, remove_import

PROFILE = "import"
_SUFFIXES = re.compile(r"(\.(csv|json|ndjson|jsonl|txt|gz))+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What is to be imported: files (or ``-``) with the names that their Nodes get.

    ``again`` takes what was imported before a second time.
    """

    id: str
    files: Sequence[str]
    nodes: Sequence[str]
    limits: Limits
    detection: Detection
    again: bool = False

    def run_id(self, node: str) -> str:
        """Return the id of a Node's Run."""
        return f"{self.id}.{node}"


def node_names(files: Sequence[str]) -> list[str]:
    """Return names for the Nodes of files: their stems, made safe and distinct."""
    names: list[str] = []
    for file in files:
        stem = "stdin" if file == STANDARD_INPUT else _SUFFIXES.sub("", PurePath(file).name)
        safe = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:50] or "file"
        safe = f"file-{safe}" if safe.startswith("control") else safe  # so are control Runs called
        distinct = (safe, *(f"{safe}-{number}" for number in range(2, len(files) + 2)))
        names.append(next(name for name in distinct if name not in names))
    return names


def import_files(what: Import, kept: Records, on_progress: Progress) -> CampaignResult:
    """Read files into the home, judge them, and name them in the catalog when all that is done.

    Raises
    ------
    UsageError
        A file cannot be read, or was imported before: nothing of any is kept.
    StoreError
        The home cannot be written: nothing is kept.
    """
    with kept.catalog.holding(import_lock(what.id)):
        try:
            return _import(what, kept, on_progress)
        except BaseException:
            with Interrupts():  # one more Ctrl-C would leave half of it
                remove_import(kept.home, what.id)
            raise


def _import(what: Import, kept: Records, on_progress: Progress) -> CampaignResult:
    imported_ns = time.time_ns()
    records: list[RunRecord] = []
    for file, node in zip(what.files, what.nodes, strict=True):
        record = _stored(what, SampleFile(file, on_progress), node, kept)
        if not what.again:
            _refuse_twice(record.origin, records, kept)
        records.append(record)
    judged = judge(records, kept.store)
    report = write_report(judged, kept.home, what.id)
    verdicts = {result.name: result.analysis.verdict for result in judged.results()}
    # The last step: until here nobody knows of it, from here on all of it is there.
    kept.catalog.add_whole(
        {
            "id": what.id,
            "profile": PROFILE,
            "state": RunState.DONE,
            "started_ns": imported_ns,  # so that `last` is the latest import
            "ended_ns": time.time_ns(),
            "verdict": judged.analysis.verdict,
            "sentence": judged.analysis.sentence,
        },
        [
            {
                "id": record.id,
                "campaign_id": what.id,
                "node": record.node,
                "kind": record.kind,
                "profile": PROFILE,
                "state": record.state,
                "started_ns": record.started_ns,
                "ended_ns": record.ended_ns,
                "requests": record.rows,
                "verdict": verdicts[record.node],
            }
            for record in records
        ],
    )
    return CampaignResult(id=what.id, judged=judged, report=report, failures=(), interrupted=False)


def _stored(what: Import, samples: SampleFile, node: str, kept: Records) -> RunRecord:
    """Write the table and the record of one file."""
    run_id = what.run_id(node)
    table = kept.store.table_writer(run_id)
    span = _Span()
    try:
        for batch in samples.batches():
            table.append(batch)
            span.take(batch)
        rows = table.close()
    except BaseException:
        table.abandon()
        raise
    record = RunRecord(
        id=run_id,
        campaign_id=what.id,
        node=node,
        kind=NodeKind.NODE,
        address=label_of(samples.name),
        url="",
        profile=PROFILE,
        rate_per_s=None,
        limits=what.limits,
        detection=what.detection,
        facts=samples.facts(),
        versions=versions(),
        started_ns=span.first_ns,
        ended_ns=span.last_ns,
        state=RunState.DONE,
        rows=rows,
        notes=samples.notes(),
        settings={
            "files": ", ".join(map(label_of, what.files)),
            **limits_in_words(what.limits, what.detection),
        },
        origin=Origin(file=label_of(samples.name), format=samples.format, sha256=samples.sha256),
    )
    record.write(kept.home.run_dir(run_id))
    return record


def _refuse_twice(origin: Origin | None, others: Sequence[RunRecord], kept: Records) -> None:
    """Refuse content that another Run has, in this import or an earlier one."""
    before = [
        read_record(kept.home.run_dir(run["id"]))
        for run in kept.catalog.list_runs()
        if run["profile"] == PROFILE and (kept.home.run_dir(run["id"]) / RECORD).exists()
    ]
    for other in (*others, *before):
        if origin and other.origin and other.origin.sha256 == origin.sha256:
            same = f"imported already, as run {other.id}" if other in before else f"in {other.origin.file}"
            raise UsageError(
                f"{origin.file}: the same content is {same}", hint="`--again` imports it once more"
            )


class _Span:
    """From the first start of a request to the last end."""

    def __init__(self) -> None:
        self.first_ns, self.last_ns = 2**63 - 1, 0

    def take(self, batch: pa.RecordBatch) -> None:
        ends = batch.column("end_ns").to_numpy()
        starts = ends - batch.column("total_ns").fill_null(0).to_numpy()
        self.first_ns = min(self.first_ns, int(starts.min()))
        self.last_ns = max(self.last_ns, int(ends.max()))
