"""Hierarchies: what the values of an attribute become, level by level."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, repeat

import numpy as np
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet
from anon_dagster.errors import HierarchyError

SUPPRESSED = "*"
"""Label of the root of every hierarchy."""

Label = str | None
"""How a value reads; ``None`` is a missing value, which is a value like any other."""


@dataclass(frozen=True, slots=True, eq=False)
class Level(Discreet):
    """What the leaves of a hierarchy become at one level.

    Nodes are numbered in the order in which they first occur among the leaves.
    """

    codes: NDArray[np.int32]  # (leaves,): node of each leaf
    labels: tuple[Label, ...]  # (nodes,): all different

    @classmethod
    def of(cls, row: Sequence[Label]) -> "Level":
        """Return a level with a label for each leaf, (leaves,); equal labels are one node."""
        numbers: defaultdict[Label, int] = defaultdict(count().__next__)
        codes = np.fromiter(map(numbers.__getitem__, row), np.int32, len(row))
        return cls(codes, tuple(numbers))

    @classmethod
    def of_different(cls, labels: Sequence[Label]) -> "Level":
        """Return a level at which every leaf has a label of its own, (leaves,)."""
        return cls(np.arange(len(labels), dtype=np.int32), tuple(labels))

    def further(self, labels: Sequence[Label]) -> "Level":
        """Return the level above, by what each node becomes, (nodes,); equal labels are one."""
        above = Level.of(labels)
        return Level(above.codes[self.codes], above.labels)

    def with_leaves(self, labels: Sequence[Label]) -> "Level":
        """Return the level with a leaf more for each of some other labels."""
        codes = np.arange(len(self.labels), len(self.labels) + len(labels), dtype=np.int32)
        return Level(np.concatenate([self.codes, codes]), (*self.labels, *labels))

    def with_branch(self, label: Label, leaves: int) -> "Level":
        """Return the level with so many more leaves, all of that label."""
        labels = self.labels if label in self.labels else (*self.labels, label)
        codes = np.full(leaves, labels.index(label), dtype=np.int32)
        return Level(np.concatenate([self.codes, codes]), labels)


@dataclass(frozen=True, eq=False)
class Hierarchy(Discreet, shown=("height",)):
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
        return cls.from_levels([Level.of(row) for row in levels])

    @classmethod
    def from_levels(cls, levels: Sequence[Level]) -> "Hierarchy":
        """Build a hierarchy from its levels, from the values up, and add the root.

        Raises
        ------
        HierarchyError
            If a value stands twice, or a label has two parents.
        """
        root = np.zeros(len(levels[0].codes), dtype=np.int32)
        codes = np.stack([*(level.codes for level in levels), root])
        return cls(codes, (*(level.labels for level in levels), (SUPPRESSED,)))

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
        level = Level.of([labels[code] for code in codes])
        canonical = [level.codes.tolist(), level.labels]
        digest.update(json.dumps(canonical, separators=(",", ":")).encode())
    return digest.hexdigest()


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
