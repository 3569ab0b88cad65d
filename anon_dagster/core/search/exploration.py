"""The search of a lattice that can be enumerated.

Proofs: ``docs/proofs/search.md``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.lattice import Lattice, Levels
from anon_dagster.core.objectives import TIE
from anon_dagster.core.search.budget import Meter
from anon_dagster.core.search.candidate import Evaluator, Verdict
from anon_dagster.core.search.forecast import Forecast

# These three decide in which order candidates are evaluated, never what is found.
_UNLIKELY = 0.6
"""A candidate that is likelier than this to suppress too much is not tried as a solution."""
_PER_CHOICE = 2**15
"""Choosing among so many candidates takes about as long as evaluating one."""
_TRIED_FIRST = 3
"""So many candidates that another search leaves open are evaluated at first."""
_TINY = 1e-9
"""The gain expected of a candidate that can only win a tie."""


@dataclass(slots=True)
class Incumbents:
    """The best feasible candidates so far, and what was ruled out, in any part of a lattice."""

    wanted: int = 1
    """How many of the best candidates are asked for."""
    best: float = np.inf
    """The loss to beat: of the last one that is wanted, infinite while there are fewer."""
    losses: dict[Levels, float] = field(default_factory=dict)
    """Of the incumbents: feasible candidates that are wanted or tie with one that is."""
    broken: dict[Levels, int] = field(default_factory=dict)
    """Candidates that suppress few enough records, but whose release breaks a promise."""
    too_suppressed: dict[Levels, int] = field(default_factory=dict)
    """Candidates at and below which more is suppressed than may be, and how much at least."""

    @property
    def winner(self) -> Levels | None:
        """The lexicographically smallest of the candidates that tie with the best."""
        return next(iter(self.ranking), None)

    @property
    def ranking(self) -> list[Levels]:
        """The candidates that are wanted, best first; of those that tie, the smaller levels."""
        ranked: list[Levels] = []
        unranked = sorted(self.losses, key=lambda levels: self.losses[levels])
        while unranked and len(ranked) < self.wanted:
            least = self.losses[unranked[0]]
            tied = [levels for levels in unranked if self.losses[levels] <= least + TIE]
            ranked += sorted(tied)
            unranked = unranked[len(tied) :]
        return ranked[: self.wanted]

    @property
    def last(self) -> Levels | None:
        """The candidate that another one must beat, once there are as many as wanted."""
        ranking = self.ranking
        return ranking[-1] if len(ranking) == self.wanted else None

    def add(self, levels: Levels, loss: float) -> None:
        """Add a feasible candidate, and let go of those that it beats."""
        self.losses[levels] = loss
        last = self.last
        if last is not None:
            self.best = min(v for v in self.losses.values() if v >= self.losses[last] - TIE)
            self.losses = {of: v for of, v in self.losses.items() if v <= self.best + TIE}

    def merge(self, other: "Incumbents") -> None:
        """Add what was found elsewhere."""
        self.broken |= other.broken
        self.too_suppressed |= other.too_suppressed
        for levels, loss in other.losses.items():
            if loss <= self.best + TIE:
                self.add(levels, loss)


class Exploration:
    """Evaluates the candidates of a lattice until no other can be better.

    Every other candidate that it evaluates is the one that promises the largest improvement; the
    others are those expected to rule out most candidates: general ones that suppress much.
    """

    def __init__(self, evaluator: Evaluator, lattice: Lattice, incumbents: Incumbents) -> None:
        compact = evaluator.compact
        self._evaluator = evaluator
        self._lattice = lattice
        self._incumbents = incumbents
        self.bounds = evaluator.costs.bounds(lattice)
        self._entropies = [
            compact.entropies(q)[list(levels)] for q, levels in enumerate(lattice.choices)
        ]
        self._forecast = Forecast(len(lattice.choices), compact.records, evaluator.limit)
        self._unspent = np.ones(lattice.candidates, dtype=np.bool_)
        """(candidates,): neither evaluated nor known to pass no suppression on."""
        self._open = np.ones(lattice.candidates, dtype=np.bool_)
        self._turn = 0
        for levels in incumbents.too_suppressed:
            self.bounds.rule_out_below(levels)

    def run(self, meter: Meter) -> bool:
        """Evaluate until nothing is open; return False if the meter stopped it before."""
        problem = self._evaluator.compact.problem
        if problem.trajectories is not None or problem.companions:
            self._evaluate(self._lattice.candidates - 1)  # which may rule out all others
        while True:
            incumbents = self._incumbents
            last = incumbents.last
            index = self._lattice.index(last) if last is not None else 0
            self._open = self.bounds.open(incumbents.best, index)
            remaining = int(np.count_nonzero(self._open))
            if not remaining:
                return True
            if meter.spent:
                return False
            for choice in self._choices():
                if self.bounds.bound[choice] < np.inf:
                    self._evaluate(choice)
                    meter.count(remaining)

    def begin_with(self, candidates: Iterable[Levels], meter: Meter) -> None:
        """Evaluate the most promising of some candidates, so that there is a loss to beat."""
        within = [set(levels) for levels in self._lattice.choices]
        indices = [
            self._lattice.index(levels)
            for levels in candidates
            if all(level in allowed for level, allowed in zip(levels, within, strict=True))
        ]
        for index in sorted(indices, key=lambda i: (self.bounds.bound[i], i))[:_TRIED_FIRST]:
            if self.bounds.bound[index] <= self._incumbents.best:
                self._evaluate(index)
                meter.count(self._lattice.candidates)

    def _choices(self) -> list[int]:
        """Choose what to evaluate next: several where choosing costs more than evaluating."""
        most = 1 + self._lattice.candidates // _PER_CHOICE
        odds = self.bounds.fill(self._weighted()) + self._forecast.weights[-1]
        still = np.flatnonzero(self._open)
        self._turn += 1
        if self._turn % 2:
            promising = self._promising(still, odds[still])
            if promising is not None:
                return [promising]
        below = self.bounds.count_below(self._open)
        telling = np.flatnonzero((below >= 1) & self._unspent)
        expected = below[telling] * self._forecast.exceeds(odds[telling])
        chosen = [c for c in _largest(expected, most) if expected[c] >= 1]
        if chosen:
            return [int(telling[c]) for c in chosen]
        return [int(still[self.bounds.bound[still].argmin()])]

    def _weighted(self) -> list[NDArray[np.float64]]:
        """Return what each level adds to the forecast: (quasi-identifiers,) of (levels,)."""
        return [
            weight * entropies
            for weight, entropies in zip(self._forecast.weights[:-1], self._entropies, strict=True)
        ]

    def _promising(self, still: NDArray[np.intp], odds: NDArray[np.float64]) -> int | None:
        """Return the open candidate that is expected to improve most, if it is a likely one.

        Parameters
        ----------
        still, odds
            The open candidates, (open,), and the forecast log-odds of each.
        """
        base, exceeds = self.bounds.base[still], self._forecast.exceeds(odds)
        share = 1 / (1 + np.exp(-np.minimum(odds, self._forecast.target)))
        loss = np.maximum(self.bounds.bound[still], base + share * (1 - base))
        gain = np.maximum(min(self._incumbents.best, 1.0) - loss, _TINY) * (1 - exceeds)
        best = int(gain.argmax())
        return int(still[best]) if exceeds[best] <= _UNLIKELY else None

    def _evaluate(self, index: int) -> None:
        """Evaluate a candidate, and learn from it what is to be learned of it and of others."""
        levels = self._lattice.levels(index)
        verdict = self._evaluator.evaluate(levels)
        self._unspent[index] = False
        self.bounds.bound[index] = np.inf
        offsets = self._lattice.offsets(levels)
        row = [of_choices[o] for of_choices, o in zip(self._entropies, offsets, strict=True)]
        self._forecast.learn(np.array(row), verdict.inherited)
        self._conclude(verdict)
        self._consider(verdict)

    def _conclude(self, verdict: Verdict) -> None:
        """Draw the conclusions for other candidates."""
        levels, inherited, doomed = verdict.levels, verdict.inherited, verdict.doomed
        if inherited > self._evaluator.limit:
            self.bounds.rule_out_below(levels)
            self._incumbents.too_suppressed[levels] = inherited
            doomed = np.zeros_like(doomed)  # nothing below is left to learn of
        elif not inherited:
            self._lattice.above(self._unspent, levels)[...] = False
        self._evaluator.costs.learn(self.bounds, verdict.classes, doomed)

    def _consider(self, verdict: Verdict) -> None:
        """Add a candidate to the incumbents if it is feasible and no worse than these."""
        incumbents = self._incumbents
        if verdict.suppressed > self._evaluator.limit or verdict.loss > incumbents.best + TIE:
            return
        if self._evaluator.release_holds(verdict):
            incumbents.add(verdict.levels, verdict.loss)
        else:
            incumbents.broken[verdict.levels] = verdict.suppressed
            if self._evaluator.dooms_the_more_specific(verdict):
                self.bounds.rule_out_below(verdict.levels)

    def lower_bound(self) -> float:
        """Return the least bound of what is still open, or the best loss found."""
        return min(float(self.bounds.bound.min(initial=np.inf)), self._incumbents.best)


def _largest(values: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Return the indices of the largest values, the largest first."""
    if most == 1 or most >= len(values):
        return np.array([values.argmax()] if len(values) else [], dtype=np.intp)
    top = np.argpartition(-values, most)[:most]
    return top[np.lexsort((top, -values[top]))]
