"""Labels that a reader of the release could take for values of the column."""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain, count
from operator import itemgetter
from typing import Any

import numpy as np

from anon_dagster.core.builders.domain import Domain, records_with
from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label
from anon_dagster.errors import HierarchyError, counted

_TRAITS: tuple[Callable[[str], Any], ...] = (
    len,
    *(itemgetter(slice(place, place + 1 or None)) for place in (-1, 0, 2, 4)),
)
"""What equal texts have in common: their length, and characters at some places."""


def refuse_confusion(domain: Domain, hierarchy: Hierarchy) -> None:
    """Refuse a hierarchy by which a label and a value of the column read alike.

    A label may read like a value that it covers, as rounded numbers and masked texts do. One that
    reads like another value says of its records what is not true of them; and the value ``*`` reads
    like one that is suppressed.

    Raises
    ------
    HierarchyError
        With how many values and records these are, and what to do about them.
    """
    if SUPPRESSED in domain.values:
        held = records_with(domain, {SUPPRESSED})
        raise HierarchyError(
            f"{domain.column}: a value of the column{held} is {SUPPRESSED}, as which suppressed "
            f'values read; if it stands for none, name it as missing (missing: ["{SUPPRESSED}"]), '
            "else write it otherwise"
        )
    if confused := _confused(domain, hierarchy):
        raise HierarchyError(
            f"{domain.column}: {counted(len(confused), 'value')} of the column"
            f"{records_with(domain, confused)} read like labels of the hierarchy that stand for "
            "other values; write these values or these labels otherwise, put each value below its "
            "label, or name values that stand for none as missing"
        )


def _confused(domain: Domain, hierarchy: Hierarchy) -> Collection[Label]:
    """Return the values of the column that a label reads like without covering them."""
    inner = range(1, hierarchy.levels - 1)
    alike = _levels_alike(domain.texts, hierarchy, inner)
    suspects = [
        (level, node, hierarchy.labels[level][node])
        for level in inner
        for node in _suspects(hierarchy, level, alike=level in alike)
    ]
    if not suspects:
        return set[Label]()
    asked = {label for _, _, label in suspects}
    leaves = {label: leaf for leaf, label in enumerate(hierarchy.labels[0]) if label in asked}
    confused = {
        label
        for level, node, label in suspects
        if label in leaves and hierarchy.codes[level, leaves[label]] != node
    }
    return confused.intersection(domain.values) if confused else confused


def _levels_alike(texts: Sequence[str], hierarchy: Hierarchy, levels: Iterable[int]) -> set[int]:
    """Return the levels whose labels have all of the traits of values, each of them some trait."""
    alike = set(levels)
    for trait in _TRAITS:
        known = set(map(trait, texts)) if alike else set()
        named = {level: filter(None, hierarchy.labels[level]) for level in alike}
        alike = {level for level in alike if not known.isdisjoint(map(trait, named[level]))}
    return alike


def _suspects(hierarchy: Hierarchy, level: int, *, alike: bool) -> list[int]:
    """Return the nodes of a level whose labels may read like leaves that they do not cover."""
    labels, codes = hierarchy.labels[level], hierarchy.codes[level]
    if not alike:
        return [labels.index(label) for label in ("", None) if label in labels]
    first = np.empty(len(labels), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    own = map(hierarchy.labels[0].__getitem__, first.tolist())
    return [node for node, pair in enumerate(zip(labels, own, strict=True)) if pair[0] != pair[1]]


def free_label(values: Collection[Label]) -> str:
    """Return a label for values that are joined which is none of the values of the column."""
    names = chain(["other", "other values"], (f"other values {number}" for number in count(2)))
    return next(name for name in names if name not in values)
