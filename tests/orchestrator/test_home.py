"""The home is private, is made when needed, and says clearly when it cannot be."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode, StallwatchError, StoreError, UsageError
from orchestrator.home import Home, Reserve, write_whole


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


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """What stood there stays until the new text is whole, and no part of it is left."""
    path = tmp_path / "reports" / "a.html"
    write_whole(path, "first")
    write_whole(path, "second")
    assert path.read_text() == "second"
    (tmp_path / "reports" / "a.html.part").mkdir()
    with pytest.raises(StoreError, match=r"a\.html: Is a directory; is the disk full\?"):
        write_whole(path, "third")
    assert path.read_text() == "second"


def test_space_is_kept_back_until_it_is_given_back(tmp_path: Path) -> None:
    """A megabyte on the disk of the home, without a name, that is free again at the latest at the end."""
    home = Home(tmp_path).create()
    with Reserve(home) as reserve:
        assert [kept.endswith("(deleted)") for kept in held_in(tmp_path)] == [True]
        reserve.release()
        reserve.release()
        assert held_in(tmp_path) == []


def held_in(folder: Path) -> list[str]:
    """Return what this process holds open in a folder, or did when it still had a name."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("open files are listed in /proc, which is Linux's")
    held = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            held.append(str(path.readlink()))
    return [name for name in held if name.startswith(str(folder))]
