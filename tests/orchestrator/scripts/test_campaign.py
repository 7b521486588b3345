"""A user's script through the main line: asked, planned, run beside a control, judged, reported."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.findings import Detection, Limits, Verdict
from analysis.result import campaign_to_json
from orchestrator.campaign import CampaignResult, run_campaign
from orchestrator.cli.show.results import campaign_lines
from orchestrator.errors import ExitCode
from orchestrator.home import Home
from orchestrator.k6.binary import find_k6
from orchestrator.k6.inspect import inspected
from orchestrator.model import OVERTIME_S, Node, NodeKind, Profile, RunState
from orchestrator.plan import Plan, confirming
from orchestrator.runs.record import RunRecord
from tests.orchestrator.scripts.runs import SERVICE, run_all, script
from tests.orchestrator.scripts.servers import Shop, shop


def plan_of(k6: Path, profile: Profile, *servers: Shop, limits: Limits | None = None) -> Plan:
    """Return the plan of a campaign with a node a server, with what k6 says of the script."""
    nodes = [Node(name=f"n{i}", host="127.0.0.1", port=server.port) for i, server in enumerate(servers)]
    asked = replace(profile, duration_s=None, vus=None)
    known = inspected(find_k6(k6, os.environ), asked, SERVICE, nodes[0], environ=os.environ)
    return Plan(
        id="c", profile=known, service=SERVICE, nodes=nodes, limits=limits or Limits(), detection=Detection()
    )


@pytest.fixture(scope="module")
def checkout(
    k6_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, CampaignResult, list[int], Path]:
    """Run checkout.js through two nodes; what each of their shops answered, and the home's folder."""
    folder = tmp_path_factory.mktemp("checkout")
    with shop() as one, shop() as other:
        plan = plan_of(k6_binary, script("checkout/checkout.js"), one, other)
        result, _ = run(k6_binary, folder, plan)
        assert one.paths.keys() | other.paths.keys() == {"/pay"}, "the control asks no node"
        return plan, result, [one.requests, other.requests], folder / "home"


def run(k6: Path, folder: Path, plan: Plan) -> tuple[CampaignResult, dict[str, RunRecord]]:
    """Run a campaign; return its result and its records by node."""
    result = run_campaign(plan, Home(folder / "home"), find_k6(k6, os.environ))
    return result, {record.node: record for record in result.judged.records}


def mine(folder: Path, source: str) -> Profile:
    """Return a profile for a script of a few lines."""
    (folder / "mine.js").write_text(source)
    return script("mine.js", folder=folder)


def test_from_plan_to_report(checkout: tuple[Plan, CampaignResult, list[int], Path]) -> None:
    """Each node has its own requests; text, JSON and report say what the script says of itself."""
    plan, result, answered, home = checkout
    assert plan.in_words() == (
        "checkout.js with up to 2 VUs a node, for at most 31 s, beside a control (smoke at 10 requests/s)"
    )
    assert (result.failures, result.exit_code) == ((), ExitCode.INCONCLUSIVE)
    assert [record.rows for record in result.judged.records[:2]] == answered
    note = f"threshold failed: count>100000 of orders is {answered[0]}"
    assert any(note in line for line in campaign_lines(result.judged.analysis))
    assert note in json.dumps(campaign_to_json(result.judged.analysis))
    assert result.report is not None
    page = result.report.read_text(encoding="utf-8")
    assert note.replace(">", "&gt;") in page
    assert "checkout.js" in page
    files = sorted(Path(home / "runs/c.n1/k6/output").iterdir())
    assert [file.name for file in files] == ["orders.txt", "printed.txt", "results-summary.json"]


def test_the_control_goes_on_as_long_as_the_script(
    checkout: tuple[Plan, CampaignResult, list[int], Path],
) -> None:
    """A script knows nothing of the control: that is our smallest one, ended with the script, and whole."""
    plan, result, _, _ = checkout
    assert plan.profile.duration_s == 31.0, "the script took one"
    longest_s = plan.profile_of(plan.control(0, 9)).duration_s
    assert longest_s == 31.0 + plan.profile.timeout_s + OVERTIME_S, "as long as k6 is let go on at most"
    control = result.judged.records[-1]
    assert (control.kind, control.state, control.error) == (NodeKind.CONTROL, RunState.DONE, "")
    assert control.facts.expected_requests == control.rows
    assert 1 <= control.rows <= 150
    assert not control.facts.interrupted
    assert control.rate_per_s == 10.0
    assert result.judged.analysis.control is not None
    assert result.judged.analysis.control.analysis.errors == 0


