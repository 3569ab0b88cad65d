"""Utility: what generalization and suppression cost."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import fsum, log, nan, prod

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.core.audit import Partition, partition
from anon_dagster.core.counts import integers
from anon_dagster.core.local import outcome_of
from anon_dagster.core.objectives import (
    CERTAINTY,
    KullbackLeibler,
    NonUniformEntropy,
    Outcome,
    Recoding,
)
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.discreet import Discreet
from anon_dagster.engine import in_use


@dataclass(frozen=True, slots=True, eq=False)
class _Released(Discreet):
    """A release as the measures see it."""

    problem: Problem
    generalized: tuple[Generalized, ...]  # with codes of the released classes, (classes,)
    classes: Partition  # class -1 is that of suppressed tuples
    outcome: Outcome

    @property
    def suppressed(self) -> int:
        return self.outcome.suppressed


@dataclass(frozen=True, slots=True)
class _Measure:
    """One number for what a release is worth; for all of them, lower is better."""

    name: str
    raw: Callable[[_Released], float]
    highest: Callable[[Problem], float]
    scale: Callable[[float], float] = float
    """What the quality is linear in."""


def utility_statistics(problem: Problem, solution: Solution) -> pd.DataFrame:
    """Return what the source and the release are worth, side by side.

    A suppressed record counts as fully generalized. For every measure lower is better.

    - ``ambiguity``: mean over records of the product of the leaves that the generalized values
      cover, 1 to Π leaves [1]_.
    - ``average_class_size``: released records / classes [2]_, at most the number of records.
    - ``discernibility``: Σ |class|² + suppressed · records, at most records² [3]_.
    - ``generalization_intensity``: mean over records and quasi-identifiers of level / (levels - 1),
      0 to 1; 1 minus Sweeney's precision [4]_.
    - ``infoLoss``: the mean normalized certainty penalty, 0 to 1, a suppressed record counting 1
      whatever its cost in the objective, see
      :class:`anon_dagster.core.objectives.CertaintyPenalty`.
    - ``non_uniform_entropy``: bits per record that the values lose within their labels, summed over
      quasi-identifiers, see :class:`anon_dagster.core.objectives.NonUniformEntropy`.
    - ``kl_divergence``: bits by which the source diverges from what the release makes believe, see
      :class:`anon_dagster.core.objectives.KullbackLeibler`.
    - ``height``: the sum of the levels [5]_, of full-domain generalization alone.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``statistic``, with the columns ``source``, ``release``, ``lowest`` and
        ``highest`` (what a release of this source can be at best and at worst), ``better`` and
        ``quality``: 1 - (release - lowest) / (highest - lowest), so 1 is as good as the source.
        The quality of ambiguity is taken on its logarithm, for it is a product: on its own scale,
        which ends at the product of all domains, every release would be near 1.

    References
    ----------
    .. [1] M. E. Nergiz, C. Clifton, "Thoughts on k-anonymization", Data & Knowledge Engineering
       63(3), 2007.
    .. [2] K. LeFevre, D. DeWitt, R. Ramakrishnan, "Mondrian multidimensional k-anonymity",
       ICDE 2006, section 5.
    .. [3] R. Bayardo, R. Agrawal, "Data privacy through optimal k-anonymization", ICDE 2005,
       section 2.
    .. [4] L. Sweeney, "Achieving k-anonymity privacy protection using generalization and
       suppression", Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 10(5), 2002.
    .. [5] P. Samarati, "Protecting respondents' identities in microdata release", IEEE Transactions
       on Knowledge and Data Engineering 13(6), 2001.
    """
    problem = replace(problem, suppression_cost=Fraction(1))
    of_source, of_release = (_released(problem, s) for s in (identity(problem), solution))
    measures = _MEASURES if solution.levels is None else _MEASURES + _OF_LEVELS
    rows = in_use().gather(partial(_row, of_source, of_release), measures)
    index = pd.Index([measure.name for measure in measures], name="statistic")
    return pd.DataFrame(rows, index=index, dtype=object)


def identity(problem: Problem) -> Solution:
    """Return the solution that releases every record as it is."""
    classes = partition(problem.codes.columns, problem.counts)
    first = np.zeros(len(classes.sizes), dtype=np.int64)
    first[classes.of[::-1]] = np.arange(len(classes.of) - 1, -1, -1)  # the first tuple comes last
    generalized = tuple(
        Generalized(
            codes=problem.codes.columns[q][first],
            labels=hierarchy.labels[0],
            covered=hierarchy.covered[0],
            heights=np.zeros(hierarchy.leaves),
            leaves=hierarchy.leaves,
        )
        for q, hierarchy in enumerate(problem.hierarchies)
    )
    proof = Proof(
        optimal=True, loss=0.0, lower_bound=0.0, candidates=1, evaluated=1, method="exact"
    )
    return Solution(classes.of, generalized, proof, (0,) * len(generalized))


def _released(problem: Problem, solution: Solution) -> _Released:
    released = np.zeros(int(solution.classes.max(initial=-1)) + 1, dtype=np.bool_)
    released[solution.classes[solution.classes >= 0]] = True
    generalized, class_of = solution.generalized, solution.classes
    if not released.all() or any(len(g.codes) != len(released) for g in generalized):
        where = np.flatnonzero(released)
        generalized = tuple(replace(g, codes=g.codes[where]) for g in generalized)
        numbers = np.append(np.cumsum(released) - 1, -1)  # class -1 is the last
        class_of = numbers[class_of]
    outcome = outcome_of(problem, class_of, generalized, solution.levels)
    return _Released(problem, generalized, Partition(class_of, outcome.sizes), outcome)


def _row(source: _Released, release: _Released, measure: _Measure) -> dict[str, object]:
    lowest, value = measure.raw(source), measure.raw(release)
    highest = measure.highest(source.problem)
    return {
        "source": lowest,
        "release": value,
        "lowest": lowest,
        "highest": highest,
        "better": "lower",
        "quality": _quality(*map(measure.scale, (value, lowest, highest))),
    }


def _quality(value: float, lowest: float, highest: float) -> float:
    if not highest > lowest:  # nothing to lose, or a table without records
        return 1.0
    return min(max(1.0 - (value - lowest) / (highest - lowest), 0.0), 1.0)


# -- the measures --------------------------------------------------------------------------


def _ambiguity(released: _Released) -> float:
    whole = prod(h.leaves for h in released.problem.hierarchies)
    largest = max(whole, 1) * released.problem.records
    sizes = integers(released.classes.sizes, largest)
    for generalized in released.generalized:
        sizes = sizes * generalized.covered[generalized.codes]
    total = int(sizes.sum()) + released.suppressed * whole
    return _quotient(total, released.problem.records)


def _highest_ambiguity(problem: Problem) -> float:
    return _quotient(prod(h.leaves for h in problem.hierarchies), 1)


def _average_class_size(released: _Released) -> float:
    if not released.classes.records:
        return float(released.problem.records)
    return released.classes.records / len(released.classes.sizes)


def _discernibility(released: _Released) -> int:
    return released.classes.squares + released.suppressed * released.problem.records


def _generalization_intensity(released: _Released) -> float:
    heights = [_total_height(g, released.classes.sizes) for g in released.generalized]
    whole = released.problem.records * len(heights)
    return (fsum(heights) + released.suppressed * len(heights)) / whole if whole else 0.0


def _total_height(generalized: Generalized, sizes: NDArray[np.int64]) -> float:
    """Add up the heights of all records' labels, of classes of so many records, (classes,)."""
    amounts = generalized.heights[generalized.codes] * sizes
    return fsum(amounts[amounts != 0])  # in the source all are 0


