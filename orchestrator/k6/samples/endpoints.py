"""What an endpoint is called: short, without ids, and never endlessly many."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_ENDPOINTS = 50
OTHER = "other"

_ID = re.compile(
    r"(?<=/)(?:\d+|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,})(?=/|$)"
)


def endpoint_of(name: str, extra_tags: str = "") -> str:
    """Return the tag ``endpoint`` if there is one, else ``name`` without query and with ids folded.

    ``extra_tags`` is k6's ``k=v&k=v``, not escaped by k6: the first ``endpoint=`` counts.
    """
    for tag in extra_tags.split("&") if extra_tags else ():
        if tag.startswith("endpoint="):
            return tag.removeprefix("endpoint=")
    return _ID.sub("{id}", re.split(r"[?#]", name, maxsplit=1)[0])


class Endpoints:
    """Remembers the endpoints of one Run and folds those beyond the fiftieth into ``other``."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._kept: set[str] = set()
        self.folded = False

    def resolve(self, pairs: Iterable[tuple[str, str]]) -> list[str]:
        """Return the endpoint of each (name, extra_tags) pair."""
        return [self._resolve(pair) for pair in pairs]

    def _resolve(self, pair: tuple[str, str]) -> str:
        known = self._names.get(pair)
        if known is not None:
            return known
        endpoint = endpoint_of(*pair)
        if endpoint not in self._kept:
            if len(self._kept) >= MAX_ENDPOINTS:
                self.folded = True
                return OTHER
            self._kept.add(endpoint)
        if len(self._names) < 100 * MAX_ENDPOINTS:
            self._names[pair] = endpoint
        return endpoint
