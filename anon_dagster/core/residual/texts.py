"""Texts within texts: copies in another spelling, words of a longer text, beginnings of a code."""

import re
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual.column import Column, Protected
from anon_dagster.core.residual.rule import Evidence, others_say

_IDLE = re.compile(r"[\W_]+")
_SHORTEST = 2  # characters of a beginning that tells anything
_MOST = 4_000  # records that texts are compared on
_QUARTER = 4
_LEAST = 8  # values that a label must leave for a quarter of them to mean anything
_SURE = 0.75


def by_texts(protected: Protected, published: Column) -> Iterator[tuple[str, Evidence]]:
    """Weigh the ways in which a text may hold a protected one: as a copy, or as a part of it."""
    own, texts = protected.column.texts, published.texts
    if own is None or texts is None:
        return
    rows = _rows(protected.column, published)
    pairs = [(own[p] or "", texts[v] or "") for p, v in _codes(protected.column, published, rows)]
    for kind, find in (("copy", _same), *_finders(pairs)):
        right = np.zeros(published.records, dtype=np.bool_)
        right[rows] = [find(text) == _folded(value) for value, text in pairs]
        guessed = np.zeros(published.records, dtype=np.bool_)
        guessed[rows] = True
        yield kind, _scaled(Evidence(guessed, right, protected.known), rows)


def _scaled(evidence: Evidence, rows: NDArray[np.int64]) -> Evidence:
    """Return the evidence of the compared records alone, where not all were compared."""
    compared = np.zeros(len(evidence.right), dtype=np.bool_)
    compared[rows] = True
    if len(rows) < _MOST:
        return evidence
    return Evidence(evidence.guessed[rows], evidence.right[rows], evidence.known[rows])


def _rows(column: Column, published: Column) -> NDArray[np.int64]:
    rows = np.flatnonzero(~column.missing & ~published.missing)
    if len(rows) <= _MOST:
        return rows
    return np.sort(np.random.default_rng(0).permutation(rows)[:_MOST])


def _codes(column: Column, published: Column, rows: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    return zip(column.codes[rows].tolist(), published.codes[rows].tolist(), strict=True)


def _folded(text: str) -> str:
    """Return a text without what is idle in its spelling."""
    return _IDLE.sub("", text).casefold()


def _same(text: str) -> str:
    return _folded(text)


def _finders(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, Callable[[str], str]]]:
    """Give the ways to find a value in a longer text: at its ends, or as one of its words."""
    if not pairs:
        return
    lengths = [len(_folded(value)) for value, _ in pairs]
    usual = int(np.bincount(lengths).argmax())
    if usual >= _SHORTEST:
        yield "part of a text", lambda text: _folded(text)[:usual]
        yield "part of a text", lambda text: _folded(text)[-usual:]
    for place in (0, 1, 2, -1):
        yield "part of a text", lambda text, place=place: _word(text, place)  # type: ignore[misc]


def _word(text: str, place: int) -> str:
    words = [word for word in _IDLE.split(text) if word]
    return words[place].casefold() if -len(words) <= place < len(words) else ""


def by_beginnings(protected: Protected, published: Column) -> Evidence | None:
    """Weigh a column that holds the beginnings of protected texts: fewer of these are left."""
    own, texts = protected.column.texts, published.texts
    if own is None or texts is None:
        return None
    rows = _rows(protected.column, published)
    begins = [
        _SHORTEST <= len(texts[v] or "") < len(own[p] or "")
        and (own[p] or "").casefold().startswith((texts[v] or "").casefold())
        for p, v in _codes(protected.column, published, rows)
    ]
    if not rows.size or float(np.mean(begins)) < _SURE:
        return None
    return by_fewer_values(protected, published)


def by_coarser_code(protected: Protected, published: Column) -> Evidence | None:
    """Weigh a column whose value follows from the protected one: fewer of these are left."""
    said = others_say(protected.column.codes, published.codes)
    testable = np.bincount(protected.column.codes)[protected.column.codes] > 1
    if int(testable.sum()) < max(_LEAST, published.records // 4):
        return None
    right = float((said.guessed & said.right)[testable].mean())
    usual = float(np.bincount(published.codes).max()) / published.records
    if right < 0.95 or right - usual < 0.75 * (1 - usual):
        return None
    return by_fewer_values(protected, published)


def by_fewer_values(protected: Protected, published: Column) -> Evidence:
    """Weigh what is left of the values of a label once a column is known: a quarter of them."""
    of_label = _values_of(protected.labels, protected.column.codes)
    both = np.unique(protected.labels * published.distinct + published.codes, return_inverse=True)[
        1
    ].reshape(-1)
    of_both = _values_of(both, protected.column.codes)
    fewer = (of_both * _QUARTER <= of_label) & (of_label >= _LEAST)
    everything = ~protected.column.missing
    return Evidence(everything, fewer, np.zeros(len(fewer), dtype=np.bool_))


def _values_of(groups: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many different values the group of each record has, (records,)."""
    width = int(values.max(initial=-1)) + 1
    pairs = np.unique(groups * width + values)
    return np.bincount(pairs // max(width, 1), minlength=1)[groups]
