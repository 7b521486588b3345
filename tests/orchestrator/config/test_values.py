"""Durations and addresses as people write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.config.values import nearest, parse_address, parse_duration_s, parse_node_name, shown


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("5m", 300),
        ("90s", 90),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1.5s", 1.5),
        ("300", 300),
        (300, 300),
        (0.5, 0.5),
    ],
)
def test_durations(written: str | float, seconds: float) -> None:
    """Each way to write a duration gives its seconds."""
    assert parse_duration_s(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "5x",
        "m",
        "5m5h",
        "-5s",
        "0s",
        "1e3",
        "nan",
        "٣s",
        "9" * 5000,
        0,
        -1,
        float("nan"),
        float("inf"),
        10**400,
        True,
        None,
        [1],
    ],
)
def test_what_is_no_duration(written: object) -> None:
    """Anything else is refused with examples of what is expected, in one bounded line."""
    with pytest.raises(ValueError, match=r"is not a duration; write 5m, 90s, 1h30m, or a number") as caught:
        parse_duration_s(written)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("203.0.113.11", "203.0.113.11", None),
        ("203.0.113.11:30443", "203.0.113.11", 30443),
        ("[2001:db8::12]:30443", "2001:db8::12", 30443),
        ("2001:DB8:0::12", "2001:db8::12", None),
        ("[::1]", "::1", None),
    ],
)
def test_addresses(written: str, host: str, port: int | None) -> None:
    """IPv4 and IPv6, with and without a port, come out without brackets."""
    assert parse_address(written) == (host, port)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("node-1.example.com", "is a host name; an IP address is needed: resolve it"),
        ("localhost:80", "is a host name"),
        ("https://203.0.113.11", "is a URL"),
        ("", "is not an IP address"),
        ("203.0.113.256", "is not an IP address"),
        ("203.0.113.0/24", "is not an IP address"),
        ("010.0.0.1", "is not an IP address"),
        ("203.0.113.11:", "has the port ''"),
        ("203.0.113.11:0", "has the port '0'"),
        ("203.0.113.11:65536", "has the port '65536'"),
        ("203.0.113.11:+80", "has the port '+80'"),
        ("203.0.113.11:٣٣", "has the port"),
        ("[2001:db8::12", "has unbalanced brackets"),
        ("[2001:db8::12]30443", "has unbalanced brackets"),
        ("fe80::1%eth0", "has a zone"),
        ("0.0.0.0", "is not the address of one machine"),
        ("ff02::1", "is not the address of one machine"),
    ],
)
def test_what_is_no_address(written: str, said: str) -> None:
    """Each mistake in an address is named."""
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_address(written)


@given(st.text(max_size=200))
def test_any_text_is_a_good_name_or_one_line(text: str) -> None:
    """Whatever is given as a name, it is accepted as it is and safe, or refused in one printable line."""
    safe = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", text) and ".." not in text
    if safe and not text.lower().startswith("control"):
        assert parse_node_name(text) == text
    elif not safe:
        with pytest.raises(ValueError, match="cannot be a name") as caught:
            parse_node_name(text)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize("name", ["control", "Control", "control-2"])
def test_control_names_are_reserved(name: str) -> None:
    """A node cannot take the name of a control run, in any wave or spelling."""
    with pytest.raises(ValueError, match="is reserved"):
        parse_node_name(name)


@given(st.one_of(st.text(), st.integers(), st.lists(st.text())))
def test_shown_values_are_short_and_printable(value: object) -> None:
    """A value in a message can neither steer a terminal nor fill it."""
    assert shown(value).isprintable()
    assert len(shown(value)) <= 80


def test_nearest_ignores_case_and_keeps_silent_when_nothing_is_near() -> None:
    """The suggestion is the known spelling, and none is better than a wild one."""
    assert nearest("NODE-1", ["node-1", "vip"]) == "; did you mean 'node-1'?"
    assert nearest("zzz", ["node-1", "vip"]) == ""
