"""One block of samples becomes the rows of the request table."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.errors import K6Error
from orchestrator.files.reading import read_file
from orchestrator.k6.samples.decode import BlockDecoder
from orchestrator.k6.samples.requests import Loss
from orchestrator.stores.contract import REQUEST_SCHEMA
from tests.orchestrator.k6.made import DEFAULT_HEADER, HEADER, T_NS, clock, decode, line, request, timeless

ROW = {
    "end_ns": T_NS,
    "blocked_ns": 500_000,
    "connecting_ns": 250_000,
    "tls_ns": 125_000,
    "sending_ns": 250_000,
    "waiting_ns": 3_000_000,
    "receiving_ns": 500_000,
    "total_ns": 4_250_000,
    "status": 200,
    "error_code": 0,
    "failed": False,
    "received_bytes": None,
    "scenario": "kept",
    "endpoint": "/x",
    "method": "GET",
    "proto": "HTTP/1.1",
    "ip": "::1",
    "error": "",
}


def test_one_request_is_one_row() -> None:
    """Each column takes its sample's value: ms to ns, blocked + sending + waiting + receiving as total."""
    requests = decode(request()).requests
    assert requests.schema == REQUEST_SCHEMA
    assert requests.to_pylist() == [ROW]


@pytest.mark.parametrize("turn", [1, 3, 5, -1])
def test_columns_in_any_order(turn: int) -> None:
    """Columns are found by name, wherever k6 put them."""
    names = HEADER.split(",")
    header = ",".join(names[turn:] + names[:turn])
    assert decode(request(header=header), header=header).requests.to_pylist() == [ROW]


def test_missing_tags_are_empty() -> None:
    """With no tags at all there are times and a row, and every text is empty."""
    header = "metric_name,timestamp,metric_value"
    row = decode(request(header=header), header=header).requests.to_pylist()[0]
    texts = dict.fromkeys(("scenario", "endpoint", "method", "proto", "ip", "error"), "")
    assert row == ROW | texts | {"status": 0}


def test_default_system_tags() -> None:
    """The columns that k6 writes on its own are understood; an endpoint tag beats the name."""
    sample = request(header=DEFAULT_HEADER, url="http://h/x?1", extra_tags="team=a&endpoint=pay")
    row = decode(sample, header=DEFAULT_HEADER).requests.to_pylist()[0]
    assert row == ROW | {"ip": "", "endpoint": "pay"}


def test_gzipped_file_of_default_k6(tmp_path: Path) -> None:
    """A gzip'd CSV made elsewhere becomes the same rows as the live path makes."""
    file = tmp_path / "k6.csv.gz"
    text = (
        DEFAULT_HEADER
        + "\n"
        + "".join(request(T_NS + n, header=DEFAULT_HEADER, name=f"ep{n}") for n in range(3))
    )
    file.write_bytes(gzip.compress(text.encode()))
    frame = read_file(str(file)).frame
    assert frame["end_ns"].tolist() == [T_NS, T_NS + 1, T_NS + 2]
    assert frame["endpoint"].tolist() == ["ep0", "ep1", "ep2"]


@pytest.mark.parametrize(("digits", "unit_ns"), [(10, 10**9), (13, 10**6), (16, 10**3), (19, 1)])
def test_stamps_in_any_unit(digits: int, unit_ns: int) -> None:
    """Stamps in s, ms, us and ns all become ns."""
    stamp = int(str(T_NS)[:digits])
    assert decode(request(stamp)).requests["end_ns"].to_pylist() == [stamp * unit_ns]


@pytest.mark.parametrize(("error_code", "failed"), [("", False), ("1503", True)])
def test_without_http_req_failed(error_code: str, failed: bool) -> None:
    """Without a response callback the error code tells what failed, also for the last request."""
    samples = [request(T_NS + n, failed=None, error_code=error_code) for n in range(3)]
    assert decode(*samples).requests["failed"].to_pylist() == [failed] * 3


