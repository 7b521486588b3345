"""Read blocks of the CSV that ``k6 run -o csv=...`` writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from orchestrator.errors import K6Error
from orchestrator.k6.samples.blocks import shown
from orchestrator.k6.samples.lines import TAGS, Lines, codes_of, one_chunk

_NEEDED = ("metric_name", "timestamp", "metric_value")
_TYPES = {"metric_name": pa.dictionary(pa.int32(), pa.string()), "metric_value": pa.float64()}


class CsvReader:
    """Reads the blocks of one CSV, all under one header.

    Raises
    ------
    K6Error
        The header is not that of k6's samples.
    """

    def __init__(self, header: bytes) -> None:
        self.columns = _cells(header)
        hint = "expected metric_name,timestamp,metric_value,... as `k6 run -o csv=FILE` writes it"
        if missing := [name for name in _NEEDED if name not in self.columns]:
            said = f"its first line is {shown(header)}, without {missing[0]}"
            raise K6Error(f"k6 wrote no CSV of samples: {said}", hint=hint)
        if twice := [name for name in self.columns if self.columns.count(name) > 1]:
            raise K6Error(f"k6 wrote no CSV of samples: its first line has {twice[0]!r} twice", hint=hint)
        # Without its name (k6's `--system-tags` leave it out), a request is called by its URL.
        self._name = "name" if "name" in self.columns else "url"

    def read(self, block: bytes) -> Lines:
        """Return what the lines say; a line with too few or too many cells is none."""
        tags = {tag: self._name if tag == "name" else tag for tag in TAGS}
        table, unreadable = self._table(block, (*_NEEDED, *tags.values()))
        known = {tag: one_chunk(table[name]) for tag, name in tags.items() if name in table.column_names}
        return Lines(
            codes=codes_of(one_chunk(table["metric_name"])),
            values=one_chunk(table["metric_value"]).to_numpy(zero_copy_only=False),
            stamps=one_chunk(table["timestamp"]),
            tags=known,
            # As many as lines, and hardly ever needed: read only then.
            serials=lambda: self._serials(block, table.num_rows),
            unreadable=unreadable,
        )

    def _serials(self, block: bytes, lines: int) -> pa.Array:
        if "metadata" not in self.columns:
            return pa.nulls(lines, pa.string())
        table, _ = self._table(block, ("metadata",))
        serial = pyarrow.compute.extract_regex(
            one_chunk(table["metadata"]), r"(?:^|&)serial=(?P<serial>[^&]*)"
        )
        return serial.field("serial")

    def _table(self, block: bytes, wanted: Sequence[str]) -> tuple[pa.Table, int]:
        """Return the wanted columns, and how many lines had too few or too many cells."""
        include = [name for name in wanted if name in self.columns]
        types = dict.fromkeys(include, pa.string()) | _TYPES
        skipped = 0

        def skip(row: pyarrow.csv.InvalidRow) -> str:
            nonlocal skipped
            skipped += 1 + row.text.rstrip("\r\n").count("\n")  # an open quote swallows what follows
            return "skip"

        with suppress(pa.ArrowInvalid, UnicodeDecodeError):  # a number that is none, bytes that are no text
            if not block.isascii():
                block.decode()  # Arrow would print a traceback where it cannot show an invalid row
            return pyarrow.csv.read_csv(
                pa.BufferReader(block),
                read_options=pyarrow.csv.ReadOptions(
                    column_names=self.columns, use_threads=False, block_size=max(len(block) + 1, 1024)
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    newlines_in_values=b'"' in block, invalid_row_handler=skip
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=include, column_types=types, strings_can_be_null=False
                ),
            ), skipped
        return self._line_by_line(block, include)

    def _line_by_line(self, block: bytes, include: Sequence[str]) -> tuple[pa.Table, int]:
        """Do the same slowly, where a cell that is no number or no text costs nothing but itself."""
        rows: list[list[str]] = []
        skipped = 0
        for row, lines in _records(block.decode("utf-8", "replace")):
            if len(row) == len(self.columns):
                rows.append(row)
            elif row:
                skipped += lines
        cells = {name: [row[self.columns.index(name)] for row in rows] for name in include}
        arrays = {name: pa.array(texts, pa.string()) for name, texts in cells.items()}
        if "metric_value" in cells:
            arrays["metric_value"] = pa.array(map(_number, cells["metric_value"]), pa.float64())
        if "metric_name" in cells:
            arrays["metric_name"] = arrays["metric_name"].dictionary_encode()
        return pa.table(arrays), skipped


def _cells(header: bytes) -> list[str]:
    try:
        return next(csv.reader([header.decode("utf-8-sig", "replace")]), [])
    except csv.Error:
        return []


def _records(text: str) -> Iterator[tuple[list[str], int]]:
    """Yield each record with the number of lines that it takes."""
    reader = csv.reader(io.StringIO(text, newline=""))
    before = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a cell larger than the module's bound
            row = ["?"]
        yield row, reader.line_num - before
        before = reader.line_num


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