def _info_loss(released: _Released) -> float:
    return CERTAINTY.loss(released.outcome)


def _non_uniform_entropy(outcome: Outcome) -> float:
    metric, source = NonUniformEntropy(), outcome.table
    bits = [
        metric.lost(outcome, q)
        + outcome.suppressed * metric.suppressed(source, q)
        - metric.offset(source, q)
        for q in range(len(source.hierarchies))
    ]
    return _bits(fsum(bits) / source.records) if source.records else 0.0


def _kl_divergence(outcome: Outcome) -> float:
    return _bits(KullbackLeibler().divergence(outcome))


def _bits(value: float) -> float:
    """Return what is more than rounding: bits per record that one record of a billion may lose."""
    return value if value > 1e-12 else 0.0


def _nothing_left(problem: Problem) -> Outcome:
    """Return the release in which every record is suppressed."""
    none = np.zeros(0, dtype=np.int64)
    return Recoding(problem.weighted_table, none, problem.records, lambda _: none, lambda _: none)


def _height(released: _Released) -> int:
    return sum(released.outcome.levels or ())


def _highest_height(problem: Problem) -> int:
    return sum(h.levels - 1 for h in problem.hierarchies)


def _log(value: float) -> float:
    """Return the logarithm; of what a table without records has, none."""
    return log(value) if value > 0 else nan


def _quotient(whole: int, parts: int) -> float:
    """Divide; what no float can hold is the largest of them."""
    try:
        return whole / parts if parts else nan
    except OverflowError:
        return sys.float_info.max


_MEASURES = (
    _Measure("ambiguity", _ambiguity, _highest_ambiguity, _log),
    _Measure("average_class_size", _average_class_size, lambda problem: problem.records),
    _Measure("discernibility", _discernibility, lambda problem: problem.records**2),
    _Measure("generalization_intensity", _generalization_intensity, lambda _: 1.0),
    _Measure("infoLoss", _info_loss, lambda _: 1.0),
    _Measure(
        "non_uniform_entropy",
        lambda released: _non_uniform_entropy(released.outcome),
        lambda problem: _non_uniform_entropy(_nothing_left(problem)),
    ),
    _Measure(
        "kl_divergence",
        lambda released: _kl_divergence(released.outcome),
        lambda problem: _kl_divergence(_nothing_left(problem)),
    ),
)
_OF_LEVELS = (_Measure("height", _height, _highest_height),)
