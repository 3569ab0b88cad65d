"""Whom releases are about: the people of a source, or those behind the records of a release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group
from anon_dagster.discreet import Discreet
from anon_dagster.hierarchies import default_rule
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count
from anon_dagster.request import Policy, QuasiIdentifier
from anon_dagster.residual.labels import Column, ColumnOfLabels, ColumnOfPeople, points_of
from anon_dagster.residual.versions import Series, codes_of, texts_of

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class People(Discreet):
    """Whom the releases are about: distinct tuples of quasi-identifiers and what is known."""

    columns: Mapping[str, ColumnOfPeople]  # of each quasi-identifier: its values
    codes: Mapping[str, Ints]  # of each, (tuples,): a value
    own: Ints  # (tuples,): what is known of their values
    of_values: Ints  # (values,): of the series, the same
    many: Ints  # (tuples,): how many people


def people_of(
    series: Series,
    source: Count,
    columns: Mapping[str, ColumnOfPeople],
    *,
    drawn: Ints | None = None,
) -> People:
    """Return the people of a table.

    Parameters
    ----------
    source
        Counted over the quasi-identifiers, and untouched columns of the releases.
    columns
        The quasi-identifiers of the table.
    drawn
        Which of its tuples are looked at; all, if left out.
    """
    at = np.arange(len(source.table)) if drawn is None else drawn
    codes = {n: c[at].astype(np.int64) for n, c in codes_of(source).items()}
    told = [name for name in series.codes if name in codes]
    own = [series.texts[n].of_values(source.columns[n])[codes[n]] for n in told]
    joined = [np.concatenate([series.codes[n], o]) for n, o in zip(told, own, strict=True)]
    same = group(joined, [series.texts[n].size for n in told], series.size + len(at))
    return People(
        columns,
        {name: codes[name] for name in series.quasi_identifiers},
        same.ids[series.size :],
        same.ids[: series.size],
        source.table.counts[at],
    )


def records_of(series: Series, place: int, columns: Mapping[str, ColumnOfPeople]) -> People:
    """Return the people behind the records of a release, of whom only its labels are known.

    Parameters
    ----------
    columns
        Of each quasi-identifier what its labels may stand for.
    """
    version = series.versions[place]
    of_classes = {n: version.codes[n][version.classes] for n in series.quasi_identifiers}
    return People(columns, of_classes, version.values, np.arange(series.size), version.records)


# -- quasi-identifiers ---------------------------------------------------------------------


def columns_of(
    table: Count, quasi_identifiers: Sequence[str], *policies: Policy | None
) -> dict[str, Column]:
    """Return the quasi-identifiers of a table of people, and how they may be generalized.

    Parameters
    ----------
    policies
        By which releases of them were made.
    """
    columns = {}
    for name in quasi_identifiers:
        attributes = [a for policy in policies if (a := _attribute(policy, name)) is not None]
        columns[name] = _column_of(table.columns[name], attributes)
    return columns


def _column_of(column: ColumnCount, attributes: Sequence[QuasiIdentifier]) -> Column:
    usual = default_rule(column.labels, column.ordering, decimal=column.decimal)
    rules = [usual if each.hierarchy is None else each.hierarchy for each in attributes] or [usual]
    averaged = any(each.aggregate is not None for each in attributes)
    return Column(texts_of(column), column.ordering, tuple(rules), averaged)


def columns_of_labels(series: Series, policy: Policy | None) -> list[dict[str, ColumnOfLabels]]:
    """Return the quasi-identifiers of people of whom the labels of a release are all that is known.

    Returns
    -------
    list
        Of each release.
    """
    points = {}
    for name in series.quasi_identifiers:
        attribute = _attribute(policy, name)
        rules = () if attribute is None or attribute.hierarchy is None else (attribute.hierarchy,)
        labels = {label for version in series.versions for label in version.labels[name]}
        averaged = attribute is not None and attribute.aggregate is not None
        points[name] = replace(points_of(labels, rules), averaged=averaged)
    return [
        {name: ColumnOfLabels(version.labels[name], points[name]) for name in points}
        for version in series.versions
    ]


def _attribute(policy: Policy | None, name: str) -> QuasiIdentifier | None:
    return None if policy is None else policy.quasi_identifiers.get(name)
