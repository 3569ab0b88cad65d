"""From a request and the counts of its source to the problem that the search decides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy, Label
from anon_dagster.core.microaggregation import Grouping
from anon_dagster.core.ordering import Meaning
from anon_dagster.core.persons import Persons
from anon_dagster.core.population import Population
from anon_dagster.core.privacy import HouseholdAnonymity, PrivacyModel, of_persons
from anon_dagster.core.problem import Problem
from anon_dagster.core.trajectories import Trajectories
from anon_dagster.discreet import Discreet
from anon_dagster.errors import Complaint, HierarchyError, RequestError
from anon_dagster.hierarchies import build_hierarchy, build_released_hierarchy
from anon_dagster.planning.aggregation import Aggregation, by_clusters, owners_of
from anon_dagster.planning.declared_orders import require_one_order
from anon_dagster.planning.models import (
    class_models,
    require_guarded_values,
    require_ordered_values,
    require_told_missing,
    table_models,
)
from anon_dagster.planning.objective import objective_of
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count
from anon_dagster.reading.population import require_people
from anon_dagster.request import (
    Aggregate,
    Policy,
    QuasiIdentifier,
    Request,
    Sensitive,
    SuppressRule,
)
from anon_dagster.storage.meaning import ordering_of


@dataclass(frozen=True, slots=True, eq=False)
class Clusters(Discreet):
    """Near tuples that share their values."""

    grouping: Grouping
    aggregations: dict[str, Aggregation]
    labels: dict[str, list[Label]]  # of each attribute: (clusters,)


@dataclass(frozen=True, slots=True, eq=False)
class Plan(Discreet, shown=("quasi_identifiers", "sensitive")):
    """A policy as a problem, and the names that the problem's positions stand for."""

    policy: Policy
    problem: Problem
    quasi_identifiers: tuple[str, ...]
    sensitive: tuple[str, ...]
    hierarchies: dict[str, Hierarchy]
    """Of each quasi-identifier, and of sensitive attributes that have one."""
    aggregations: dict[int, Aggregation] = field(default_factory=dict)
    """By position, the quasi-identifiers that are microaggregated within equivalence classes."""
    clusters: Clusters | None = None
    """The clusters of the quasi-identifiers that are microaggregated by MDAV."""


def table_attributes(policy: Policy) -> tuple[str, ...]:
    """Return the attributes of the frequency table: what decides, and what is guarded."""
    return policy.attributes_counted


def plan(request: Request, count: Count) -> Plan:
    """Build the hierarchies and the privacy models of a request for the values of its source.

    Raises
    ------
    HierarchyError
        If a hierarchy cannot be built, is no tree, or lacks values of its column; all such
        columns are named at once.
    RequestError
        If a level is asked for that a hierarchy does not have, if none of the values that are to
        be guarded occurs, or if texts are to be compared along their order.
    """
    require_guarded_values(request.policy, count)
    require_ordered_values(request.policy, count)
    require_one_order(request.policy, count)
    require_told_missing(request, count)
    require_people(request.policy, count)
    hierarchies = hierarchies_of(request.policy, count)
    return plan_with(request.policy, count, hierarchies)


def plan_with(policy: Policy, count: Count, hierarchies: dict[str, Hierarchy]) -> Plan:
    """Plan a policy with hierarchies that were already built for the values of the source.

    Raises
    ------
    RequestError
        If a level is asked for that a hierarchy does not have.
    """
    clusters = _clusters(policy, count)
    hierarchies = {**hierarchies, **_cluster_hierarchies(clusters)}
    lowest, highest = _level_ranges(policy, hierarchies)
    names = tuple(policy.quasi_identifiers)
    sensitive = policy.names("sensitive")
    codes = count.table.codes
    positions = [count.attributes.index(name) for name in sensitive]
    owners = owners_of(count)
    problem = Problem(
        codes=_codes(count, {name: hierarchies[name] for name in names}, clusters),
        sensitive=codes.select(positions),
        counts=count.table.counts,
        hierarchies=tuple(hierarchies[name] for name in names),
        sensitive_sizes=tuple(len(count.columns[name].values) for name in sensitive),
        weights=tuple(a.importance for a in policy.quasi_identifiers.values()),
        lowest=lowest,
        highest=highest,
        models=tuple(_class_models(policy, count, hierarchies)),
        table_models=tuple(table_models(policy, count)),
        population=_population(policy, count, hierarchies),
        persons=owners.persons,
        households=owners.households,
        trajectories=_trajectories(policy, count),
        most_suppressed=policy.most_suppressed(count.records),
        suppression_cost=Fraction(str(policy.suppression_cost)),
        objective=objective_of(policy.objective),
        keeps_suppressed=policy.suppressed_records == "keep",
        orders=tuple(
            _leaf_order(a, hierarchies[n], count.columns[n])
            for n, a in policy.quasi_identifiers.items()
        ),
        sets=tuple(a.local_labels == "sets" for a in policy.quasi_identifiers.values()),
        names=names,
        sensitive_names=sensitive,
    )
    aggregations = {
        q: _aggregation(policy, count, name, attribute.aggregate)
        for q, (name, attribute) in enumerate(policy.quasi_identifiers.items())
        if attribute.aggregate is not None and attribute.groups == "classes"
    }
    return Plan(policy, problem, names, sensitive, hierarchies, aggregations, clusters)


