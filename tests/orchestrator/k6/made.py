"""The CSV that k6 writes, made by hand: a request, a clock, samples of other metrics."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pyarrow as pa

from orchestrator.k6.samples.blocks import BlockCutter
from orchestrator.k6.samples.decode import BlockDecoder, Decoded
from orchestrator.k6.samples.lines import CLOCK, METRICS
from orchestrator.k6.samples.rows import RowAssembler
from orchestrator.stores.contract import REQUEST_SCHEMA

HEADER = (
    "metric_name,timestamp,metric_value,"
    "error,error_code,ip,method,name,proto,scenario,status,extra_tags,metadata"
)
DEFAULT_HEADER = (
    "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,"
    "scenario,service,status,subproto,tls_version,url,extra_tags,metadata"
)
T_NS = 1_780_000_000_123_456_789
TAGS = {"method": "GET", "name": "/x", "proto": "HTTP/1.1", "scenario": "kept", "status": "200", "ip": "::1"}
# duration, blocked, connecting, tls, sending, waiting, receiving; in ms
TIMES_MS = (3.75, 0.5, 0.25, 0.125, 0.25, 3.0, 0.5)


def line(metric: str, stamp: int | str, value: float | str, *, header: str = HEADER, **tags: str) -> str:
    """Return one sample as k6 writes it, quoted where CSV needs it."""
    cells = {"metric_name": metric, "timestamp": str(stamp), "metric_value": str(value)} | tags
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([cells.get(name, "") for name in header.split(",")])
    return text.getvalue()


def request(
    stamp: int | str = T_NS,
    *,
    times_ms: Sequence[float] = TIMES_MS,
    failed: bool | None = False,
    header: str = HEADER,
    **tags: str,
) -> str:
    """Return the samples of one request; ``failed`` None leaves out http_req_failed."""
    values = [1.0, *times_ms] + ([] if failed is None else [float(failed)])
    cells = TAGS | tags
    return "".join(
        line(metric, stamp, f"{value:.6f}", header=header, **cells)
        for metric, value in zip(METRICS, values, strict=False)
    )


def timeless(stamp: int = T_NS, *, serial: str, error_code: str = "1212", **tags: str) -> str:
    """Return a request that k6 has no time for."""
    cells = {
        "status": "0",
        "error_code": error_code,
        "error": "dial: connection refused",
        "proto": "",
        "ip": "",
    }
    return request(stamp, times_ms=[0.0] * 7, failed=True, **(cells | {"metadata": metadata(serial)} | tags))


def metadata(serial: str) -> str:
    """Return the column of a sample that carries a serial, or none."""
    return f"serial={serial}" if serial else ""


def clock(total_ms: float, *, serial: str, stamp: int = T_NS) -> str:
    """Return the script's own time of a request."""
    return line(CLOCK, stamp, total_ms, scenario="kept", metadata=metadata(serial))


def decode(*samples: str, header: str = HEADER) -> Decoded:
    """Decode samples as one block."""
    return BlockDecoder(header.encode()).decode("".join(samples).encode())


def rows_of(chunks: Sequence[bytes]) -> list[dict[str, object]]:
    """Return the rows that the live path makes of k6's output, decoded after each chunk."""
    cutter, rows, batches = BlockCutter(), RowAssembler(), list[pa.RecordBatch]()
    decoder: BlockDecoder | None = None
    for block in [*(_pushed(cutter, chunk) for chunk in chunks), cutter.finish()[0]]:
        if block:
            assert cutter.header is not None
            decoder = decoder or BlockDecoder(cutter.header)
            batches += rows.push(decoder.decode(block))
    batches += rows.finish()
    table: list[dict[str, object]] = pa.Table.from_batches(batches, schema=REQUEST_SCHEMA).to_pylist()
    return table


def _pushed(cutter: BlockCutter, chunk: bytes) -> bytes:
    cutter.push(chunk)
    return cutter.cut()
