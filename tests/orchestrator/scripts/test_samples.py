"""Users' scripts of every kind run as they are: each request is stored, and nothing is made up."""

from __future__ import annotations

import json

from analysis.findings import Verdict
from orchestrator.model import RunState
from tests.orchestrator.scripts.conftest import ELSEWHERE, PASSWORD, Ran, everything_under
from tests.orchestrator.scripts.runs import SAMPLES


def endpoints(ran: Ran, name: str) -> dict[str, int]:
    """Return how many requests each endpoint of a Run got."""
    counts = ran[name].frame["endpoint"].value_counts()
    return {str(endpoint): int(n) for endpoint, n in counts.items() if n}


def scenarios(ran: Ran, name: str) -> dict[str, int]:
    """Return how many requests each scenario of a Run made."""
    counts = ran[name].frame["scenario"].value_counts()
    return {str(scenario): int(n) for scenario, n in counts.items() if n}


def test_every_request_is_stored(ran: Ran) -> None:
    """For each script the rows are k6's own count, and all of them together what the shops answered."""
    assert {name: len(run.frame) for name, run in ran.runs.items()} == {
        name: run.totals.http_reqs for name, run in ran.runs.items()
    }
    never_sent = 12  # of stray.js
    stored = sum(len(run.frame) for run in ran.runs.values()) - never_sent
    answered = ran.shop.requests + ran.elsewhere.requests
    # What is in flight when k6 ends a scenario without a gracefulStop, or aborts, leaves no row.
    cut = {"/status/204": len(ran["rates"].of("watcher")), "/status/500": len(ran["impatient"].frame)}
    assert stored - sum(cut.values()) == answered - sum(ran.shop.paths[path] for path in cut)
    for path, rows in cut.items():
        assert rows <= ran.shop.paths[path] <= rows + 1
    assert len(ran.runs) >= 20


def test_no_run_fails_for_what_a_script_does(ran: Ran) -> None:
    """Whatever a script says of itself, k6 did its work: no error, no unreadable line, a closed record."""
    assert {name: run.record.error for name, run in ran.runs.items() if run.record.error} == {}
    assert {run.record.state for run in ran.runs.values()} == {RunState.DONE}
    assert not any("could not be read" in run.said() for run in ran.runs.values())


def test_scripts_and_their_folders_are_untouched(ran: Ran) -> None:
    """No file of the samples is changed, and none is added."""
    assert everything_under(SAMPLES) == ran.samples_before


def test_secrets_stay_secret(ran: Ran) -> None:
    """A password that scripts know, log and throw stands in no stored file but by its name."""
    stored = everything_under(ran.home.path)
    assert len(stored) > 60
    assert [path for path, content in stored.items() if PASSWORD.encode() in content] == []
    assert "[PASSWORD]" in ran["throwing"].said()


def test_login(ran: Ran) -> None:
    """`setup` hands a token on; what it and `teardown` ask is stored, and no part of the analysis."""
    run = ran["login"]
    assert json.loads(ran.shop.bodies["/login"]) == {"user": "demo", "password": PASSWORD}
    assert ran.shop.headers["/orders"]["authorization"] == "Bearer token-of-the-shop"
    assert scenarios(ran, "login") == {"": 2, "default": len(run.frame) - 2}
    assert run.analysis.requests == len(run.frame) - 2 == ran.shop.paths["/orders"] >= 2
    assert set(run.of("default")["endpoint"]) == {"orders"}
    assert run.totals.thresholds == ()


def test_browse(ran: Ran) -> None:
    """Stages, groups, checks and `http.url`: thresholds on tags of k6's own see their samples."""
    run = ran["browse"]
    assert len(set(endpoints(ran, "browse").values())) == 1
    assert "http://shop.test/products/${}" in endpoints(ran, "browse")
    [threshold] = run.totals.thresholds
    n = endpoints(ran, "browse")["http://shop.test/"]
    assert threshold.startswith("max<0.001 of http_req_duration{group:::front page} is ")
    assert threshold.endswith(f" ms (n = {n})")
    assert ran.shop.headers["/products/1"]["user-agent"] == "MyLoadTest/1.0"


