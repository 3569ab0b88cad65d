"""Schemas of a source and of a release, as pandera checks them.

A schema speaks of the text of values, and is checked on the distinct values of each column: a
claim about single values is true of every record if it is true of those. pandera takes a second
to import, and brings what makes test data: that a release is as decided, as nearly all are, Arrow
finds out; pandera is asked only what of a table does not fit.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label
from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.errors import counted
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count
from anon_dagster.request import DirectIdentifier, Policy, Weight
from anon_dagster.request.attributes import PSEUDONYM_PATTERN

if TYPE_CHECKING:
    from pandera.pandas import Column, DataFrameSchema

_COLUMNS_DIFFER = {
    "column_in_schema": "is not among the columns",
    "column_in_dataframe": "is missing",
    "column_ordered": "is not where it was",
}


@dataclass(frozen=True, slots=True)
class Claim(Discreet, shown=("words",)):
    """What is claimed of every value of a column."""

    nullable: bool = True
    """Whether values may be missing."""
    among: tuple[str, ...] | None = None
    """The values that there may be; left out: any."""
    pattern: str | None = None
    """What values begin with; left out: anything."""
    words: str = ""
    """The claim about a value."""

    def fits(self, column: ColumnCount) -> bool:
        """Tell whether the claim is true of every value of a column.

        Values that are too many to keep were held against a pattern while they were counted.
        """
        if column.missing and not self.nullable:
            return False
        if column.many is not None:
            return (self.among is None and self.pattern is None) or column.misfits == 0
        values = column.values.drop_null()  # noqa: PD011 (a column count, no frame)
        if self.among is not None:
            return _all(pc.is_in(values, value_set=pa.array(self.among, pa.string())))
        return self.pattern is None or _all(
            pc.match_substring_regex(values, f"^(?:{self.pattern})")
        )

    def column(self) -> "Column":
        """Return the same claim as pandera's."""
        from pandera.pandas import Check, Column

        checks: list[Check] = []
        if self.among is not None:
            checks.append(Check.isin(list(self.among), error=self.words))
        if self.pattern is not None:
            checks.append(Check.str_matches(self.pattern, error=self.words))
        return Column(checks=checks, nullable=self.nullable)


def source_schema(
    policy: Policy, hierarchies: Mapping[str, Hierarchy] | None = None
) -> "DataFrameSchema":
    """Return the schema of the sources that a policy serves: its columns, in any order.

    Parameters
    ----------
    hierarchies
        Of quasi-identifiers, whose values must be leaves of them; left out: any value will do.
    """
    leaves = {name: hierarchy.labels[0] for name, hierarchy in (hierarchies or {}).items()}
    claims = {
        name: _among(leaves[name], "is in the hierarchy") if name in leaves else Claim()
        for name in policy.attributes
    }
    return _schema(claims, ordered=False)


def release_schema(
    policy: Policy,
    solution: Solution,
    *,
    kept: Collection[str],
    source: Count | None = None,
) -> "DataFrameSchema":
    """Return the schema of the release that a solution makes.

    Direct identifiers are gone, constant or pseudonyms; transformed columns hold the labels that
    were decided, ``*`` only where suppressed records stay; other columns have missing values only
    if the source has.

    Parameters
    ----------
    kept
        Columns that are released as they stand in the source.
    source
        The source, whose order of columns the release has; left out: the order plays no part.
    """
    claims = _release_claims(policy, solution, frozenset(kept), source)
    return _schema(claims, ordered=source is not None)


def schema_problems(table: Count, schema: "DataFrameSchema") -> list[str]:
    """Say how a table differs from a schema; a column of forgotten values is not looked into."""
    problems = _column_problems(table.columns, schema)
    for name, column in table.columns.items():
        if name in schema.columns:
            problems += _value_problems(name, column, schema.columns[name])
    return problems


def source_problems(columns: Iterable[str], policy: Policy) -> list[str]:
    """Say how the columns of a source differ from those that a policy names."""
    return _column_problems(columns, source_schema(policy))


def release_problems(
    stored: Count,
    policy: Policy,
    solution: Solution,
    kept: Iterable[str],
    *,
    source: Count | None = None,
) -> list[str]:
    """Say how a stored release differs from what was decided; see :func:`release_schema`."""
    claims = _release_claims(policy, solution, frozenset(kept), source)
    pointed = {name: column.marked(".") for name, column in stored.columns.items()}
    if _fits(pointed, claims, ordered=source is not None):
        return []
    schema = _schema(claims, ordered=source is not None)
    return schema_problems(replace(stored, columns=pointed), schema)


