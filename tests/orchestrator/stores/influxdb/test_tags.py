"""Tag values that line protocol cannot carry come back as they were; ordinary ones stay readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.stores.influxdb.tags import from_tag, tag_in_line, to_tag
from tests.orchestrator.stores.batches import HOSTILE

PIECES = st.sampled_from(
    ["%", "%2", "5C", "0A", "25", "(empty)", "\n", "\\", "\t", "\r", "\x00", "\x7f", "é"]
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_every_text_comes_back(text: str) -> None:
    """Whatever stands in a text, also what looks like our own writing, the tag value gives it back."""
    assert from_tag(to_tag(text)) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_can_be_carried(text: str) -> None:
    """No tag value is empty, holds a control character, or a backslash that could escape what follows."""
    value = to_tag(text)
    assert value
    assert "\\" not in value
    assert not any(c < " " or c == "\x7f" for c in value)


@pytest.mark.parametrize("text", ["/orders/{id}", "GET /a b,c=d", "50 %", "/a%20b", "주문", "kept"])
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    """What people call their endpoints reads in Grafana as they wrote it."""
    assert to_tag(text) == text


def test_separators_are_escaped_in_a_line() -> None:
    """Comma, equals sign and space get the backslash that line protocol wants."""
    assert tag_in_line("a b,c=d\\") == r"a\ b\,c\=d%5C"
