"""The cells of a local recoding, for records that it has not seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Hierarchy, Label
from anon_dagster.core.keys import group
from anon_dagster.core.local.text import Anything, Range, Value, parse_label
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Generalized, Solution
from anon_dagster.discreet import Discreet
from anon_dagster.errors import HierarchyError

_BATCH = 4096
"""How many cells are looked through at once; a multiple of 64."""
_LEAVES = 1024
"""How many leaves are held against the cells at once."""
_ROWS = 16_384
"""How many rows are looked up at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells(Discreet):
    """How every released class reads; all that is needed to find the class of a new record.

    A record belongs to the first cell that covers all its values, where cells stand in the order
    of their loss: the most specific one takes it. No cell covers it: it is suppressed.
    """

    labels: tuple[tuple[Label, ...], ...]  # (quasi-identifiers,) of (labels,)
    levels: tuple[tuple[int, ...] | None, ...]  # of each label's node; None: no nodes
    codes: NDArray[np.int32]  # (classes, quasi-identifiers): a label each
    order: NDArray[np.int64]  # (classes,): in this order they are tried

    @classmethod
    def of(cls, problem: Problem, solution: Solution) -> "Cells":
        """Describe the classes of a solution of a problem."""
        classes = len(solution.generalized[0].codes) if solution.generalized else 0
        total = sum(problem.weights) or 1.0
        loss = np.zeros(classes)
        for column, weight in zip(solution.generalized, problem.weights, strict=True):
            unit = weight / total / max(column.leaves - 1, 1)
            loss += (column.covered - 1)[column.codes] * unit
        levels = [
            None
            if solution.levels is None and without_nodes(problem, q)
            else _levels(problem.hierarchies[q], generalized)
            for q, generalized in enumerate(solution.generalized)
        ]
        return cls(
            tuple(generalized.labels for generalized in solution.generalized),
            tuple(levels),
            _stacked([each.codes.astype(np.int32) for each in solution.generalized]),
            np.argsort(loss, kind="stable"),
        )

    def assign(
        self,
        codes: NDArray[np.int32],
        hierarchies: Sequence[Hierarchy],
        orders: Sequence[NDArray[np.int64] | None] = (),
    ) -> NDArray[np.int64]:
        """Return the class of each row, (rows,), or -1 where no cell covers it.

        Parameters
        ----------
        codes
            (rows, quasi-identifiers): leaves of the hierarchies; -1 is covered by nothing.
        hierarchies
            (quasi-identifiers,): those of the solution, or others that label values alike; a
            node that a hierarchy of other values lacks covers none of them.
        orders
            (quasi-identifiers,): ranks of the leaves of attributes with ranges, as in a problem.

        Raises
        ------
        HierarchyError
            If a hierarchy lacks values that a range or a set names.
        """
        shifted = [column.astype(np.int64) + 1 for column in codes.T]
        rows = group(shifted, [h.leaves + 1 for h in hierarchies], len(codes))
        distinct = codes[rows.first]
        cells = np.full(len(distinct), -1, dtype=np.int64)
        readers = [
            _Reader.of(self.labels[q], self.levels[q], h, orders[q] if orders else None)
            for q, h in enumerate(hierarchies)
        ]
        for batch in self._batches():
            left = np.flatnonzero(cells < 0)
            if not len(left):
                break
            cells[left] = _first_cover(readers, self.codes[batch], distinct[left], batch)
        return cells[rows.ids]

    def _batches(self) -> Iterator[NDArray[np.int64]]:
        return (self.order[at : at + _BATCH] for at in range(0, len(self.order), _BATCH))


