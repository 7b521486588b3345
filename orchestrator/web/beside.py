"""The daemon's side of the web page: it holds the socket, and a process that answers on it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence

from orchestrator.config import Settings
from orchestrator.daemon.child import Child, code_in_words
from orchestrator.daemon.log import Level, Log
from orchestrator.home import Home
from orchestrator.model import InfluxSettings
from orchestrator.web.site import Site, is_local, url_of

PAUSE_S, LONGEST_PAUSE_S = 0.5, 600.0
"""How long after its end the process is started again: twice as long each time that it ends soon."""
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONTZPATH", "LD_LIBRARY_PATH", "PYTHONPATH")
"""What its process is given of the environment: no secret of the config is among it."""


class WebPage:
    """Keeps the page up while the daemon runs; whatever becomes of it, campaigns do not notice.

    The socket stays open while the process starts again: who asks meanwhile waits, and is not refused.
    """

    def __init__(
        self,
        home: Home,
        listening: socket.socket,
        hosts: Sequence[str],
        log: Log,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._home, self._listening, self._hosts, self._log = home, listening, tuple(hosts), log
        self._environ = {name: environ[name] for name in _KEPT if name in environ}
        self._site: Site | None = None
        self._child: Child | None = None
        self._pause_s, self._again_s = PAUSE_S, 0.0

    @property
    def children(self) -> list[Child]:
        """The process that answers, if there is one."""
        return [self._child] if self._child else []

    def show(self, settings: Settings) -> None:
        """Show a config's schedules from now on."""
        influxdb = settings.config.influxdb
        if self._site is None:
            self._log.write("web page", url=url_of(self._listening))
            if not is_local(self._listening):
                text = "there is no login: whoever reaches this address reads all results"
                self._log.write("web page is open to others", level=Level.WARNING, reason=text)
        self._site = Site(
            home=self._home,
            listening=self._listening.fileno(),
            hosts=self._hosts,
            schedules=settings.schedules(),
            influxdb=None
            if influxdb is None
            else InfluxSettings(
                url=influxdb.url.rstrip("/"), org=influxdb.org, bucket=influxdb.bucket, token=""
            ).target,
        )
        self.end()
        self._begin(self._site)

    def attend(self) -> None:
        """Pass on what the process says, and start it again when it has ended."""
        if (child := self._child) is None:
            if self._site is not None and time.monotonic() >= self._again_s:
                self._begin(self._site)
            return
        gone = child.ended()
        for text in child.messages():
            self._log.write("web page", level=Level.WARNING, reason=text.removeprefix("error: "))
        if gone:
            self._fell(code_in_words(child.code), time.monotonic() - child.began_s)
            child.close()
            self._child = None

    def end(self) -> None:
        """End the process at once: it only reads."""
        if self._child is not None:
            self._child.kill()
            _ = self._child.code  # waits for it
            self._child.close()
            self._child = None

    def _begin(self, site: Site) -> None:
        try:
            self._child = Child(site, self._environ, command="page", descriptors=[self._listening.fileno()])
        except OSError as error:
            self._fell(error.strerror or str(error), 0.0)

    def _fell(self, reason: str, lived_s: float) -> None:
        self._pause_s = PAUSE_S if lived_s > LONGEST_PAUSE_S else min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._again_s = time.monotonic() + self._pause_s
        self._log.write("web page ended", level=Level.WARNING, reason=reason, again_s=f"{self._pause_s:g}")
