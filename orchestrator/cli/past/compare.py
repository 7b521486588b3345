"""stallwatch compare."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.show.output import Format, print_json, say
from orchestrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.findings import Detection, Limits, NodeResult
    from orchestrator.home import Home

    Side = tuple[Sequence[NodeResult], Limits, Detection]


def command(  # noqa: PLR0917 # typer fills them by name
    before: Annotated[
        str | None, typer.Argument(metavar="BEFORE", help="What failed: a run, a campaign, or a file of k6.")
    ] = None,
    after: Annotated[
        str | None, typer.Argument(metavar="AFTER", help="What was measured since: the same kinds.")
    ] = None,
    last_good: Annotated[
        bool,
        typer.Option(
            "--last-good", help="BEFORE is the last campaign that passed; AFTER the newest, or named."
        ),
    ] = False,
    node: Annotated[str | None, typer.Option(help="With --last-good: this node alone.")] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How the result is printed.")] = Format.TEXT,
) -> int:
    """Tell whether what failed before is fixed after, or could have stayed unseen.

    Nodes are matched by name. Exit code 0 is fixed, or nothing to fix; 1 not fixed; 3 inconclusive.
    `--last-good [AFTER]` finds BEFORE by itself: the newest campaign before AFTER that passed, of its
    profile and with all its nodes.
    """
    from analysis.compare import compare
    from analysis.result import comparison_to_json
    from analysis.unseen import Outcome
    from orchestrator.cli.show.results import comparison_lines
    from orchestrator.files.source import label_of
    from orchestrator.home import Home

    where = Home.find(home, os.environ)
    if last_good:
        before, after = _since_last_good(where, before, after, node)
        if before is None:
            return _nothing_good(after, node, output)
    if before is None or after is None or (node is not None and not last_good):
        raise UsageError(
            "compare takes BEFORE and AFTER, or --last-good (and then --node)",
            hint="`stallwatch list campaigns` shows what there is",
        )
    first, *_ = _side(before, where, node)
    second, limits, detection = _side(after, where, node)
    found = compare(first, second, limits=limits, detection=detection)
    if output is Format.JSON:
        names = {"before": label_of(before), "after": label_of(after)}
        print_json(comparison_to_json(found, **names, limits=limits))
    else:
        print("\n".join(comparison_lines(found, limits)))
    codes = {Outcome.NOT_FIXED: ExitCode.FAIL, Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE}
    return codes.get(found.outcome, ExitCode.PASS)


def _since_last_good(
    home: Home, named: str | None, more: str | None, node: str | None
) -> tuple[str | None, str]:
    """Return the last good campaign, if there is one, and the one that it is compared with."""
    from orchestrator.campaign import open_records
    from orchestrator.history.last_good import last_good, newest_judged

    if more is not None:
        raise UsageError("--last-good finds BEFORE by itself", hint="name AFTER alone, or nothing")
    catalog = open_records(home).catalog
    after = newest_judged(catalog, named or "last", node)
    good = last_good(catalog, after, node)
    if good is not None:
        say(f"the last good campaign before {after['id']} is {good['id']}")
    return (None if good is None else good["id"]), after["id"]


def _nothing_good(after: str, node: str | None, output: Format) -> int:
    """Say that there is nothing to compare with."""
    of = "of its profile passed" if node is None else f"of its profile measured {node} and passed there"
    sentence = f"inconclusive: no campaign before {after} {of}: there is nothing to compare with."
    if output is Format.JSON:
        outcome = {"outcome": "inconclusive", "sentence": sentence, "nodes": [], "notes": []}
        print_json({"before": None, "after": after, **outcome})
    else:
        print(sentence)
    return ExitCode.INCONCLUSIVE


def _side(name: str, home: Home, node: str | None) -> Side:
    """Return the Nodes of one side (or one) with the limits they were judged by; a file is one Node."""
    from analysis.findings import Detection, Limits, NodeResult
    from orchestrator.files.analysis import analyze_file
    from orchestrator.files.reading import looks_like_file
    from orchestrator.files.source import label_of

    if looks_like_file(name):
        alone = NodeResult(name=label_of(name), kind="node", analysis=analyze_file(name))
        return [alone], Limits(), Detection()
    from orchestrator.campaign import open_records
    from orchestrator.judging import judge, stored_records

    kept = open_records(home)
    records, gone = stored_records(kept.catalog.find(name)[1], home)
    for text in gone:
        say(f"warning: {text}")
    judged = judge(records, kept.store)
    nodes = [result for result in judged.analysis.nodes if node in {None, result.name}]
    return nodes, records[0].limits, records[0].detection
