"""A problem re-coded for speed: dense codes over the values present, in the order of the trees."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes, kind_for
from anon_dagster.core.counts import sums
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.keys import group
from anon_dagster.core.lattice import Lattice, Levels
from anon_dagster.core.persons import ByOwner, Persons
from anon_dagster.core.problem import Problem

_NEGLIGIBLE = 0.003
"""A share of the records that may be suppressed and is as good as none; a heuristic, which
affects the order of evaluation alone."""


class Tree:
    """One quasi-identifier: its hierarchy over the values present.

    Leaves stand in the order of the tree, so the nodes of every level are runs of leaves. Nodes
    that no record has are left out, but count where leaves covered are counted.
    """

    def __init__(self, hierarchy: Hierarchy, leaves: NDArray[np.intp]) -> None:
        paths = hierarchy.codes[:, leaves]
        order = np.lexsort(paths)
        self.order = leaves[order]  # (present,): leaf of the hierarchy
        self.height = hierarchy.levels
        self.leaves = hierarchy.leaves
        self.nodes = [_ranks(row) for row in paths[:, order]]  # (levels,) of (present,)
        self.first = [np.flatnonzero(np.diff(row, prepend=-1)) for row in self.nodes]
        self.sizes = [len(first) for first in self.first]  # (levels,)
        self.extra = [  # (levels,) of (nodes,): leaves covered - 1
            (covered - 1)[row[self.order[first]]]
            for covered, row, first in zip(
                hierarchy.covered, hierarchy.codes, self.first, strict=True
            )
        ]
        self._climbs: dict[tuple[int, int], NDArray[np.intp]] = {}

    def climb(self, start: int, end: int) -> NDArray[np.intp]:
        """Return the node at level ``end`` of each node at level ``start``."""
        ancestors = self._climbs.get((start, end))
        if ancestors is None:
            ancestors = self._climbs[start, end] = self.nodes[end][self.first[start]]
        return ancestors

    def codes(self) -> NDArray[np.integer]:
        """Return the code here of each leaf of the hierarchy that is present, (leaves,)."""
        codes = np.zeros(self.leaves, dtype=kind_for(len(self.order)))
        codes[self.order] = np.arange(len(self.order))
        return codes


def _ranks(row: NDArray[np.int32]) -> NDArray[np.intp]:
    """Number the runs of equal codes."""
    return np.cumsum(np.diff(row, prepend=-1) != 0, dtype=np.intp) - 1


class Compact:
    """A problem as the search sees it, and sums over its records that many candidates need."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.records = problem.records
        self.models = problem.models
        self.guarded = sorted({m.sensitive for m in problem.models if m.sensitive is not None})
        codes, self.sensitive, self.counts, self.owners = _merged(problem, self.guarded)
        self.people: NDArray[np.int64] | None = None
        """(rows,): of the population, where each has one record; else they are owners."""
        if problem.population is not None:
            of_population = problem.population
            rows, guarded = len(of_population.codes), self.sensitive.shape[1]
            if of_population.persons is None:
                self.people = np.concatenate([np.zeros_like(self.counts), of_population.counts])
            codes = codes.append(of_population.codes)
            nothing = [np.zeros(rows, dtype=np.uint8)] * guarded
            self.sensitive = self.sensitive.append(Codes.of_columns(nothing, rows))
            self.counts = np.concatenate([self.counts, np.zeros(rows, dtype=np.int64)])
            before = len(self.counts) - rows
            self.owners = self.owners.map(lambda owner: owner.extended(rows))
            if of_population.persons is not None:
                people = of_population.persons.extended(0, before=before)
                self.owners = replace(self.owners, people=people)
        self.trees = [
            Tree(hierarchy, np.flatnonzero(np.bincount(column, minlength=hierarchy.leaves)))
            for column, hierarchy in zip(codes.columns, problem.hierarchies, strict=True)
        ]
        self.columns = [  # (quasi-identifiers,) of (rows,)
            tree.codes()[column] for column, tree in zip(codes.columns, self.trees, strict=True)
        ]
        whole = sum(problem.weights) or 1.0
        self._surcharges: dict[tuple[int, int, Levels], NDArray[np.float64]] = {}
        self.shares = [weight / whole for weight in problem.weights]

    @cached_property
    def lattice(self) -> Lattice:
        """The candidates, but those with a level that divides the records as a lower one does.

        Such a candidate has the classes of the one with the lower level, and loses no less. Linked
        tables may have other values: for these, levels are one if they divide all values alike.
        """
        problem, choices = self.problem, []
        for q, tree in enumerate(self.trees):
            nodes = tree.sizes
            if problem.companions:
                nodes = [len(covered) for covered in problem.hierarchies[q].covered]
            allowed = range(problem.lowest[q], problem.highest[q] + 1)
            choices.append(tuple(n for n in allowed if n == allowed[0] or nodes[n] < nodes[n - 1]))
        return Lattice(tuple(choices))

    @cached_property
    def totals(self) -> list[list[int]]:
        """Σ over records of (leaves covered - 1), per quasi-identifier and level."""
        return [
            [
                int((extra[nodes] * leaf_counts).sum())
                for extra, nodes in zip(tree.extra, tree.nodes, strict=True)
            ]
            for tree, leaf_counts in zip(self.trees, self.marginals, strict=True)
        ]

    @cached_property
    def marginals(self) -> list[NDArray[np.int64]]:
        """How many records have each leaf: per quasi-identifier, (present,)."""
        return [
            sums(column, self.counts, len(tree.order), self.records)
            for column, tree in zip(self.columns, self.trees, strict=True)
        ]

    @cached_property
    def _held(self) -> list[list[NDArray[np.int64]]]:
        return [
            [np.add.reduceat(counts, first) if len(first) else counts for first in tree.first]
            for tree, counts in zip(self.trees, self.marginals, strict=True)
        ]

    def held(self, q: int) -> list[NDArray[np.int64]]:
        """Return how many records have each node of a quasi-identifier: (levels,) of (nodes,)."""
        return self._held[q]

    @cached_property
    def bits(self) -> list[list[NDArray[np.float64]]]:
        """log₂ of the leaves covered: per quasi-identifier and level, (nodes,)."""
        return [[np.log2(extra + 1.0) for extra in tree.extra] for tree in self.trees]

    @property
    def suppression_may_save(self) -> bool:
        """Whether suppressing a record can lose less than generalizing it."""
        return self.problem.suppression_cost < 1

    def largest_penalties(self, q: int) -> NDArray[np.float64]:
        """Return what a record loses at most, in one attribute, at each level, (levels,)."""
        tree = self.trees[q]
        most = np.array([extra.max(initial=0) for extra in tree.extra], dtype=np.float64)
        return self.shares[q] * most / max(tree.leaves - 1, 1)

    def saved_by_suppression(self, penalties: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return by how much suppression lowers the loss at most, (candidates,).

        Parameters
        ----------
        penalties
            What a record loses at most at some candidates, (candidates,): sums over the
            quasi-identifiers of :meth:`largest_penalties`.
        """
        whole = sum(s for s, t in zip(self.shares, self.trees, strict=True) if t.leaves > 1)
        per_record = np.maximum(penalties - whole * float(self.problem.suppression_cost), 0.0)
        lowered: NDArray[np.float64] = (
            per_record * min(self.problem.most_suppressed, self.records) / max(self.records, 1)
        )
        return lowered

    def losses(self, q: int) -> NDArray[np.float64]:
        """Return what each level, (levels,), of a quasi-identifier adds to the loss."""
        whole = self.records * (self.trees[q].leaves - 1)
        totals = np.array(self.totals[q], dtype=np.float64)
        return self.shares[q] * (totals / whole if whole else np.zeros(len(totals)))

    def suppression_surcharge(self, q: int, start: int, levels: Levels) -> NDArray[np.float64]:
        """Return what suppressing a record adds to the loss, (levels, nodes at ``start``).

        It comes on top of the record's generalization, which a candidate's loss has already. Of
        levels below ``start`` a node at ``start`` does not tell; what is added at ``start`` is no
        more than what is added there.
        """
        surcharge = self._surcharges.get((q, start, levels))
        if surcharge is None:
            tree = self.trees[q]
            unit = self.shares[q] / max(self.records * (tree.leaves - 1), 1)
            cost = float(self.problem.suppression_cost) * (tree.leaves - 1)
            rows = [
                cost - tree.extra[level][tree.climb(start, level)]
                for level in (max(level, start) for level in levels)
            ]
            surcharge = self._surcharges[q, start, levels] = np.array(rows) * unit
        return surcharge

    def entropies(self, q: int) -> NDArray[np.float64]:
        """Return how finely a quasi-identifier divides the records at each level, (levels,).

        That is its entropy in nats. Where hardly a record may be suppressed, the smallest class
        decides, and with it the rarest node: then it is the mean of the entropy and of the
        information, -ln of its share, of the rarest node.
        """
        tree, leaf_counts = self.trees[q], self.marginals[q]
        if not self.records:
            return np.zeros(tree.height)
        held = [np.add.reduceat(leaf_counts, first) for first in tree.first]
        shares = [counts[counts > 0] / self.records for counts in held]
        plain = np.array([-(p * np.log(p)).sum() for p in shares])
        if self.problem.most_suppressed > _NEGLIGIBLE * self.records:
            return plain
        return (plain - np.log([p.min() for p in shares])) / 2


def _merged(
    problem: Problem, guarded: Sequence[int]
) -> tuple[Codes, Codes, NDArray[np.int64], ByOwner[Persons]]:
    """Join tuples that differ only in sensitive values that no model asks for.

    Returns
    -------
    codes, sensitive, counts, owners
        (rows, quasi-identifiers), (rows, guarded attributes), (rows,), and who has which row.
    """
    if len(guarded) == problem.sensitive.shape[1]:
        return problem.codes, problem.sensitive, problem.counts, problem.owners
    needed = problem.sensitive.select(guarded)
    sizes = [*(h.leaves for h in problem.hierarchies)]
    sizes += [problem.sensitive_sizes[a] for a in guarded]
    groups = group([*problem.codes.columns, *needed.columns], sizes, len(problem.counts))
    first = groups.first
    owners = problem.owners.map(lambda owner: owner.rolled_up(groups.ids, len(groups)))
    return problem.codes.take(first), needed.take(first), groups.sums(problem.counts), owners
