"""Real Runs of users' scripts, side by side: from `prepare` to record, frame and analysis."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.findings import Detection, Limits, RunAnalysis, RunFacts
from orchestrator.home import Home
from orchestrator.judging import judge_run
from orchestrator.k6.binary import K6Binary, find_k6
from orchestrator.k6.summary import K6Totals, read_totals
from orchestrator.k6.wrapper import prepare
from orchestrator.model import Node, NodeKind, Profile, ProfileKind, Service
from orchestrator.runs.interrupts import Interrupts
from orchestrator.runs.record import RunRecord
from orchestrator.runs.run import Run
from orchestrator.runs.waves import Starter, run_side_by_side
from orchestrator.stores.frames import to_frame
from orchestrator.stores.parquet import ParquetStore

SAMPLES = Path(__file__).parent / "samples"
SERVICE = Service(url="http://shop.test/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A Run that ended: its record, its rows, k6's own totals and what the analysis says."""

    record: RunRecord
    frame: pd.DataFrame
    totals: K6Totals
    analysis: RunAnalysis
    folder: Path

    def said(self) -> str:
        """Return all that a reader of the verdict is told."""
        return "\n".join((*self.analysis.reasons, *self.analysis.notes))

    def of(self, scenario: str) -> pd.DataFrame:
        """Return the rows of one scenario."""
        return self.frame[self.frame["scenario"] == scenario]


def script(
    name: str,
    *,
    environ: Mapping[str, str] | None = None,
    addresses: Sequence[str] = (),
    max_rate_per_s: float = 200.0,
    folder: Path = SAMPLES,
) -> Profile:
    """Return a profile that runs a user's script."""
    return Profile(
        name=Path(name).stem,
        kind=ProfileKind.SCRIPT,
        script=folder / name,
        rate_per_s=None,
        duration_s=20.0,
        vus=10,
        timeout_s=5.0,
        environ=environ or {},
        addresses=tuple(addresses),
        max_rate_per_s=max_rate_per_s,
    )


def run_all(k6: Path, home: Home, port: int, profiles: Sequence[Profile]) -> dict[str, Ended]:
    """Run profiles side by side against 127.0.0.1:port; return what became of each by its name."""
    home.create()
    binary, store = find_k6(k6, os.environ), ParquetStore(home.run_dir)
    starters = [_starter(binary, home, store, port, profile) for profile in profiles]
    with Interrupts() as interrupts:
        records = run_side_by_side(starters, interrupts, lambda _: None)
    return {record.id: _ended(record, home, store) for record in records}


def _starter(binary: K6Binary, home: Home, store: ParquetStore, port: int, profile: Profile) -> Starter:
    folder = home.run_dir(profile.name)
    node = Node(name=profile.name, host="127.0.0.1", port=port)
    record = RunRecord(
        id=profile.name, campaign_id="c", node="n", kind=NodeKind.NODE, address=node.address,
        url=SERVICE.url, profile=profile.name, rate_per_s=None, limits=Limits(), detection=Detection(),
        facts=RunFacts(planned_s=profile.duration_s, timeout_s=profile.timeout_s), versions={},
        max_rate_per_s=profile.max_rate_per_s,
    )  # fmt: skip

    def start() -> Run:
        command = prepare(binary, profile, SERVICE, node, folder=folder / "k6", environ=os.environ)
        return Run(record, command, store.writer(profile.name), folder)

    return start


def _ended(record: RunRecord, home: Home, store: ParquetStore) -> Ended:
    folder = home.run_dir(record.id)
    frame = to_frame(store.batches(record.id))
    return Ended(
        record=record,
        frame=frame,
        totals=read_totals(folder / "k6" / "summary.json"),
        analysis=judge_run(record, frame),
        folder=folder,
    )
