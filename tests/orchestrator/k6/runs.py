"""Real Runs of k6 for tests, several side by side: from `prepare` to the stored frame."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from orchestrator.k6.binary import find_k6
from orchestrator.k6.process import K6Process
from orchestrator.k6.recording import Recording
from orchestrator.k6.summary import K6Totals, read_totals
from orchestrator.k6.wrapper import K6Command, prepare
from orchestrator.model import Node, Profile, Service
from orchestrator.resources import k6_script
from orchestrator.stores.frames import to_frame
from orchestrator.stores.parquet import ParquetStore

SERVICE = Service(url="http://shop.test:8080/healthz?deep=1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A Run that ended; ``raw`` is what k6 wrote."""

    frame: pd.DataFrame
    totals: K6Totals
    exit_code: int
    message: str
    counters: Mapping[str, float]
    malformed: int
    folder: Path
    raw: bytes

    def of(self, scenario: str) -> pd.DataFrame:
        """Return the rows of one scenario."""
        return self.frame[self.frame["scenario"] == scenario]


class Measuring:
    """A Run that goes on: a profile, by itself smoke.js, against a port of 127.0.0.1.

    ``changes`` replaces variables of k6's environment.
    """

    def __init__(
        self,
        binary: Path,
        folder: Path,
        port: int,
        *,
        service: Service = SERVICE,
        rate_per_s: float = 20.0,
        duration_s: float = 3.0,
        timeout_s: float = 60.0,
        script: Path | None = None,
        profile: Profile | None = None,
        environ: Mapping[str, str] | None = None,
        changes: Mapping[str, str] | None = None,
    ) -> None:
        profile = profile or Profile(
            name="smoke",
            script=script or k6_script("smoke"),
            rate_per_s=rate_per_s,
            duration_s=duration_s,
            timeout_s=timeout_s,
        )
        environ = os.environ if environ is None else environ
        node = Node(name="node-1", host="127.0.0.1", port=port)
        self.folder = folder
        command = prepare(
            find_k6(binary, environ), profile, service, node, folder=folder / "k6", environ=environ
        )
        self.command: K6Command = replace(command, env={**command.env, **(changes or {})})
        self._raw = bytearray()
        self._store = ParquetStore(lambda _: folder)
        self._writer = self._store.writer("run")
        self._recording = Recording(self._writer)
        self.process = K6Process(self.command, self._take)

    def _take(self, data: bytes) -> None:
        self._raw += data
        self._recording.take(data)

    def finish(self) -> Measured:
        """Wait for k6 and read back what was stored."""
        exit_code = self.process.wait()
        assert self.process.broken is None, self.process.broken
        self._recording.finish()
        rows = self._writer.close()
        frame = to_frame(self._store.batches("run"))
        assert len(frame) == rows == self._store.count("run")
        return Measured(
            frame=frame,
            totals=read_totals(self.command.summary),
            exit_code=exit_code,
            message=self.process.message(),
            counters=self._recording.counters,
            malformed=self._recording.malformed,
            folder=self.folder,
            raw=bytes(self._raw),
        )


def processes_of_session(session: int) -> list[int]:
    """Return the live processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
        except OSError:
            continue  # it ended meanwhile
        if fields and int(fields[3]) == session and fields[0] != "Z":
            found.append(int(entry.name))
    return found
