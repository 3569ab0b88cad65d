"""The table of the population that the records of a source were drawn from."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import TupleIndex
from anon_dagster.core.ordering import Meaning
from anon_dagster.core.persons import Persons
from anon_dagster.errors import Complaint, RequestError, SchemaMismatchError
from anon_dagster.reading.columns import position_among
from anon_dagster.reading.counting import Count, count
from anon_dagster.reading.persons import PERSON, WithPersons, fresh_key, require_named_people
from anon_dagster.request import Policy, PopulationSource
from anon_dagster.storage.missing import WithMissing
from anon_dagster.storage.sources import OpenSource, open_source


def require_population(policy: Policy) -> None:
    """Find out before the work whether the population of a policy can be counted.

    Raises
    ------
    SourceError
        If it is a table that cannot be read, or lacks a column.
    """
    if isinstance(policy.population, PopulationSource):
        _open_population(policy.population, policy)


def _open_population(population: PopulationSource, policy: Policy) -> OpenSource:
    tokens = {
        name: frozenset(attribute.missing)
        for name, attribute in policy.quasi_identifiers.items()
        if attribute.missing
    }
    needed = dict.fromkeys((*policy.quasi_identifiers, *(population.person or ())))
    opened = open_source(population, may_skip=lambda name: name not in needed)
    table = WithMissing(opened, tokens)
    if absent := [name for name in needed if name not in table.columns]:
        raise SchemaMismatchError(f"the population table has no {', '.join(absent)}")
    return table


def count_population(policy: Policy) -> Count | None:
    """Count the people by the quasi-identifiers of a policy, if it has a table of them.

    Where that tells whose its records are, the count tells who has which tuple.

    Raises
    ------
    SourceError
        If the table cannot be read, or lacks a column; or if records of it do not tell whose they
        are, and have to.
    """
    population = policy.population
    if not isinstance(population, PopulationSource):
        return None
    names, mark = tuple(policy.quasi_identifiers), population.csv.decimal
    table = _open_population(population, policy)
    if population.person is None:
        people = count(table, names, decimal=mark)
        columns = {name: people.columns[name] for name in names}  # and nothing else of anybody
        return replace(people, columns=columns).understood()
    key, apart = fresh_key(), policy.without_person == "own"
    told = WithPersons(table, population.person, key, apart)
    people = count(told, (*names, PERSON), decimal=mark)
    require_named_people(people, policy, population.person)
    columns = {name: people.columns[name] for name in (*names, PERSON)}
    people = replace(people, columns=columns).understood({PERSON: Meaning.text})
    return people.with_persons(key)


def people_of(policy: Policy, population: Count | None) -> int | None:
    """Return how many people the population has, as a number or as a table."""
    if isinstance(policy.population, int):
        return policy.population
    return None if population is None else _number(population)


def _number(counted: Count) -> int:
    """Return how many records a table has, or how many persons where it tells them apart."""
    return counted.records if counted.persons is None else len(counted.persons.hashes)


def _by_tuple(counted: Count) -> NDArray[np.int64]:
    """Return how many records a table has of each tuple, (tuples,), or how many persons."""
    if counted.persons is None:
        return counted.table.counts
    return np.bincount(counted.persons.tuples, minlength=len(counted.table)).astype(np.int64)


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
    ours, whom = _number(counted), "records" if counted.persons is None else "persons"
    if policy.privacy.of_population and people is not None and people < ours:
        problems.append(f"its {people} people are fewer than the {ours} {whom}")
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
    """Tell whether the source has more records, or persons, of a kind than there are people."""
    names = tuple(policy.quasi_identifiers)
    table = population.table
    codes = np.zeros((len(counted.table), len(names)), dtype=np.int64)
    for q, name in enumerate(names):
        index = counted.attributes.index(name)
        known = population.columns[name].values
        same = position_among(known, counted.columns[name].values)
        codes[:, q] = same[counted.table.codes[:, index]]
    tuples = TupleIndex.of(table.codes, table.sizes).find(codes)
    lacking = _lacking_of(counted, tuples, _by_tuple(population))
    if not lacking:
        return []
    whom = "records" if counted.persons is None else "persons"
    return [f"{lacking} {whom} of the source are of nobody in the table: it must have them all"]


def _lacking_of(counted: Count, tuples: NDArray[np.int64], people: NDArray[np.int64]) -> int:
    """Count whom of a source the kinds of a population have too few people for.

    Parameters
    ----------
    tuples
        (tuples,): the kind of each tuple of the source, or -1 for none.
    people
        (kinds,): how many there are.
    """
    if counted.persons is None:
        ours = np.zeros(len(people) + 1, dtype=np.int64)
        np.add.at(ours, tuples, counted.table.counts)  # -1 is the last
    else:  # who has records of several tuples of a kind, by sensitive values, is one of it
        kinds = np.where(tuples < 0, len(people), tuples)
        held = counted.persons
        persons = Persons.of(held.tuples, held.owners, len(counted.table))
        ours = persons.count(kinds, len(people) + 1)
    return int(ours[-1] + np.maximum(ours[:-1] - people, 0).sum())
