"""The home is private, is made when needed, and says clearly when it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import ExitCode, StallwatchError, UsageError
from orchestrator.home import Home


def test_where_the_home_is() -> None:
    """--home wins over $STALLWATCH_HOME, which wins over ./var."""
    environ = {"STALLWATCH_HOME": "/srv/stallwatch"}
    assert Home.find(Path("here"), environ).path == Path("here")
    assert Home.find(None, environ).path == Path("/srv/stallwatch")
    assert Home.find(None, {}).path == Path("var")


def test_a_new_home_is_private(tmp_path: Path) -> None:
    """Every folder that is made has mode 0700, and making it again changes nothing."""
    home = Home(tmp_path / "a" / "home").create().create()
    folders = (home.path, home.runs_dir, home.reports_dir)
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3
    assert sorted(path.name for path in home.path.rglob("*")) == ["reports", "runs"]


def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    """A folder that somebody made is not locked for its other users."""
    tmp_path.chmod(0o755)
    Home(tmp_path).create()
    assert tmp_path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/stallwatch"])
def test_a_home_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    """A file in the home's place, or a read-only one, is one clear line, exit code 4."""
    (tmp_path / "file").touch()
    with pytest.raises(
        StallwatchError, match=r"the home '\S+' cannot be written to: .+; name another"
    ) as caught:
        Home(tmp_path / place).create()
    assert caught.value.exit_code == ExitCode.INFRASTRUCTURE


@pytest.mark.parametrize("run_id", ["..", "../x", "a/b", "/etc", "", "a..b", ".hidden", "a\0b", "x" * 300])
def test_a_run_id_cannot_leave_the_home(run_id: str) -> None:
    """What is typed as a run's id never becomes a path elsewhere."""
    with pytest.raises(UsageError, match="is not the id of a run"):
        Home(Path("var")).run_dir(run_id)


def test_a_run_has_its_folder() -> None:
    """A run's folder carries its id."""
    assert Home(Path("var")).run_dir("20260101-020304-ab12.node-1") == Path(
        "var/runs/20260101-020304-ab12.node-1"
    )