def test_batch(ran: Ran) -> None:
    """Requests of `http.batch` are rows of their own; bodies are discarded as the script says."""
    assert endpoints(ran, "batch") == {
        "asset": 40,
        "http://shop.test/": 10,
        "http://shop.test/beacon": 10,
    }
    assert ran["batch"].totals.checks == (0, 20)


def test_rates(ran: Ran) -> None:
    """Named scenarios of four executors, without a default function: each has its requests."""
    run = ran["rates"]
    found = scenarios(ran, "rates")
    assert set(found) == {"readers", "spike", "writers", "watcher"}
    assert found["readers"] <= 31
    assert found["writers"] == 10
    assert set(run.of("spike")["endpoint"]) == {"http://shop.test/spike"}
    [threshold] = run.totals.thresholds
    assert threshold.startswith("p(99.5)<0.001 of http_req_duration{scenario:readers} is ")
    assert threshold.endswith(f" (n = {found['readers']})")


def test_search(ran: Ran) -> None:
    """JSON, CSV and binary files are opened from beside the script, and sent as they are."""
    assert endpoints(ran, "search")["http://shop.test/search"] == 12
    picture = (SAMPLES / "search/data/picture.bin").read_bytes()
    assert picture in ran.shop.bodies["/upload"]


def test_checkout(ran: Ran) -> None:
    """Modules from beside the script, own metrics, and a handleSummary that sees what it always did."""
    run = ran["checkout"]
    n = len(run.frame)
    output = run.folder / "k6" / "output"
    assert (output / "orders.txt").read_text() == str(n)
    assert (
        json.loads((output / "results-summary.json").read_text())["metrics"]["orders"]["values"]["count"] == n
    )
    assert (output / "printed.txt").read_text() == f"orders: {n}, shown: avg,p(90)\n"
    assert "handleSummary wrote results-summary.json, orders.txt, printed.txt" in run.said()
    assert f"threshold failed: count>100000 of orders is {n}\n" in run.said()
    assert "threshold failed: p(99)<0.001 of payment_time is " in run.said()


def test_hello(ran: Ran) -> None:
    """A call of gRPC beside HTTP, with a definition from beside the script: counted, said, and in no row."""
    assert len(ran.grpc_calls) == 8
    assert endpoints(ran, "hello") == {"http://shop.test/products": 8}
    assert "beside the requests 8 gRPC calls were made: not analyzed" in ran["hello"].said()
    assert ran["hello"].totals.checks == (0, 16)


def test_chat(ran: Ran) -> None:
    """WebSocket beside HTTP: counted, said, and in no row."""
    assert ran.texts == ["hello"] * 4
    assert endpoints(ran, "chat") == {"http://shop.test/products": 4}
    assert "beside the requests 4 WebSocket sessions were made: not analyzed" in ran["chat"].said()


def test_ids(ran: Ran) -> None:
    """URLs without end: numbers are folded, and beyond fifty names the rest is `other`, and said so."""
    found = endpoints(ran, "ids")
    assert found["http://shop.test/products/{id}"] == 120
    assert found["other"] == 71
    assert len(found) == 51
    assert "more than 50 endpoints" in ran["ids"].said()


def test_redirects(ran: Ran) -> None:
    """A row for each hop; the script's own hosts hold, but never for the service's name."""
    assert endpoints(ran, "redirects") == {
        "http://shop.test/moved/{id}": 20,
        "http://shop.test/": 5,
        "http://cdn.test:8080/logo.png": 5,
    }
    assert ran["redirects"].frame["status"].value_counts().to_dict() == {302: 20, 200: 10}
    assert ran.elsewhere.paths == {"/logo.png": 5}
    assert ran.elsewhere.headers["/logo.png"]["host"] == "cdn.test:8080"
    assert set(ran["redirects"].frame["ip"]) == {"127.0.0.1", ELSEWHERE}, "as it asks for the tag"
    assert set(ran["login"].frame["ip"]) == {""}


