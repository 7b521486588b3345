"""The file that CI systems read, from before a campaign begins: whatever ends it, the file says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import StallwatchError, StoreError, UsageError

if TYPE_CHECKING:
    from orchestrator.campaign import CampaignResult
    from orchestrator.plan import Plan
    from reports.junit import Suite


class JunitFile:
    """One JUnit file with a testsuite for each campaign of a command; without a path it does nothing.

    What an earlier command wrote there is taken away at once: nobody shall read it as this one's result.

    Raises
    ------
    UsageError
        The path is no file's.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None and (not path.name or path.is_dir()):
            raise UsageError(f"--junit: {str(path)!r} is no file", hint="name a file, such as junit.xml")
        if path is not None:
            with suppress(OSError):  # said when it is written
                path.unlink(missing_ok=True)
        self._path = path
        self._suites: dict[str, Suite] = {}
        self._ended: set[str] = set()

    @contextmanager
    def telling(self, plan: Plan) -> Iterator[None]:
        """Say of a campaign that it did not end, until it has; and of an error, what it was.

        Raises
        ------
        UsageError
            The file cannot be written.
        """
        try:
            self._all_errors(plan, "stallwatch ended before the campaign did")
        except StoreError as error:
            raise UsageError(error.message, hint="name a file in another folder") from error
        try:
            yield
        except StallwatchError as error:
            if plan.id not in self._ended:
                self._all_errors(plan, str(error))
            raise

    def ended(self, plan: Plan, result: CampaignResult) -> None:
        """Write what a campaign came to.

        Raises
        ------
        StoreError
            The file cannot be written any more.
        """
        if self._path is None:
            return
        from reports.junit import cases_of

        analysis = result.judged.analysis
        wanted = [node.name for node in plan.nodes]
        errors = {run.node: run.error for run in result.judged.records if run.error and run.node in wanted}
        cases = cases_of(
            analysis,
            plan.limits,
            wanted=wanted,
            errors=errors,
            failures=[
                text for text in result.failures if not any(text.endswith(f": {e}") for e in errors.values())
            ],
        )
        report = f"\nreport: {result.report}" if result.report else ""
        self._suites[plan.id] = replace(
            self._suites[plan.id], cases=cases, said="\n".join((analysis.sentence, *analysis.notes)) + report
        )
        self._ended.add(plan.id)
        self._write(self._path)

    def _all_errors(self, plan: Plan, text: str) -> None:
        if self._path is None:
            return
        from reports.junit import Case, Outcome, Suite

        self._suites[plan.id] = Suite(
            campaign=plan.id,
            profile=plan.profile.name,
            started=datetime.now(UTC),
            cases=tuple(Case(name=node.name, outcome=Outcome.ERROR, message=text) for node in plan.nodes),
        )
        self._write(self._path)

    def _write(self, path: Path) -> None:
        from reports.junit import to_xml

        part = path.with_name(f"{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(to_xml(list(self._suites.values())), encoding="utf-8")
            part.replace(path)
        except OSError as error:
            raise StoreError(f"--junit: {path} cannot be written: {error.strerror}") from error
