"""Rows of codes as single integers, whatever the product of their sizes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.counts import first_of_equal

LARGEST = 2**62
"""No key passes it, so that no product wraps around."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows with the same codes, joined; groups are in the lexicographic order of their codes."""

    ids: NDArray[np.int64]  # (rows,): the group of each row
    first: NDArray[np.int64]  # (groups,): a row of each group

    def __len__(self) -> int:
        return len(self.first)

    def sums(self, weights: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sum of the rows' weights in each group, (groups,)."""
        sums = np.zeros(len(self.first), dtype=np.int64)
        np.add.at(sums, self.ids, weights)
        return sums


def group(columns: Iterable[NDArray[np.integer]], sizes: Sequence[int], rows: int) -> Groups:
    """Join equal rows.

    Parameters
    ----------
    columns
        Codes, each (rows,) and below its size; one is looked at at a time.
    sizes
        How many codes each column may hold; their product may be of any size.
    rows
        How many rows there are, for tables without columns.
    """
    keys = row_keys(columns, sizes, rows)
    if prod(sizes) <= rows:  # an array of cells takes less memory than sorting
        return _grouped_by_cell(keys, prod(sizes))
    if (keys[1:] >= keys[:-1]).all():  # as those of a frequency table are
        fresh = first_of_equal(keys)
        ids = np.cumsum(fresh, dtype=np.int64, out=keys)  # whose room is free now
        ids -= 1
        return Groups(ids, np.flatnonzero(fresh))
    return _grouped_by_sorting(keys)


def _grouped_by_sorting(keys: NDArray[np.int64]) -> Groups:
    """Join rows of the same key, (rows,), by sorting them."""
    rows = stable_order(keys)
    fresh = first_of_equal(keys[rows])
    ids = np.empty(len(keys), dtype=np.int64)
    ids[rows] = np.cumsum(fresh) - 1
    return Groups(ids, rows[fresh])


def stable_order(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the keys, (rows,) and none negative, stand in their order, (rows,).

    The same as ``np.argsort(keys, kind="stable")``. Where the positions fit beside the keys, both
    are sorted as one number each, which takes a tenth of the time.
    """
    bits = len(keys).bit_length()
    if not len(keys) or int(keys.max()) >> (63 - bits):
        return np.argsort(keys, kind="stable")
    order = keys << bits
    order |= np.arange(len(keys))
    order.sort()
    order &= (1 << bits) - 1
    return order


def sums_of_rows(
    columns: Iterable[NDArray[np.integer]], sizes: Sequence[int], weights: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Add up the weights, (rows,), of equal rows, (distinct rows,), in the order of the rows.

    It takes less memory than :func:`group`, whose parameters it has.
    """
    keys = row_keys(columns, sizes, len(weights))
    if not (keys[1:] >= keys[:-1]).all():
        order = np.argsort(keys)
        keys, weights = keys[order], weights[order]
    fresh = first_of_equal(keys)
    del keys
    return np.add.reduceat(weights, np.flatnonzero(fresh)) if len(weights) else weights


def _grouped_by_cell(keys: NDArray[np.int64], cells: int) -> Groups:
    """Join rows of the same key, (rows,), below the number of cells, without sorting."""
    first = np.full(cells, -1, dtype=np.int64)
    first[keys[::-1]] = np.arange(len(keys) - 1, -1, -1)  # the first row of a cell comes last
    present = first >= 0
    ranks = np.cumsum(present) - 1
    return Groups(ranks[keys], first[present])


def row_keys(
    columns: Iterable[NDArray[np.integer]], sizes: Sequence[int], rows: int
) -> NDArray[np.int64]:
    """Return a number for each row, (rows,), in the order of the rows; see :func:`group`."""
    keys = np.zeros(rows, dtype=np.int64)
    space = 1
    for column, size in zip(columns, sizes, strict=True):
        if space * size > LARGEST:
            keys, space = _dense(keys)
        keys *= size
        keys += column
        space *= size
    return keys


def _dense(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Replace keys by their ranks, which keeps their order."""
    distinct, ranks = np.unique(keys, return_inverse=True)
    return ranks.reshape(-1).astype(np.int64), len(distinct)


@dataclass(frozen=True, slots=True, eq=False)
class TupleIndex:
    """Finds tuples among those of a table, whatever the product of their sizes."""

    sizes: tuple[int, ...]  # (attributes,)
    joints: tuple[NDArray[np.int64] | None, ...]  # (attributes,): keys replaced by ranks, sorted
    keys: NDArray[np.int64]  # (tuples,): ascending
    rows: NDArray[np.int64]  # (tuples,): the tuple of each key

    @classmethod
    def of(cls, codes: Codes, sizes: Sequence[int]) -> "TupleIndex":
        """Index tuples, all different, by their codes, (tuples, attributes)."""
        keys = np.zeros(len(codes), dtype=np.int64)
        joints: list[NDArray[np.int64] | None] = []
        space = 1
        for a, size in enumerate(sizes):
            joint = None
            if space * size > LARGEST:
                joint, keys = np.unique(keys, return_inverse=True)
                space = len(joint)
            joints.append(joint)
            keys = keys * size + codes.columns[a]
            space *= size
        rows = np.argsort(keys, kind="stable")
        return cls(tuple(sizes), tuple(joints), keys[rows], rows)

    def find(self, codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the tuple that equals each row, (rows,), or -1; so is a row with a code < 0."""
        present = (codes >= 0).all(axis=1)
        keys = np.zeros(len(codes), dtype=np.int64)
        for a, (size, joint) in enumerate(zip(self.sizes, self.joints, strict=True)):
            if joint is not None:
                keys, among_joints = _rank(joint, keys)
                present &= among_joints
            keys = keys * size + np.maximum(codes[:, a], 0)
        ranks, among_keys = _rank(self.keys, keys)
        if not len(self.rows):
            return np.full(len(codes), -1, dtype=np.int64)
        return np.where(present & among_keys, self.rows[ranks], -1)


def _rank(
    among: NDArray[np.int64], keys: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the rank of each key, (keys,), among sorted ones, and whether it is one of them."""
    if not len(among):
        return np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.bool_)
    ranks = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    return ranks, among[ranks] == keys
