"""Hierarchies: what the values of an attribute become, level by level."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from anon_dagster.errors import HierarchyError

SUPPRESSED = "*"
"""Label of the root of every hierarchy."""

Label = str | None
"""How a value reads; ``None`` is a missing value, which is a value like any other."""


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """A tree over the values of one attribute, its leaves; the root is ``*``.

    Level 0 keeps every value, the last level has the single node ``*``.
    """

    codes: NDArray[np.int32]  # (levels, leaves): node of each leaf at each level
    labels: tuple[tuple[Label, ...], ...]  # (levels,) of (nodes of that level,)

    def __post_init__(self) -> None:
        _refuse_unless_tree(self.codes, self.labels)

    @classmethod
    def from_labels(cls, rows: Sequence[Sequence[Label]]) -> "Hierarchy":
        """Build a hierarchy from its levels, each with a label per leaf.

        Parameters
        ----------
        rows
            (levels, leaves); the first row holds the values themselves, all different. A last
            level ``*`` is added unless it is there; a last level of one node is named ``*``.

        Raises
        ------
        HierarchyError
            If the levels differ in length, a value stands twice, or a label has two parents.
        """
        levels = [list(row) for row in rows]
        if not levels or len({len(row) for row in levels}) > 1:
            raise HierarchyError("every level of a hierarchy needs one label per value")
        if len(levels) > 1 and len(set(levels[-1])) == 1:
            levels.pop()
        encoded = [_encode(row) for row in levels]
        encoded.append((np.zeros(len(levels[0]), dtype=np.int32), (SUPPRESSED,)))
        codes = np.stack([code for code, _ in encoded])
        return cls(codes, tuple(labels for _, labels in encoded))

    @property
    def levels(self) -> int:
        """How many levels there are, the values and ``*`` included."""
        return len(self.labels)

    @property
    def leaves(self) -> int:
        """How many values there are."""
        return int(self.codes.shape[1])

    @cached_property
    def covered(self) -> tuple[NDArray[np.int64], ...]:
        """How many leaves each node stands for: (levels,) of (nodes of that level,)."""
        return tuple(
            np.bincount(row, minlength=len(labels)).astype(np.int64)
            for row, labels in zip(self.codes, self.labels, strict=True)
        )

    @cached_property
    def _leaf_of(self) -> dict[Label, int]:
        return dict(zip(self.labels[0], range(self.leaves), strict=True))

    def locate(self, values: Sequence[Label]) -> NDArray[np.int32]:
        """Return the leaf of each value, (values,), or -1 where the hierarchy lacks it."""
        if tuple(values) == self.labels[0]:  # mostly it was made for them
            return np.arange(len(values), dtype=np.int32)
        leaves = map(self._leaf_of.get, values, repeat(-1))
        return np.fromiter(leaves, np.int32, len(values))


def fingerprint(hierarchy: Hierarchy) -> str:
    """Return a SHA-256 of what every value becomes, the same in whatever order the leaves stand.

    It tells whether two hierarchies agree, but is no secret: whoever can guess the values of a
    hierarchy can check the guess.
    """
    leaves = hierarchy.labels[0]
    order = sorted(
        range(len(leaves)), key=lambda leaf: (leaves[leaf] is not None, leaves[leaf] or "")
    )
    digest = hashlib.sha256()
    for codes, labels in zip(hierarchy.codes[:, order].tolist(), hierarchy.labels, strict=True):
        canonical, names = _encode([labels[code] for code in codes])
        digest.update(json.dumps([canonical.tolist(), names], separators=(",", ":")).encode())
    return digest.hexdigest()


def _encode(row: Sequence[Label]) -> tuple[NDArray[np.int32], tuple[Label, ...]]:
    """Number labels, (leaves,), in the order of their first occurrence; return the labels, too."""
    labels = tuple(dict.fromkeys(row))
    if len(labels) == len(row):
        return np.arange(len(row), dtype=np.int32), labels
    numbers = dict(zip(labels, range(len(labels)), strict=True))
    return np.fromiter(map(numbers.__getitem__, row), np.int32, len(row)), labels


def _refuse_unless_tree(codes: NDArray[np.int32], labels: tuple[tuple[Label, ...], ...]) -> None:
    """Refuse codes, (levels, leaves), whose nodes have several parents, or no single root."""
    if len(labels) != codes.shape[0] or len(labels[-1]) > 1:
        raise HierarchyError("a hierarchy needs a label per node and a single root")
    leaves = codes.shape[1]
    if len(labels[0]) != leaves:
        twice = leaves - len(labels[0])
        raise HierarchyError(f"{twice} values stand in more than one line of the hierarchy")
    for level in range(1, len(labels)):
        nodes, above = codes[level - 1], codes[level]
        parents = np.zeros(len(labels[level - 1]), dtype=np.int32)
        parents[nodes] = above
        forked = len(np.unique(nodes[parents[nodes] != above]))
        if forked:
            raise HierarchyError(
                f"{forked} labels of level {level - 1} have more than one parent at level "
                f"{level}; give each label one parent, or tell the branches apart by their labels"
            )