# -- schemas -------------------------------------------------------------------------------


def _release_claims(
    policy: Policy, solution: Solution, kept: Collection[str], source: Count | None
) -> dict[str, Claim]:
    """Return what is claimed of each column of a release, in their order."""
    stay = policy.suppressed_records == "keep" and bool((solution.classes < 0).any())
    decided = {
        name: (*generalized.labels, *([SUPPRESSED] if stay else []))
        for name, generalized in zip(policy.quasi_identifiers, solution.generalized, strict=True)
        if name not in kept
    }
    claims: dict[str, Claim] = {}
    for name in policy.attributes if source is None else source.columns:
        attribute = policy.attributes[name]
        if isinstance(attribute, Weight):
            continue
        if isinstance(attribute, DirectIdentifier):
            if attribute.redaction == "constant":
                claims[name] = _among([attribute.constant], "is the constant")
            elif attribute.redaction == "pseudonym":
                claims[name] = Claim(pattern=PSEUDONYM_PATTERN, words="is a pseudonym")
        elif name in decided:
            claims[name] = _among(decided[name], "is a label that was decided")
        else:
            claims[name] = Claim(nullable=source is None or source.columns[name].missing > 0)
    for column in policy.number_columns:
        claims[column.name] = Claim()  # the verification computes each of them anew
    return claims


def _schema(claims: Mapping[str, Claim], *, ordered: bool) -> "DataFrameSchema":
    from pandera.pandas import DataFrameSchema

    columns = {name: claim.column() for name, claim in claims.items()}
    return DataFrameSchema(columns, strict=True, ordered=ordered)


def _among(labels: Sequence[Label], words: str) -> Claim:
    values = tuple(label for label in labels if label is not None)
    return Claim(nullable=None in labels, among=values, words=words)


def _fits(
    columns: Mapping[str, ColumnCount], claims: Mapping[str, Claim], *, ordered: bool
) -> bool:
    """Tell whether columns are those that are claimed, and hold what is."""
    if list(columns) != list(claims) if ordered else set(columns) != set(claims):
        return False
    return all(claims[name].fits(column) for name, column in columns.items())


def _all(values: pa.BooleanArray) -> bool:
    return bool(pc.all(values, min_count=0).as_py())


# -- problems: pandera's own messages and failure cases hold the cells ----------------------


def _column_problems(names: Iterable[str], schema: "DataFrameSchema") -> list[str]:
    frame = pd.DataFrame(columns=list(names), dtype="string")
    return [
        f"{name} {_COLUMNS_DIFFER.get(check, check)}" for check, name, _ in _failures(frame, schema)
    ]


def _value_problems(name: str, column: ColumnCount, claims: "Column") -> list[str]:
    """Say how many records of a column fail each claim about its values."""
    records: dict[str, int] = {}
    if column.many is not None or not claims.checks:
        records = dict(_unseen_problems(column, claims))
    else:
        frame = pd.DataFrame({name: pd.array(column.labels, dtype="string")})
        for check, _, row in _failures(frame, _schema_of(name, claims)):
            records[check] = records.get(check, 0) + int(column.counts[int(row)])
    return [
        f"{name}: {counted(times, 'record')} {'has' if times == 1 else 'have'} no value"
        if check == "not_nullable"
        else f"{name}: of {counted(times, 'record')} it is not true that the value {check}"
        for check, times in records.items()
    ]


def _schema_of(name: str, claims: "Column") -> "DataFrameSchema":
    from pandera.pandas import DataFrameSchema

    return DataFrameSchema({name: claims}, strict=True)


def _unseen_problems(column: ColumnCount, claims: "Column") -> Iterator[tuple[str, int]]:
    """Give each claim that fails and of how many records, where no value needs to be looked at.

    Values that are too many to keep were held against one pattern while they were counted, or
    against none: then nobody can tell.
    """
    if column.missing and not claims.nullable:
        yield "not_nullable", column.missing
    for check in claims.checks if column.many is not None else ():
        assert column.many is not None, "there are many"
        failing = column.many.records if column.misfits is None else column.misfits
        if failing:
            yield check.error, failing


def _failures(frame: pd.DataFrame, schema: "DataFrameSchema") -> Iterator[tuple[str, str, int]]:
    """Give each failure as its check, the case itself and its row."""
    from pandera.errors import SchemaErrors

    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        failures = list(zip(cases["check"], cases["failure_case"], cases["index"], strict=True))
    else:
        failures = []
    yield from failures
