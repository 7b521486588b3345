"""What k6 and its script say on stderr: what matters is kept and counted, floods are not."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from orchestrator.k6.console import Console

LINE_CHARS = 2_000
MESSAGE_CHARS = 500
KEPT_ERRORS = 50
MAX_REFUSED = 20

_FIRST = re.compile(r"(?:time=\S+ )?level=(\w+) ")
_MSG = re.compile(r'\bmsg=("(?:[^"\\]|\\.)*"|[^"\s]\S*)')
_SAID = re.compile(r'\b(?:msg|error)=("(?:[^"\\]|\\.)*"|[^"\s]\S*)')
_REFUSED = re.compile(
    r'(?:://([^\\"\s/?#]+)[^\\"\s]*\\": )?IP \(([0-9A-Fa-f.:]+)\) is in a blacklisted range'
)
_NOISE = re.compile(r"\bGoError: | at \S+ \(native\)")
_CRASHED = ("panic: ", "fatal error: ")
# Iterations whose turn, under the rate's bound, would have come after their end.
_TOO_LATE = "rate: Wait(n=1) would exceed context deadline"
_PLACE = re.compile(r"file://\S*/([^\s/]+?):(?: Line )?(\d+):(\d+)(?:\(\d+\))?")


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a stream; of an overlong one the beginning and the end."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield _text(line)
        rest = _shortened(rest)
    if rest:
        yield _text(rest)


def _shortened(line: bytes) -> bytes:
    return line if len(line) <= 2 * LINE_CHARS else line[:LINE_CHARS] + line[-LINE_CHARS:]


def _text(line: bytes) -> str:
    return _shortened(line).decode("utf-8", "replace").rstrip()


class K6Log:
    """The stderr of one k6.

    Parameters
    ----------
    secrets
        The names of values that must not be told, by value.
    allowed
        Addresses that stallwatch lets the script have: only the script itself can refuse them.
    console
        Takes what the script writes with console.log.

    Attributes
    ----------
    exceptions
        Iterations that ended with an exception: k6 says so and goes on.
    refused
        Addresses that the script is not allowed, with the host that it asked for where k6 says it.
    """

    def __init__(
        self,
        secrets: Mapping[str, str] | None = None,
        allowed: Collection[str] = (),
        console: Console | None = None,
    ) -> None:
        self._secrets, self._allowed, self.console = secrets or {}, allowed, console
        self._last = self._crash = ""
        self._errors: deque[str] = deque(maxlen=KEPT_ERRORS)
        self.exceptions = 0
        self._exception = ""
        self.refused: dict[str, str] = {}

    def take(self, line: str) -> None:
        """Take one line."""
        self._last = line
        if "blacklisted range" in line:
            self._note_refused(line)
        if line.startswith(_CRASHED):
            self._crash = self._crash or line
        level = _FIRST.match(line)
        if level is not None and self._from_console(line):
            if self.console is not None:
                self.console.take(line, self._said(line))
            return
        if level is None or level[1] not in {"error", "fatal", "panic"}:
            return
        said = _MSG.search(line)
        about = line[said.end() :] if said else ""
        if _TOO_LATE in line:
            return
        if " executor=" in about:
            self.exceptions += 1
            self._exception = line
        self._errors.append(line)

    def close(self) -> None:
        """Finish what is kept of the script's own words."""
        if self.console is not None:
            self.console.close()

    def message(self) -> str:
        """Return what k6 last said in earnest, or how it crashed, in one line; empty if it said nothing."""
        return self._said(self._crash or (self._errors[-1] if self._errors else self._last))

    def last_exception(self) -> str:
        """Return what the last exception in an iteration said, in one line."""
        return self._said(self._exception)

    def after(self, words: str) -> str:
        """Return what k6 said after these words, the last time that it said them; empty if it did not."""
        for line in reversed(self._errors):
            said = self._said(line)
            if words in said:
                return said.partition(words)[2]
        return ""

    @staticmethod
    def _from_console(line: str) -> bool:
        """Tell what a script wrote from k6's own words: behind the message, where no script can write."""
        if "source=console" not in line:
            return False
        said = _MSG.search(line)
        return said is not None and "source=console" in line[said.end() :]

    def _note_refused(self, line: str) -> None:
        for host, address in _REFUSED.findall(line):
            if address not in self._allowed and (address in self.refused or len(self.refused) < MAX_REFUSED):
                name = "" if address in host else host
                self.refused[address] = self.refused.get(address) or name

    def readable(self, text: str) -> str:
        """Return a script's words as one line without secrets, with places in files as ``name.js:8:29``."""
        for value in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(value, f"[{self._secrets[value]}]")
        text = _NOISE.sub("", " ".join(text.split()))
        return _PLACE.sub(lambda at: f"{unquote(at[1])}:{at[2]}:{at[3]}", text)[:MESSAGE_CHARS]

    def _said(self, line: str) -> str:
        return self.readable(": ".join(_unquoted(text) for text in _SAID.findall(line) or [line]))


def _unquoted(text: str) -> str:
    """Undo Go's quoting, which escapes as Python does."""
    if not text.startswith('"'):
        return text
    return text[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape", "replace")
