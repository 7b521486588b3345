"""What real k6 makes of servers that freeze, refuse, redirect, stay silent or cannot be reached."""

from __future__ import annotations

import pytest

from analysis.requests import NS_PER_MS, PHASE_COLUMNS, is_fresh, start_ns
from tests.orchestrator.k6.conftest import Faulty
from tests.orchestrator.k6.runs import Measured

ALL = ("freeze", "redirect", "refused", "silent", "hole", "wrong_ca")


@pytest.mark.parametrize("kind", ALL)
def test_rows_are_k6s_own_count(faulty: Faulty, kind: str) -> None:
    """Whatever goes wrong, stored rows are exactly what k6 counted and the script started."""
    measured: Measured = getattr(faulty, kind)
    rows = len(measured.frame)
    assert rows >= 60
    totals = measured.totals
    assert (totals.http_reqs, totals.dropped_iterations, totals.started) == (rows, 0, rows)
    assert measured.exit_code == 0
    assert measured.malformed == 0


@pytest.mark.parametrize("kind", ALL)
def test_no_time_is_missing_or_zero(faulty: Faulty, kind: str) -> None:
    """No request has an unknown total, and none took 0 ms."""
    frame = getattr(faulty, kind).frame
    assert frame["total_ns"].notna().all()
    assert (frame["total_ns"] > 0).all()


@pytest.mark.parametrize("scenario", ["kept", "fresh"])
def test_freeze_shows_in_waiting(faulty: Faulty, scenario: str) -> None:
    """A server that stands still for 1 s shows in both scenarios as a wait of about 1 s, and no longer."""
    frame = faulty.freeze.of(scenario)
    slow = frame[frame["total_ns"] > 300 * NS_PER_MS]
    assert 800 * NS_PER_MS < slow["total_ns"].max() < 1_500 * NS_PER_MS
    assert (slow["waiting_ns"] + slow["blocked_ns"] > 0.95 * slow["total_ns"]).all()
    assert slow["waiting_ns"].max() > 800 * NS_PER_MS
    assert not frame["failed"].any()


@pytest.mark.parametrize("scenario", ["kept", "fresh"])
def test_requests_go_on_during_a_freeze(faulty: Faulty, scenario: str) -> None:
    """The model is open: in the frozen second each scenario starts its 20 requests all the same."""
    assert faulty.freeze_server.frozen_ns is not None
    began, ended = faulty.freeze_server.frozen_ns
    starts = start_ns(faulty.freeze.of(scenario))
    within = ((starts > began) & (starts < ended)).sum()
    assert within >= 0.8 * (ended - began) / (50 * NS_PER_MS)


def test_fresh_rows_are_true_through_a_freeze(faulty: Faulty) -> None:
    """New connections that k6 opens behind a stall are told from kept ones, as the server counted them."""
    assert is_fresh(faulty.freeze.frame).sum() == faulty.freeze_server.connections


def test_redirect_is_not_followed(faulty: Faulty) -> None:
    """A 302 where 200 is expected is one failed request, and nobody asks for its Location."""
    frame = faulty.redirect.frame
    assert set(frame["status"]) == {302}
    assert frame["failed"].all()
    assert len(faulty.redirect_server.seen) == len(frame)
    assert {seen.line.split()[1] for seen in faulty.redirect_server.seen} == {"/healthz?deep=1"}


def test_refused(faulty: Faulty) -> None:
    """A closed port is a failed request with its error, timed by the script's clock."""
    frame = faulty.refused.frame
    assert frame["failed"].all()
    assert set(frame["status"]) == {0}
    assert set(frame["error_code"]) == {1212}
    assert frame["error"].str.contains("refused").all()


def test_silence_lasts_as_long_as_the_timeout(faulty: Faulty) -> None:
    """A server that reads and never answers costs the timeout of 2 s, spent in waiting."""
    frame = faulty.silent.frame
    assert set(frame["error_code"]) == {1050}
    assert frame["failed"].all()
    assert frame["total_ns"].between(1_900 * NS_PER_MS, 3_000 * NS_PER_MS).all()
    assert frame["waiting_ns"].median() > 1_800 * NS_PER_MS


def test_black_hole_is_timed_by_the_scripts_clock(faulty: Faulty) -> None:
    """Where no connection came about, k6 says 0 in every phase and the script's clock says 2 s."""
    frame = faulty.hole.frame
    assert set(frame["error_code"]) == {1050}
    assert (frame[list(PHASE_COLUMNS)] == 0).all(axis=None)
    assert frame["total_ns"].between(1_900 * NS_PER_MS, 3_000 * NS_PER_MS).all()


def test_wrong_ca_is_an_error_without_status(faulty: Faulty) -> None:
    """A certificate that the given CA did not sign fails every request, and says so."""
    frame = faulty.wrong_ca.frame
    assert frame["failed"].all()
    assert set(frame["status"]) == {0}
    assert set(frame["error_code"]) == {1310}
    assert frame["error"].str.contains("x509").all()


def test_clocks_are_of_their_own_request(faulty: Faulty) -> None:
    """Starts from the script's clock lie on the plan: each request every 100 ms, none joined to another's."""
    for measured in faulty.untimed():
        for scenario in ("kept", "fresh"):
            starts = start_ns(measured.of(scenario))
            starts.sort()
            gaps_ms = (starts[1:] - starts[:-1]) / NS_PER_MS
            assert abs(sorted(gaps_ms)[len(gaps_ms) // 2] - 100) < 20
