"""A file as the analysis sees it: what `analyze` and `compare` are given in the place of a stored Run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from analysis.findings import Detection, Limits, RunAnalysis, RunFacts
from orchestrator.files.reading import read_file


def analyze_file(name: str) -> RunAnalysis:
    """Analyze a file of samples with the default limits, and say what its reader should know.

    Raises
    ------
    UsageError
        The file is missing, empty, truncated, or no samples of k6.
    """
    from analysis.run import analyze_run
    from orchestrator.judging import error_notes

    table = read_file(Path(name))
    facts = RunFacts(dropped_iterations=table.dropped_iterations)
    analysis = analyze_run(table.frame, facts=facts, limits=Limits(), detection=Detection())
    notes = (*error_notes(name, analysis, table.frame), *analysis.notes, *table.notes)
    return replace(analysis, notes=notes)
