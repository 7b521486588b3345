"""Cut k6's CSV output into blocks that hold whole requests only."""

from __future__ import annotations

REQUEST_LINE = b"\nhttp_reqs,"
MAX_REST_BYTES = 4 << 20
REQUEST_LINES = 9


class BlockCutter:
    """Bytes in, blocks of whole lines out; a request's lines never part.

    A block ends before a ``http_reqs`` line that stands outside quotes: a tag's value may hold a
    newline followed by ``http_reqs,``. The first line is the header, taken off and kept.
    """

    def __init__(self) -> None:
        self.header: bytes | None = None
        self._rest = bytearray()

    def __len__(self) -> int:
        return len(self._rest)

    def push(self, data: bytes) -> None:
        """Take more of k6's output."""
        self._rest += data
        if self.header is None:
            end = self._rest.find(b"\n")
            if end >= 0:
                self.header = bytes(self._rest[:end]).rstrip(b"\r")
                del self._rest[: end + 1]

    def cut(self) -> bytes:
        """Return all that is sure to be whole, up to before the last request; empty if nothing is."""
        if self.header is None:
            return b""
        found = self._outside_quotes(REQUEST_LINE)
        if found < 0 and len(self._rest) > MAX_REST_BYTES:
            # Samples of other metrics without end: the one request that may be here is far behind.
            found = self._outside_quotes(b"\n")
            if self._rest.count(b"\n", 0, found) < REQUEST_LINES:
                return b""
        return self._take(found + 1)

    def finish(self) -> tuple[bytes, bytes]:
        """Return what is left as (whole lines, a broken last line): the end of the output."""
        block = self._take(self._outside_quotes(b"\n") + 1)
        return block, self._take(len(self._rest))

    def _outside_quotes(self, mark: bytes) -> int:
        """Where the last ``mark`` outside quotes begins; -1 if there is none."""
        end = len(self._rest)
        quotes = self._rest.count(b'"')
        while (found := self._rest.rfind(mark, 0, end)) >= 0:
            quotes -= self._rest.count(b'"', found, end)
            if quotes % 2 == 0:
                return found
            end = found
        return -1

    def _take(self, size: int) -> bytes:
        block = bytes(self._rest[:size])
        del self._rest[:size]
        return block
