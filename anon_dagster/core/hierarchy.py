"""Hierarchies: what the values of an attribute become, level by level."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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
        encoded.append(([0] * len(levels[0]), (SUPPRESSED,)))
        codes = np.array([code for code, _ in encoded], dtype=np.int32)
        return cls(codes.reshape(len(encoded), -1), tuple(labels for _, labels in encoded))

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
        return {label: leaf for leaf, label in enumerate(self.labels[0])}

    def locate(self, values: Sequence[Label]) -> NDArray[np.int32]:
        """Return the leaf of each value, (values,), or -1 where the hierarchy lacks it."""
        leaves = [self._leaf_of.get(value, -1) for value in values]
        return np.array(leaves, dtype=np.int32)


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
        digest.update(json.dumps([canonical, names], separators=(",", ":")).encode())
    return digest.hexdigest()


def _encode(row: Sequence[Label]) -> tuple[list[int], tuple[Label, ...]]:
    """Number labels in the order of their first occurrence; return these numbers and the labels."""
    numbers: dict[Label, int] = {}
    codes = [numbers.setdefault(label, len(numbers)) for label in row]
    return codes, tuple(numbers)


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
