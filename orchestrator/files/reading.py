"""Files that `analyze` is given: samples as k6 writes them, or a request table of stallwatch."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from orchestrator.errors import K6Error, StallwatchError, UsageError
from orchestrator.k6.samples.blocks import BlockCutter
from orchestrator.k6.samples.decode import BlockDecoder
from orchestrator.k6.samples.rows import RowAssembler

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

READ_BYTES = 1 << 22
MAX_HEADER_BYTES = 1 << 16
GZIP_MAGIC = b"\x1f\x8b"
EXPECTED = "expected what `k6 run -o csv=FILE` writes, or a requests.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTable:
    """A file's request table, its dropped iterations, and what a reader should know of the file."""

    frame: pd.DataFrame
    dropped_iterations: int = 0
    notes: tuple[str, ...] = ()


def looks_like_file(name: str) -> bool:
    """Tell a path from the id of a Run."""
    return Path(name).exists() or "/" in name or re.search(r"\.(csv|gz|json|parquet)$", name) is not None


def read_file(path: Path) -> FileTable:
    """Return what a file holds; a gzip is known by its first bytes, a Parquet table by its name.

    Raises
    ------
    UsageError
        The file is missing, empty, truncated, or no samples of k6.
    """
    try:
        return _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except FileNotFoundError:
        raise UsageError(
            f"{path}: there is no such file", hint="give the path of a k6 CSV or the id of a run"
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(
            f"{path}: {error}", hint="the gzip is cut off or damaged; write it again, or unpack what is left"
        ) from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", hint=EXPECTED) from error
    except K6Error as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint or EXPECTED) from error


def _read_parquet(path: Path) -> FileTable:
    from orchestrator.stores.frames import to_frame
    from orchestrator.stores.parquet import read_parquet

    with path.open("rb"):  # whatever keeps it from being opened is said as for any file
        pass
    try:
        return FileTable(frame=to_frame(read_parquet(path)))
    except StallwatchError as error:
        raise UsageError(error.message, hint=error.hint) from error


def _read_csv(path: Path) -> FileTable:
    from orchestrator.stores.frames import to_frame

    batches: list[pa.RecordBatch] = []
    rows, dropped, malformed, decoder = RowAssembler(), 0.0, 0, None
    cutter = BlockCutter()
    with _opened(path) as stream:
        for header, block in _blocks(stream, cutter, path):
            decoder = decoder or BlockDecoder(header)
            decoded = decoder.decode(block)
            dropped += decoded.counters["dropped_iterations"]
            malformed += decoded.malformed
            batches += rows.push(decoded)
    notes = []
    if decoder is not None and decoder.endpoints.folded:
        notes.append("more than 50 endpoints: those beyond are folded into 'other'")
    malformed += decoder.malformed_lines if decoder is not None else 0
    if malformed:
        notes.append(f"{malformed:,} requests or lines of the file could not be read")
    if len(cutter):
        notes.append("the last line of the file is cut off")
    return FileTable(
        frame=to_frame(batches + rows.finish()), dropped_iterations=int(dropped), notes=tuple(notes)
    )


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    # GzipFile does all that is asked of an IO[bytes] here.
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")


def _blocks(stream: IO[bytes], cutter: BlockCutter, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the header with block after block; what the cutter still holds then is a broken last line."""
    empty = True
    while data := stream.read(READ_BYTES):
        empty = False
        cutter.push(data)
        if cutter.header is None and len(cutter) > MAX_HEADER_BYTES:
            break
        if cutter.header is not None and (block := cutter.cut()):
            yield cutter.header, block
    if cutter.header is None:
        what = "the file is empty" if empty else "it has no first line of column names"
        raise UsageError(f"{path}: {what}", hint=EXPECTED)
    block, broken = cutter.finish()
    yield cutter.header, block
    cutter.push(broken)
