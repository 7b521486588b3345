"""Words of a text column, numbered in the order of their coming."""

from __future__ import annotations

import pyarrow as pa
import pytest

from orchestrator.k6.samples import vocabulary
from orchestrator.k6.samples.vocabulary import OTHER, Vocabulary


def column(*words: str | None) -> pa.DictionaryArray:
    """Return a column of words as pyarrow.csv gives it."""
    return pa.array(words, pa.string()).dictionary_encode()


def test_texts_stay_and_codes_do_not_change() -> None:
    """Later batches keep the codes of earlier ones, whatever their own order."""
    words = Vocabulary()
    first = words.encode(column("a", "b", "a"))
    second = words.encode(column("c", "b"))
    assert first.to_pylist() == ["a", "b", "a"]
    assert second.to_pylist() == ["c", "b"]
    assert second.indices.to_pylist() == [2, 1]


def test_dictionary_is_the_same_until_it_grows() -> None:
    """A batch without a new word brings no new dictionary into the stream."""
    words = Vocabulary()
    first = words.encode(column("a", "b"))
    assert words.encode(column("b")).dictionary.equals(first.dictionary)
    assert words.encode(column()).to_pylist() == []


def test_words_without_end_become_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bound new words are `other`, and known ones stay themselves."""
    monkeypatch.setattr(vocabulary, "MAX_WORDS", 2)
    words = Vocabulary()
    assert words.encode(column("a", "b", "c", "d", "a")).to_pylist() == ["a", "b", OTHER, OTHER, "a"]
    assert len(words.encode(column("e", "f")).dictionary) == 3