def test_abort_is_inconclusive_unless_it_fails_otherwise(k6_1: Path, tmp_path: Path) -> None:
    """Exit code 3 in the script's own words; where errors fail the run anyway, the words are a note."""
    with shop() as server:
        plan = plan_of(k6_1, script("aborting.js", environ={"USER": "demo"}), server)
        result, _ = run(k6_1, tmp_path, plan)
        words = "the script called test.abort(): the shop is closed (503), ask [USER]"
        assert result.exit_code is ExitCode.INCONCLUSIVE
        assert result.judged.analysis.sentence == f"inconclusive: n0: {words}."
        strict = replace(plan, id="d", limits=Limits(error_rate=0.0))
        result, _ = run(k6_1, tmp_path, strict)
    [node] = result.judged.analysis.nodes
    assert node.analysis.verdict is Verdict.FAIL
    assert words in node.analysis.notes


def test_a_script_that_stops_before_it_asks_is_an_error(k6_binary: Path, tmp_path: Path) -> None:
    """An exception in setup: exit code 4, with its message, although setup had asked already."""
    source = (
        "import http from 'k6/http';\n"
        "export function setup() { http.get('http://shop.test/login'); throw new Error('no token'); }\n"
        "export default function () { http.get('http://shop.test/'); }\n"
    )
    with shop() as server:
        result, records = run(k6_binary, tmp_path, plan_of(k6_binary, mine(tmp_path, source), server))
        assert server.paths == {"/login": 1}
    said = "k6 exit code 107: the script threw an exception: Error: no token at setup (mine.js:2:"
    assert result.exit_code is ExitCode.INFRASTRUCTURE
    assert result.failures[0].startswith(f"n0: {said}")
    assert records["n0"].state is RunState.FAILED
    assert records["control"].state is RunState.DONE


def test_a_script_without_any_request_is_an_error(k6_1: Path, tmp_path: Path) -> None:
    """Iterations that all throw before they ask: exit code 4, and the last exception is said."""
    source = "export const options = { vus: 1, iterations: 3 };\nexport default () => { null.x; };\n"
    with shop() as server:
        result, records = run(k6_1, tmp_path, plan_of(k6_1, mine(tmp_path, source), server))
    assert result.exit_code is ExitCode.INFRASTRUCTURE
    assert "k6 made no request at all: TypeError: " in result.failures[0]
    assert any("3 iterations ended with an exception" in note for note in records["n0"].notes)


LOOP = """\
import http from 'k6/http';
export const options = { vus: 4, duration: '2s', gracefulStop: '0s', rps: %d };
export default function () { http.get('http://shop.test/'); }
"""


def test_the_rate_is_held(k6_binary: Path, tmp_path: Path) -> None:
    """A loop without a pause asks no more often than the lower of both bounds; ours is said when it held."""
    bounds = {"none": (0, 20.5, 20), "higher": (1000, 15, 15), "lower": (10, 200, 10)}
    profiles = []
    for name, (own, highest, _) in bounds.items():
        (tmp_path / f"{name}.js").write_text(LOOP % own)
        profiles.append(script(f"{name}.js", folder=tmp_path, max_rate_per_s=highest))
    with shop() as server:
        ended = run_all(k6_binary, Home(tmp_path / "home"), server.port, profiles)
    for name, (_, highest, most) in bounds.items():
        run = ended[name]
        assert most < len(run.frame) <= 2 * most + 6, "each of the four may end what it had begun"
        held = f"limits.max_rate_per_s ({highest:g}) may have held the run back"
        assert (held in run.said()) is (most == int(highest))
        assert "exception" not in run.said(), "what comes too late is none of the script's"


def test_interrupted_in_the_middle(k6_binary: Path, tmp_path: Path) -> None:
    """Ctrl-C: what was asked is kept, teardown still runs, and the result is an interrupted one."""
    source = (
        "import http from 'k6/http';\nimport { sleep } from 'k6';\n"
        "export const options = { vus: 2, duration: '60s' };\n"
        "export default function () { http.get('http://shop.test/'); sleep(0.05); }\n"
        "export function teardown() { http.get('http://shop.test/logout'); }\n"
    )
    with shop() as server:
        plan = plan_of(k6_binary, mine(tmp_path, source), server)

        def interrupt() -> None:
            assert server.wait_for(20)
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        result, records = run(k6_binary, tmp_path, plan)
        thread.join()
    assert result.exit_code is ExitCode.INTERRUPTED
    assert records["n0"].state is RunState.INTERRUPTED
    assert server.paths["/logout"] == 1
    assert 20 <= records["n0"].rows == records["n0"].facts.expected_requests
    assert server.requests - 2 <= records["n0"].rows <= server.requests


def test_once_more_takes_as_long_as_the_script(k6_1: Path, tmp_path: Path) -> None:
    """`--confirm` cannot make a script longer than it is."""
    with shop() as server:
        plan = plan_of(k6_1, script("plain.js"), server)
        result, _ = run(k6_1, tmp_path, plan)
    again = confirming(plan, result.judged.analysis, "again")
    assert (again.id, again.profile) == ("again", plan.profile)
