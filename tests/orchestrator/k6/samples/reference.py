"""A slow and obvious reader of k6's samples, line by line: what the fast one is compared with."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.k6.samples.endpoints import endpoint_of
from orchestrator.k6.samples.requests import Loss

TIMINGS = ("duration", "blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")
LIMIT_MS = 2**53 / 1e6
TEXTS = ("error", "method", "proto", "scenario", "ip")


@dataclass(frozen=True, slots=True)
class Sample:
    """One readable line."""

    metric: str
    stamp: str
    value: float
    tags: dict[str, str]


def read_csv(data: bytes) -> tuple[list[dict[str, Any]], Counter[Loss]]:
    """Return the rows that a CSV of k6 holds, and what was lost."""
    (header, _), *records = csv_records(data.decode())
    samples, lost = [], Counter[Loss]()
    for cells, lines in records:
        if cells and len(cells) != len(header):
            lost[Loss.LINE] += lines
        elif cells:
            tags = dict(zip(header, cells, strict=True))
            value = number(tags["metric_value"])
            tags["name"] = tags["name"] if "name" in tags else tags.get("url", "")
            samples.append(Sample(tags["metric_name"], tags["timestamp"], value, tags))
    return requests(samples, lost)


def csv_records(text: str) -> Iterator[tuple[list[str], int]]:
    """Yield each record with its number of lines; a quote that never closes costs its own line only."""
    lines = list(io.StringIO(text, newline=""))
    while lines:
        reader = csv.reader(lines)
        cells = next(reader)
        if reader.line_num == len(lines) and "".join(lines).count('"') % 2:
            yield ["a quote that never closes"], 1
            del lines[0]
        else:
            yield cells, reader.line_num
            del lines[: reader.line_num]


def read_json(data: bytes) -> tuple[list[dict[str, Any]], Counter[Loss]]:
    """Return the rows that a JSON of k6 holds, and what was lost."""
    samples, lost = [], Counter[Loss]()
    for line in data.decode().split("\n"):
        kind, sample = json_line(line)
        if kind == "Point":
            samples.append(sample)
        elif kind != "Metric" and line.strip():
            lost[Loss.LINE] += 1
    return requests(samples, lost)


def json_line(line: str) -> tuple[str, Sample]:
    """Return what kind of line it is, and the sample that it is or is not."""
    try:
        value = json.loads(line)
        data, tags = value["data"], dict(value["data"].get("tags") or {})
        tags["name"] = tags.get("name", tags.get("url", ""))
        tags["extra_tags"] = f"endpoint={tags['endpoint']}" if "endpoint" in tags else ""
        found = data.get("value")
        stamp = data.get("time") or ""
        return value["type"], Sample(value["metric"], stamp, math.nan if found is None else found, tags)
    except (ValueError, KeyError, TypeError):
        return "none", Sample("", "", math.nan, {})


def requests(samples: list[Sample], lost: Counter[Loss]) -> tuple[list[dict[str, Any]], Counter[Loss]]:
    """Return a row for each request whose samples are all there and can be."""
    rows: list[dict[str, Any]] = []
    taken: set[int] = set()
    for at, sample in enumerate(samples):
        before = samples[at - 1].metric if at else ""
        if sample.metric == "http_req_duration" and before != "http_reqs":
            lost[Loss.HEADLESS] += 1
        if sample.metric != "http_reqs":
            continue
        following = samples[at + 1 : at + 8]
        if [other.metric for other in following] != [f"http_req_{name}" for name in TIMINGS]:
            lost[Loss.INCOMPLETE] += 1
            continue
        times = {name: other.value for name, other in zip(TIMINGS, following, strict=True)}
        end_ns = time_ns(sample.stamp)
        if not end_ns or not all(ms >= 0 for ms in times.values()) or sum(times.values()) > LIMIT_MS:
            lost[Loss.IMPOSSIBLE] += 1
            continue
        while end_ns in taken:
            end_ns += 1
        taken.add(end_ns)
        last = samples[at + 8] if at + 8 < len(samples) else None
        rows.append(row(sample, end_ns, times, last))
    return rows, lost


def row(sample: Sample, end_ns: int, times: dict[str, float], last: Sample | None) -> dict[str, Any]:
    """Return the row of a request."""
    ns = {name: round(ms * 1e6) for name, ms in times.items()}
    tags = sample.tags
    status, code = small(tags.get("status", "")), small(tags.get("error_code", ""))
    total = ns["blocked"] + ns["sending"] + ns["waiting"] + ns["receiving"]
    failed = last.value != 0 if last and last.metric == "http_req_failed" else code != 0
    return {
        "end_ns": end_ns,
        **{f"{name}_ns": ns[name] for name in ("blocked", "connecting", "sending", "waiting", "receiving")},
        "tls_ns": ns["tls_handshaking"],
        "total_ns": total if status or ns["blocked"] + ns["duration"] else None,
        "status": status,
        "error_code": code,
        "failed": failed,
        "received_bytes": None,
        "endpoint": endpoint_of(tags["name"], tags.get("extra_tags", "")),
        **{name: tags.get(name, "") for name in TEXTS},
    }


def number(text: str) -> float:
    """Return a number, NaN where there is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def small(text: str) -> int:
    """Return a number of at most four digits, else 0."""
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0


def time_ns(stamp: str) -> int:
    """Return a stamp as ns from 2001-09-09 to 2261-07, else 0."""
    if re.fullmatch(r"[1-9]\d*", stamp):
        scale = {10: 10**9, 13: 10**6, 16: 10**3, 19: 1}.get(len(stamp), 0)
        at = int(stamp) * scale
    else:
        match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", stamp)
        try:
            if match is None:
                return 0
            whole = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
            at = int(whole.timestamp()) * 10**9 + int((match[2] or "0").ljust(9, "0"))
        except (ValueError, OverflowError):
            return 0
    return at if 10**18 <= at < 9_200_000_000 * 10**9 else 0
