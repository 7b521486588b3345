"""Cut k6's output into blocks that hold whole requests only, in memory that stays bounded."""

from __future__ import annotations

from orchestrator.errors import K6Error

MAX_REST_BYTES = 4 << 20
MAX_HEADER_BYTES = 1 << 16


def shown(line: bytes, most: int = 80) -> str:
    """Return how a line begins, quoted, for a message; what is no text in it is escaped."""
    return repr(line[:most].decode(errors="backslashreplace"))


class LineCutter:
    """Bytes in, blocks of whole lines out; a request's lines never part.

    A block ends before the last line that begins a request. A line that does not end in half of
    ``MAX_REST_BYTES`` is none of k6's: it is thrown away, and counted in ``dropped``.
    """

    request_mark = b'"metric":"http_reqs"'

    def __init__(self) -> None:
        self._rest = bytearray()
        self._dropping = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._rest)

    def push(self, data: bytes) -> None:
        """Take more of k6's output."""
        if self._dropping:
            _, end, data = data.partition(b"\n")
            self._dropping = not end
        self._rest += data

    def cut(self) -> bytes:
        """Return all that is sure to be whole, up to before the last request; empty if nothing is."""
        end = self._request_begins()
        if end <= 0 and len(self._rest) > MAX_REST_BYTES:
            end = self._lines_end()
            # Samples of other metrics without end: the one request that may be here is far behind. Or most
            # of it is a line without end, and what stands before it may be half a request.
            if 2 * end < len(self._rest):
                self._drop_line(end)
                end = 0
        return self._take(end)

    def finish(self) -> tuple[bytes, bytes]:
        """Return what is left as (whole lines, a broken last line): the end of the output."""
        block = self._take(self._lines_end())
        while b"\n" in self._rest:  # its quotes do not close: what stands behind it may be samples
            self._drop_line(0)
            block += self._take(self._lines_end())
        return block, self._take(len(self._rest))

    def _request_begins(self) -> int:
        """Where the last line that begins a request starts; 0 or less if there is none."""
        mark = self._rest.rfind(self.request_mark)
        return self._rest.rfind(b"\n", 0, mark) + 1 if mark >= 0 else 0

    def _lines_end(self) -> int:
        """Where the last whole line ends; 0 if there is none."""
        return self._rest.rfind(b"\n") + 1

    def _drop_line(self, begin: int) -> None:
        end = self._rest.find(b"\n", begin) + 1
        self._dropping = not end
        self.dropped += 1
        del self._rest[begin : end or len(self._rest)]

    def _take(self, size: int) -> bytes:
        with memoryview(self._rest) as rest:
            block = bytes(rest[:size])
        del self._rest[:size]
        return block


class BlockCutter(LineCutter):
    """Cuts CSV: a line ends outside quotes, as a tag's value may hold a newline followed by ``http_reqs,``.

    The first line is the header, taken off and kept.

    Raises
    ------
    K6Error
        The first line has no end.
    """

    request_mark = b"\nhttp_reqs,"

    def __init__(self) -> None:
        super().__init__()
        self.header: bytes | None = None

    def push(self, data: bytes) -> None:
        """Take more of k6's output."""
        super().push(data)
        if self.header is None:
            end = self._rest.find(b"\n")
            if end > MAX_HEADER_BYTES or (end < 0 and len(self._rest) > MAX_HEADER_BYTES):
                raise K6Error(
                    f"k6 wrote no CSV of samples: its first line begins with {shown(bytes(self._rest), 40)}"
                    f" and is longer than {MAX_HEADER_BYTES:,} bytes",
                    hint="expected metric_name,timestamp,metric_value,... as `k6 run -o csv=FILE` writes it",
                )
            if end >= 0:
                self.header = bytes(self._rest[:end]).rstrip(b"\r")
                del self._rest[: end + 1]

    def cut(self) -> bytes:
        """Return all that is sure to be whole, up to before the last request; empty if nothing is."""
        return super().cut() if self.header is not None else b""

    def _request_begins(self) -> int:
        return self._outside_quotes(self.request_mark) + 1

    def _lines_end(self) -> int:
        return self._outside_quotes(b"\n") + 1

    def _outside_quotes(self, mark: bytes) -> int:
        """Where the last ``mark`` outside quotes begins; -1 if there is none."""
        if b'"' not in self._rest:
            return self._rest.rfind(mark)
        end = len(self._rest)
        quotes = self._rest.count(b'"')
        while (found := self._rest.rfind(mark, 0, end)) >= 0:
            quotes -= self._rest.count(b'"', found, end)
            if quotes % 2 == 0:
                return found
            end = found
        return -1
