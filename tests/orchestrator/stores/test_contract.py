"""What every store of requests promises, asked of the embedded one and of a real InfluxDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from analysis.requests import PHASES
from orchestrator.errors import StoreError
from orchestrator.k6.samples.distinct import DistinctEnds
from orchestrator.stores.contract import REQUEST_SCHEMA, RunStore
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.points import RunTags
from orchestrator.stores.influxdb.store import InfluxStore
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.stores.batches import HOSTILE, T_NS, batch, replaced, rows_of

MORE_HOSTILE = [
    *HOSTILE,
    "a b,c=d",
    '"',
    "'",
    "\\",
    "\\,",
    "a\\ b",
    "%0A",
    "%(empty)",
    "=",
    ",",
    "\u2028",
    "\r",
]
MILLION = 1_000_000


@pytest.fixture(params=["parquet", "influxdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    """Each store in turn, empty."""
    if request.param == "parquet":
        yield ParquetStore(lambda run_id: tmp_path / run_id)
        return
    with InfluxClient(request.getfixturevalue("influx_bucket")) as client:
        yield InfluxStore(client, lambda run_id: RunTags(run=run_id, node="node 1", profile="smoke"))


def write(store: RunStore, run_id: str, *batches: pa.RecordBatch) -> None:
    """Store a Run."""
    writer = store.writer(run_id)
    for one in batches:
        writer.append(one)
        writer.flush()
    assert writer.close() == sum(one.num_rows for one in batches)


def test_every_digit_and_row_comes_back_in_order(store: RunStore) -> None:
    """All columns, over all that their types hold, nulls too; rows that do not stand in the order of time."""
    whole = batch(300, seed=3)
    mixed = whole.take(pa.array(np.random.default_rng(1).permutation(300)))
    batches = [mixed.slice(0, 7), mixed.slice(7, 1), mixed.slice(8, 200), mixed.slice(208)]
    write(store, "run", *batches)
    assert rows_of(store.batches("run")) == rows_of(batches)
    assert {one.schema for one in store.batches("run")} == {REQUEST_SCHEMA}


@pytest.mark.parametrize("ns", [0, 1, 999, 1_000_001, 4_000_000_007, 2**51, 2**51 + 1, 2**53 + 1, 2**63 - 1])
def test_durations_are_exact(store: RunStore, ns: int) -> None:
    """Whether a nanosecond or centuries, a duration and its negative are the very same number."""
    one, other = batch(50), batch(50, first=50)
    for name in (field.name for field in REQUEST_SCHEMA if field.name.endswith("_ns")):
        if name != "end_ns":
            one, other = replaced(one, **{name: ns}), replaced(other, **{name: -ns - (ns == 2**63 - 1)})
    write(store, "run", one, other)
    assert rows_of(store.batches("run")) == rows_of([one, other])


def test_hostile_text(store: RunStore) -> None:
    """Spaces, commas, equals signs, quotes, backslashes at the end, newlines, nothing, 10 kB come back."""
    rows = batch(400, texts=MORE_HOSTILE)
    write(store, "run", rows)
    assert rows_of(store.batches("run")) == rows.to_pylist()


def test_some_columns(store: RunStore) -> None:
    """The columns that are asked for come in that order, and no others."""
    rows = batch(50, seed=2)
    write(store, "run", rows)
    for wanted in (["total_ns", "error", "end_ns"], ["endpoint"], ["end_ns"], ["status", "failed"]):
        expected = [{name: row[name] for name in wanted} for row in rows.to_pylist()]
        assert rows_of(store.batches("run", wanted)) == expected


def test_runs_are_counted_and_listed(store: RunStore) -> None:
    """What is stored is counted, under the ids that it was stored as."""
    assert store.runs() == []
    write(store, "smoke-2.node-1", batch(7))
    write(store, "smoke-1.node-1", batch(20), batch(3, first=20))
    assert store.runs() == ["smoke-1.node-1", "smoke-2.node-1"]
    assert [store.count(run) for run in store.runs()] == [23, 7]


def test_a_deleted_run_is_gone_and_no_other(store: RunStore) -> None:
    """Deleting takes one Run, may be done again, and leaves room for a new one of the same id."""
    write(store, "one", batch(9))
    write(store, "two", batch(5, seed=1))
    store.delete("one")
    store.delete("one")
    assert store.runs() == ["two"]
    with pytest.raises(StoreError, match="run one"):
        list(store.batches("one"))
    assert rows_of(store.batches("two")) == batch(5, seed=1).to_pylist()
    write(store, "one", batch(4, seed=2))
    assert rows_of(store.batches("one")) == batch(4, seed=2).to_pylist()


def test_two_runs_at_once(store: RunStore) -> None:
    """Runs written side by side, with the same times, endpoints and node, hold their own rows only."""
    parts = [batch(7), batch(1, first=7), batch(20, first=8)]
    one, two = store.writer("one"), store.writer("two")
    for part in parts:
        one.append(part)
        two.append(replaced(part, status=503))
    assert two.close() == one.close() == 28
    assert rows_of(store.batches("one")) == rows_of(parts)
    assert rows_of(store.batches("two")) == rows_of(replaced(part, status=503) for part in parts)


def test_requests_that_end_together(store: RunStore) -> None:
    """A thousand requests of one series with one end, made distinct as k6's are, are a thousand rows."""
    distinct = DistinctEnds()
    alike = replaced(batch(500, texts=["same"]), end_ns=T_NS, status=200)
    batches = [replaced(alike, end_ns=distinct.apply(alike.column("end_ns").to_numpy())) for _ in range(2)]
    write(store, "run", *batches)
    assert rows_of(store.batches("run")) == rows_of(batches)


