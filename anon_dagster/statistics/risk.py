"""Risk: how likely a record is given to the person that it belongs to, and what protects her.

- ``avgRecordIdentification``: classes / records, the mean over records of 1 / class size [1]_.
- ``maxProbabilityIdentification``: 1 / smallest class; ``lowest_risk``: 1 / largest class.
- ``riskAboveThreshold``: records whose 1 / class size is strictly above the threshold.
- ``prosecutor_…``: the same three, of an attacker who knows that a person is in the table [1]_.
- ``journalist_…``: of one who does not, and compares with the population, in which the class
  of size f has F people: highest 1 / F, average max(classes / ΣF, Σ(f / F) / records) [1]_.
- ``marketer_average``: the share of records that one who matches all of them gets right,
  Σ(f / F) / records [2]_.
- ``population_uniqueness_…``, where the population is known: the share of its people that are
  unique in it, as each estimator tells from the records, and as Dankar's rule chooses among
  them [3]_; see :mod:`anon_dagster.core.risk.uniqueness`. Missing where an estimator
  finds none.
- ``k``, ``distinct_l``, ``entropy_l`` (exp of the least entropy), ``recursive_c`` (the model
  holds for every larger c) and ``t_…`` (against the table's own distribution): what the table
  reaches, see :mod:`anon_dagster.core.privacy`. Where persons are counted, what is reached is that
  of persons, and their own risks stand beside those of records: see
  :mod:`anon_dagster.statistics.persons`.

References
----------
.. [1] K. El Emam, "Guide to the De-Identification of Personal Health Information", CRC Press
   2013, chapter 16.
.. [2] F. K. Dankar, K. El Emam, "A method for evaluating marketer re-identification risk",
   PAIS 2010.
.. [3] F. K. Dankar, K. El Emam, A. Neisa, T. Roffey, "Estimating the re-identification risk of
   clinical data sets", BMC Medical Informatics and Decision Making 12:66, 2012.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import exp, nan
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.core.audit import (
    Contents,
    Partition,
    contents,
    distinct_values,
    entropies,
    equal_distances,
    head_and_tail,
    hierarchical_distances,
    ordered_distances,
    partition,
)
from anon_dagster.core.codes import Codes
from anon_dagster.core.counts import integers
from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import (
    HierarchicalTCloseness,
    OrderedTCloseness,
    RecursiveLDiversity,
)
from anon_dagster.core.problem import Problem
from anon_dagster.core.risk.uniqueness import Estimator, Sample, dankar, estimate
from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.engine import in_use
from anon_dagster.request import Policy
from anon_dagster.statistics.persons import PersonsOfClasses, households

Statistic = tuple[str, Any]

_NO_POPULATION = "no population given: equal to the prosecutor's"
_NOT_MATCHED = "the population is not matched with local recoding: equal to the prosecutor's"
_NO_LARGER = "a population of {} is no larger than the table: equal to the prosecutor's"
_POPULATION_SIZE = "population of {}: each class is taken to be as much larger in it as the table"
_POPULATION_TABLE = "classes are counted in a population table of {} people"


@dataclass(frozen=True, slots=True, eq=False)
class PopulationTable(Discreet):
    """The people that the records of a table were drawn from."""

    codes: Codes  # (tuples, quasi-identifiers): leaves, -1 where a hierarchy lacks one
    counts: NDArray[np.int64]  # (tuples,)
    persons: Persons | None = None
    """Who has a record of which tuple, where one of them may have several."""

    @property
    def people(self) -> int:
        """How many there are."""
        return int(self.counts.sum()) if self.persons is None else self.persons.total


@dataclass(frozen=True, slots=True, eq=False)
class _Released(Discreet, shown=("suppressed",)):
    """The records that are out: their classes, and who else may be behind each class."""

    rows: NDArray[np.intp]  # (released tuples,): their positions in the problem
    classes: Partition  # of the released tuples
    suppressed: int
    behind: NDArray[Any]  # (classes,): people of the population in each class, times ``scale``
    scale: int


def risk_statistics(
    problem: Problem,
    solution: Solution,
    policy: Policy,
    *,
    population: PopulationTable | None = None,
) -> pd.DataFrame:
    """Return the risks of the source and of the release, side by side.

    The head of this module defines each row. Only released records count: suppressed ones are
    out, also where they stay with ``*``.

    Parameters
    ----------
    problem, solution
        The table and what was decided.
    policy
        Names the sensitive attributes; holds the threshold and the size of the population.
    population
        A table of the population; takes precedence over its size. People with a value that the
        hierarchies lack are not counted, which can only raise the risk.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``statistic``, with the columns ``source``, ``release`` and ``note``. Counts are
        integers, risks are floats from 0 to 1 and missing for a table without records.
    """
    size = policy.population if isinstance(policy.population, int) else None
    behind, note = _population(problem, solution, size, population)
    threshold = policy.threshold
    people = people_of(problem, policy, population)
    columns, chosen = {}, []
    for name, table in _tables(problem, solution, behind):
        statistics = dict(_statistics(problem, policy, table, threshold, people))
        columns[name] = pd.Series(statistics, dtype=object)  # counts stay exact
        if people is not None:
            chosen.append(dankar(Sample.of(table.classes.sizes, people)).by)
        del table  # the other one is made once this one is gone
    frame = pd.DataFrame(columns)
    frame["note"] = [note if name.startswith(("jour", "mark")) else "" for name in frame.index]
    if people is not None:
        frame.loc["population_uniqueness_dankar", "note"] = _chosen(chosen, people)
    return frame.rename_axis("statistic")


def people_of(problem: Problem, policy: Policy, population: PopulationTable | None) -> int | None:
    """Return the size of the population, as far as it is known; it holds at least the table."""
    if population is not None:
        ours = problem.records if problem.persons is None else problem.persons.total
        return max(population.people, ours)
    if isinstance(policy.population, int):
        return max(policy.population, problem.records)
    return None


def _tables(
    problem: Problem, solution: Solution, behind: int | PopulationTable | None
) -> Iterator[tuple[str, _Released]]:
    """Give the source and the release, one after the other, for each takes much memory."""
    identity = np.zeros(problem.codes.shape[1], dtype=np.int64)
    every = np.arange(len(problem.counts))
    of_source = every, partition(problem.codes.columns, problem.counts)
    yield "source", _with_people(problem, of_source, identity, behind)
    del every, of_source
    kept = np.flatnonzero(solution.classes >= 0)
    of_release = kept, partition([solution.classes[kept]], problem.counts[kept])
    levels = identity if solution.levels is None else np.array(solution.levels)
    yield "release", _with_people(problem, of_release, levels, behind)


# -- the population ------------------------------------------------------------------------


def _population(
    problem: Problem, solution: Solution, size: int | None, table: PopulationTable | None
) -> tuple[int | PopulationTable | None, str]:
    if table is not None and solution.levels is None:
        return None, _NOT_MATCHED
    if table is not None:
        return table, _POPULATION_TABLE.format(table.people)
    if size is None:
        return None, _NO_POPULATION
    note = _POPULATION_SIZE if size > problem.records else _NO_LARGER
    return size, note.format(size)


def _with_people(
    problem: Problem,
    released: tuple[NDArray[np.intp], Partition],
    levels: NDArray[np.int64],
    population: int | PopulationTable | None,
) -> _Released:
    """Say how many people of the population are behind each class; without one, its records."""
    rows, classes = released
    behind, scale = classes.sizes, 1
    if isinstance(population, PopulationTable):
        people = _people(problem, released, levels, population)
        ours = classes.sizes
        if problem.persons is not None and population.persons is not None:
            ours = PersonsOfClasses(problem, rows, classes).sizes
        behind = np.maximum(people, ours)  # who is in the table is in the population
    elif population is not None and population > problem.records:
        scale = problem.records
        behind = integers(classes.sizes, population * problem.records) * population
    suppressed = problem.records - classes.records
    return _Released(rows, classes, suppressed, behind, scale)


def _people(
    problem: Problem,
    released: tuple[NDArray[np.intp], Partition],
    levels: NDArray[np.int64],
    population: PopulationTable,
) -> NDArray[np.int64]:
    """Count the people of a population in each class, (classes,), at the given levels."""
    rows, classes = released
    known = np.ones(len(population.codes), dtype=np.bool_)
    for column in population.codes.columns:
        known &= column >= 0
    columns = [
        hierarchy.codes[level][np.concatenate([problem.codes[rows, q], population.codes[known, q]])]
        for q, (hierarchy, level) in enumerate(zip(problem.hierarchies, levels, strict=True))
    ]
    nobody = np.zeros(len(rows), dtype=np.int64)
    together = partition(columns, np.concatenate([nobody, population.counts[known]]))
    sizes = together.sizes
    if population.persons is not None:
        cells = np.full(len(known), len(sizes), dtype=np.int64)
        cells[known] = together.of[len(rows) :]
        sizes = population.persons.count(cells, len(sizes) + 1)[:-1]
    people = np.zeros(len(classes.sizes), dtype=np.int64)
    people[classes.of] = sizes[together.of[: len(rows)]]
    return people


# -- the statistics ------------------------------------------------------------------------


def _statistics(
    problem: Problem,
    policy: Policy,
    released: _Released,
    threshold: Fraction,
    people: int | None,
) -> Iterator[Statistic]:
    """Yield the statistics of one of the two tables, in the order of the rows."""
    classes = released.classes
    average = _ratio(len(classes.sizes), classes.records)
    highest = _ratio(1, classes.smallest)
    above = classes.records_above(threshold)
    yield "records", classes.records
    yield "suppressed", released.suppressed
    yield "classes", len(classes.sizes)
    yield "smallest_class", classes.smallest
    yield "largest_class", classes.largest
    yield "unique_records", int((classes.sizes == 1).sum())
    yield "avgRecordIdentification", average
    yield "maxProbabilityIdentification", highest
    yield "riskAboveThreshold", above
    yield "lowest_risk", _ratio(1, classes.largest)
    yield "prosecutor_average", average
    yield "prosecutor_highest", highest
    yield "prosecutor_above_threshold", above
    yield from _of_population(released, threshold)
    if people is not None:
        yield from _uniqueness(Sample.of(classes.sizes, people))
    persons, smallest = None, classes.smallest
    if problem.persons is not None:
        persons = PersonsOfClasses(problem, released.rows, classes)
        yield from persons.statistics(threshold)
        smallest = int(persons.sizes.min(initial=classes.largest))
    if problem.households is not None:
        yield from households(problem.households, released.rows, classes)
    yield "k", smallest
    names = policy.names("sensitive")

    def reached(position: int) -> list[Statistic]:
        name = names[position]
        if persons is not None:
            return list(persons.reached(position, name))
        return list(_reached(problem, released, position, name))

    for told in in_use().gather(reached, range(len(names))):
        yield from told


def _of_population(released: _Released, threshold: Fraction) -> Iterator[Statistic]:
    """Yield the risks of the journalist and the marketer, who compare with the population."""
    sizes, behind = released.classes.sizes, released.behind
    records, people = released.classes.records, int(behind.sum())
    matched = float((sizes / behind.astype(np.float64)).sum()) * released.scale
    marketer = _ratio(matched, records)
    safe = integers(behind, int(behind.max(initial=0)) * threshold.numerator)
    at_risk = safe * threshold.numerator < threshold.denominator * released.scale
    smallest = int(behind.min()) if len(behind) else 0
    yield "journalist_average", max(_ratio(len(sizes) * released.scale, people), marketer)
    yield "journalist_highest", _ratio(released.scale, smallest)
    yield "journalist_above_threshold", int(sizes[at_risk.astype(np.bool_)].sum())
    yield "marketer_average", marketer


def _uniqueness(sample: Sample) -> Iterator[Statistic]:
    for estimator in get_args(Estimator):
        uniques = estimate(sample, estimator).uniques
        share = nan if uniques is None else _ratio(uniques, sample.population)
        yield f"population_uniqueness_{estimator}", share


def _chosen(chosen: Iterable[str], people: int) -> str:
    """Say which estimator the rule chose for each table."""
    used = ("nothing to estimate" if by == "dankar" else by for by in chosen)
    return "of the {:,} people of the population; source: {}, release: {}".format(people, *used)


def _reached(
    problem: Problem, released: _Released, position: int, name: str
) -> Iterator[Statistic]:
    """Tell what a table reaches for one sensitive attribute: what its worst class does."""
    values = problem.sensitive.columns[position]
    whole = np.zeros(problem.sensitive_sizes[position], dtype=np.int64)
    np.add.at(whole, values[released.rows], problem.counts[released.rows])
    worst: dict[str, float] = {}
    for tuples, classes in released.classes.in_turn():
        rows = released.rows[tuples]
        held = contents(classes, values[rows], problem.counts[rows])
        for statistic, keeps, value in _reached_by(problem, held, whole, position):
            worst[statistic] = keeps(worst.get(statistic, value), value)
    if not worst:
        yield f"distinct_l({name})", 0
        yield f"entropy_l({name})", nan
        for l in _asked_depths(problem, position):  # noqa: E741 (the name the model goes by)
            yield f"recursive_c({name}, l={l})", nan
        yield f"t_equal({name})", nan
    for statistic, value in worst.items():
        yield statistic.format(name), value


def _reached_by(
    problem: Problem, held: Contents, whole: NDArray[np.int64], position: int
) -> Iterator[tuple[str, Callable[..., float], float]]:
    """Yield what some classes reach, each with what tells the worse of two."""
    yield "distinct_l({})", min, int(distinct_values(held).min())
    yield "entropy_l({})", min, exp(float(entropies(held).min()))
    for l in _asked_depths(problem, position):  # noqa: E741 (the name the model goes by)
        yield f"recursive_c({{}}, l={l})", max, head_and_tail(held, l).ratio
    yield "t_equal({})", max, equal_distances(held, whole).largest
    for model in problem.models:
        if model.sensitive != position:
            continue
        if isinstance(model, OrderedTCloseness):
            distances = ordered_distances(held, whole, ranks=model.ranks)
            yield "t_ordered({})", max, distances.largest
        elif isinstance(model, HierarchicalTCloseness):
            distances = hierarchical_distances(
                held, whole, hierarchy=model.hierarchy, leaves=model.leaves
            )
            yield "t_hierarchical({})", max, distances.largest


def _asked_depths(problem: Problem, position: int) -> list[int]:
    models = (m for m in problem.models if isinstance(m, RecursiveLDiversity))
    return sorted({model.l for model in models if model.sensitive == position})


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else nan
