"""Cut k6's CSV output into blocks that hold whole requests only."""

from __future__ import annotations

REQUEST_LINE = b"\nhttp_reqs,"
MAX_LINE_BYTES = 64 << 20


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
        end = len(self._rest)
        while (found := self._rest.rfind(REQUEST_LINE, 0, end)) >= 0:
            if self._rest.count(b'"', 0, found) % 2 == 0:
                return self._take(found + 1)
            end = found
        return b""

    def finish(self) -> tuple[bytes, bytes]:
        """Return what is left as (whole lines, a broken last line): the end of the output."""
        end = self._rest.rfind(b"\n") + 1
        while end and self._rest.count(b'"', 0, end) % 2:
            end = self._rest.rfind(b"\n", 0, end - 1) + 1
        block = self._take(end)
        return block, self._take(len(self._rest))

    def _take(self, size: int) -> bytes:
        block = bytes(self._rest[:size])
        del self._rest[:size]
        return block