def test_failed_is_k6s_own_word() -> None:
    """A 404 that the script expects has not failed; a 200 that it does not expect has."""
    batch = decode(request(status="404", error_code="1404"), request(failed=True)).requests
    assert batch["failed"].to_pylist() == [False, True]
    assert batch["error_code"].to_pylist() == [1404, 0]


def test_other_metrics_between_requests() -> None:
    """Samples of other metrics stand between requests without harm; ours are counted."""
    decoded = decode(
        line("stallwatch_started", T_NS, 2.0),
        request(),
        line("checks", T_NS, 1, scenario="kept"),
        line("dropped_iterations", T_NS, 3.0),
        request(T_NS + 1),
        line("dropped_iterations", T_NS, 1.0),
    )
    assert decoded.requests.num_rows == 2
    assert decoded.counters == {"stallwatch_started": 2.0, "dropped_iterations": 4.0}


def test_request_that_lost_a_sample_is_counted() -> None:
    """A request whose seven times do not all follow makes no row, and is told."""
    lines = request().splitlines(keepends=True)
    broken = "".join(lines[:3] + lines[4:])
    cut_off = "".join(lines[:5])
    decoded = decode(broken, request(T_NS + 1), cut_off)
    assert decoded.requests["end_ns"].to_pylist() == [T_NS + 1]
    assert decoded.lost == Counter({Loss.INCOMPLETE: 2})


def test_line_with_too_many_cells_is_counted_once() -> None:
    """A line with another number of cells is skipped, counted once, and costs no other request."""
    many = ",".join("x" * 30) + "\n"
    decoded = decode("checks,1,2,3\n", timeless(serial="f0"), clock(3.0, serial="f0"), many)
    assert decoded.requests.num_rows == 1
    assert decoded.lost == Counter({Loss.LINE: 2})


def test_header_that_is_no_header() -> None:
    """Something else than k6's CSV is refused by its first line."""
    with pytest.raises(K6Error, match="without metric_name"):
        BlockDecoder(b"     /\\      Grafana   /\xff")


def test_requests_without_time_are_null_and_listed() -> None:
    """Where k6 knows no time the total is null, with the serial that the clock will carry."""
    decoded = decode(request(), timeless(serial="f7"), clock(3.25, serial="f7"))
    assert decoded.requests["total_ns"].to_pylist() == [4_250_000, None]
    assert decoded.waiting == {"total_ns": {"f7": 1}}
    assert decoded.values == {"total_ns": {"f7": 3_250_000}}


def test_hostile_text_is_kept_as_it_is() -> None:
    """Quotes, newlines, commas and letters of any script come through unchanged."""
    name, error = 'a,"b"\nhttp_reqs,1', "日本\u2028 'é\t\\"
    row = decode(request(scenario=name, error=error)).requests.to_pylist()[0]
    assert (row["scenario"], row["error"]) == (name, error)


def test_odd_numbers_in_tags_are_zero() -> None:
    """A status or an error code that is no small number counts as 0, never as an error of ours."""
    for odd in ("", "-1", "2e2", "99999", "²", "٣"):
        row = decode(request(status=odd, error_code=odd)).requests.to_pylist()[0]
        assert (row["status"], row["error_code"]) == (0, 0), odd


def test_block_without_requests() -> None:
    """A block that holds no request is an empty batch of the same schema."""
    for samples in ((), (line("vus", T_NS, 1),)):
        requests = decode(*samples).requests
        assert requests.num_rows == 0
        assert requests.schema == REQUEST_SCHEMA


def test_endpoints_are_one_vocabulary_over_blocks() -> None:
    """Codes of a later block go on where an earlier one stopped."""
    decoder = BlockDecoder(HEADER.encode())
    first = decoder.decode(request(name="/a").encode()).requests["endpoint"]
    second = decoder.decode((request(name="/b") + request(name="/a")).encode()).requests["endpoint"]
    assert second.dictionary.to_pylist()[: len(first.dictionary)] == first.dictionary.to_pylist()
    assert second.to_pylist() == ["/b", "/a"]