def _stacked(columns: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.stack(columns, axis=1) if columns else np.zeros((0, 0), dtype=np.int32)


def without_nodes(problem: Problem, q: int) -> bool:
    """Tell whether a local recoding labels an attribute by ranges or sets."""
    ordered = bool(problem.orders) and problem.orders[q] is not None
    return ordered or (bool(problem.sets) and problem.sets[q])


def _levels(hierarchy: Hierarchy, generalized: Generalized) -> tuple[int, ...]:
    steps = max(hierarchy.levels - 1, 1)
    return tuple(round(height * steps) for height in generalized.heights.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class _Reader(Discreet):
    """Which leaves the labels of one attribute cover."""

    labels: tuple[Label, ...]
    nodes: NDArray[np.int64] | None  # (labels, 2): level and node of each, if they are nodes
    hierarchy: Hierarchy
    ranks: NDArray[np.int64] | None  # (leaves,)

    @classmethod
    def of(
        cls,
        labels: tuple[Label, ...],
        levels: Sequence[int] | None,
        hierarchy: Hierarchy,
        ranks: NDArray[np.int64] | None,
    ) -> "_Reader":
        """Find the node of each label, (labels,), at its level; without levels there are none."""
        if levels is None:
            return cls(labels, None, hierarchy, ranks)
        nodes = [{label: at for at, label in enumerate(row)} for row in hierarchy.labels]
        if max(levels, default=0) >= hierarchy.levels:
            raise HierarchyError("a hierarchy lacks levels of the cells")
        codes = [nodes[level].get(label, -1) for level, label in zip(levels, labels, strict=True)]
        return cls(labels, np.array([levels, codes], dtype=np.int64).T, hierarchy, ranks)

    def bits(self, labels: NDArray[np.int32], leaves: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return which labels cover each leaf, as bits, (leaves, words).

        Label c is bit c % 64 of word c // 64. A leaf -1 is covered by none.
        """
        used, inverse = np.unique(labels, return_inverse=True)
        masks = None
        if self.nodes is None:
            parsed = [mask(self.labels[label], self.hierarchy, self.ranks) for label in used]
            masks = np.stack(parsed)
        parts = [np.zeros((0, -(-len(labels) // 64)), dtype=np.uint64)]
        for chunk in (leaves[at : at + _LEAVES] for at in range(0, len(leaves), _LEAVES)):
            covers = self._node_covers(used, chunk) if masks is None else masks[:, chunk].T
            parts.append(_packed(covers[:, inverse.reshape(-1)] & (chunk >= 0)[:, None]))
        return np.concatenate(parts)

    def _node_covers(
        self, labels: NDArray[np.int32], leaves: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        assert self.nodes is not None
        levels, nodes = self.nodes[labels].T
        covers: NDArray[np.bool_] = nodes == self.hierarchy.codes[:, leaves][levels].T
        return covers


def covered_by(
    labels: Sequence[Label],
    levels: Sequence[int] | None,
    hierarchy: Hierarchy,
    ranks: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """Return how many leaves of a hierarchy each label covers, (labels,).

    Parameters
    ----------
    levels
        (labels,): of their nodes; ``None`` for ranges and sets.
    ranks
        (leaves,): where there are ranges.
    """
    if levels is None:
        covered = [int(mask(label, hierarchy, ranks).sum()) for label in labels]
        return np.array(covered, dtype=np.int64)
    nodes = [
        dict(zip(row, of, strict=True))
        for row, of in zip(hierarchy.labels, hierarchy.covered, strict=True)
    ]
    found = [nodes[level].get(label, 0) for level, label in zip(levels, labels, strict=True)]
    return np.array(found, dtype=np.int64)


def mask(label: Label, hierarchy: Hierarchy, ranks: NDArray[np.int64] | None) -> NDArray[np.bool_]:
    """Return which leaves a range or a set covers, (leaves,)."""
    parsed = parse_label(label)
    if isinstance(parsed, Anything):
        return np.ones(hierarchy.leaves, dtype=np.bool_)
    if isinstance(parsed, Range):
        ends = hierarchy.locate([parsed.low, parsed.high])
        if ranks is None or (ends < 0).any() or (ranks[ends] < 0).any():
            raise HierarchyError("a hierarchy lacks the ends of ranges of the cells")
        low, high = ranks[ends]
        inside: NDArray[np.bool_] = (ranks >= low) & (ranks <= high)
        return inside
    mask = np.zeros(hierarchy.leaves, dtype=np.bool_)
    held = hierarchy.locate([parsed.value] if isinstance(parsed, Value) else parsed.values)
    if (held < 0).any():
        raise HierarchyError("a hierarchy lacks members of sets of the cells")
    mask[held] = True
    return mask


def _first_cover(
    readers: Sequence[_Reader],
    codes: NDArray[np.int32],
    rows: NDArray[np.int32],
    names: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the first of some cells that covers each row, (rows,), or -1.

    The cells that cover a value are bits; a row's cells are what its values' bits have in common.
    """
    bits, inverses = [], []
    for q, reader in enumerate(readers):
        leaves, inverse = np.unique(rows[:, q].astype(np.int64), return_inverse=True)
        bits.append(reader.bits(codes[:, q], leaves))
        inverses.append(inverse.reshape(-1))
    cells = np.full(len(rows), -1, dtype=np.int64)
    for at in range(0, len(rows) if readers else 0, _ROWS):
        part = slice(at, at + _ROWS)
        common = bits[0][inverses[0][part]]
        for bit, inverse in zip(bits[1:], inverses[1:], strict=True):
            common &= bit[inverse[part]]
        hit = common != 0
        word = hit.argmax(axis=1)
        lowest = common[np.arange(len(common)), word]
        bit_at = np.bitwise_count((lowest & (~lowest + np.uint64(1))) - np.uint64(1))
        cell = np.minimum(word * 64 + bit_at, len(names) - 1)
        cells[part] = np.where(hit.any(axis=1), names[cell], -1)
    return cells


def _packed(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return flags, (rows, cells), as bits, (rows, words): cell c is bit c % 64 of word c // 64."""
    padded = np.pad(flags, ((0, 0), (0, -flags.shape[1] % 64)))
    packed = np.packbits(padded, axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u8").astype(np.uint64)
