"""Schemas of a source and of a release, as pandera checks them.

Which values a column holds is checked on its distinct values: a claim about single values is true
of every record if it is true of those.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from anon_dagster.core.hierarchy import SUPPRESSED
from anon_dagster.request import DirectIdentifier, Policy

if TYPE_CHECKING:
    import pandera.pandas as pandera

    from anon_dagster.core.solution import Solution
    from anon_dagster.counting import Count

_COLUMN = "value"


def source_problems(columns: Iterable[str], policy: Policy) -> list[str]:
    """Say how the columns of a source differ from those that a policy names."""
    import pandera.pandas as pandera

    schema = pandera.DataFrameSchema(
        {name: pandera.Column(required=True) for name in policy.attributes},
        strict=True,
        unique_column_names=True,
    )
    return _problems(schema, pd.DataFrame(columns=list(columns)), "the table")


def release_problems(
    stored: "Count", policy: Policy, solution: "Solution", kept: Iterable[str]
) -> list[str]:
    """Say how a stored release differs from what was decided.

    Parameters
    ----------
    stored
        The release, counted as it is stored.
    kept
        Columns that are released as they stand in the source.
    """
    schemas = _release_schemas(policy, solution, frozenset(kept))
    found, expected = list(stored.columns), [n for n in policy.attributes if n in schemas]
    if sorted(found) != sorted(expected):
        return [f"{len(found)} columns are released where {len(expected)} were decided"]
    return [
        problem
        for name, column in stored.columns.items()
        for problem in _problems(schemas[name], _frame(column.labels), name)
    ]


def _release_schemas(
    policy: Policy, solution: "Solution", kept: frozenset[str]
) -> Mapping[str, "pandera.DataFrameSchema"]:
    labels = {
        name: {SUPPRESSED, *each.labels}
        for name, each in zip(policy.quasi_identifiers, solution.generalized, strict=True)
        if name not in kept
    }
    schemas = {}
    for name, attribute in policy.attributes.items():
        if isinstance(attribute, DirectIdentifier):
            if attribute.redaction == "constant":
                schemas[name] = _among({attribute.constant}, "is the constant")
        elif name in labels:
            schemas[name] = _among(labels[name], "is a label that was decided")
        else:
            schemas[name] = _among(None, "")
    return schemas


def _among(values: set[str | None] | None, claim: str) -> "pandera.DataFrameSchema":
    import pandera.pandas as pandera

    allowed = None if values is None else [value for value in values if value is not None]
    checks = [] if allowed is None else [pandera.Check.isin(allowed, error=claim)]
    nullable = values is None or None in values
    column = pandera.Column("string", checks, nullable=nullable)
    return pandera.DataFrameSchema({_COLUMN: column}, strict=True)


def _frame(labels: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({_COLUMN: pd.array(labels, dtype="string")})


def _problems(schema: "pandera.DataFrameSchema", frame: pd.DataFrame, name: str) -> list[str]:
    """Return what pandera finds, without the values that it quotes."""
    from pandera.errors import SchemaErrors

    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        found = errors.failure_cases.groupby("check", dropna=False).size()
        return [f"{name}: {times} values fail {check!r}" for check, times in found.items()]
    return []