def _class_models(
    policy: Policy, count: Count, hierarchies: dict[str, Hierarchy]
) -> Iterator[PrivacyModel]:
    for model in class_models(policy, count, hierarchies):
        yield model if count.persons is None else of_persons(model)
    if policy.household is not None:
        yield HouseholdAnonymity(policy.household.k)


def _trajectories(policy: Policy, count: Count) -> Trajectories | None:
    held = count.persons
    if policy.trajectory is None or held is None:
        return None
    return Trajectories(held.tuples, held.owners, held.records, policy.trajectory.k)


def _aggregation(policy: Policy, count: Count, name: str, aggregate: Aggregate) -> Aggregation:
    """Prepare the aggregation of a column, published of as many as a class must have."""
    rule, household = policy.privacy.k_anonymity, policy.household
    return Aggregation.of(
        count,
        name,
        aggregate,
        fewest=2 if rule is None else rule.k,
        fewest_households=1 if household is None else household.k,
    )


def _clusters(policy: Policy, count: Count) -> Clusters | None:
    aggregates = {
        name: attribute.aggregate
        for name, attribute in policy.quasi_identifiers.items()
        if attribute.groups == "mdav" and attribute.aggregate is not None
    }
    if not aggregates or not len(count.table):
        return None
    rule = policy.privacy.k_anonymity
    assert rule is not None, "a validated request gives k"
    aggregations = {
        name: _aggregation(policy, count, name, aggregate) for name, aggregate in aggregates.items()
    }
    grouping, labels = by_clusters(
        list(aggregations.values()),
        count.table.counts,
        k=rule.k,
        owners=owners_of(count),
        households=1 if policy.household is None else policy.household.k,
    )
    return Clusters(grouping, aggregations, dict(zip(aggregates, labels, strict=True)))


def _cluster_hierarchies(clusters: Clusters | None) -> dict[str, Hierarchy]:
    if clusters is None:
        return {}
    return {
        name: Hierarchy.from_labels([list(dict.fromkeys(labels))])
        for name, labels in clusters.labels.items()
    }


def _codes(count: Count, hierarchies: dict[str, Hierarchy], clusters: Clusters | None) -> Codes:
    """Return the leaf of each tuple, (tuples, hierarchies); of a clustered one, its cluster's."""
    plain = dict(hierarchies)
    for name in clusters.labels if clusters else ():
        plain[name] = Hierarchy.from_labels([count.columns[name].labels])
    columns = list(leaves(count, plain).columns)
    for name, labels in clusters.labels.items() if clusters else ():
        assert clusters is not None, "there are labels of it"
        of_cluster = hierarchies[name].locate(labels)
        columns[list(hierarchies).index(name)] = of_cluster[clusters.grouping.groups]
    return Codes.of_columns(columns, len(count.table))


def _population(
    policy: Policy, count: Count, hierarchies: Mapping[str, Hierarchy]
) -> Population | None:
    if count.population is None or not policy.privacy.counts_people:
        return None
    codes = leaves(count.population, {n: hierarchies[n] for n in policy.quasi_identifiers})
    assert all((column >= 0).all() for column in codes.columns), (
        "hierarchies are made for the values of the population"
    )
    people, held = count.population, count.population.persons
    persons = None
    if held is not None:
        persons = Persons.of(held.tuples, held.owners, len(people.table))
    return Population(codes, people.table.counts, persons)


