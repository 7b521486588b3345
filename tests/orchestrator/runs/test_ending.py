"""How a k6 ended, in words: which exit codes are errors, which are a script's own business."""

from __future__ import annotations

import pytest

from orchestrator.k6.log import K6Log
from orchestrator.k6.summary import K6Totals
from orchestrator.runs.ending import error_of, notes_of, unfit_by

DONE = K6Totals(http_reqs=5, iterations=5)


def log_of(*said: str) -> K6Log:
    """Return a log in which k6 said this."""
    log = K6Log()
    for words in said:
        log.take(f'time="t" level=error msg="{words}"')
    return log


@pytest.mark.parametrize("code", [0, 99, 108, 110])
def test_results_are_no_errors(code: int) -> None:
    """Success, a failed threshold, test.abort() and test.fail() are results when there are requests."""
    assert error_of(code, 5, DONE, log_of("words")) == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (100, "k6 exit code 100: setup() took too long: words"),
        (104, "k6 exit code 104: its options are invalid: words"),
        (107, "k6 exit code 107: the script threw an exception: words"),
        (109, "k6 exit code 109: k6 itself crashed: words"),
        (-9, "k6 was ended by signal SIGKILL: words"),
        (0, "k6 made no request at all: words"),
        (99, "k6 made no request at all: words"),
    ],
)
def test_errors_say_what_k6_said(code: int, said: str) -> None:
    """The code's meaning and k6's last word; no request at all is an error of its own."""
    assert error_of(code, 0, K6Totals(), log_of("words")) == said


@pytest.mark.parametrize("code", [101, 107])
def test_a_failed_teardown_takes_no_result_away(code: int) -> None:
    """After iterations it is a note; a script that threw before any is an error, whatever setup asked."""
    assert error_of(code, 5, DONE, log_of("no cleanup")) == ""
    assert "teardown() failed after all was measured: no cleanup" in notes_of(
        code, DONE, log_of("no cleanup")
    )
    assert error_of(code, 5, K6Totals(http_reqs=5), log_of("no token")).endswith("no token")


def test_only_other_traffic_is_said() -> None:
    """A script that makes gRPC calls alone is told that these are not analyzed."""
    totals = K6Totals(http_reqs=0, others=((8, "gRPC calls"), (1234, "WebSocket sessions")))
    said = "k6 made no request at all (8 gRPC calls and 1,234 WebSocket sessions, which are not analyzed)"
    assert error_of(0, 0, totals, log_of()).startswith(said)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("test aborted", "the script called test.abort()"),
        ("test aborted: closed at noon at default (file:///a/b.js:3:57(11))", "closed at noon"),
        ("test aborted: closed at file:///a/b.js:2:16(16)", "closed"),
        ("test aborted: see http://a.test/b at setup (file:///b.js:1:1(1))", "see http://a.test/b"),
    ],
)
def test_abort_in_the_scripts_own_words(line: str, words: str) -> None:
    """What it gave to test.abort(), without where in the script that was."""
    assert unfit_by(108, log_of("something before", line)).endswith(words)
    assert unfit_by(0, log_of(line)) == ""


def test_many_refused_addresses_are_a_few_words() -> None:
    """Five are named, the others counted."""
    log = log_of(*(f"IP (10.0.0.{n}) is in a blacklisted range (10.0.0.0/8)" for n in range(8)))
    said = unfit_by(0, log)
    assert "10.0.0.4 and 3 more, not for the node: refused" in said
    assert "10.0.0.5" not in said


def test_what_a_script_makes_of_its_run_is_noted() -> None:
    """Thresholds, checks and test.fail()."""
    totals = K6Totals(http_reqs=5, thresholds=("a<1 of b is 2",), checks=(3, 1200))
    notes = notes_of(110, totals, log_of("test marked as failed: no good", "test run was marked as failed"))
    assert notes == [
        "threshold failed: a<1 of b is 2",
        "the script marked its test as failed: no good",
        "3 of 1,200 checks failed",
    ]
    assert notes_of(-9, K6Totals(), log_of()) == []


def test_a_threshold_says_that_it_saw_what_was_refused() -> None:
    """k6 counts requests that it refused to send among those a threshold is on; other metrics have none."""
    totals = K6Totals(thresholds=("p(95)<5 of http_req_duration is 9 ms (n = 12)", "count<2 of visits is 3"))
    log = log_of("IP (192.0.2.1) is in a blacklisted range (192.0.0.0/8)")
    assert notes_of(99, totals, log_of()) == [
        "threshold failed: p(95)<5 of http_req_duration is 9 ms (n = 12)",
        "threshold failed: count<2 of visits is 3",
    ]
    assert log.refused
    assert notes_of(99, totals, log) == [
        "threshold failed: p(95)<5 of http_req_duration is 9 ms (n = 12), what was refused included",
        "threshold failed: count<2 of visits is 3",
    ]
