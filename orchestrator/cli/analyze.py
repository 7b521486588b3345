"""stallwatch analyze."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.output import Format, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.findings import RunAnalysis
    from orchestrator.home import Home


def command(
    names: Annotated[
        list[str], typer.Argument(metavar="RUN|CAMPAIGN|FILE...", help="Ids, `last`, or files of k6.")
    ],
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How the findings are printed.")] = Format.TEXT,
) -> int:
    """Find stalls in runs that were stored, or in files that k6 wrote."""
    from analysis.result import to_json

    from analysis.findings import Verdict
    from orchestrator.campaign import EXIT_CODES
    from orchestrator.cli.results import run_lines
    from orchestrator.home import Home

    verdicts = []
    for name in names:
        for label, analysis in _analyses(name, Home.find(home, os.environ)):
            verdicts.append(analysis.verdict)
            if output is Format.JSON:
                print_json(to_json(analysis, input_name=label))
            else:
                print("\n".join(run_lines(label, analysis)), flush=True)
    return EXIT_CODES[Verdict.worst(verdicts)]


def _analyses(name: str, home: Home) -> Iterator[tuple[str, RunAnalysis]]:
    from orchestrator.sources import looks_like_file

    if looks_like_file(name):
        from analysis.run import analyze_run

        from analysis.findings import Detection, Limits, RunFacts
        from orchestrator.sources import read_file

        frame, dropped = read_file(Path(name))
        facts = RunFacts(dropped_iterations=dropped)
        yield name, analyze_run(frame, facts=facts, limits=Limits(), detection=Detection())
        return
    from orchestrator.campaign import open_records
    from orchestrator.judging import judge_run
    from orchestrator.runs.record import read_record
    from orchestrator.stores.frames import to_frame

    kept = open_records(home)
    for run in kept.catalog.find(name)[1]:
        yield (
            run["id"],
            judge_run(read_record(home.run_dir(run["id"])), to_frame(kept.store.batches(run["id"]))),
        )
