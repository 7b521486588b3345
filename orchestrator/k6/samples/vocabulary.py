"""Text columns as codes into one growing list of words, the same for all batches of a Run."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

MAX_WORDS = 10_000
OTHER = "other"


class Vocabulary:
    """The words of one text column, in the order of their first appearance.

    One list for the whole Run keeps the stream small: a dictionary is written again only when it
    grew. Past ``MAX_WORDS`` new words become ``other``, so that memory stays bounded.
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._dictionary = pa.array([], pa.string())

    def encode(self, column: pa.DictionaryArray) -> pa.DictionaryArray:
        """Return the same texts as codes of this vocabulary."""
        codes = [self._code(word or "") for word in column.dictionary.to_pylist()]
        if len(self._dictionary) != len(self._codes):
            self._dictionary = pa.array(list(self._codes), pa.string())
        lookup = np.array(codes or [0], dtype=np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(lookup[column.indices.to_numpy()]), self._dictionary)

    def _code(self, word: str) -> int:
        if word not in self._codes and len(self._codes) >= MAX_WORDS:
            word = OTHER
        return self._codes.setdefault(word, len(self._codes))
