"""stallwatch analyze."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.show.output import Format, print_json, say
from orchestrator.errors import StallwatchError

if TYPE_CHECKING:
    from analysis.findings import RunAnalysis, Verdict
    from orchestrator.home import Home


def command(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|CAMPAIGN|FILE...", help="Ids, `last`, or files of k6 (`-`: standard input)."
        ),
    ],
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How the findings are printed.")] = Format.TEXT,
) -> int:
    """Find stalls in runs that were stored, or in files that k6 wrote.

    An input that cannot be read is said and passed over; the exit code is then its own.
    """
    from analysis.findings import Verdict
    from orchestrator.campaign import EXIT_CODES
    from orchestrator.home import Home

    verdicts, unreadable = [], []
    for name in names:
        try:
            verdicts.append(_analyze(name, Home.find(home, os.environ), output))
        except StallwatchError as error:
            say(f"error: {error}")
            unreadable.append(error.exit_code)
    return max(unreadable) if unreadable else EXIT_CODES[Verdict.worst(verdicts)]


def _analyze(name: str, home: Home, output: Format) -> Verdict:
    from orchestrator.files.reading import looks_like_file

    return _file(name, output) if looks_like_file(name) else _stored(name, home, output)


def _file(name: str, output: Format) -> Verdict:
    from orchestrator.cli.show.reading import reading
    from orchestrator.files.analysis import analyze_file

    with reading() as on_progress:
        analysis = analyze_file(name, on_progress)
    _print(name, analysis, output)
    return analysis.verdict


def _stored(name: str, home: Home, output: Format) -> Verdict:
    """Analyze a Run, or the Runs of a Campaign as they were judged together."""
    from orchestrator.campaign import open_records
    from orchestrator.judging import judge, stored_records

    kept = open_records(home)
    campaign, runs = kept.catalog.find(name)
    records, gone = stored_records(runs, home)
    for text in gone:
        say(f"warning: {text}")
    judged = judge(records, kept.store)
    if output is Format.TEXT and len(records) > 1:
        print(f"{campaign['id']}: {judged.analysis.sentence}")
    ids = {record.node: record.id for record in records}
    for result in judged.results():
        _print(ids[result.name], result.analysis, output)
    return judged.analysis.verdict


def _print(label: str, analysis: RunAnalysis, output: Format) -> None:
    from analysis.result import to_json
    from orchestrator.cli.show.results import run_lines

    if output is Format.JSON:
        print_json(to_json(analysis, input_name=label))
    else:
        print("\n".join(run_lines(label, analysis)), flush=True)
