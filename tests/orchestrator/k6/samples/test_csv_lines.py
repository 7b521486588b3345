"""Lines of CSV: what is read fast is what is read slowly, and a bad cell costs its own line only."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from orchestrator.errors import K6Error
from orchestrator.k6.samples.csv_lines import CsvReader
from orchestrator.k6.samples.requests import Loss
from tests.orchestrator.k6.made import HEADER, T_NS, clock, decode, line, request, timeless

GOOD = [request(), line("vus", T_NS, 5), timeless(T_NS + 5, serial="f0"), clock(12.5, serial="f0")]


@pytest.mark.parametrize(
    "bad",
    [
        line("vus", T_NS, "many"),
        line("vus", "never", 1),
        line("checks", T_NS, 1, error="\x00"),
        "hello world\n",
        "1,2,3\n" * 3,
        '"a quote that closes", and more\n',
    ],
)
def test_a_bad_line_costs_no_other(bad: str) -> None:
    """Wherever it stands in the block, the requests are what they are without it."""
    expected = decode(*GOOD)
    for at in range(len(GOOD) + 1):
        found = decode(*GOOD[:at], bad, *GOOD[at:])
        assert found.requests.to_pylist() == expected.requests.to_pylist()
        assert (found.waiting, found.values) == (expected.waiting, expected.values)


def test_bytes_that_are_no_text_cost_no_line() -> None:
    """They are shown as such, in a tag as in a line that is none."""
    reader = CsvReader(HEADER.encode())
    text = request(error="caf\xe9").encode("latin-1") + b"no \xff sample\n"
    lines = reader.read(text)
    assert lines.tags["error"].to_pylist() == ["caf\ufffd"] * 9
    assert lines.unreadable == 1


def test_numbers_that_are_none_are_nan() -> None:
    """Empty, a word, or too large: the line stays, its value is none or infinite."""
    texts = ["1.5", "", "x", "NaN", "1e999", " 2 "]
    for block in (texts, [text for text in texts if text != "x"]):
        values = CsvReader(HEADER.encode()).read("".join(line("vus", T_NS, t) for t in block).encode()).values
        expected = [{"": math.nan, "x": math.nan}.get(text) or float(text) for text in block]
        assert str(values.tolist()) == str(expected)


def test_a_request_that_lost_its_first_line_is_counted() -> None:
    """Whatever stands before its other lines."""
    headless = "".join(request(T_NS + 1).splitlines(keepends=True)[1:])
    for before in (request(), line("vus", T_NS, 1), ""):
        assert decode(before, headless).lost == Counter({Loss.HEADLESS: 1})


def test_an_open_quote_counts_the_lines_it_swallows() -> None:
    """What it takes with it is told line by line."""
    assert decode(request(), 'odd,"quote\n', *["a line\n"] * 4).lost == Counter({Loss.LINE: 5})


def test_a_request_without_a_name_is_called_by_its_url() -> None:
    """Where the system tags leave `name` out."""
    header = "metric_name,timestamp,metric_value,status,url,extra_tags,metadata"
    found = decode(request(header=header, url="http://shop.test/item/7?x"), header=header)
    assert found.requests["endpoint"].to_pylist() == ["http://shop.test/item/{id}"]


def test_a_serial_is_found_among_other_metadata() -> None:
    """Beside `vu` and `iter`, in whatever order k6 wrote them."""
    for text in ("serial=f7", "vu=1&serial=f7&iter=0", "iter=0&vu=1&serial=f7"):
        assert decode(timeless(serial="f7", metadata=text)).waiting == {"total_ns": {"f7": 0}}
    assert decode(timeless(serial="", metadata="my_serial=f7&vu=1")).waiting == {"total_ns": {}}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("metric_name,timestamp,value", "without metric_value"),
        (HEADER + ",status", "'status' twice"),
        ('"metric_name', "without timestamp"),
    ],
)
def test_headers_that_are_none(header: str, said: str) -> None:
    """A column that must be there, and one that is there twice."""
    with pytest.raises(K6Error, match=said):
        CsvReader(header.encode())


def test_a_quoted_or_marked_header_is_one() -> None:
    """As other programs write the file again."""
    quoted = "\ufeff" + ",".join(f'"{name}"' for name in HEADER.split(","))
    assert CsvReader(quoted.encode()).columns == HEADER.split(",")
