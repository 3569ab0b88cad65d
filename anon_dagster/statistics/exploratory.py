"""Exploratory statistics: every value and how often it occurs, before and after."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.core.ordering import Meaning
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count
from anon_dagster.request import Policy
from anon_dagster.storage.meaning import canonical_texts
from anon_dagster.storage.values import TextKind

_KINDS = {
    Meaning.number: TextKind.decimal,
    Meaning.date: TextKind.date,
    Meaning.moment: TextKind.datetime,
    Meaning.text: TextKind.text,
    Meaning.boolean: TextKind.boolean,
    Meaning.category: TextKind.text,
}
"""What values are called of which a few are odd."""


@dataclass(frozen=True, slots=True, eq=False)
class ExploratoryStatistics:
    """What the columns of the source hold, and those of the release."""

    values: pd.DataFrame
    """``attribute``, ``value``, and its count in ``source`` and in ``release``, a row per value of
    every attribute that is not a direct identifier; of a column with more than a million values
    those alone that more than one record in 1,024 has; ``<NA>`` where the column was not released,
    and for the source of a masked identifier."""
    summary: pd.DataFrame
    """Indexed by ``attribute`` and ``table`` (``source``, ``release``): ``role``, ``kind``,
    ``records``, ``distinct`` (missing values aside), ``missing``, ``mode_count`` (records with the
    most frequent value); of numbers ``mean``, ``standard_deviation`` (of a sample), ``minimum``,
    ``quartile_1``, ``median``, ``quartile_3``, ``maximum``; of dates and times ``earliest``,
    ``middle`` (the earlier of two) and ``latest``, unless there are more
    than a million values. Of direct identifiers ``records``, ``distinct`` and ``missing`` alone."""


def exploratory_statistics(
    source: Count,
    release: Count | None,
    policy: Policy,
) -> ExploratoryStatistics:
    """Describe the columns of a source and of its release.

    Parameters
    ----------
    source, release
        What one reading of each told; no release yet: ``None``.
    policy
        Says what each attribute is.
    """
    released = {} if release is None else release.columns
    names = [name for name in policy.attributes if name in source.columns]
    shown = [name for name in names if policy.attributes[name].role != "direct_identifier"]
    masked = {name for name, a in policy.quasi_identifiers.items() if a.mask is not None}
    tables = [
        _values(name, None if name in masked else source.columns[name], released.get(name))
        for name in shown
    ]
    empty = _values("", None, None)
    rows = []
    for name in names:
        role = policy.attributes[name].role
        for table, count in (("source", source), ("release", release)):
            if count is not None and name in count.columns:
                hidden = name in masked and table == "source"
                told = _summary(role, count.columns[name], hidden=hidden)
                rows.append({"attribute": name, "table": table, "records": count.records, **told})
    return ExploratoryStatistics(
        pd.concat(tables, ignore_index=True) if tables else empty, _summaries(rows)
    )


# -- values --------------------------------------------------------------------------------


def _values(name: str, source: ColumnCount | None, release: ColumnCount | None) -> pd.DataFrame:
    counts = {
        "source": _counts(source).astype("int64"),
        "release": _counts(release),
    }
    frame = pd.DataFrame(counts).reset_index(names="value")
    for table, column in (("source", source), ("release", release)):
        if column is not None:
            frame[table] = frame[table].fillna(0)
    frame = frame.astype({"value": "string", "source": "Int64", "release": "Int64"})
    frame = frame.sort_values("value", ignore_index=True, na_position="last", kind="stable")
    frame.insert(0, "attribute", pd.Series([name] * len(frame), dtype="string"))
    return frame


def _counts(column: ColumnCount | None) -> "pd.Series[int]":
    if column is None:
        return pd.Series(dtype="Int64", index=pd.Index([], dtype="string"))
    texts = column.values  # noqa: PD011 (a column count, no frame)
    if column.many is None:
        texts = canonical_texts(texts, column.ordering, decimal=column.decimal)
    index = pd.Index(texts.to_pandas(), dtype="string")
    counts = pd.Series(column.counts, index=index, dtype="Int64")
    return counts if index.is_unique else counts.groupby(level=0, dropna=False).sum()


# -- summaries -----------------------------------------------------------------------------

_INTEGERS = ("records", "distinct", "missing", "mode_count")
_FLOATS = (
    "mean",
    "standard_deviation",
    "minimum",
    "quartile_1",
    "median",
    "quartile_3",
    "maximum",
)
_TEXTS = ("earliest", "middle", "latest")


def _summaries(rows: list[dict[str, object]]) -> pd.DataFrame:
    columns = ["role", "kind", *_INTEGERS, *_FLOATS, *_TEXTS]
    frame = pd.DataFrame(rows, columns=["attribute", "table", *columns])
    types = (
        dict.fromkeys(("role", "kind", *_TEXTS), "string")
        | dict.fromkeys(_INTEGERS, "Int64")
        | dict.fromkeys(_FLOATS, "float64")
    )
    return frame.astype(types).set_index(["attribute", "table"])


def _summary(role: str, column: ColumnCount, *, hidden: bool) -> dict[str, object]:
    told: dict[str, object] = {"role": role, "distinct": column.distinct}
    told["missing"] = column.missing
    if hidden or role == "direct_identifier":
        return told
    ordering = column.ordering
    kind = column.kinds.kind
    if kind is TextKind.text:
        kind = _KINDS[ordering.meaning]
    told["kind"] = kind.value
    if column.many is not None:
        return told | {"mode_count": column.many.mode}
    told["mode_count"] = int(column.counts.max(initial=0))
    in_order = ordering.in_order
    if ordering.meaning not in {Meaning.number, Meaning.date, Meaning.moment} or not len(in_order):
        return told
    counts = column.counts[in_order]
    if ordering.meaning is Meaning.number:
        return told | dict(_of_numbers(ordering.numbers[in_order], counts))
    texts = column.values.take(pa.array(in_order))  # noqa: PD011 (a column count, no frame)
    return told | dict(_of_moments(texts, counts))


def _of_numbers(
    numbers: NDArray[np.float64], counts: NDArray[np.int64]
) -> Iterator[tuple[str, float]]:
    """Describe numbers, (values,), in their order."""
    records = int(counts.sum())
    mean = float((numbers * (counts / records)).sum())
    squares = float((counts * (numbers - mean) ** 2).sum())
    yield "mean", mean
    yield "standard_deviation", (squares / (records - 1)) ** 0.5 if records > 1 else np.nan
    for quarter, name in enumerate(_FLOATS[2:]):
        yield name, _quantile(numbers, counts, quarter)


def _quantile(numbers: NDArray[np.float64], counts: NDArray[np.int64], quarter: int) -> float:
    """Return a quartile, interpolated linearly between the two records next to it."""
    position, rest = divmod((int(counts.sum()) - 1) * quarter, 4)
    ends = counts.cumsum()
    low, high = np.searchsorted(ends, [position, position + (rest > 0)], side="right")
    return float(numbers[low] + (numbers[high] - numbers[low]) * (rest / 4))


def _of_moments(texts: pa.StringArray, counts: NDArray[np.int64]) -> Iterator[tuple[str, str]]:
    """Describe dates or times, (values,), in their order."""
    ends = counts.cumsum()
    middle = int(np.searchsorted(ends, (int(ends[-1]) - 1) // 2, side="right"))
    for name, position in (("earliest", 0), ("middle", middle), ("latest", len(texts) - 1)):
        yield name, texts[position].as_py()
