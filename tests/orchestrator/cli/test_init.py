"""`stallwatch init` writes an example, and never over somebody's config."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config import load_settings
from tests.orchestrator.cli.run import stallwatch


def test_init_writes_a_config_that_loads(tmp_path: Path) -> None:
    """The file is written where it is looked for, loads as it is, and the next step is told."""
    done = stallwatch("init", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("then run `stallwatch check`\n")
    assert len(load_settings(tmp_path / "stallwatch.yaml", {}).node_list()) == 3


def test_init_keeps_an_existing_file(tmp_path: Path) -> None:
    """Without --force an existing file keeps every byte; with it, the example replaces it."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("precious")
    refused = stallwatch("init", "--path", str(mine))
    assert (refused.returncode, refused.stderr) == (
        2,
        f"error: {mine} exists; --force replaces it, --path names another file\n",
    )
    assert mine.read_text() == "precious"
    assert stallwatch("init", "--path", str(mine), "--force").returncode == 0
    assert "service:" in mine.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_init_where_nothing_can_be_written(tmp_path: Path, force: list[str]) -> None:
    """A folder that does not exist is one line with the system's reason."""
    path = tmp_path / "none" / "a.yaml"
    done = stallwatch("init", "--path", str(path), *force)
    assert (done.returncode, done.stderr) == (
        4,
        f"error: {path} cannot be written: No such file or directory; name another file with --path\n",
    )
