"""Lines of the daemon's log: one an event, for people or for machines, and never more than one line."""

from __future__ import annotations

import json

import pytest

from orchestrator.daemon.log import Level, Log, LogFormat

NASTY = 'two\nlines \x1b[31m "red" café'


def test_text_is_one_line_of_words(capfd: pytest.CaptureFixture[str]) -> None:
    """What is not a plain word stands in quotes, escaped; what is None is left out."""
    Log(LogFormat.TEXT).write("campaign ended", level=Level.ERROR, campaign="a-1", reason=NASTY, verdict=None)
    [line] = capfd.readouterr().err.splitlines()
    at, _, rest = line.partition(" ")
    assert at.endswith("Z")
    assert rest == r'error campaign ended: campaign=a-1 reason="two\nlines \u001b[31m \"red\" caf\u00e9"'


def test_json_is_one_object_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    """With time, level and event in the same places each time."""
    Log(LogFormat.JSON).write("stopped")
    Log(LogFormat.JSON).write("note", level=Level.WARNING, text=NASTY)
    first, second = map(json.loads, capfd.readouterr().err.splitlines())
    assert (first["level"], first["event"], set(first)) == ("info", "stopped", {"at", "level", "event"})
    assert (second["level"], second["text"]) == ("warning", NASTY)


def test_a_reader_that_left_disturbs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error full or closed: nothing is raised."""
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 # a device
        monkeypatch.setattr("sys.stderr", full)
        Log(LogFormat.TEXT).write("stopped")
    monkeypatch.setattr("sys.stderr", None)
    Log(LogFormat.TEXT).write("stopped")
