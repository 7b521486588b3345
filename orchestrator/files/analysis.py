"""A file as the analysis sees it: what `analyze` and `compare` are given in the place of a stored Run."""

from __future__ import annotations

from dataclasses import replace

from analysis.findings import Detection, Limits, RunAnalysis
from orchestrator.files.reading import read_file
from orchestrator.files.samples import Progress


def analyze_file(name: str, on_progress: Progress = lambda _: None) -> RunAnalysis:
    """Analyze a file of samples with the default limits, and say what its reader should know.

    Raises
    ------
    UsageError
        The file is missing, empty, truncated, or no samples of k6.
    """
    from analysis.run import analyze_run
    from orchestrator.judging import error_notes

    table = read_file(name, on_progress)
    analysis = analyze_run(table.frame, facts=table.facts, limits=Limits(), detection=Detection())
    notes = (*error_notes(name, analysis, table.frame), *analysis.notes, *table.notes)
    return replace(analysis, notes=notes)
