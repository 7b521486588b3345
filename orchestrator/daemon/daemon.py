"""The daemon: looks at the clock once a second, starts what is due, and tells what came of it."""

from __future__ import annotations

import os
import random
import select
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.config import Settings
from orchestrator.daemon.agenda import Agenda, Going
from orchestrator.daemon.child import Child, code_in_words
from orchestrator.daemon.errands import Errands
from orchestrator.daemon.log import Level, Log
from orchestrator.daemon.signals import Signals
from orchestrator.daemon.starts import Starts, StartState
from orchestrator.daemon.systemd import notify, watchdog_s
from orchestrator.daemon.work import Job, longest_s
from orchestrator.errors import ExitCode, StallwatchError
from orchestrator.home import Home
from orchestrator.plan import Plan
from orchestrator.runs.clocks import ClockWatch, Reading, read_clocks
from orchestrator.web.beside import WebPage
from reports.formats import duration

LOOK_S = 1.0
STOP_S = 7.0
"""How long campaigns have to end, judge and report when the daemon is stopped: it ends within 10 s."""
TIDY_S = 600.0
"""How long starts wait while what a crash has left is closed, judged and reported."""
_JUDGED = (ExitCode.PASS, ExitCode.FAIL, ExitCode.INCONCLUSIVE)
_STOPPED = (ExitCode.INTERRUPTED, -15)
_LEVELS = {
    StartState.DONE: Level.INFO,
    StartState.INTERRUPTED: Level.WARNING,
    StartState.FAILED: Level.ERROR,
}


@dataclass(slots=True, kw_only=True)
class Campaign:
    """A campaign under way in a child; ``told`` when it has ended, and only the catalog does not know yet.

    It is killed when it takes longer than ``longest_s`` from when it was seen to have begun (monotonic):
    waiting for a node takes as long as it takes.
    """

    going: Going
    child: Child
    longest_s: float
    seen_s: float | None = None
    overdue: bool = False
    told: bool = False


