"""stallwatch analyze."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.show.options import Config
from orchestrator.cli.show.output import Format, json_line, say
from orchestrator.errors import ExitCode, StallwatchError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from analysis.findings import RunAnalysis, Verdict
    from orchestrator.files.samples import Progress
    from orchestrator.home import Home
    from orchestrator.inputs.influxdb import Remote
    from orchestrator.runs.record import RunRecord
    from orchestrator.stores.contract import RunStore


class Source(StrEnum):
    """Where the requests of Runs are read."""

    HOME = "home"
    INFLUXDB = "influxdb"


def command(  # noqa: PLR0917 # typer fills them by name
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN|CAMPAIGN|FILE...", help="Ids, `last`, or files of k6 (`-`: standard input)."
        ),
    ] = None,
    source: Annotated[
        Source, typer.Option("--from", help="Where the requests of runs are read.")
    ] = Source.HOME,
    run: Annotated[list[str] | None, typer.Option(help="The id of a run; repeatable.")] = None,
    node: Annotated[
        list[str] | None, typer.Option(help="All runs of a node, with --from influxdb; repeatable.")
    ] = None,
    since: Annotated[str, typer.Option(help="How far back --node goes.")] = "24h",
    config: Config = None,
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

    asked = [*(names or []), *(run or [])]
    kept = Home.find(home, os.environ)
    if source is Source.INFLUXDB:
        answers = _from_influxdb(asked, node or [], since, config=config, home=kept, output=output)
    elif node or not asked:
        raise UsageError(
            "--node needs --from influxdb" if node else "nothing to analyze",
            hint="name runs, campaigns or files; `stallwatch list runs` shows what there is",
        )
    else:
        answers = _answers(asked, kept, output)
    verdicts, unreadable = [], []
    for answer in answers:
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


def _from_influxdb(
    names: list[str], nodes: list[str], since: str, *, config: Path | None, home: Home, output: Format
) -> Iterator[Answer]:
    """Answer one Run after the other."""
    from orchestrator.config.settings import find_config, load_settings
    from orchestrator.config.values import parse_duration_s
    from orchestrator.inputs.influxdb import open_remote

    if not names and not nodes:
        raise UsageError("nothing to analyze", hint="name runs with --run, or a node with --node")
    try:
        since_ns = time.time_ns() - round(parse_duration_s(since) * 1e9)
    except ValueError as error:
        raise UsageError(f"--since: {error}") from None
    remote = open_remote(load_settings(find_config(config, os.environ), os.environ), home)
    with remote.client:
        for node in nodes:
            names += remote.runs_of(node, since_ns)
        for name in dict.fromkeys(names):
            yield _telling(name, partial(_remote, remote=remote, output=output))


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

    if looks_like_file(name):
        return _telling(name, partial(_file, output=output, on_progress=on_progress))
    return _telling(name, partial(_stored, home=home, output=output))


def _telling(name: str, answer: Callable[[str], Answer]) -> Answer:
    try:
        return answer(name)
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
    from orchestrator.judging import stored_records

    kept = open_records(home)
    _, runs = kept.catalog.find(name)
    records, gone = stored_records(runs, home)
    return _judged(records, kept.store, gone, output)


def _remote(name: str, remote: Remote, output: Format) -> Answer:
    records, gone = remote.records(name)
    return _judged(records, remote.store, gone, output)


def _judged(records: Sequence[RunRecord], store: RunStore, gone: Sequence[str], output: Format) -> Answer:
    from orchestrator.judging import judge

    judged = judge(records, store)
    lines = []
    if output is Format.TEXT and len(records) > 1:
        lines.append(f"{records[0].campaign_id}: {judged.analysis.sentence}")
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
