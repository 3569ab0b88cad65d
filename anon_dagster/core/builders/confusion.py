"""Labels that a reader of the release could take for values of the column."""

from collections.abc import Collection
from itertools import chain, count

import numpy as np

from anon_dagster.core.builders.domain import Domain, records_with
from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label
from anon_dagster.errors import HierarchyError, counted


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
    present, confused = set(domain.values), set[Label]()
    for level in range(1, hierarchy.levels - 1):
        labels = hierarchy.labels[level]
        if present.isdisjoint(labels):
            continue
        leaves = hierarchy.locate(labels)
        nodes = np.flatnonzero(leaves >= 0)
        astray = nodes[hierarchy.codes[level][leaves[nodes]] != nodes]
        confused |= {labels[node] for node in astray.tolist()} & present
    return confused


def free_label(values: Collection[Label]) -> str:
    """Return a label for values that are joined which is none of the values of the column."""
    names = chain(["other", "other values"], (f"other values {number}" for number in count(2)))
    return next(name for name in names if name not in values)
