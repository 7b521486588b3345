"""When it is tried again."""

from __future__ import annotations

import random

from orchestrator.shipping.pace import FIRST_S, MOST_ASKED_S, MOST_S, SLOW_S, Pace


def test_waits_double_up_to_a_bound_and_begin_again() -> None:
    """Each wait is at most twice the one before, jitter takes at most half, and success starts anew."""
    pace = Pace(random.Random(1))
    for number in range(1200):
        most = min(MOST_S, FIRST_S * 2 ** min(number, 10))
        assert most / 2 <= pace.failed() <= most
    pace.succeeded()
    assert pace.failed() <= FIRST_S


def test_shippers_that_failed_together_come_back_apart() -> None:
    """A hundred of them do not ask a server that just started at the same moment."""
    assert len({Pace(random.Random(i)).failed() for i in range(100)}) == 100


def test_a_server_is_left_alone_for_as_long_as_it_asks() -> None:
    """Never sooner than Retry-After says, and not for a day when it says a day."""
    pace = Pace(random.Random(1))
    assert 7 <= pace.failed(asked_s=7) <= 7 + FIRST_S
    assert pace.failed(asked_s=0) <= FIRST_S
    assert MOST_ASKED_S <= pace.failed(asked_s=86_400) <= MOST_ASKED_S + FIRST_S


def test_what_only_a_person_mends_is_asked_rarely() -> None:
    """A wrong token is tried every half minute at most, from the first time on."""
    assert SLOW_S / 2 <= Pace(random.Random(1)).failed(slow=True) <= SLOW_S
