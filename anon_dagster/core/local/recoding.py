"""Local recoding: from a problem to a solution whose classes differ in their levels.

Cells are split top-down (see ``splitting``), then neighbouring classes are regrouped bottom-up (see
``regrouping``). Labels are nodes of the hierarchies, or ranges and sets of values where the problem
allows them; the nodes of an attribute's ``highest`` level bound who may share a class, however it
is labelled. The same table gives the same classes, in whatever order its tuples stand. The steps
are guided by the certainty penalty; of the releases that they lead to, the one of least loss by
the problem's objective is taken.

Proofs: ``docs/proofs/local-recoding.md``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.evaluation import evaluate, release_holds
from anon_dagster.core.keys import group
from anon_dagster.core.local.bound import lower_bound
from anon_dagster.core.local.labels import joined_by_label, label_classes
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.local.readings import outcome_of
from anon_dagster.core.local.regrouping import regroup, renumbered
from anon_dagster.core.local.splitting import EXPONENTS, split
from anon_dagster.core.local.suppression import suppress_outliers
from anon_dagster.core.objectives import CERTAINTY, TIE
from anon_dagster.core.obstacles import advice, levels_named, obstacles, promises, share
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import LOCAL, Generalized, Proof, Solution
from anon_dagster.core.steps import OnStep
from anon_dagster.errors import UnreachableError

MOST_ROUNDS = 15
"""How often neighbouring classes are regrouped at most."""
WORK = 3_000_000
"""Tuples regrouped over all rounds: a large table gets fewer rounds, but one at least."""
IDLE = 3
"""After so many rounds without a change no more is expected."""
SMALL = 100_000
"""Tables with up to so many tuples are split in several ways, from the start too; the best wins."""
SEED = 0


def recode_locally(
    problem: Problem,
    *,
    start: Solution | None = None,
    rounds: int | None = None,
    on_progress: OnStep | None = None,
) -> Solution:
    """Partition the table into classes, each generalized as little as its own records need.

    Parameters
    ----------
    start
        A solution of the same problem; the result loses no more than it does.
    rounds
        How often neighbouring classes are regrouped; by the size of the table if left out.

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
    search = _Search(Points.of(table), on_progress)
    given = None if start is None else start.classes[first]
    if rounds is None:
        rounds = min(MOST_ROUNDS, max(1, WORK // max(len(first), 1)))
    releases = filter(None, map(search.release, search.attempts(given, rounds)))
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
    on_progress: OnStep | None

    def attempts(self, start: NDArray[np.int64] | None, rounds: int) -> Iterator[NDArray[np.int64]]:
        """Yield classes, best first; only suppression can make the better ones break a promise."""
        starts = [cells for cells in (self._coarsest(), start) if cells is not None]
        if not starts:
            return
        exponents: tuple[float, ...] = EXPONENTS
        if len(self.points.counts) > SMALL:
            starts, exponents = starts[:1], EXPONENTS[:1]
        pairs = list(product(starts, exponents))
        passes = len(pairs) + rounds
        split_up = [
            renumbered(self._split(cells, exponent, self._progress_of(done, passes)))
            for done, (cells, exponent) in enumerate(pairs)
        ]
        reports = [self._progress_of(len(pairs) + done, passes) for done in range(rounds)]
        regrouped = self._regrouped(min(split_up, key=self._loss), reports)
        if self.points.problem.most_suppressed:
            yield suppress_outliers(self.points, regrouped)
        yield regrouped
        yield from split_up
        yield from starts

    def _progress_of(self, done: int, passes: int) -> Callable[[float], None]:
        """Return what reports the progress, 0 to 1, of one of several passes over all tuples.

        Parameters
        ----------
        done
            How many passes came before.
        """
        tuples = len(self.points.counts)

        def report(share: float) -> None:
            if self.on_progress is not None:
                gone = int((done + share) * tuples)
                self.on_progress(gone, passes * tuples - gone)

        return report

    def _split(
        self, cells: NDArray[np.int64], exponent: float, report: Callable[[float], None]
    ) -> NDArray[np.int64]:
        return split(self.points, cells, exponent=exponent, on_share=report)

    def _coarsest(self) -> NDArray[np.int64] | None:
        """Return the classes of the highest allowed levels, if they can be a release."""
        problem, groups = self.points.problem, self.points.regions
        if not len(groups):
            return groups.ids
        sizes = groups.sums(problem.counts)
        order = np.argsort(groups.ids, kind="stable")
        failing = ~self.points.judge.holds(order, groups.ids[order], sizes)
        if int(sizes[failing].sum()) > problem.most_suppressed or failing.all():
            return None
        return np.where(failing[groups.ids], -1, groups.ids)

    def _regrouped(
        self, cells: NDArray[np.int64], reports: Sequence[Callable[[float], None]]
    ) -> NDArray[np.int64]:
        """Regroup, at most one round for each report of progress, as long as anything changes."""
        generator = np.random.Generator(np.random.PCG64(SEED))
        idle = 0
        for report in reports:
            before = cells
            cells = regroup(self.points, cells, generator=generator, on_share=report)
            idle = idle + 1 if np.array_equal(cells, before) else 0
            if idle == IDLE:
                break
        return cells

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
            optimal=False, loss=loss, lower_bound=0.0, candidates=1, evaluated=1, method=LOCAL
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
