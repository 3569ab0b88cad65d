"""What a decision is worth: statistics of source and release side by side."""

import pandas as pd

from anon_dagster.core.microaggregation import Grouping
from anon_dagster.counting import Count, count
from anon_dagster.decision import Decision
from anon_dagster.errors import SchemaMismatchError
from anon_dagster.planning import Plan, leaves
from anon_dagster.request import Source
from anon_dagster.statistics.exploratory import ExploratoryStatistics, exploratory_statistics
from anon_dagster.statistics.risk import PopulationTable, risk_statistics
from anon_dagster.statistics.utility import utility_statistics
from anon_dagster.storage.sources import open_source


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


def _count_population(population: Source, plan: Plan) -> PopulationTable:
    table = open_source(population)
    names = plan.quasi_identifiers
    if absent := [name for name in names if name not in table.columns]:
        raise SchemaMismatchError(f"the population table has no {', '.join(absent)}")
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
    if plan.clusters is not None:
        clusters = plan.clusters
        errors |= {n: a.error(clusters.grouping) for n, a in clusters.aggregations.items()}
    if not errors:
        return table
    rows = [[0.0, error, 0.0, 1.0, "lower", 1 - error] for error in errors.values()]
    names = pd.Index([f"microaggregation_error({name})" for name in errors], name=table.index.name)
    return pd.concat([table, pd.DataFrame(rows, index=names, columns=table.columns, dtype=object)])
