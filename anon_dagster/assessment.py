"""What a decision is worth: statistics of source and release side by side."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from anon_dagster.core.microaggregation import Grouping
from anon_dagster.core.solution import Solution
from anon_dagster.counting import Count, count
from anon_dagster.decision import Decision
from anon_dagster.errors import SchemaMismatchError
from anon_dagster.planning import Plan, leaves
from anon_dagster.request import Policy, Source
from anon_dagster.statistics.exploratory import ExploratoryStatistics, exploratory_statistics
from anon_dagster.statistics.risk import PopulationTable, risk_statistics
from anon_dagster.statistics.utility import utility_statistics
from anon_dagster.storage.sources import OpenSource, open_source


def describe(decision: Decision, released: Count | None) -> ExploratoryStatistics:
    """Return the values and their counts, in the source and in the stored release."""
    request = decision.request
    return exploratory_statistics(
        decision.counted,
        released,
        request.policy,
        decimal=request.decimal,
        release_decimal=request.release_decimal,
    )


def assess_risk(decision: Decision) -> pd.DataFrame:
    """Return the risks of the source and of the release.

    Raises
    ------
    SourceError
        If the request has a population table and it cannot be read, or lacks a quasi-identifier.
    """
    policy = decision.request.policy
    people = None
    if isinstance(policy.population, Source):
        people = _count_population(policy.population, decision.plan)
    return risk_statistics(decision.plan.problem, decision.solution, policy, population=people)


def require_population(policy: Policy) -> None:
    """Find out before the work whether the population of a policy can be counted.

    Raises
    ------
    SourceError
        If it is a table that cannot be read, or lacks a quasi-identifier.
    """
    if isinstance(policy.population, Source):
        _open_population(policy.population, policy.quasi_identifiers)


def _open_population(population: Source, names: Iterable[str]) -> OpenSource:
    table = open_source(population)
    if absent := [name for name in names if name not in table.columns]:
        raise SchemaMismatchError(f"the population table has no {', '.join(absent)}")
    return table


def _count_population(population: Source, plan: Plan) -> PopulationTable:
    names = plan.quasi_identifiers
    table = _open_population(population, names)
    counted = count(table, names, decimal=population.csv.decimal)
    codes = leaves(counted, {name: plan.hierarchies[name] for name in names})
    return PopulationTable(codes, counted.table.counts)


def assess_utility(decision: Decision) -> pd.DataFrame:
    """Return what the source and the release are worth; of microaggregation also its error."""
    plan, solution = decision.plan, decision.solution
    table = utility_statistics(plan.problem, solution)
    size = max((len(each.codes) for each in solution.generalized), default=0)
    classes = Grouping(solution.classes, plan.problem.counts, size)
    errors = {each.column: each.error(classes) for each in plan.aggregations.values()}
    for name, each in plan.clusters.aggregations.items() if plan.clusters else ():
        errors[name] = each.error(_clusters_released(plan, solution, name))
    if not errors:
        return table
    rows = [[0.0, error, 0.0, 1.0, "lower", 1 - error] for error in errors.values()]
    names = pd.Index([f"microaggregation_error({name})" for name in errors], name=table.index.name)
    return pd.concat([table, pd.DataFrame(rows, index=names, columns=table.columns, dtype=object)])


def _clusters_released(plan: Plan, solution: Solution, name: str) -> Grouping:
    """Return the clusters of an attribute; records that read ``*`` are one more, all together."""
    assert plan.clusters is not None, "the attribute is clustered"
    clusters = plan.clusters.grouping
    read = solution.generalized[plan.quasi_identifiers.index(name)]
    released = solution.classes >= 0
    groups = np.full(len(released), -1, dtype=np.int64)
    hidden = read.heights[read.codes][solution.classes[released]] > 0
    groups[released] = np.where(hidden, clusters.size, clusters.groups[released])
    return Grouping(groups, clusters.counts, clusters.size + 1)
