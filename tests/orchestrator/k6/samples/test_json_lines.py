"""Lines of JSON: what is read fast is what is read slowly, and a bad line costs itself only."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from orchestrator.k6.samples.json_lines import JsonReader
from orchestrator.k6.samples.lines import CODES, OTHER_METRIC, Lines

DECLARED = '{"type":"Metric","data":{"name":"http_reqs","thresholds":["p(95)<1"]},"metric":"http_reqs"}\n'


def point(metric: str = "http_reqs", **data: Any) -> str:
    """Return a sample as k6 writes it."""
    there = {"time": "2026-11-25T10:05:43.03Z", "value": 1.5, "tags": {"name": "/x", "status": "200"}}
    return json.dumps({"metric": metric, "type": "Point", "data": there | data}, separators=(",", ":")) + "\n"


def read(*lines: str) -> Lines:
    """Read lines as one block."""
    return JsonReader().read("".join(lines).encode("utf-8", "surrogatepass"))


def as_text(lines: Lines) -> str:
    """Return all that lines say, comparable also where there are NaNs."""
    tags = {name: column.to_pylist() for name, column in sorted(lines.tags.items())}
    values = lines.values.tolist()
    return repr((lines.codes.tolist(), values, lines.stamps.to_pylist(), tags, lines.serials().to_pylist()))


def test_samples_are_read_and_declarations_are_none() -> None:
    """A metric's declaration stands between samples, and belongs to none of them."""
    lines = read(DECLARED, point(), DECLARED, point("vus", value=3, metadata={"serial": "f1", "vu": "7"}))
    assert lines.codes.tolist() == [CODES["http_reqs"], OTHER_METRIC]
    assert lines.values.tolist() == [1.5, 3.0]
    assert lines.serials().to_pylist() == [None, "f1"]
    assert lines.unreadable == 0


@pytest.mark.parametrize(
    "odd",
    [
        point(value=None),
        point(value=-1),
        point(value=12345678901234567890123),
        point(value=math.inf),
        point(tags=None),
        point(tags={}),
        point(tags={"name": None, "more": {"deep": [1, None]}}),
        point(tags={"name": '"quoted"\n\u2028\x01\x7f', "error": "日本"}),
        point(time=None),
        DECLARED,
    ],
)
def test_fast_is_slow(odd: str) -> None:
    """A line that has to be read slowly changes nothing of what the others say."""
    fast, slow = read(point(), odd, point("vus")), read(point(), odd, "no line\n", point("vus"))
    assert as_text(fast) == as_text(slow)
    assert (fast.unreadable, slow.unreadable) == (0, 1)


@pytest.mark.parametrize(
    ("bad", "unreadable"),
    [
        ("null\n", 1),
        ("null {}\n", 1),
        ("{}\n", 1),
        ("[]\n", 1),
        ("1\n", 1),
        ("{} {}\n", 1),
        (point().strip() + " " + point(), 1),
        (point()[:40] + "\n", 1),
        ('{"metric":\n"http_reqs"}\n', 2),
        ('{"metric":"http_reqs","type":"Point"}\n', 1),
        ('{"metric":null,"type":"Point","data":{}}\n', 1),
        ('{"metric":"http_reqs","type":"Point","data":null}\n', 1),
        ('{"metric":"http_reqs","type":"Line","data":{}}\n', 1),
        ('{"metric":"http_reqs","type":["Point"],"data":{}}\n', 1),
        ('{"metric":"http_reqs","type":"Point","data":{}}}\n', 1),
        ("[" * 100_000 + "\n", 1),
        ('{"x":' * 100_000 + "\n", 1),
        ("9" * 10_000 + "\n", 1),
        ("\x00\n", 1),
        ("\n \n\r\n", 0),
    ],
)
def test_a_bad_line_costs_itself_only(bad: str, unreadable: int) -> None:
    """It is counted, and the lines around it are what they are without it."""
    for before, after in ((point(), point("vus")), ("", point()), (point(), "")):
        lines = read(before, bad, after)
        assert as_text(lines) == as_text(read(before, after))
        assert lines.unreadable == unreadable


def test_values_of_the_wrong_kind_are_missing() -> None:
    """Numbers as text, text as numbers, lists for objects: the sample stays, without them."""
    lines = read(point(value="1", time=5, tags=[1], metadata=7), point(value=True), point(value=10**400))
    assert str(lines.values.tolist()) == "[nan, nan, inf]"
    assert lines.stamps.to_pylist()[0] is None
    assert lines.tags["name"].to_pylist()[0] is None
    assert lines.unreadable == 0


def test_text_that_is_none_is_shown_as_such() -> None:
    """Half a surrogate pair, and bytes of another encoding, cost no line."""
    lines = JsonReader().read(
        point(tags={"name": "\ud800x"}).encode() + point().encode().replace(b"/x", b"\xff")
    )
    assert lines.tags["name"].to_pylist() == ["?x", "\ufffd"]


def test_the_endpoint_tag_and_the_url_are_known() -> None:
    """As in CSV: the tag beats the name, and the URL stands for a name that is missing."""
    lines = read(point(tags={"name": "/x", "endpoint": "pay"}), point(tags={"url": "/y"}))
    assert lines.tags["extra_tags"].to_pylist() == ["endpoint=pay", None]
    assert lines.tags["name"].to_pylist() == ["/x", "/y"]


def test_nothing_at_all() -> None:
    """A block of declarations only, or of nothing, holds no sample."""
    for block in ("", "\n", DECLARED):
        assert len(read(block).codes) == 0
