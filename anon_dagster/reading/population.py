"""The table of the population that the records of a source were drawn from."""

from dataclasses import replace

import numpy as np

from anon_dagster.core.keys import TupleIndex
from anon_dagster.errors import Complaint, RequestError, SchemaMismatchError
from anon_dagster.reading.columns import position_among
from anon_dagster.reading.counting import Count, count
from anon_dagster.request import Policy, Source
from anon_dagster.storage.missing import WithMissing
from anon_dagster.storage.sources import OpenSource, open_source


def require_population(policy: Policy) -> None:
    """Find out before the work whether the population of a policy can be counted.

    Raises
    ------
    SourceError
        If it is a table that cannot be read, or lacks a quasi-identifier.
    """
    if isinstance(policy.population, Source):
        _open_population(policy.population, policy)


def _open_population(population: Source, policy: Policy) -> OpenSource:
    tokens = {
        name: frozenset(attribute.missing)
        for name, attribute in policy.quasi_identifiers.items()
        if attribute.missing
    }
    opened = open_source(population, may_skip=lambda name: name not in policy.quasi_identifiers)
    table = WithMissing(opened, tokens)
    if absent := [name for name in policy.quasi_identifiers if name not in table.columns]:
        raise SchemaMismatchError(f"the population table has no {', '.join(absent)}")
    return table


def count_population(policy: Policy) -> Count | None:
    """Count the people by the quasi-identifiers of a policy, if it has a table of them.

    Raises
    ------
    SourceError
        If the table cannot be read, or lacks a quasi-identifier.
    """
    population = policy.population
    if not isinstance(population, Source):
        return None
    names = tuple(policy.quasi_identifiers)
    people = count(_open_population(population, policy), names, decimal=population.csv.decimal)
    columns = {name: people.columns[name] for name in names}  # and nothing else of anybody
    return replace(people, columns=columns).understood()


def people_of(policy: Policy, population: Count | None) -> int | None:
    """Return how many people the population has, as a number or as a table."""
    if isinstance(policy.population, int):
        return policy.population
    return None if population is None else population.records


def require_people(policy: Policy, counted: Count) -> None:
    """Refuse a population that the source cannot have been drawn from.

    Raises
    ------
    RequestError
        If it is smaller than the source; or, where people are matched with classes, if it lacks
        values of the source; or, where their presence is hidden, records of it.
    """
    people = people_of(policy, counted.population)
    problems = []
    if policy.privacy.of_population and people is not None and people < counted.records:
        problems.append(f"its {people} people are fewer than the {counted.records} records")
    if policy.privacy.counts_people and counted.population is not None:
        problems += _lacking_values(policy, counted, counted.population)
    if (
        policy.privacy.delta_presence is not None
        and counted.population is not None
        and not problems
    ):
        problems += _lacking_records(policy, counted, counted.population)
    if problems:
        raise RequestError([Complaint("policy.population", problem) for problem in problems])


def _lacking_values(policy: Policy, counted: Count, population: Count) -> list[str]:
    problems = []
    for name in policy.quasi_identifiers:
        labels = set(population.columns[name].labels)
        if lacking := sum(label not in labels for label in counted.columns[name].labels):
            problems.append(f"the table has no person with {lacking} of the values of {name}")
    return problems


def _lacking_records(policy: Policy, counted: Count, population: Count) -> list[str]:
    """Tell whether the source has more records of a kind than there are people of it."""
    names = tuple(policy.quasi_identifiers)
    table = population.table
    codes = np.zeros((len(counted.table), len(names)), dtype=np.int64)
    for q, name in enumerate(names):
        index = counted.attributes.index(name)
        known = population.columns[name].values
        same = position_among(known, counted.columns[name].values)
        codes[:, q] = same[counted.table.codes[:, index]]
    tuples = TupleIndex.of(table.codes, table.sizes).find(codes)
    records = np.zeros(len(table) + 1, dtype=np.int64)
    np.add.at(records, tuples, counted.table.counts)  # -1 is the last
    lacking = int(records[-1] + np.maximum(records[:-1] - table.counts, 0).sum())
    if not lacking:
        return []
    return [f"{lacking} records of the source are of nobody in the table: it must have them all"]
