"""stallwatch analyze."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.show.output import Format, json_line, say
from orchestrator.errors import ExitCode, StallwatchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analysis.findings import RunAnalysis, Verdict
    from orchestrator.files.samples import Progress
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

    Several are analyzed on all cores and printed in their order. An input that cannot be read is said and
    passed over; the exit code is then its own.
    """
    from analysis.findings import Verdict
    from orchestrator.home import Home

    verdicts, unreadable = [], []
    for answer in _answers(names, Home.find(home, os.environ), output):
        for text in answer.said:
            say(text)
        if answer.lines:
            print("\n".join(answer.lines), flush=True)
        if answer.verdict is None:
            unreadable.append(answer.exit_code)
        else:
            verdicts.append(answer.verdict)
    from orchestrator.campaign import EXIT_CODES  # this process may have needed nothing of it until now

    return max(unreadable) if unreadable else EXIT_CODES[Verdict.worst(verdicts)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is printed for one input, what is said on standard error, and what it comes to."""

    lines: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    verdict: Verdict | None = None
    exit_code: ExitCode = ExitCode.PASS


def _answers(names: Sequence[str], home: Home, output: Format) -> Iterator[Answer]:
    """Answer one input here, several on all cores."""
    if len(names) == 1:
        from orchestrator.cli.show.reading import reading

        with reading() as on_progress:
            yield _answer(names[0], home=home, output=output, on_progress=on_progress)
        return
    from orchestrator.files.source import STANDARD_INPUT
    from orchestrator.inputs.cores import Work, in_order
    from orchestrator.inputs.memory import need_mb

    yield from in_order(
        Work(
            call=partial(_answer, home=home, output=output),
            need_mb=partial(need_mb, home=home),
            here=lambda name: name == STANDARD_INPUT,
            lost=_lost,
        ),
        names,
    )


def _answer(name: str, *, home: Home, output: Format, on_progress: Progress = lambda _: None) -> Answer:
    """Analyze one input, in whichever process, and say in words why it cannot be read."""
    from orchestrator.files.reading import looks_like_file

    try:
        if looks_like_file(name):
            return _file(name, output, on_progress)
        return _stored(name, home, output)
    except StallwatchError as error:
        return Answer(said=(f"error: {error}",), exit_code=error.exit_code)


def _lost(name: str) -> Answer:
    text = f"error: {name}: its analysis was ended from outside; is there too little memory for it?"
    return Answer(said=(text,), exit_code=ExitCode.INFRASTRUCTURE)


def _file(name: str, output: Format, on_progress: Progress) -> Answer:
    from orchestrator.files.analysis import analyze_file
    from orchestrator.files.source import label_of

    analysis = analyze_file(name, on_progress)
    return Answer(lines=_lines(label_of(name), analysis, output), verdict=analysis.verdict)


def _stored(name: str, home: Home, output: Format) -> Answer:
    """Analyze a Run, or the Runs of a Campaign as they were judged together."""
    from orchestrator.campaign import open_records
    from orchestrator.judging import judge, stored_records

    kept = open_records(home)
    campaign, runs = kept.catalog.find(name)
    records, gone = stored_records(runs, home)
    judged = judge(records, kept.store)
    lines = []
    if output is Format.TEXT and len(records) > 1:
        lines.append(f"{campaign['id']}: {judged.analysis.sentence}")
    ids = {record.node: record.id for record in records}
    for result in judged.results():
        lines += _lines(ids[result.name], result.analysis, output)
    return Answer(
        lines=tuple(lines),
        said=tuple(f"warning: {text}" for text in gone),
        verdict=judged.analysis.verdict,
    )


def _lines(label: str, analysis: RunAnalysis, output: Format) -> tuple[str, ...]:
    from analysis.result import to_json
    from orchestrator.cli.show.results import run_lines

    if output is Format.JSON:
        return (json_line(to_json(analysis, input_name=label)),)
    return tuple(run_lines(label, analysis))
