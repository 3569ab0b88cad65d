"""Candidates, evaluated one by one: what is suppressed, what it costs, what follows for others.

Proofs: ``docs/proofs/suppression.md``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.evaluation import (
    all_hold,
    dooms_the_more_specific,
    evaluate,
    everyone_counts,
    whole_holds,
)
from anon_dagster.core.lattice import Levels
from anon_dagster.core.persons import Holdings
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram, PersonsHeld
from anon_dagster.core.privacy.model import Monotone
from anon_dagster.core.search.class_sizes import ClassSizes
from anon_dagster.core.search.classes import Classes
from anon_dagster.core.search.compact import Compact
from anon_dagster.core.search.costs import costs_of
from anon_dagster.core.search.tables import Tables


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """A candidate, and what follows for those that are more specific."""

    levels: Levels
    suppressed: int
    inherited: int
    """At least so many records are suppressed at every more specific candidate."""
    loss: float
    """Infinite if more records are suppressed than may be."""
    classes: Classes
    described: EquivalenceClasses
    """The same classes as privacy models see them."""
    failing: NDArray[np.bool_]  # (classes,)
    doomed: NDArray[np.bool_]  # (classes,): suppressed at every more specific candidate, too


class Evaluator:
    """Evaluates candidates; agrees with :func:`anon_dagster.core.evaluation.evaluate`.

    Parameters
    ----------
    compact
        The problem.
    relaxed
        Hold candidates against the relaxations of the models alone, which hold for every more
        specific candidate, too: the least loss is then a bound.
    sizes
        Where class sizes are left for the searches of other configurations.
    """

    def __init__(
        self, compact: Compact, *, relaxed: bool = False, sizes: ClassSizes | None = None
    ) -> None:
        self._sizes = sizes
        self.compact = compact
        self.costs = costs_of(compact)
        self._tables = Tables(compact)
        self._bounds_only = relaxed
        weaker = [model.relaxation for model in compact.models]
        self._weaker = [model for model in weaker if model is not None]
        self._models = self._weaker if relaxed else list(compact.models)
        self._exactly = relaxed or all(
            model is weak for model, weak in zip(compact.models, weaker, strict=True)
        )
        self._additive = relaxed or all(
            model.monotone is not Monotone.UNKNOWN for model in compact.models
        )
        # a table of which nothing is left is no release
        self.limit = min(compact.problem.most_suppressed, max(compact.records - 1, 0))

    @property
    def monotone(self) -> bool:
        """Whether all that is suppressed at a candidate is so at every more specific one."""
        return self._exactly

    def evaluate(self, levels: Levels) -> Verdict:
        """Evaluate a candidate, a level per quasi-identifier."""
        classes = self._tables.classes(levels)
        if self._sizes is not None:
            self._sizes.add(levels, classes.sizes)
        described = self._tables.described(classes)
        failing = ~all_hold(self._models, described)
        doomed = failing if self._exactly else ~all_hold(self._weaker, described)
        suppressed = int(classes.sizes[failing].sum())
        inherited = self._inherited(classes, described, doomed, suppressed)
        if self._additive and suppressed:
            inherited = max(inherited, 1)  # a class that fails has a part that fails
        within = suppressed <= self.limit
        cost = self.costs.bound if self._bounds_only else self.costs.loss
        loss = cost(classes, failing, suppressed) if within else np.inf
        return Verdict(levels, suppressed, inherited, loss, classes, described, failing, doomed)

    def _inherited(
        self,
        classes: Classes,
        described: EquivalenceClasses,
        doomed: NDArray[np.bool_],
        suppressed: int,
    ) -> int:
        """Count the records that at least are suppressed at every more specific candidate."""
        if self._exactly or not suppressed or classes.owners.persons is not None:
            return int(classes.sizes[doomed].sum())
        kept = np.where(doomed, 0, classes.sizes)
        for model in self._models:
            kept = np.minimum(kept, model.most_kept(described))
        return self.compact.records - int(kept.sum())

    def release_holds(self, verdict: Verdict) -> bool:
        """Tell whether the release keeps the promises that are not those of single classes."""
        if self._bounds_only:
            return True
        if verdict.suppressed and verdict.suppressed == self.compact.records:
            return False
        if not whole_holds(self.compact.problem, self._released_sizes(verdict)):
            return False
        problem, absent = self.compact.problem, self._absent(verdict)
        stay = problem.keeps_suppressed and verdict.suppressed
        if absent and not stay and everyone_counts(problem):
            return False
        if verdict.suppressed and not self._suppression_holds(verdict, absent):
            return False
        plain = problem.trajectories is None and not problem.companions
        return plain or evaluate(problem, verdict.levels).feasible

    def dooms_the_more_specific(self, verdict: Verdict) -> bool:
        """Tell whether a release that breaks a promise shows that every more specific one does."""
        if self._bounds_only:
            return False
        companions = self.compact.problem.companions
        if any(each.dooms_the_more_specific(verdict.levels) for each in companions):
            return True
        if verdict.suppressed:
            return False
        return dooms_the_more_specific(self.compact.problem, verdict.levels)

    def _suppression_holds(self, verdict: Verdict, absent: int) -> bool:
        """Tell whether the suppressed records, or the table without them, keep the promises."""
        if self.compact.problem.keeps_suppressed:
            together = _together(verdict, absent)
            return bool(all_hold(self._models, together).all())
        relative = [model for model in self._models if model.relative]
        return not relative or bool(all_hold(relative, _kept(verdict)).all())

    def _absent(self, verdict: Verdict) -> int:
        """Count the people of the population who are behind none of the kept classes."""
        population, people = self.compact.problem.population, verdict.described.people
        if population is None or people is None:
            return 0
        if population.persons is not None:
            return verdict.classes.people_apart(~verdict.failing)
        return population.people - int(people[~verdict.failing].sum())

    def _released_sizes(self, verdict: Verdict) -> NDArray[np.int64]:
        """Return the records, or persons, of each released class, (classes,)."""
        sizes = verdict.described.sizes[~verdict.failing]
        if self.compact.problem.keeps_suppressed and verdict.suppressed:
            return np.append(sizes, _size(verdict, verdict.failing))
        return sizes


def _size(verdict: Verdict, which: NDArray[np.bool_]) -> int:
    """Count the records of chosen classes, (classes,), or the different persons."""
    persons = None
    if verdict.classes.owners.persons is not None:
        persons = verdict.classes.among(which).persons
    return int(verdict.classes.sizes[which].sum()) if persons is None else persons


def _together(verdict: Verdict, absent: int) -> EquivalenceClasses:
    """Return the suppressed records, with the people behind them, as one class of the table."""
    histograms = []
    for h in verdict.described.histograms:
        inside = verdict.failing[h.classes]
        if h.persons is not None:
            histograms.append(_together_by_persons(h, h.persons, verdict.failing))
            continue
        totals = np.zeros(len(h.reference), dtype=np.int64)
        np.add.at(totals, h.values[inside], h.counts[inside])
        values = np.flatnonzero(totals)
        histograms.append(
            Histogram(
                np.zeros(len(values), dtype=np.int64),
                values.astype(np.int32),
                totals[values],
                h.reference,
            )
        )
    people = None if verdict.described.people is None else np.array([absent])
    size = _size(verdict, verdict.failing)
    households = None
    if verdict.classes.owners.households is not None:
        households = np.array([verdict.classes.among(verdict.failing).households])
    return EquivalenceClasses(np.array([size]), tuple(histograms), people, households)


def _together_by_persons(h: Histogram, held: PersonsHeld, failing: NDArray[np.bool_]) -> Histogram:
    """Return what the persons of failing classes, (classes,), have."""
    together = held.in_classes.select(failing[held.in_classes.classes]).joined()
    return Histogram.of_persons(together, held.in_table, total=held.total, values=len(h.reference))


def _kept(verdict: Verdict) -> EquivalenceClasses:
    """Return the kept classes, the records in them being the whole table."""
    kept = ~verdict.failing
    ranks = np.cumsum(kept) - 1
    histograms = []
    for h in verdict.described.histograms:
        inside = kept[h.classes]
        if h.persons is not None:
            total = _size(verdict, kept)
            histograms.append(_kept_by_persons(h, h.persons, kept, total))
            continue
        values, counts = h.values[inside], h.counts[inside]
        reference = np.zeros(len(h.reference), dtype=np.int64)
        np.add.at(reference, values, counts)
        histograms.append(Histogram(ranks[h.classes[inside]], values, counts, reference))
    return EquivalenceClasses(verdict.described.sizes[kept], tuple(histograms))


def _kept_by_persons(
    h: Histogram, held: PersonsHeld, kept: NDArray[np.bool_], total: int
) -> Histogram:
    """Return what the persons of kept classes, (classes,), have."""
    ranks = np.cumsum(kept) - 1
    inside = held.in_classes.select(kept[held.in_classes.classes])
    renumbered = Holdings(ranks[inside.classes], inside.values, inside.persons, inside.weights)
    return Histogram.of_persons(renumbered, inside.joined(), total=total, values=len(h.reference))
