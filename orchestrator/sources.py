"""What `analyze` is given: a Run or Campaign of the home, or a file that k6 or stallwatch wrote."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from orchestrator.errors import K6Error, UsageError
from orchestrator.k6.blocks import BlockCutter
from orchestrator.k6.decode import BlockDecoder
from orchestrator.k6.rows import RowAssembler

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

READ_BYTES = 1 << 22


def looks_like_file(name: str) -> bool:
    """Tell a path from the id of a Run."""
    return Path(name).exists() or "/" in name or re.search(r"\.(csv|gz|json|parquet)$", name) is not None


def read_file(path: Path) -> tuple[pd.DataFrame, int]:
    """Return a file's request table and its number of dropped iterations.

    Raises
    ------
    UsageError
        The file is missing, empty, truncated, or no samples of k6.
    """
    from orchestrator.stores.frames import to_frame

    if path.suffix == ".parquet":
        from orchestrator.stores.parquet import read_parquet

        return to_frame(read_parquet(path)), 0
    try:
        with _opened(path) as stream:
            return _read_csv(stream, path)
    except FileNotFoundError:
        raise UsageError(
            f"{path}: there is no such file", hint="give the path of a k6 CSV or the id of a run"
        ) from None
    except (EOFError, gzip.BadGzipFile) as error:
        raise UsageError(f"{path}: {error}", hint="the file is cut off or no gzip; write it again") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except K6Error as error:
        raise UsageError(
            f"{path}: {error.message}", hint=error.hint or "expected what `k6 run -o csv=FILE` writes"
        ) from error


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value] # GzipFile is an IO[bytes]


def _read_csv(stream: IO[bytes], path: Path) -> tuple[pd.DataFrame, int]:
    from orchestrator.stores.frames import to_frame

    batches: list[pa.RecordBatch] = []
    rows, dropped, decoder = RowAssembler(), 0.0, None
    for header, block in _blocks(stream, path):
        decoder = decoder or BlockDecoder(header)
        decoded = decoder.decode(block)
        dropped += decoded.counters["dropped_iterations"]
        batches += rows.push(decoded)
    return to_frame(batches + rows.finish()), int(dropped)


def _blocks(stream: IO[bytes], path: Path) -> Iterator[tuple[bytes, bytes]]:
    cutter = BlockCutter()
    while data := stream.read(READ_BYTES):
        cutter.push(data)
        if cutter.header is not None and (block := cutter.cut()):
            yield cutter.header, block
    if cutter.header is None:
        raise UsageError(f"{path}: the file is empty", hint="expected what `k6 run -o csv=FILE` writes")
    yield cutter.header, cutter.finish()[0]
