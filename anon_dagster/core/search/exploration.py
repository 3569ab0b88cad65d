"""The search of a lattice that can be enumerated."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.lattice import Lattice, Levels
from anon_dagster.core.objectives import TIE
from anon_dagster.core.search.budget import Meter
from anon_dagster.core.search.candidate import Evaluator, Verdict
from anon_dagster.core.search.forecast import Forecast

_UNLIKELY = 0.6
"""A candidate that is likelier than this to suppress too much is not tried as a solution."""
_PER_CHOICE = 2**15
"""Choosing among so many candidates takes about as long as evaluating one."""
_TINY = 1e-9
"""The gain expected of a candidate that can only win a tie."""


@dataclass(slots=True)
class Incumbents:
    """What was found so far, in any part of the lattice."""

    wanted: int = 1
    """How many of the best candidates are asked for."""
    best: float = np.inf
    """The loss to beat: of the last one that is wanted, infinite while there are fewer."""
    near: dict[Levels, float] = field(default_factory=dict)
    """The feasible candidates that are wanted or tie with one that is, and their losses."""
    broken: dict[Levels, int] = field(default_factory=dict)
    """Candidates that suppress few enough records, but whose release breaks a promise."""
    hopeless: dict[Levels, int] = field(default_factory=dict)
    """Candidates at and below which too much is suppressed, and how much at least."""

    @property
    def winner(self) -> Levels | None:
        """The lexicographically smallest of the candidates that tie with the best."""
        return next(iter(self.ranking), None)

    @property
    def ranking(self) -> list[Levels]:
        """The candidates that are wanted, best first; of those that tie, the smaller levels."""
        ranked: list[Levels] = []
        left = sorted(self.near, key=lambda levels: self.near[levels])
        while left and len(ranked) < self.wanted:
            tied = [k for k in left if self.near[k] <= self.near[left[0]] + TIE]
            ranked += sorted(tied)
            left = left[len(tied) :]
        return ranked[: self.wanted]

    @property
    def last(self) -> Levels | None:
        """The candidate that another one must beat, once there are as many as wanted."""
        ranking = self.ranking
        return ranking[-1] if len(ranking) == self.wanted else None

    def take(self, levels: Levels, loss: float) -> None:
        """Take in a feasible candidate."""
        self.near[levels] = loss
        last = self.last
        if last is not None:
            self.best = min(v for v in self.near.values() if v >= self.near[last] - TIE)
            self.near = {k: v for k, v in self.near.items() if v <= self.best + TIE}

    def join(self, other: "Incumbents") -> None:
        """Take in what was found elsewhere."""
        self.broken |= other.broken
        self.hopeless |= other.hopeless
        for levels, loss in other.near.items():
            if loss <= self.best + TIE:
                self.take(levels, loss)


class Exploration:
    """Evaluates the candidates of a lattice until no other can be better.

    Every other candidate that it evaluates is the one that promises the largest improvement; the
    others are those expected to rule out most candidates: general ones that suppress much.
    """

    def __init__(self, judge: Evaluator, lattice: Lattice, findings: Incumbents) -> None:
        compact = judge.compact
        ranges = [
            slice(low, high + 1) for low, high in zip(lattice.lowest, lattice.highest, strict=True)
        ]
        self._judge = judge
        self._lattice = lattice
        self._findings = findings
        self.bounds = judge.costs.bounds(lattice)
        self._signs = [compact.signs(q)[r] for q, r in enumerate(ranges)]
        self._forecast = Forecast(len(ranges), compact.records, judge.limit)
        self._spent = np.zeros(lattice.candidates, dtype=np.bool_)
        """(candidates,): evaluated, or known to pass no suppression on."""
        self._open = np.ones(lattice.candidates, dtype=np.bool_)
        self._turn = 0
        for levels in findings.hopeless:
            self.bounds.rule_out_below(levels)

    def run(self, meter: Meter) -> bool:
        """Evaluate until nothing is open; return False if the meter stopped it before."""
        while True:
            findings = self._findings
            last = findings.last
            index = self._lattice.index(last) if last is not None else 0
            self._open = self.bounds.open(findings.best, index)
            remaining = int(np.count_nonzero(self._open))
            if not remaining:
                return True
            if meter.spent:
                return False
            for choice in self._choices():
                if self.bounds.bound[choice] < np.inf:
                    self._evaluate(choice)
                    meter.count(remaining)

    def _choices(self) -> list[int]:
        """Choose what to evaluate next: several where choosing costs more than evaluating."""
        most = 1 + self._lattice.candidates // _PER_CHOICE
        odds = self.bounds.fill(self._weighted()) + self._forecast.weights[-1]
        exceeds = self._forecast.exceeds(odds)
        self._turn += 1
        if self._turn % 2:
            promising = self._promising(odds, exceeds)
            if promising is not None:
                return [promising]
        expected = self.bounds.count_below(self._open) * exceeds
        expected[self._spent] = 0
        chosen = _largest(expected, most)
        if expected[chosen[0]] >= 1:
            return [int(c) for c in chosen if expected[c] >= 1]
        return [int(np.where(self._open, self.bounds.bound, np.inf).argmin())]

    def _weighted(self) -> list[NDArray[np.float64]]:
        return [
            weight * signs
            for weight, signs in zip(self._forecast.weights[:-1], self._signs, strict=True)
        ]

    def _promising(self, odds: NDArray[np.float64], exceeds: NDArray[np.float64]) -> int | None:
        """Return the open candidate that is expected to improve most, if it is a likely one."""
        base = self.bounds.base
        share = 1 / (1 + np.exp(-np.minimum(odds, self._forecast.target)))
        loss = np.maximum(self.bounds.bound, base + share * (1 - base))
        gain = np.maximum(min(self._findings.best, 1.0) - loss, _TINY) * (1 - exceeds)
        best = int(np.where(self._open, gain, -1.0).argmax())
        return best if exceeds[best] <= _UNLIKELY else None

    def _evaluate(self, index: int) -> None:
        levels = self._lattice.levels(index)
        verdict = self._judge.evaluate(levels)
        self._spent[index] = True
        self.bounds.bound[index] = np.inf
        row = [
            e[level - low]
            for e, level, low in zip(self._signs, levels, self._lattice.lowest, strict=True)
        ]
        self._forecast.learn(np.array(row), verdict.inherited)
        self._conclude(verdict)
        self._judge_solution(verdict)

    def _conclude(self, verdict: Verdict) -> None:
        """Draw the conclusions for other candidates."""
        levels, inherited, doomed = verdict.levels, verdict.inherited, verdict.doomed
        if inherited > self._judge.limit:
            self.bounds.rule_out_below(levels)
            self._findings.hopeless[levels] = inherited
            doomed = np.zeros_like(doomed)  # nothing below is left to learn of
        elif not inherited:
            self._spent.reshape(self._lattice.shape)[self._lattice.above(levels)] = True
        self._judge.costs.learn(self.bounds, verdict.grouping, doomed)

    def _judge_solution(self, verdict: Verdict) -> None:
        findings = self._findings
        if verdict.suppressed > self._judge.limit or verdict.loss > findings.best + TIE:
            return
        if self._judge.release_holds(verdict):
            findings.take(verdict.levels, verdict.loss)
        else:
            findings.broken[verdict.levels] = verdict.suppressed

    def lower_bound(self) -> float:
        """Return the least bound of what is still open, or the best loss found."""
        return min(float(self.bounds.bound.min(initial=np.inf)), self._findings.best)


def _largest(values: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Return the places of the largest values, the largest first."""
    if most == 1 or most >= len(values):
        return np.array([values.argmax()])
    top = np.argpartition(-values, most)[:most]
    return top[np.lexsort((top, -values[top]))]
