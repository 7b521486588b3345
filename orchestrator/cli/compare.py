"""stallwatch compare."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.show.output import Format, print_json, say
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.findings import Detection, Limits, NodeResult
    from orchestrator.home import Home

    Side = tuple[Sequence[NodeResult], Limits, Detection]


def command(
    before: Annotated[
        str, typer.Argument(metavar="BEFORE", help="What failed: a run, a campaign, or a file of k6.")
    ],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="What was measured since: the same kinds.")],
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How the result is printed.")] = Format.TEXT,
) -> int:
    """Tell whether what failed before is fixed after, or could have stayed unseen.

    Nodes are matched by name. Exit code 0 is fixed, or nothing to fix; 1 not fixed; 3 inconclusive.
    """
    from analysis.compare import compare
    from analysis.result import comparison_to_json
    from analysis.unseen import Outcome
    from orchestrator.cli.show.results import comparison_lines
    from orchestrator.home import Home

    where = Home.find(home, os.environ)
    first, *_ = _side(before, where)
    second, limits, detection = _side(after, where)
    found = compare(first, second, limits=limits, detection=detection)
    if output is Format.JSON:
        print_json(comparison_to_json(found, before=before, after=after, limits=limits))
    else:
        print("\n".join(comparison_lines(found, limits)))
    codes = {Outcome.NOT_FIXED: ExitCode.FAIL, Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE}
    return codes.get(found.outcome, ExitCode.PASS)


def _side(name: str, home: Home) -> Side:
    """Return the Nodes of one side with the limits they were judged by; a file is one Node."""
    from analysis.findings import Detection, Limits, NodeResult
    from orchestrator.files.analysis import analyze_file
    from orchestrator.files.reading import looks_like_file

    if looks_like_file(name):
        return [NodeResult(name=name, kind="node", analysis=analyze_file(name))], Limits(), Detection()
    from orchestrator.campaign import open_records
    from orchestrator.judging import judge, stored_records

    kept = open_records(home)
    records, gone = stored_records(kept.catalog.find(name)[1], home)
    for text in gone:
        say(f"warning: {text}")
    judged = judge(records, kept.store)
    return judged.analysis.nodes, records[0].limits, records[0].detection