def test_a_run_is_readable_while_it_goes_on(store: RunStore) -> None:
    """Everything up to the last flush can be read, and is counted."""
    writer = store.writer("run")
    parts = [batch(7), batch(1, first=7), batch(20, first=8)]
    for number, part in enumerate(parts, start=1):
        writer.append(part)
        writer.flush()
        assert rows_of(store.batches("run")) == rows_of(parts[:number])
        assert writer.readable() == store.count("run") == sum(p.num_rows for p in parts[:number])
    writer.close()


def test_a_run_that_is_there_is_not_started_again(store: RunStore) -> None:
    """A second writer is refused, and what is there stays."""
    write(store, "run", batch(7))
    with pytest.raises(StoreError):
        store.writer("run")
    assert rows_of(store.batches("run")) == batch(7).to_pylist()


def test_an_unknown_run_is_named(store: RunStore) -> None:
    """A Run that was never stored is an error that names it, with the command that lists those that are."""
    with pytest.raises(StoreError, match=r"run nobody.*list runs"):
        list(store.batches("nobody"))


@pytest.mark.timeout(900)  # 20 s of a server's time, which a busy machine has to find first
def test_one_million_rows(store: RunStore) -> None:
    """A million requests of many series come back, each in its place, in batches that are none too large."""
    parts = [many(50_000, first) for first in range(0, MILLION, 50_000)]
    write(store, "run", *parts)
    assert store.count("run") == MILLION
    back = list(store.batches("run"))
    assert max(one.num_rows for one in back) < MILLION / 4
    whole, expected = (pa.Table.from_batches(b).unify_dictionaries() for b in (back, parts))
    for name in REQUEST_SCHEMA.names:
        kept, written = (plain(table.column(name)) for table in (whole, expected))
        assert kept.equals(written), name


def many(rows: int, first: int) -> pa.RecordBatch:
    """Return requests as a service has them: some endpoints, durations of up to a second."""
    rng = np.random.default_rng(first)
    durations = {f"{name}_ns": rng.integers(0, 10**9, rows) for name in ("total", *PHASES)}
    words = [f"/endpoint/{n}" for n in range(5)]
    return replaced(batch(rows, first=first, seed=first, texts=words), status=200, **durations)


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column with its words instead of codes, which each store numbers in its own order."""
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
