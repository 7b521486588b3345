"""`stallwatch run NAME` for a script of one's own: dry run, refusal, result, as a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.orchestrator.runs.stage import Stage
from tests.orchestrator.scripts.runs import SAMPLES
from tests.orchestrator.scripts.servers import Shop, shop


def stage_with(folder: Path, k6: Path, server: Shop, script: Path) -> Stage:
    """Return a stage whose config has the script as the profile `mine`."""
    stage = Stage(folder, k6)
    (folder / "stallwatch.yaml").write_text(
        f"""\
service: {{url: "http://shop.test/"}}
nodes:
  - {{name: n0, address: "{server.address}"}}
profiles:
  mine: {{script: "{script}", env: {{USER: demo, PASSWORD: {{env: SHOP_PASSWORD}}}}, addresses: [192.0.2.7]}}
k6: {{binary: {k6}}}
""",
        encoding="utf-8",
    )
    return stage


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the password that the config names."""
    monkeypatch.setenv("SHOP_PASSWORD", "swordfish")
    return "swordfish"


def test_dry_run_knows_what_k6_knows(tmp_path: Path, k6_1: Path) -> None:
    """VUs and duration come from the script; nothing is sent, and no secret is shown."""
    with shop() as server:
        stage = stage_with(tmp_path, k6_1, server, SAMPLES / "rates.js")
        code, out, err = stage.run("run", "mine", "--dry-run")
        assert code == 0, err
        assert "rates.js with up to 18 VUs a node, for at most 35 s" in out
        assert "variables: PASSWORD, USER" in out
        assert "may reach too: 192.0.2.7" in out
        assert "swordfish" not in out + err
        assert server.requests == 0


def test_a_run_says_what_the_script_says(tmp_path: Path, k6_1: Path, password: str) -> None:
    """With --yes: requests, thresholds and words of the script on standard output, and later again."""
    with shop() as server:
        stage = stage_with(tmp_path, k6_1, server, SAMPLES / "aborting.js")
        code, out, err = stage.run("run", "mine", "--yes")
        assert code == 3, err
        words = "the script called test.abort(): the shop is closed (503), ask [USER]"
        assert out.startswith(f"inconclusive: n0: {words}.\n")
        assert server.requests == 6
    code, again, _ = stage.run("analyze", "last", "--format", "json")
    assert code == 3
    node = next(json.loads(line) for line in again.splitlines() if ".n0" in line)
    assert (node["requests"], node["notes"][0]) == (6, words)
    stored = [path for path in stage.home.rglob("*") if path.is_file()]
    assert not any(password.encode() in path.read_bytes() for path in stored)


def test_without_yes_nothing_is_sent(tmp_path: Path, k6_1: Path) -> None:
    """A script is load: where nobody can be asked, it takes --yes."""
    with shop() as server:
        code, out, err = stage_with(tmp_path, k6_1, server, SAMPLES / "plain.js").run("run", "mine")
        assert server.requests == 0
    assert (code, out) == (2, "")
    assert "add --yes" in err


def test_a_broken_script_is_one_line_before_anything_starts(tmp_path: Path, k6_1: Path) -> None:
    """Exit code 2, script, line and reason; no campaign is noted."""
    broken = tmp_path / "broken.js"
    broken.write_text(
        "import http from 'k6/http';\nimport { a } from './nope.js';\nexport default () => {};\n"
    )
    with shop() as server:
        stage = stage_with(tmp_path, k6_1, server, broken)
        code, out, err = stage.run("run", "mine", "--yes")
        assert server.requests == 0
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"error: {broken}: ")
    assert "./nope.js" in err
    assert stage.run("list", "campaigns")[1] == ""