def test_aborting(ran: Ran) -> None:
    """`test.abort()` is no failure of k6: the result is inconclusive, in the script's own words."""
    run = ran["aborting"]
    assert run.analysis.verdict is Verdict.INCONCLUSIVE
    assert run.analysis.reasons[0] == "the script called test.abort(): the shop is closed (503), ask [USER]"
    assert len(run.frame) == 6


def test_throwing(ran: Ran) -> None:
    """Exceptions and rejected promises of iterations are counted; console.error is none."""
    run = ran["throwing"]
    assert scenarios(ran, "throwing") == {"sync": 10, "async": 3}
    note = next(note for note in run.analysis.notes if "exception" in note)
    assert 3 + 4 <= int(note.split()[0]) <= 3 + 5, "how many of the ten have an odd number differs"
    assert "unexpected body for [PASSWORD]" in note or "cannot read property" in note
    assert "throwing.js:" in note


def test_flood(ran: Ran) -> None:
    """13,000 lines and some very long ones on the console disturb nothing, whatever they look like."""
    assert len(ran["flood"].frame) == 10
    (note,) = ran["flood"].record.notes
    assert note == "the script wrote 13,010 lines: k6/console.txt of the run's folder"
    kept = (ran["flood"].folder / "k6/console.txt").read_text().splitlines()
    assert kept[-1] == f"{13_010 - len(kept) + 1:,} more lines were left out"


def test_typed(ran: Ran) -> None:
    """TypeScript with types, an async default function and `http.asyncRequest`."""
    assert endpoints(ran, "typed") == {"http://shop.test/products": 12}
    assert ran["typed"].totals.checks == (0, 6)


def test_legacy(ran: Ran) -> None:
    """A CommonJS module: its options, setup and default function are the ones that run."""
    assert endpoints(ran, "legacy") == {"http://shop.test/products": 3}
    assert ran["legacy"].totals.checks == (0, 3)


def test_stray(ran: Ran) -> None:
    """What is no configured address is never asked, which is said and not held against the node."""
    run = ran["stray"]
    asked = "the script asked for 127.0.0.3 (tracker.test), not for the node: refused"
    assert f"{asked}; `addresses: [127.0.0.3]` in its profile would allow that" in run.analysis.reasons
    assert (run.analysis.verdict, run.analysis.requests, run.analysis.errors) == (Verdict.INCONCLUSIVE, 4, 0)
    assert "12 requests were refused and never sent" in run.said()
    assert "198.51.100.7" not in run.said(), "the script itself refuses that one"
    assert not any("k6 counted" in reason for reason in run.analysis.reasons)
    assert ran.elsewhere.connections == 1, "that of redirects.js: not even by gRPC or WebSocket"


def test_unjudged(ran: Ran) -> None:
    """Without a response callback nothing fails, and one of a request's own decides for it."""
    run = ran["unjudged"]
    assert run.frame["status"].value_counts().to_dict() == {200: 6, 404: 6}
    assert run.analysis.errors == 0


def test_plain(ran: Ran) -> None:
    """A script without any options: one request, as k6 would."""
    assert endpoints(ran, "plain") == {"http://shop.test/": 1}


def test_clumsy(ran: Ran) -> None:
    """A handleSummary that breaks what it is given and throws, and a teardown that throws, cost no number."""
    run = ran["clumsy"]
    assert run.totals.http_reqs == len(run.frame) == 3
    assert "its handleSummary failed: Error: no report for [USER]" in run.said()
    said = "teardown() failed after all was measured: Error: nothing to clean up at teardown (clumsy.js:14:9)"
    assert said in run.said()
    assert "threshold failed: count<2 of visits is 3" in run.said()


def test_impatient(ran: Ran) -> None:
    """A threshold with abortOnFail ends the run, which is said; the verdict is the requests' own."""
    run = ran["impatient"]
    assert run.analysis.verdict is Verdict.FAIL
    assert f"threshold failed: rate<0.5 of http_req_failed is 1 (n = {len(run.frame)})" in run.said()
    assert "k6 ended the run early, as a threshold with abortOnFail asks" in run.said()
    assert len(run.frame) < 100
