"""The examples of docs/ci.md: they can be read, and do with each exit code what the page says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from orchestrator.errors import ExitCode

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ci.md"


def example(heading: str) -> dict[str, Any]:
    """Return the YAML below a heading."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1]
    [block] = re.findall(r"```yaml\n(.*?)```", section.split("\n## ", 1)[0], re.DOTALL)
    values: dict[str, Any] = YAML(typ="safe", pure=True).load(block)
    return values


def run(script: str, folder: Path, code: int) -> subprocess.CompletedProcess[str]:
    """Run a job's script as a runner does, where `stallwatch` writes its file and ends with a code."""
    stub = folder / "bin" / "stallwatch"
    stub.parent.mkdir()
    stub.write_text(
        f'#!/bin/sh\nwhile [ "$1" != --junit ]; do shift; done\necho x > "$2"\necho "{{}}"\nexit {code}\n'
    )
    stub.chmod(0o755)
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": f"{stub.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 130])
def test_github_warns_of_inconclusive_and_fails_of_all_else(tmp_path: Path, code: int) -> None:
    """Exit code 3 passes with a warning, every other one stays what it is; the results are there."""
    job = example("GitHub Actions")["jobs"]["smoke"]
    [step] = [step for step in job["steps"] if "run" in step]
    done = run(step["run"], tmp_path, code)
    assert done.returncode == (0 if code == ExitCode.INCONCLUSIVE else code)
    assert ("::warning" in done.stdout) is (code == ExitCode.INCONCLUSIVE)
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["campaign.json", "junit.xml"]


@pytest.mark.parametrize("code", [0, 1, 3, 4])
def test_gitlab_allows_inconclusive_alone(tmp_path: Path, code: int) -> None:
    """The script hands the code on, and only 3 is allowed to fail; its file is where the report is read."""
    job = example("GitLab CI")["stallwatch"]
    assert run("\n".join(job["script"]), tmp_path, code).returncode == code
    assert job["allow_failure"] == {"exit_codes": int(ExitCode.INCONCLUSIVE)}
    assert (tmp_path / job["artifacts"]["reports"]["junit"]).is_file()


def test_kubernetes_runs_again_what_may_change() -> None:
    """A fail and a bad config end the job, inconclusive and infrastructure are tried once more."""
    job = example("Kubernetes")["spec"]["jobTemplate"]["spec"]
    rules = {rule["action"]: rule["onExitCodes"] for rule in job["podFailurePolicy"]["rules"]}
    assert rules["FailJob"]["values"] == [ExitCode.FAIL, ExitCode.USAGE]
    assert rules["Count"]["values"] == [ExitCode.INCONCLUSIVE, ExitCode.INFRASTRUCTURE]
    pod = job["template"]["spec"]
    [container] = pod["containers"]
    assert pod["restartPolicy"] == "Never", "what a podFailurePolicy needs"
    assert {rule["containerName"] for rule in rules.values()} == {container["name"]}
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize("heading", ["GitHub Actions", "GitLab CI", "Kubernetes"])
def test_options_exist(heading: str) -> None:
    """Every option that an example gives to stallwatch is one of run-smoke's."""
    import typer
    from typer.main import get_command

    from orchestrator.cli.running.run_smoke import command

    app = typer.Typer()
    app.command()(command)
    known = {option for parameter in get_command(app).params for option in parameter.opts}
    text = str(example(heading))
    used = {option for option in re.findall(r"--[a-z]+", text) if option != "--"}
    assert {"--junit", "--format"} <= used <= known
