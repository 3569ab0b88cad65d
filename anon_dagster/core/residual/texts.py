"""Texts within texts: copies in another spelling, words of a longer text, beginnings of a code."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.core.residual.column import Column, Protected
from anon_dagster.core.residual.rule import Evidence, others_say
from anon_dagster.core.residual.spelling import FIRST_LOOK, Spelling, Texts, some_rows

_SHORTEST = 2  # characters of a beginning that tells anything
_MOST = 4_000  # records that texts are compared on
_QUARTER = 4
_LEAST = 8  # values that a label must leave for a quarter of them to mean anything
_SURE = 0.75
_HINT = 0.5


def by_texts(protected: Protected, published: Column) -> Iterator[tuple[str, Evidence]]:
    """Weigh the ways in which a text may hold a protected one: as a copy, or as a part of it."""
    if protected.column.texts is None or published.texts is None:
        return
    for most in (FIRST_LOOK, _MOST):
        rows = some_rows(published.records, most)
        own, other = protected.column.spelling(most), published.spelling(most)
        present = (own.lengths > 0) & ~protected.column.missing[rows] & ~published.missing[rows]
        if not present.any():
            return
        found = [
            (kind, (read == wanted) & present)
            for kind, wanted, read in _readings(own, other, present)
        ]
        if max(float(right[present].mean()) for _, right in found) < _HINT:
            return
    for kind, right in found:
        yield kind, Evidence(present, right, protected.known[rows])


def _readings(
    own: Spelling, other: Spelling, present: NDArray[np.bool_]
) -> Iterator[tuple[str, Texts, Texts]]:
    """Give the ways to read a longer text: as a whole, at its ends, or as a part of it.

    Each with what it is to be the same as.
    """
    yield "copy", own.whole, other.whole
    yield "copy", own.in_order, other.in_order
    usual = int(np.bincount(own.lengths[present]).argmax())
    if usual >= _SHORTEST:
        yield "part of a text", own.whole, other.first(usual)
        yield "part of a text", own.whole, other.last(usual)
    for part in other.parts:
        yield "part of a text", own.whole, part


def by_beginnings(protected: Protected, published: Column) -> Evidence | None:
    """Weigh a column that holds the beginnings of protected texts: fewer of these are left."""
    if protected.column.texts is None or published.texts is None:
        return None
    own, other = protected.column.spelling(FIRST_LOOK), published.spelling(FIRST_LOOK)
    begins = np.char.startswith(own.whole, other.whole)
    begins &= (other.lengths >= _SHORTEST) & (other.lengths < own.lengths)
    return by_fewer_values(protected, published) if begins.mean() >= _SURE else None


def by_coarser_code(protected: Protected, published: Column) -> Evidence | None:
    """Weigh a column whose value follows from the protected one: fewer of these are left."""
    testable = np.bincount(protected.column.codes)[protected.column.codes] > 1
    if int(testable.sum()) < max(_LEAST, published.records // 4):
        return None
    said = others_say(protected.column.codes, published.codes)
    right = float((said.clear & said.right)[testable].mean())
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
    return Evidence(everything, fewer, protected.stated)


def _values_of(groups: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many different values the group of each record has, (records,)."""
    width = int(values.max(initial=-1)) + 1
    pairs = distinct(groups * width + values)
    return np.bincount(pairs // max(width, 1), minlength=1)[groups]
