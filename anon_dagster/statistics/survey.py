"""Risk by survey weights: how many people of the population are behind each class.

A weight says how many people of the population a record stands for. The weights of a class add up
to an estimate of its people; the individual risk of Benedetti and Franconi follows from that and
from how many of them are in the table, see :mod:`anon_dagster.core.risk.individual`.

- ``survey_population``: what all weights add up to; ``survey_smallest_class``: the least sum of a
  class.
- ``survey_expected``: how many records one who gives each to somebody of its class gets right, the
  sum of the individual risks; ``survey_average``: the same per record.
- ``survey_highest``: the highest individual risk; ``survey_above_threshold``: the records whose one
  is strictly above the threshold.
- ``survey_uniques``: how many records are expected to be of people who are unique in the
  population; ``survey_uniqueness``: the same per record.

A figure may be that of a single record, whose weight could be told by it. So all but counts are
told to two digits, rounded to the side of more risk, and the population to whole people.

Where persons are counted, all of this is of persons, each with her own weight and with the highest
risk of the classes that she has a record in.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, fsum, isnan, log10, nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.core.audit import Partition, partition
from anon_dagster.core.problem import Problem
from anon_dagster.core.risk.individual import individual_risk, unique_in_population
from anon_dagster.core.solution import Solution
from anon_dagster.reading.counting import Count
from anon_dagster.reading.persons import CountedPersons
from anon_dagster.reading.weights import CountedWeights


@dataclass(frozen=True, slots=True, eq=False)
class _Risks:
    """The individual risks of those who are in a table."""

    population: float
    people: NDArray[np.float64]  # (classes,): of the population, by the weights
    risks: NDArray[np.float64]  # (groups,)
    uniques: NDArray[np.float64]  # (groups,): how likely they are unique in the population
    having: NDArray[np.int64]  # (groups,): records, or persons, of whom both are true

    def statistics(self, threshold: Fraction) -> Iterator[tuple[str, object]]:
        """Yield the statistics in their order; see the head of this module."""
        everybody = int(self.having.sum())
        expected = fsum(self.risks * self.having)  # persons are in no order that stays
        uniques = fsum(self.uniques * self.having)
        yield "survey_population", round(self.population)
        yield "survey_smallest_class", rounded_down(self.people.min() if everybody else nan)
        yield "survey_expected", rounded_up(expected)
        yield "survey_average", rounded_up(expected / everybody if everybody else nan)
        yield "survey_highest", rounded_up(self.risks.max() if everybody else nan)
        yield "survey_above_threshold", int(self.having[self.risks > float(threshold)].sum())
        yield "survey_uniques", rounded_up(uniques)
        yield "survey_uniqueness", rounded_up(uniques / everybody if everybody else nan)


def rounded_up(figure: float) -> float:
    """Return the next larger number of two significant digits."""
    return _in_two_digits(figure, lambda digits: ceil(digits * (1 - _CLOSE)))


def rounded_down(figure: float) -> float:
    """Return the next smaller number of two significant digits."""
    return _in_two_digits(figure, lambda digits: floor(digits * (1 + _CLOSE)))


_CLOSE = 1e-9
"""What floats may be apart that stand for one number; it is not rounded further then."""


def _in_two_digits(figure: float, rounded: Callable[[float], int]) -> float:
    if not figure or isnan(figure):
        return float(figure)
    shift = 1 - floor(log10(figure))
    return float(f"{rounded(figure * 10.0**shift)}e{-shift}")


def survey_statistics(
    problem: Problem, solution: Solution, counted: Count, threshold: Fraction
) -> pd.DataFrame:
    """Return the risks by survey weights, of the source and of the release.

    Parameters
    ----------
    problem, solution
        The table and what was decided.
    counted
        What the problem was made of, with weights. Of a sample of the source each weight is
        multiplied by how many records of the source a drawn one stands for.

    Returns
    -------
    pandas.DataFrame
        As :func:`anon_dagster.statistics.risk.risk_statistics` returns; no rows without weights.
    """
    if counted.weights is None:
        return pd.DataFrame(columns=["source", "release", "note"])
    scale = 1.0
    if counted.sampling is not None and counted.records:
        scale = max(counted.sampling.records / counted.records, 1.0)
    source = partition(problem.codes.columns, problem.counts)
    kept = np.flatnonzero(solution.classes >= 0)
    release = partition([solution.classes[kept]], problem.counts[kept])
    columns = {}
    for name, rows, classes in (
        ("source", np.arange(len(problem.counts)), source),
        ("release", kept, release),
    ):
        cells = np.full(len(problem.counts), -1, dtype=np.int64)
        cells[rows] = classes.of
        risks = _risks(counted, cells, classes, scale)
        columns[name] = pd.Series(dict(risks.statistics(threshold)), dtype=object)
    who = "records" if counted.persons is None else "persons"
    note = f"estimated from the weights of {who}"
    return pd.DataFrame(columns).assign(note=note).rename_axis("statistic")


def _risks(count: Count, cells: NDArray[np.int64], classes: Partition, scale: float) -> _Risks:
    assert count.weights is not None, "there are weights"
    if count.persons is None:
        return _of_records(count.weights, cells, classes.sizes, scale)
    return _of_persons(count.weights, count.persons, cells, len(classes.sizes), scale)


def _of_records(
    weights: CountedWeights,
    cells: NDArray[np.int64],
    sizes: NDArray[np.int64],
    scale: float,
) -> _Risks:
    """Tell the risks of records, whose tuples are in classes, ``cells``, (tuples,), or none, -1."""
    of_pairs = cells[weights.tuples]
    there = of_pairs >= 0
    behind = (weights.weights * weights.records * scale)[there]
    people = _added_up(of_pairs[there], behind, len(sizes))
    risks, uniques = individual_risk(sizes, people), unique_in_population(sizes, people)
    return _Risks(fsum(people), people, risks, uniques, sizes)


def _of_persons(
    weights: CountedWeights,
    persons: CountedPersons,
    cells: NDArray[np.int64],
    size: int,
    scale: float,
) -> _Risks:
    """Tell the risks of persons, who count once in each class that they have a record in."""
    assert weights.of_persons is not None, "there are weights of persons"
    of_pairs = cells[persons.tuples]
    there = of_pairs >= 0
    pairs = np.unique(np.stack([of_pairs[there], persons.owners[there]]), axis=1)
    classes, owners = pairs
    each = weights.of_persons * scale
    sizes = np.bincount(classes, minlength=size).astype(np.int64)
    people = _added_up(classes, each[owners], size)
    found = []
    for of_classes in (individual_risk(sizes, people), unique_in_population(sizes, people)):
        highest = np.zeros(len(each))
        np.maximum.at(highest, owners, of_classes[classes])
        found.append(highest)
    known = np.unique(owners)
    risks, uniques = (highest[known] for highest in found)
    ones = np.ones(len(known), dtype=np.int64)
    return _Risks(fsum(each[known]), people, risks, uniques, ones)


def _added_up(
    classes: NDArray[np.integer], weights: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Return the sums of the weights, (pairs,), of each class, (classes,), whatever their order."""
    order = np.argsort(weights)
    classes, weights = classes[order], weights[order]
    return np.bincount(classes, weights, minlength=size).astype(np.float64)
