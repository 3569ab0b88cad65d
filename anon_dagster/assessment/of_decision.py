"""What a decision is worth: statistics of source and release side by side."""

import numpy as np
import pandas as pd

from anon_dagster.assessment.records import TupleRisks, release_risks, source_risks
from anon_dagster.core.microaggregation import Grouping
from anon_dagster.core.persons import Persons
from anon_dagster.core.solution import Solution
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import Plan, leaves
from anon_dagster.reading.counting import Count
from anon_dagster.reading.persons import CountedPersons
from anon_dagster.request import CombinationAnalysis, RiskAnalysis, SudaAnalysis
from anon_dagster.statistics.classification import classification_statistics
from anon_dagster.statistics.exploratory import ExploratoryStatistics, exploratory_statistics
from anon_dagster.statistics.risk import PopulationTable, people_of, risk_statistics
from anon_dagster.statistics.risk_details import RiskDetails, risk_details
from anon_dagster.statistics.survey import survey_statistics
from anon_dagster.statistics.utility import utility_statistics

EVERYTHING = RiskAnalysis(
    suda=SudaAnalysis(), combinations=CombinationAnalysis(), contributions=True, attacks=True
)


def describe(decision: Decision, released: Count | None) -> ExploratoryStatistics:
    """Return the values and their counts, in the source and in the stored release."""
    return exploratory_statistics(decision.counted, released, decision.released.policy)


def assess_risk(decision: Decision) -> pd.DataFrame:
    """Return the risks of the source and of the release."""
    policy = decision.request.policy
    people = _population_table(decision)
    table = risk_statistics(decision.plan.problem, decision.solution, policy, population=people)
    if decision.counted.weights is not None:
        threshold = policy.threshold
        of_weights = survey_statistics(
            decision.plan.problem, decision.solution, decision.counted, threshold
        )
        table = pd.concat([table, of_weights]).rename_axis("statistic")
    if persons := decision.counted.persons:
        table.loc["k", "note"] = "of persons"
        most = pd.Series([*_most_records(decision, persons), ""], index=table.columns)
        table.loc["most_records_of_a_person"] = most
    if sampling := decision.counted.sampling:
        table.loc["records", "note"] = f"a sample of {sampling.records} records of the source"
    return table


def _most_records(decision: Decision, persons: CountedPersons) -> list[int]:
    """Return how many records the most frequent person has, in source and release."""
    kept = decision.solution.classes[persons.tuples] >= 0
    return [
        int(np.bincount(persons.owners[which], persons.records[which], 1).max())
        for which in (slice(None), kept)
    ]


def assess_risk_details(decision: Decision, analysis: RiskAnalysis) -> RiskDetails:
    """Return what single attributes and records contribute to the risk, and what attacks gain."""
    if not analysis.has_tables:
        return RiskDetails()
    policy, problem = decision.request.policy, decision.plan.problem
    people = people_of(problem, policy, _population_table(decision)) if analysis.suda else None
    return risk_details(problem, decision.solution, policy, analysis, people=people)


def record_risks(decision: Decision, stored: Count) -> tuple[TupleRisks, TupleRisks]:
    """Measure the records of the source and of the stored release, by tuple."""
    policy = decision.request.policy
    analysis = policy.risk_analysis
    people = None
    if analysis.suda is not None:
        people = people_of(decision.plan.problem, policy, _population_table(decision))
    return (
        source_risks(decision, analysis, people),
        release_risks(decision, stored, analysis, people),
    )


def _population_table(decision: Decision) -> PopulationTable | None:
    counted, plan = decision.counted.population, decision.plan
    if counted is None:
        return None
    hierarchies = {name: plan.hierarchies[name] for name in plan.quasi_identifiers}
    held, size = counted.persons, len(counted.table)
    persons = None if held is None else Persons.of(held.tuples, held.owners, size)
    return PopulationTable(leaves(counted, hierarchies), counted.table.counts, persons)


def assess_utility(decision: Decision) -> pd.DataFrame:
    """Return what the source and the release are worth.

    Of microaggregation also its error, and how well the target use is served.
    """
    plan, solution = decision.plan, decision.solution
    table = utility_statistics(plan.problem, solution)
    size = max((len(generalized.codes) for generalized in solution.generalized), default=0)
    classes = Grouping(solution.classes, plan.problem.counts, size)
    errors = {
        aggregation.column: aggregation.error(classes) for aggregation in plan.aggregations.values()
    }
    for name, aggregation in plan.clusters.aggregations.items() if plan.clusters else ():
        errors[name] = aggregation.error(_clusters_released(plan, solution, name))
    if plan.policy.target_use is not None and plan.problem.records:
        served = classification_statistics(plan.problem, solution, plan.policy)
        table = pd.concat([table, served])
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
