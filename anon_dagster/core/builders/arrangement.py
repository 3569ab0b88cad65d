"""Leaves in an order in which those that share a node are neighbours, at whatever level."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Label, Level

Keys = NDArray[Any]
"""Whole numbers: of 64 bits, or Python's own where these are too few."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """An order of leaves."""

    order: NDArray[np.int64] | None  # (leaves,); None: as they stand

    @classmethod
    def by(cls, keys: Keys) -> "Arrangement":
        """Arrange leaves by their keys, (leaves,)."""
        return cls(None if bool((keys[1:] >= keys[:-1]).all()) else np.argsort(keys))

    @classmethod
    def along(cls, order: NDArray[np.int64]) -> "Arrangement":
        """Arrange leaves along an order of them, (leaves,)."""
        return cls(None if bool((order == np.arange(len(order))).all()) else order)

    def of(self, keys: Keys) -> Keys:
        """Return what belongs to leaves, (leaves,), in this order."""
        return keys if self.order is None else keys[self.order]

    def level(self, keys: Keys, name: Callable[[Keys], Sequence[Label]]) -> Level:
        """Return the level at which leaves with equal keys share a node.

        Parameters
        ----------
        keys
            (leaves,); in this order they never fall.
        name
            From the keys of nodes, (nodes,), to their labels; different ones have different labels.
        """
        arranged, fresh = self.of(keys), np.ones(len(keys), dtype=np.bool_)
        fresh[1:] = arranged[1:] != arranged[:-1]
        codes, first = self.nodes(fresh)
        return Level(codes, tuple(name(keys[first])))

    def nodes(self, fresh: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Number nodes in the order of their first leaves; return these, too.

        Parameters
        ----------
        fresh
            (leaves,): in this order, whether a leaf does not share the node of the one before it.

        Returns
        -------
        The node of each leaf, (leaves,), and the first leaf of each node, (nodes,).
        """
        starts = np.flatnonzero(fresh)
        groups = np.cumsum(fresh, dtype=np.int32) - np.int32(1)
        if self.order is None:
            return groups, starts
        first = np.minimum.reduceat(self.order, starts)
        is_first = np.zeros(len(groups), dtype=np.bool_)
        is_first[first] = True
        number = np.cumsum(is_first, dtype=np.int32)[first] - np.int32(1)
        codes = np.empty(len(groups), dtype=np.int32)
        codes[self.order] = number[groups]
        return codes, np.flatnonzero(is_first)