def domain_of(policy: Policy, count: Count, name: str) -> ColumnCount:
    """Return the values that a hierarchy is made for: those of the people who are matched."""
    if count.population is not None and policy.privacy.counts_people:
        return count.population.columns.get(name, count.columns[name])
    return count.columns[name]


def _leaf_order(
    attribute: QuasiIdentifier, hierarchy: Hierarchy, column: ColumnCount
) -> NDArray[np.int64] | None:
    """Return the rank of each leaf, (leaves,), where ranges are allowed.

    Missing values, and odd ones among numbers, have none: -1.
    """
    if attribute.local_labels != "ranges":
        return None
    labels = pa.array(hierarchy.labels[0], pa.string())
    meaning = column.ordering.meaning
    if meaning is Meaning.category:
        ranks = dict(zip(column.labels, column.ordering.ranks.tolist(), strict=True))
        return np.array([ranks.get(label, -1) for label in hierarchy.labels[0]], dtype=np.int64)
    return ordering_of(labels, decimal=column.decimal, meaning=meaning).ranks


def leaves(count: Count, hierarchies: Mapping[str, Hierarchy]) -> Codes:
    """Return the leaf of each tuple in each hierarchy, (tuples, hierarchies), or -1."""
    of_tuples = []
    for name, hierarchy in hierarchies.items():
        codes = count.table.codes.columns[count.attributes.index(name)]
        places = _places(count.columns[name], hierarchy)
        of_tuples.append(codes if places is None else places[codes])
    return Codes.of_columns(of_tuples, len(count.table))


def _places(column: ColumnCount, hierarchy: Hierarchy) -> NDArray[np.int32] | None:
    """Return the leaf of each value, (values,), or -1; ``None`` if they are the first leaves."""
    if hierarchy.leaves == len(column.values):  # mostly it was made for them
        own = pa.array(hierarchy.labels[0], pa.string())
        if own.equals(column.values):
            return None
    places = hierarchy.locate(column.labels)
    return None if np.array_equal(places, np.arange(len(places))) else places


def hierarchies_of(policy: Policy, count: Count) -> dict[str, Hierarchy]:
    """Build every hierarchy that is needed; report all that cannot be built.

    Raises
    ------
    HierarchyError
        Naming each column of which none can be built.
    """
    built: dict[str, Hierarchy] = {}
    refused: list[str] = []
    private = policy.privacy.differential_privacy is not None  # no other value may tell of one
    for name in table_attributes(policy):
        attribute = policy.attributes[name]
        if isinstance(attribute, Sensitive) and attribute.hierarchy is None:
            continue
        column = domain_of(policy, count, name)
        rule = attribute.hierarchy if isinstance(attribute, Sensitive | QuasiIdentifier) else None
        if isinstance(attribute, QuasiIdentifier) and attribute.aggregate is not None:
            rule = SuppressRule()
        ordering = column.ordering.as_texts() if private else column.ordering
        is_released = isinstance(attribute, QuasiIdentifier)
        build = build_released_hierarchy if is_released else build_hierarchy
        try:
            built[name] = build(
                rule,
                name,
                column.labels,
                column.counts,
                ordering=ordering,
                decimal=column.decimal,
            )
        except HierarchyError as error:
            refused.append(str(error))
    if refused:
        raise HierarchyError("; ".join(refused))
    return built


def _level_ranges(
    policy: Policy, hierarchies: dict[str, Hierarchy]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the lowest and the highest level of each quasi-identifier that may be released."""
    lowest, highest, problems = [], [], []
    for name, attribute in policy.quasi_identifiers.items():
        top = hierarchies[name].levels - 1
        aggregated = attribute.aggregate is not None and attribute.groups == "classes"
        low = top if aggregated else attribute.lowest_level
        high = top if attribute.highest_level is None or aggregated else attribute.highest_level
        for key, level in (("lowest_level", low), ("highest_level", high)):
            if level > top:
                path = f"policy.attributes.{name}.{key}"
                problems.append(Complaint(path, f"the hierarchy has the levels 0 to {top}"))
        lowest.append(low)
        highest.append(high)
    if problems:
        raise RequestError(problems)
    return tuple(lowest), tuple(highest)
