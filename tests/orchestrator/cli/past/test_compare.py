"""`compare`: files and stored campaigns, before and after."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.orchestrator.cli.run import stallwatch
from tests.orchestrator.cli.test_analyze import write_samples
from tests.orchestrator.runs.stage import Answering, Stage, answering


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with files that stall, that do not, and one that is too short to tell."""
    folder = tmp_path_factory.mktemp("files")
    write_samples(folder / "before.csv", seconds=400, stall_every_s=20)
    write_samples(folder / "good.csv", seconds=300)
    write_samples(folder / "still.csv", seconds=300, stall_every_s=20)
    write_samples(folder / "short.csv", seconds=30)
    return folder


@pytest.mark.parametrize(
    ("name", "outcome", "code"),
    [("good", "fixed", 0), ("still", "not fixed", 1), ("short", "inconclusive", 3)],
)
def test_outcome_and_exit_code(files: Path, name: str, outcome: str, code: int) -> None:
    """What is gone, what is not, and what a short run cannot tell; each with its exit code and n."""
    done = stallwatch("compare", "before.csv", f"{name}.csv", folder=files)
    sentence, line, *_ = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (code, "")
    assert sentence.startswith(f"{outcome}: {name}.csv: ")
    assert "slowest request 1.00 s before" in line
    assert "limit 1,000 ms; n = 8,000 in 400 s and" in line


def test_json_holds_the_chance_of_having_missed_it(files: Path) -> None:
    """One object: outcome, expected, seen, p-value, and the slowest requests beside the limit."""
    done = stallwatch("compare", "before.csv", "good.csv", "--format", "json", folder=files)
    found = json.loads(done.stdout)
    assert (found["outcome"], found["before"], found["after"]) == ("fixed", "before.csv", "good.csv")
    [node] = found["nodes"]
    [check] = node["checks"]
    assert check["expected"] == pytest.approx(15, rel=0.02)
    assert check["seen"] == 0
    assert check["p_value"] < 1e-6
    assert node["slowest_ms"]["limit"] == 1000
    assert node["slowest_ms"]["after"] < 10


def test_a_missing_input_is_one_line(files: Path) -> None:
    """Exit code 2, and what was expected."""
    done = stallwatch("compare", "before.csv", "missing.csv", folder=files)
    assert (done.returncode, done.stdout) == (2, "")
    assert "missing.csv: there is no such file" in done.stderr


def test_two_stored_campaigns(tmp_path: Path, k6_1: Path) -> None:
    """Real runs, Node by Node: one that failed all its requests is fixed once it answers."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}", "n1": f"127.0.0.1:{server.port}"}
        wrong = '{url: "http://shop.example.test/healthz", expect_status: 204}'
        stage.configure(nodes, service=wrong, duration="2s")
        assert stage.run("run-smoke")[0] == 1
        stage.configure(nodes, duration="2s")
        assert stage.run("run-smoke")[0] == 3
    before, _ = sorted(path.stem for path in (stage.home / "reports").glob("*.html"))
    code, out, err = stage.run("compare", before, "last")
    assert (code, err) == (0, "")
    assert out.startswith("fixed: n0: at the old rate ")
    assert "errors were expected, 0 seen" in out
    assert stage.run("compare", "last", f"{before}.n1")[0] == 1


@pytest.fixture(scope="module")
def imported(files: Path) -> list[str]:
    """Import a good night, one that is too short, and one that stalls; return their ids, oldest first."""
    ids = []
    for name, node in (("good", "n0"), ("short", "n0"), ("before", "n0")):
        done = stallwatch("import", f"{name}.csv", "--node", node, "--again", "--home", "home", folder=files)
        assert done.returncode in {0, 1, 3}
    listed = stallwatch("list", "campaigns", "--home", "home", "--format", "json", folder=files)
    ids = [json.loads(line)["id"] for line in listed.stdout.splitlines()]
    return ids[::-1]


def test_the_last_good_night_is_found(files: Path, imported: list[str]) -> None:
    """The newest campaign against the last that passed, which is named; the inconclusive one is none."""
    good, _, bad = imported
    done = stallwatch("compare", "--last-good", "--home", "home", folder=files)
    assert done.returncode == 1
    assert done.stderr == f"the last good campaign before {bad} is {good}\n"
    assert done.stdout.startswith("not fixed: n0: after, it stalls for 1.00 s every 20.0 s")
    assert "which it did not before" in done.stdout
    of_node = stallwatch("compare", "--last-good", "--node", "n0", "--home", "home", folder=files)
    assert (of_node.returncode, of_node.stdout) == (1, done.stdout)
    named = stallwatch("compare", "--last-good", bad, "--home", "home", "--format", "json", folder=files)
    found = json.loads(named.stdout)
    assert (found["before"], found["after"], found["outcome"]) == (good, bad, "not fixed")


def test_without_a_good_night_it_says_so(files: Path, imported: list[str]) -> None:
    """Nothing passed before: inconclusive, in both forms."""
    good, *_ = imported
    done = stallwatch("compare", "--last-good", good, "--home", "home", folder=files)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == (
        f"inconclusive: no campaign before {good} of its profile passed: there is nothing to compare with.\n"
    )
    value = stallwatch("compare", "--last-good", good, "--home", "home", "--format", "json", folder=files)
    found = json.loads(value.stdout)
    assert (value.returncode, found["before"], found["outcome"]) == (3, None, "inconclusive")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "compare takes BEFORE and AFTER, or --last-good"),
        (("last",), "compare takes BEFORE and AFTER, or --last-good"),
        (("last", "last", "--node", "n0"), "compare takes BEFORE and AFTER, or --last-good"),
        (("--last-good", "last", "last"), "--last-good finds BEFORE by itself"),
        (("--last-good", "--node", "nobody"), "no campaign has a verdict and measured nobody"),
        (("--last-good", "nothing"), "there is no run or campaign 'nothing'"),
    ],
)
def test_what_is_to_be_compared_must_be_clear(
    files: Path, imported: list[str], arguments: tuple[str, ...], said: str
) -> None:
    """One line of what was expected, exit code 2."""
    done = stallwatch("compare", *arguments, "--home", "home", folder=files)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
