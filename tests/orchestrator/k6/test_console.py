"""What a script writes with console.log: it can be read afterwards, and is bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.k6 import console
from orchestrator.k6.console import Console
from orchestrator.k6.log import K6Log

LINE = r'time="2026-11-25T10:10:16Z" level=info msg="order \"7\" of hunter2" source=console'
NAMED = 'time="2026-11-25T10:10:16Z" level=info msg="source=console" executor=x'


def test_what_a_script_writes_is_kept_without_secrets(tmp_path: Path) -> None:
    """Time, level and words are kept, a secret by its name only; k6's own lines are not."""
    log = K6Log({"hunter2": "PASSWORD"}, console=Console(tmp_path / "console.txt"))
    log.take(LINE)
    log.take(NAMED)
    log.close()
    kept = (tmp_path / "console.txt").read_text()
    assert kept == '2026-11-25T10:10:16Z info order "7" of [PASSWORD]\n'


def test_a_flood_is_cut_off_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound nothing is kept but how many lines there were."""
    monkeypatch.setattr(console, "MAX_CHARS", 100)
    kept = Console(tmp_path / "console.txt")
    for _ in range(1000):
        kept.take(LINE, "order")
    kept.close()
    text = (tmp_path / "console.txt").read_text()
    assert kept.lines == 1000
    assert text.endswith(f"{1000 - kept.kept} more lines were left out\n")
    assert len(text) < 200


def test_a_script_that_writes_nothing_leaves_no_file(tmp_path: Path) -> None:
    """No file is made for a silent script, and a folder that cannot be written breaks nothing."""
    Console(tmp_path / "console.txt").close()
    assert not (tmp_path / "console.txt").exists()
    lost = Console(tmp_path / "missing" / "console.txt")
    lost.take(LINE, "order")
    lost.close()
    assert (lost.lines, lost.kept) == (1, 0)
