"""The promises of a delta, beside a reference distribution that does not move."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.deltas import Judged
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import PrivacyModel, of_persons
from anon_dagster.core.problem import Problem
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.planning.models import class_models
from anon_dagster.reading.columns import ColumnCount, position_among
from anon_dagster.reading.counting import Count
from anon_dagster.request import Policy, Sensitive


def guarded_part(policy: Policy, counted: Count) -> Count:
    """Return what a count tells of the sensitive attributes, and who has their values."""
    names = policy.names("sensitive")
    places = [counted.attributes.index(name) for name in names]
    columns = [counted.table.codes.columns[place] for place in places]
    sizes = [counted.table.sizes[place] for place in places]
    codes = Codes.of_columns(columns, len(counted.table)).array
    table = FrequencyTable.of(codes, counted.table.counts, sizes)
    held = {name: counted.columns[name] for name in names}
    plain = Count(held, names, table)
    if counted.persons is None:
        return plain
    return plain.with_owners_of(counted, codes)


def judged(policy: Policy, delta: Count, reference: Count, *, apart: int = 0) -> Judged:
    """Put the rows of a delta beside those of its reference, with what is promised of both.

    Where persons are counted, each pair of a tuple and a person is a row of the delta.

    Parameters
    ----------
    reference
        The sensitive attributes of a table, from :func:`guarded_part`.
    apart
        Where nobody is named, each record is a row, in an order drawn by chance, and so many are
        taken at most; if left out, each tuple is a row.
    """
    names = policy.names("sensitive")
    whole = {n: delta.columns[n].merge(reference.columns[n]).understood() for n in names}
    rows, of_delta, counts = _rows_of(delta, apart)
    sensitive = [
        np.concatenate([_codes(whole[n], delta, n)[rows], _codes(whole[n], reference, n)])
        for n in names
    ]
    size = len(rows) + len(reference.table)
    problem = Problem(
        codes=Codes((), size),
        sensitive=Codes.of_columns(sensitive, size),
        counts=np.concatenate([counts, reference.table.counts]),
        hierarchies=(),
        sensitive_sizes=tuple(len(whole[n].values) for n in names),
        weights=(),
        lowest=(),
        highest=(),
        models=tuple(_models(policy, whole, persons=of_delta is not None)),
        persons=None if of_delta is None else _persons(of_delta, reference),
        sensitive_names=names,
    )
    owners = np.arange(len(rows)) if of_delta is None else of_delta.astype(np.int64)
    strange = _strange(policy, problem, len(rows))
    return Judged(problem, len(rows), rows.astype(np.int64), owners, strange)


def _rows_of(
    delta: Count, apart: int
) -> tuple[NDArray[np.integer], NDArray[np.integer] | None, NDArray[np.int64]]:
    """Return the tuple of each row, whose it is if that is counted, and its records."""
    if delta.persons is not None:
        held = delta.persons
        return held.tuples, held.owners, held.records.astype(np.int64)
    if not apart:
        return np.arange(len(delta.table)), None, delta.table.counts
    each = np.repeat(np.arange(len(delta.table)), delta.table.counts)
    drawn = np.random.default_rng(0).permutation(len(each))[:apart]
    return each[drawn], None, np.ones(len(drawn), dtype=np.int64)


def _codes(whole: ColumnCount, part: Count, name: str) -> NDArray[np.int32]:
    """Return the value of each tuple of a part, (tuples,), among those of both parts."""
    own = part.columns[name].marked(whole.written.decimal)
    places = position_among(whole.written.values, own.values)
    if whole.spellings is not None:
        places = whole.spellings.values[places]
    codes: NDArray[np.int32] = places[part.table.codes[:, part.attributes.index(name)]]
    return codes


def _persons(of_delta: NDArray[np.integer], reference: Count) -> Persons:
    """Return whose each row is; those of the reference are other people."""
    held = reference.persons
    assert held is not None, "a reference counts persons where its deltas do"
    others = int(of_delta.max(initial=-1)) + 1
    rows = np.concatenate([np.arange(len(of_delta)), held.tuples + len(of_delta)])
    owners = np.concatenate([of_delta, held.owners + others])
    return Persons.of(rows, owners, len(of_delta) + len(reference.table))


def _models(
    policy: Policy, whole: Mapping[str, ColumnCount], *, persons: bool
) -> Iterator[PrivacyModel]:
    sizes = [len(column.values) for column in whole.values()]
    nothing = FrequencyTable.of(np.zeros((0, len(sizes)), np.int32), np.zeros(0, np.int64), sizes)
    hierarchies = {
        name: build_hierarchy(
            attribute.hierarchy,
            name,
            whole[name].labels,
            whole[name].counts,
            ordering=whole[name].ordering,
            decimal=whole[name].decimal,
        )
        for name in whole
        if isinstance(attribute := policy.attributes[name], Sensitive)
        and attribute.hierarchy is not None
    }
    for model in class_models(policy, Count(dict(whole), tuple(whole), nothing), hierarchies):
        yield of_persons(model) if persons else model


def _strange(policy: Policy, problem: Problem, delta: int) -> NDArray[np.bool_]:
    """Tell which rows of a delta have a value that has no place in the order of the reference."""
    strange = np.zeros(delta, dtype=np.bool_)
    names = policy.names("sensitive")
    for rule in policy.privacy.t_closeness:
        if rule.distance == "ordered":
            column = problem.sensitive.columns[names.index(rule.attribute)]
            known = np.zeros(problem.sensitive_sizes[names.index(rule.attribute)], dtype=np.bool_)
            known[column[delta:]] = True
            strange |= ~known[column[:delta]]
    return strange