class Daemon:
    """Runs the schedules of a config in one home until it is told to stop.

    One thread, and one child a campaign: they end with it. ``load`` reads the config when SIGHUP comes.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        load: Callable[[], Settings],
        starts: Starts,
        log: Log,
        *,
        environ: Mapping[str, str] = os.environ,
        clocks: Callable[[], Reading] = read_clocks,
        longest: Callable[[Plan], float] = longest_s,
        page: WebPage | None = None,
    ) -> None:
        self._home, self._settings, self._load = home, settings, load
        self._starts, self._log, self._environ = starts, log, environ
        self._agenda = Agenda(starts, log, random.Random())  # noqa: S311 # a spread, nothing secret
        self._campaigns: list[Campaign] = []
        self._tidying: Child | None = None
        self._errands = Errands(home, log, environ)
        self._untidy = self._unrecovered = True
        self._longest, self._page = longest, page
        self._stopping, self._trouble = False, ""
        self._read_clocks, self._clocks = clocks, ClockWatch(clocks())
        self._watchdog_s, self._told_s = watchdog_s(environ), 0.0

    def serve(self, signals: Signals) -> None:
        """Serve until a signal says to stop."""
        self._agenda.take(self._settings.schedules(), _now())
        self._tell_config("serving")
        if self._page:
            self._page.show(self._settings)
        notify("READY=1", self._environ)
        try:
            while signals.stop is None:
                self._step(signals)
                self._wait(signals)
            self._stop(signals)
        finally:
            for child in self._children():
                child.kill()
        self._log.write("stopped")

    def _tell_config(self, event: str) -> None:
        names = ",".join(schedule.name for schedule in self._settings.schedules() if schedule.enabled)
        self._log.write(
            event,
            home=self._home.path,
            config=self._settings.path,
            schedules=names or "none is enabled",
            pid=os.getpid(),
        )

    def _step(self, signals: Signals) -> None:
        disturbed = [str(one) for one in self._clocks.look(self._read_clocks()) if one.spoils]
        for text in disturbed:
            self._log.write("clock disturbed", level=Level.WARNING, reason=text)
        if signals.take_reload():
            self._reload()
        self._tidy()
        if self._tidying is None:
            try:
                self._start_what_is_due("; ".join(disturbed))
            except StallwatchError as error:  # the catalog: what is due stays due, and is tried again
                self._tell_trouble(error)
            else:
                self._trouble = ""
            self._errands.look(self._settings, self._starts.noted)
        self._attend()
        if self._page:
            self._page.attend()

    def _start_what_is_due(self, disturbed: str) -> None:
        if self._unrecovered:
            self._agenda.recover(_now())
            self._unrecovered = False
        for going in self._agenda.look(_now(), disturbed):
            self._begin(going)

    def _tell_trouble(self, error: StallwatchError) -> None:
        if str(error) != self._trouble:
            self._log.write("schedules wait", level=Level.ERROR, reason=error)
        self._trouble = str(error)

    def _wait(self, signals: Signals, timeout_s: float = LOOK_S) -> None:
        """Wait for a signal, the end of a child among them, a message, or the next look at the clock."""
        if self._watchdog_s is not None and time.monotonic() - self._told_s >= self._watchdog_s - LOOK_S:
            notify("WATCHDOG=1", self._environ)
            self._told_s = time.monotonic()
        waiting: list[Signals | Child] = [signals, *self._children()]
        select.select(waiting, [], [], timeout_s)
        signals.drain()

    def _children(self) -> list[Child]:
        return [
            *(campaign.child for campaign in self._campaigns if not campaign.told),
            *([self._tidying] if self._tidying else []),
            *self._errands.children(),
            *(self._page.children if self._page else []),
        ]

    def _reload(self) -> None:
        """Read the config again; one that cannot be used changes nothing."""
        try:
            settings = self._load()
            settings.channels()
            self._agenda.take(settings.schedules(), _now())
        except StallwatchError as error:
            for line in str(error).split("\n"):
                self._log.write("config refused, the old one stays", level=Level.ERROR, reason=line)
            return
        self._settings = settings
        self._tell_config("config read again")
        if self._page:
            self._page.show(settings)

    def _tidy(self) -> None:
        """Close, judge and report what a crash has left, then see which starts it was."""
        if self._tidying is None and self._untidy:
            self._untidy, self._unrecovered = False, True
            try:
                if self._starts.broken_off():
                    self._tidying = Child(Job(home=self._home), self._environ)
            except (StallwatchError, OSError) as error:
                self._log.write("tidying up failed", level=Level.ERROR, reason=error)
        if (child := self._tidying) is None:
            return
        if time.monotonic() - child.began_s > TIDY_S:
            child.kill()
        gone = child.ended()
        self._pass_on(child)
        if gone:
            self._tidying = None
            child.close()
            if child.code != ExitCode.PASS:
                reason = child.error or code_in_words(child.code)
                self._log.write("tidying up failed", level=Level.ERROR, reason=reason)

    def _begin(self, going: Going) -> None:
        schedule = going.schedule
        try:
            plan = self._settings.plan(
                going.campaign_id,
                profile=schedule.profile,
                nodes=schedule.nodes,
                duration_s=schedule.duration_s,
            )
            job = Job(
                home=self._home,
                plan=plan,
                k6=self._settings.k6_binary,
                shipping=self._settings.shipping(),
            )
            child = Child(job, self._environ)
        except (StallwatchError, OSError) as error:
            self._note(going, StartState.FAILED, str(error))
            return
        self._agenda.begun(going)
        self._campaigns.append(Campaign(going=going, child=child, longest_s=self._longest(plan)))
        self._log.write(
            "campaign started",
            campaign=going.campaign_id,
            schedule=schedule.name,
            due=going.start.wall,
            profile=schedule.profile,
            nodes=",".join(node.name for node in plan.nodes),
            late=going.late or None,
        )

    def _attend(self) -> None:
        """Pass on what the children say, and note those that have ended."""
        for campaign in list(self._campaigns):
            gone = campaign.child.ended()
            if not campaign.told:
                self._pass_on(campaign.child, campaign=campaign.going.campaign_id)
            if gone:
                self._end(campaign)
            elif not campaign.overdue and self._overdue(campaign):
                campaign.overdue = True
                campaign.child.kill()

    def _overdue(self, campaign: Campaign) -> bool:
        now_s = time.monotonic()
        if now_s - campaign.child.began_s <= campaign.longest_s:
            return False
        with suppress(StallwatchError):  # a catalog that cannot be read: seen later
            if campaign.seen_s is None and self._starts.campaign(campaign.going.campaign_id):
                campaign.seen_s = now_s
        return campaign.seen_s is not None and now_s - campaign.seen_s > campaign.longest_s

    def _pass_on(self, child: Child, **values: str) -> None:
        for text in child.messages():
            kind, _, said = text.partition(": ")
            level = {"warning": Level.WARNING, "error": Level.ERROR}.get(kind, Level.INFO)
            self._log.write("note", level=level, **values, text=text if level is Level.INFO else said)

    def _end(self, campaign: Campaign) -> None:
        """Note what became of a campaign whose child is gone; what cannot be written is tried again."""
        child, code = campaign.child, campaign.child.code
        if code in _JUDGED:
            state, reason = StartState.DONE, ""
        elif campaign.overdue:
            state = StartState.FAILED
            reason = (
                f"its process had not ended {duration(campaign.longest_s)} after it began, and was killed"
            )
        elif self._stopping:
            state, reason = StartState.INTERRUPTED, "stallwatch serve was stopped"
        elif code in _STOPPED:
            state, reason = StartState.INTERRUPTED, "its process was told to end"
        else:
            state, reason = StartState.FAILED, child.error or code_in_words(code)
        child.close()
        try:
            self._note(campaign.going, state, reason, seconds=time.monotonic() - child.began_s)
        except StallwatchError as error:
            self._tell_trouble(error)
            campaign.told = True
            return
        self._campaigns.remove(campaign)
        self._untidy = self._untidy or code < 0

    def _note(self, going: Going, state: StartState, reason: str, seconds: float | None = None) -> None:
        self._agenda.ended(going, state, reason)
        row = self._starts.campaign(going.campaign_id) or {}
        self._log.write(
            "campaign ended",
            level=_LEVELS[state],
            campaign=going.campaign_id,
            schedule=going.schedule.name,
            state=state,
            verdict=row.get("verdict"),
            seconds=None if seconds is None else f"{seconds:.1f}",
            sentence=row.get("sentence"),
            reason=reason or None,
        )

    def _stop(self, signals: Signals) -> None:
        """End the campaigns, first cleanly and then at once; what is being tidied up is left to the next."""
        notify("STOPPING=1", self._environ)
        self._log.write("stopping", reason=signals.stop and signals.stop.name, campaigns=len(self._campaigns))
        self._stopping = True
        self._errands.kill()
        if self._page:
            self._page.end()
        if self._tidying is not None:
            self._tidying.kill()
            self._tidying = None
        for campaign in self._campaigns:
            campaign.child.stop()
        until_s = time.monotonic() + STOP_S
        while self._campaigns and not signals.hurry and (left_s := until_s - time.monotonic()) > 0:
            self._wait(signals, min(left_s, LOOK_S))
            self._attend()
        for campaign in list(self._campaigns):
            campaign.child.kill()
            self._end(campaign)


def _now() -> datetime:
    return datetime.now(UTC)
