"""How the records of a part find their class: by their values, or by their tuple.

Where each value has one label in all classes, as levels of full-domain generalization make it,
a record is looked for among the failing classes alone. Else its tuple is looked for among all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.keys import TupleIndex
from anon_dagster.core.runs import Packing, Run
from anon_dagster.core.solution import Solution

AttributeCodes = Sequence[NDArray[np.int32]]  # (attributes,) of (records,)
Placed = tuple[list[NDArray[np.int32]], NDArray[np.bool_], int]
"""The label of each quasi-identifier, (records,) each; which records are suppressed, (records,);
how many tuples were not counted."""


@dataclass(frozen=True, slots=True, eq=False)
class ByValue:
    """Each value has one label, wherever it is released."""

    labels: tuple[NDArray[np.int32], ...]  # (quasi-identifiers,) of (values,): -1 never released
    packing: Packing  # of labels; one word
    failing: NDArray[np.int64]  # (failing classes,): ascending, of labels that others have

    def place(self, codes: AttributeCodes, records: int) -> Placed:
        """Find the labels of records by the codes of their values."""
        own = [of_value[code] for of_value, code in zip(self.labels, codes, strict=False)]
        suppressed = np.zeros(records, dtype=np.bool_)
        for labels in own:
            suppressed |= labels < 0
        if len(self.failing):
            (keys,) = self.packing.pack(own)
            places = np.searchsorted(self.failing, keys)
            suppressed |= self.failing[np.minimum(places, len(self.failing) - 1)] == keys
        return own, suppressed, 0


@dataclass(frozen=True, slots=True, eq=False)
class ByTuple:
    """Tuples have a class each."""

    index: TupleIndex  # of the tuples, or of their quasi-identifiers if these suffice
    classes: NDArray[np.int64]  # (tuples,): -1 suppressed
    labels: tuple[NDArray[np.integer], ...]  # (quasi-identifiers,) of (classes,)

    def place(self, codes: AttributeCodes, records: int) -> Placed:
        """Find the labels of records by the codes of their values."""
        stacked = np.empty((records, len(self.index.sizes)), dtype=np.int32)
        for a in range(stacked.shape[1]):
            stacked[:, a] = codes[a]
        tuples = self.index.find(stacked)
        classes = self.classes[tuples]
        labels = [np.append(of_class, -1).astype(np.int32)[classes] for of_class in self.labels]
        return labels, classes < 0, int((tuples < 0).sum())


ClassLookup = ByValue | ByTuple


def class_lookup(table: FrequencyTable, solution: Solution) -> ClassLookup:
    """Return the fastest lookup of the classes of a solution.

    Parameters
    ----------
    table
        Whose first attributes are the quasi-identifiers.
    """
    found = _by_value(table, solution)
    return _by_tuple(table, solution) if found is None else found


def _by_value(table: FrequencyTable, solution: Solution) -> ByValue | None:
    """Return the lookup by values, or None if some value has several labels."""
    kept = np.flatnonzero(solution.classes >= 0)
    classes, labels = solution.classes[kept], []
    for q, column in enumerate(solution.generalized):
        of_value = np.full(table.sizes[q], -1, dtype=np.int32)
        values, own = table.codes.columns[q][kept], column.codes[classes].astype(np.int32)
        of_value[values] = own
        if (of_value[values] != own).any():
            return None
        labels.append(of_value)
    packing = Packing(tuple(len(column.labels) for column in solution.generalized))
    if len(packing.stretches) != 1:
        return None
    failing = _failing(table, solution, labels, packing)
    released = np.zeros(int(classes.max(initial=-1)) + 1, dtype=np.bool_)
    released[classes] = True
    (held,) = packing.pack(
        [column.codes[np.flatnonzero(released)] for column in solution.generalized]
    )
    if np.isin(held, failing).any():
        return None
    return ByValue(tuple(labels), packing, failing)


def _failing(
    table: FrequencyTable, solution: Solution, labels: AttributeCodes, packing: Packing
) -> NDArray[np.int64]:
    """Return the keys of classes that are suppressed though each of their labels is released."""
    lost = np.flatnonzero(solution.classes < 0)
    own = [of_value[table.codes[lost, q]] for q, of_value in enumerate(labels)]
    whole = np.ones(len(lost), dtype=np.bool_)
    for column in own:
        whole &= column >= 0
    run = Run.of(
        [column[whole] for column in own],
        packing.sizes,
        np.ones(int(whole.sum()), dtype=np.int64),
    )
    return run.words[0]


def _by_tuple(table: FrequencyTable, solution: Solution) -> ByTuple:
    labels = tuple(column.codes for column in solution.generalized)
    width = len(labels)
    sizes = table.sizes[:width]
    classes = int(solution.classes.max(initial=-1)) + 2
    of_tuple = [*table.codes.columns[:width], solution.classes + 1]
    ones = np.ones(len(table), dtype=np.int64)
    pairs = Run.of(of_tuple, [*sizes, classes], ones)
    *columns, found = pairs.columns
    if width and len(Run.of(columns, sizes, np.ones(len(pairs), dtype=np.int64))) == len(pairs):
        return ByTuple(
            TupleIndex.of(Codes.of_columns(columns, len(pairs)), sizes), found - 1, labels
        )
    return ByTuple(TupleIndex.of(table.codes, table.sizes), solution.classes, labels)
