"""Roles proposed from types and cardinalities: a first guess for a person to correct."""

import pandas as pd

from anon_dagster.counting import ColumnCount, Count
from anon_dagster.storage.values import TextKind

_NEARLY_UNIQUE = 0.9  # share of the present values that differ: names a person
_FEW = 0.05  # share of the records that differ: groups people
_CONTINUOUS = frozenset({TextKind.decimal, TextKind.date, TextKind.datetime})


def detect(count: Count) -> pd.DataFrame:
    """Propose a role for each column, with the reasons.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``column``: ``kind`` (of its values), ``distinct``, ``missing``,
        ``distinct_share`` (of the records that have a value, 0 to 1), ``role`` and ``reasons``.
        Counts and shares only, never a value.
    """
    rows = [_row(name, column, count.records) for name, column in count.columns.items()]
    names = ["column", "kind", "distinct", "missing", "distinct_share", "role", "reasons"]
    return pd.DataFrame(rows, columns=names).set_index("column")


def _row(name: str, column: ColumnCount, records: int) -> dict[str, object]:
    present = records - column.missing
    share = column.distinct / present if present else 0.0
    role, reasons = _proposal(column, share)
    return {
        "column": name,
        "kind": column.kinds.kind.value,
        "distinct": column.distinct,
        "missing": column.missing,
        "distinct_share": share,
        "role": role,
        "reasons": reasons,
    }


def _proposal(column: ColumnCount, share: float) -> tuple[str, str]:
    kind = column.kinds.kind
    if column.distinct <= 1:
        return "non_sensitive", "at most one value: it tells nobody apart"
    if share >= _NEARLY_UNIQUE and kind not in _CONTINUOUS:
        return "direct_identifier", f"{share:.0%} of the values differ: they name a person"
    if kind in _CONTINUOUS:
        return "quasi_identifier", f"a {kind.value}: fine-grained, so it singles people out"
    if share <= _FEW:
        return (
            "quasi_identifier",
            f"{column.distinct} values: alone they group, together they point",
        )
    return "quasi_identifier", f"{share:.0%} of the values differ: they single many people out"
