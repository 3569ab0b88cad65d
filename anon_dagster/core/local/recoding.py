"""Local recoding: from a problem to a solution whose classes differ in their levels.

Classes are made in several ways: cells are split top-down (see ``splitting``), what candidates of
full-domain generalization keep is fixed one after another (``peeling``), tuples are joined
bottom-up (``joining``). The best of these is improved round by round (``improving``). Labels are
nodes of the hierarchies, or ranges and sets of values where the problem allows them; the nodes of
an attribute's ``highest`` level bound who may share a class, however it is labelled. The same
table gives the same classes, in whatever order its tuples stand. The steps are guided by the
certainty penalty; of the releases that they lead to, the one of least loss by the problem's
objective is taken.

Proofs: ``docs/proofs/local-recoding.md``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import ceil

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.evaluation import evaluate, release_holds
from anon_dagster.core.keys import group, stable_order
from anon_dagster.core.local.axis import NodeAxis
from anon_dagster.core.local.bound import lower_bound
from anon_dagster.core.local.improving import WORK, Effort, Improvement
from anon_dagster.core.local.joining import join_neighbours
from anon_dagster.core.local.labels import joined_by_label, label_classes
from anon_dagster.core.local.peeling import peel
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.local.readings import outcome_of
from anon_dagster.core.local.regrouping import renumbered
from anon_dagster.core.local.repeeling import Repeeling
from anon_dagster.core.local.splitting import split
from anon_dagster.core.local.suppression import outliers
from anon_dagster.core.objectives import CERTAINTY, TIE
from anon_dagster.core.obstacles import advice, levels_named, obstacles, promises, share
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import LOCAL, Generalized, Proof, Solution
from anon_dagster.core.steps import OnStep
from anon_dagster.errors import UnreachableError

Ints = NDArray[np.int64]

SMALL = 100_000
"""Tables with up to so many tuples are started in several ways; the best is improved."""
TUPLES_PER_ROUND = 400
"""Blocks are peeled anew in one round for so many tuples, as long as all rounds together peel no
more than :data:`~anon_dagster.core.local.improving.WORK`."""
LARGER_SHARE = Fraction(3, 100)
"""Of what a candidate must keep the second time: fewer records are left that keep no promise."""
FIRST_PLAN = Fraction(1, 100)
"""Suppression stops for improvements at this share of the records, then at twice as much each."""
ROUNDS_BETWEEN = 3
"""How many rounds of improvement there are then."""
MOST_STATES = 200
"""About so many states of a step are looked at until one keeps what is promised of the release."""


def recode_locally(
    problem: Problem,
    *,
    start: Solution | None = None,
    effort: Effort | None = None,
    on_progress: OnStep | None = None,
) -> Solution:
    """Partition the table into classes, each generalized as little as its own records need.

    Parameters
    ----------
    start
        A solution of the same problem; the result loses no more than it does.
    effort
        How long classes are improved; by the size of the table if left out.

    Raises
    ------
    UnreachableError
        If there is no start, and the highest allowed levels break a promise beyond the
        suppression limit.
    """
    tuples = group(
        [*problem.codes.columns, *problem.sensitive.columns],
        [*(h.leaves for h in problem.hierarchies), *problem.sensitive_sizes],
        len(problem.counts),
    )
    first = tuples.first
    assert problem.trajectories is None, "a validated request recodes globally for these"
    owners = problem.owners.map(lambda owner: owner.rolled_up(tuples.ids, len(first)))
    table = replace(
        problem,
        codes=problem.codes.take(first),
        sensitive=problem.sensitive.take(first),
        counts=tuples.sums(problem.counts),
        persons=owners.persons,
        households=owners.households,
    )
    search = _Search.of(Points.of(table), effort or Effort(), on_progress)
    given = None if start is None else start.classes[first]
    releases = filter(None, map(search.release, search.attempts(given)))
    if problem.objective == CERTAINTY:  # what guides the steps: the first is the best
        best = next(releases, None)
    else:
        best = min(releases, key=lambda release: release.proof.loss, default=None)
    if best is not None:
        best = search.bounded(best)
        if start is not None and start.proof.loss < best.proof.loss - TIE:
            return _unchanged(start, best.proof)
        return replace(best, classes=best.classes[tuples.ids])
    raise _unreachable(problem)


def _unreachable(problem: Problem) -> UnreachableError:
    """Return the error for a table that is no release even at the highest allowed levels."""
    evaluation, in_the_way = evaluate(problem, problem.highest), obstacles(problem)
    reasons = "".join(f"; {obstacle.reason}" for obstacle in in_the_way)
    return UnreachableError(
        f"no recoding keeps every promise ({promises(problem)}): the highest allowed levels "
        f"{levels_named(problem, problem.highest)} would suppress "
        f"{share(evaluation.suppressed, problem.records)}, and allowed are "
        f"{share(problem.most_suppressed, problem.records)}{reasons}; "
        f"{advice(problem, in_the_way, suppression=evaluation.suppressed < problem.records)}"
    )


def _unchanged(start: Solution, proof: Proof) -> Solution:
    """Return the start, whose nodes say more than ranges do where an order cuts across a tree."""
    bound = proof.lower_bound if proof.lower_bound <= start.proof.loss else 0.0  # of ranges alone
    return replace(
        start, proof=replace(proof, loss=start.proof.loss, lower_bound=bound, optimal=False)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """The steps of local recoding, on one table."""

    points: Points
    improvement: Improvement
    on_progress: OnStep | None

    @classmethod
    def of(cls, points: Points, effort: Effort, on_progress: OnStep | None) -> "_Search":
        """Start nothing yet."""
        report = _progress_of(on_progress, 1, len(points.counts))
        return cls(points, Improvement(points, effort, report), on_progress)

    def attempts(self, start: Ints | None) -> Iterator[Ints]:
        """Yield classes, best first; only suppression can make the better ones break a promise.

        Parameters
        ----------
        start
            (tuples,): the classes of a given solution, for a table whose highest levels are none.
        """
        coarsest = self._coarsest()
        base = start if coarsest is None else coarsest
        if base is None:
            return
        if not self.points.axes or not (base >= 0).any():
            yield base
            return
        starts = self._starts(renumbered(base))
        improved = self.improvement.improve(min(starts, key=self._loss))
        yield from self._suppressed(improved)
        yield improved
        yield from starts
        yield base

    def _starts(self, base: Ints) -> list[Ints]:
        """Return classes to improve, made from the most general ones in several ways."""
        report = _progress_of(self.on_progress, 0, len(self.points.counts))
        starts = [split(self.points, base, on_share=report)]
        if len(base) <= SMALL:
            nodes = [isinstance(axis, NodeAxis) for axis in self.points.axes]
            if not all(nodes):
                joined = join_neighbours(self.points, base, self.improvement.generator)
                starts += [] if joined is None else [joined]
            starts.append(self._peeled(base))
        return [renumbered(cells) for cells in starts]

    def _peeled(self, base: Ints) -> Ints:
        """Peel the most general classes; under relative models block by block, too."""
        effort = self.improvement.effort
        rounds = min(len(base) // TUPLES_PER_ROUND, WORK // max(len(base), 1))
        rounds = rounds if effort.rounds is None else min(rounds, effort.rounds)
        peeled, levels = peel(self.points, base)
        relative = any(model.relative for model in self.points.problem.models)
        if not relative or not (rounds or effort.seconds):
            return peeled
        larger, others = peel(self.points, base, share=LARGER_SHARE)
        parts = [renumbered(split(self.points, cells)) for cells in (peeled, larger)]
        again = Repeeling.of(self.points, np.unique(np.concatenate([levels, others]), axis=0))
        best = min(parts, key=self._loss)
        return again.improve(
            best,
            rounds=rounds if effort.seconds is None else None,
            is_over=partial(self.improvement.has_spent, 0.5),
            generator=self.improvement.generator,
        )

    def _suppressed(self, cells: Ints) -> Iterator[Ints]:
        """Suppress in ever larger steps, each followed by improvements; yield the last state first.

        Up to where a lower limit would end, a higher one does the same, so it loses no more. What
        a step suppresses may break a promise of the whole release: less of it may keep it.
        """
        problem = self.points.problem
        limit, planned = problem.most_suppressed, ceil(FIRST_PLAN * problem.records)
        steps: list[tuple[Ints, Ints, Ints]] = []  # before, what goes, after
        while limit:
            order = outliers(self.points, cells, limit=limit, planned=planned)
            if len(order) or planned < limit:
                fewer = renumbered(_without(cells, order))
                last = planned >= limit
                after = fewer if last else self.improvement.improve(fewer, most=ROUNDS_BETWEEN)
                steps.append((cells, order, after))
                cells = after
            if planned >= limit:
                break
            planned *= 2
        for before, order, after in reversed(steps):
            yield after
            for number in self._lengths(len(order)):
                yield _without(before, order[:number])

    def _lengths(self, whole: int) -> Iterable[int]:
        """Return how many of a step's tuples may go, all of them first."""
        if self.points.problem.objective != CERTAINTY:
            return [whole]
        return range(whole, 0, -max(whole // MOST_STATES, 1))

    def _coarsest(self) -> NDArray[np.int64] | None:
        """Return the classes of the highest allowed levels, if they can be a release."""
        problem, groups = self.points.problem, self.points.regions
        if not len(groups):
            return groups.ids
        sizes = groups.sums(problem.counts)
        order = stable_order(groups.ids)
        failing = ~self.points.judge.holds(order, groups.ids[order], sizes)
        if int(sizes[failing].sum()) > problem.most_suppressed or failing.all():
            return None
        return np.where(failing[groups.ids], -1, groups.ids)

    def _labelled(
        self, cells: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], tuple[Generalized, ...]]:
        """Return the classes as a release shows them, (tuples,), and how they read."""
        cells = renumbered(cells)
        return joined_by_label(cells, label_classes(self.points, cells))

    def _loss(self, cells: NDArray[np.int64]) -> float:
        return self._loss_of(*self._labelled(cells))

    def _loss_of(self, cells: NDArray[np.int64], generalized: tuple[Generalized, ...]) -> float:
        return self.points.problem.objective.loss(
            outcome_of(self.points.problem, cells, generalized)
        )

    def release(self, cells: NDArray[np.int64]) -> Solution | None:
        """Return the classes as a solution, or ``None`` if it broke a promise."""
        cells, generalized = self._labelled(cells)
        if not self._holds(cells):
            return None
        loss = self._loss_of(cells, generalized)
        proof = Proof(
            optimal=False,
            loss=loss,
            lower_bound=0.0,
            candidates=1,
            evaluated=1,
            method=LOCAL,
            rounds=self.improvement.spent,
        )
        return Solution(cells, generalized, proof)

    def bounded(self, release: Solution) -> Solution:
        """Return a release with what is proven of all others in its proof."""
        loss = release.proof.loss
        bound = min(lower_bound(self.points), loss)
        proof = replace(release.proof, lower_bound=bound, optimal=loss <= bound + TIE)
        return replace(release, proof=proof)

    def _holds(self, cells: NDArray[np.int64]) -> bool:
        """Tell whether the classes, and what suppression leaves, keep every promise."""
        kept = cells >= 0
        if not len(cells):
            return True
        members, _ = by_class(cells)
        sizes = np.bincount(cells[members], weights=self.points.counts[members])
        verdict = self.points.judge.holds(members, cells[members], sizes.astype(np.int64))
        return bool(verdict.all()) and release_holds(self.points.problem, cells, kept)


def _without(cells: Ints, suppressed: Ints) -> Ints:
    """Return the classes if some tuples, (suppressed,), are in none."""
    fewer = cells.copy()
    fewer[suppressed] = -1
    return fewer


def _progress_of(on_progress: OnStep | None, done: int, tuples: int) -> Callable[[float], None]:
    """Return what reports the progress, 0 to 1, of one of two passes over all tuples.

    Parameters
    ----------
    done
        How many passes came before.
    """

    def report(share: float) -> None:
        if on_progress is not None:
            gone = int((done + share) * tuples)
            on_progress(gone, 2 * tuples - gone)

    return report
