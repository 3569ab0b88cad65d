"""Exploratory statistics: every value and how often it occurs, before and after."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.reading.counting import ColumnCount, Count
from anon_dagster.request import Policy
from anon_dagster.storage.values import TextKind, text_array, typed

NUMBERS = frozenset({TextKind.integer, TextKind.decimal})
MOMENTS = frozenset({TextKind.date, TextKind.datetime})


@dataclass(frozen=True, slots=True, eq=False)
class ExploratoryStatistics:
    """What the columns of the source hold, and those of the release."""

    values: pd.DataFrame
    """``attribute``, ``value``, and its count in ``source`` and in ``release``, a row per value of
    every attribute that is not a direct identifier; ``<NA>`` where the column was not released, and
    for the source of a masked identifier."""
    summary: pd.DataFrame
    """Indexed by ``attribute`` and ``table`` (``source``, ``release``): ``role``, ``kind``,
    ``records``, ``distinct`` (missing values aside), ``missing``, ``mode_count`` (records with the
    most frequent value); of numbers ``mean``, ``standard_deviation`` (of a sample), ``minimum``,
    ``quartile_1``, ``median``, ``quartile_3``, ``maximum``; of dates and times ``earliest``,
    ``middle`` (the earlier of two) and ``latest``. Of direct identifiers ``records``, ``distinct``
    and ``missing`` alone."""


def exploratory_statistics(
    source: Count,
    release: Count | None,
    policy: Policy,
    *,
    decimal: str = ".",
    release_decimal: str = ".",
) -> ExploratoryStatistics:
    """Describe the columns of a source and of its release.

    Parameters
    ----------
    source, release
        What one reading of each told; no release yet: ``None``.
    policy
        Says what each attribute is.
    decimal, release_decimal
        The decimal marks of numbers in the source and in the release; in the values they become
        points.
    """
    released = {} if release is None else release.columns
    names = [name for name in policy.attributes if name in source.columns]
    shown = [name for name in names if policy.attributes[name].role != "direct_identifier"]
    marks = (decimal, release_decimal)
    masked = {name for name, a in policy.quasi_identifiers.items() if a.mask is not None}
    tables = [
        _values(name, None if name in masked else source.columns[name], released.get(name), marks)
        for name in shown
    ]
    empty = _values("", None, None, marks)
    rows = []
    for name in names:
        role = policy.attributes[name].role
        for table, count, mark in (
            ("source", source, decimal),
            ("release", release, release_decimal),
        ):
            if count is not None and name in count.columns:
                hidden = name in masked and table == "source"
                summary = _summary(role, count.columns[name], mark, hidden=hidden)
                rows.append(
                    {"attribute": name, "table": table, "records": count.records, **summary}
                )
    return ExploratoryStatistics(
        pd.concat(tables, ignore_index=True) if tables else empty, _summaries(rows)
    )


# -- values --------------------------------------------------------------------------------


def _values(
    name: str, source: ColumnCount | None, release: ColumnCount | None, marks: tuple[str, str]
) -> pd.DataFrame:
    """Return the values of an attribute in their order, with their counts in both tables."""
    counts = {
        "source": _counts(source, marks[0]).astype("int64"),
        "release": _counts(release, marks[1]),
    }
    frame = pd.DataFrame(counts).reset_index(names="value")
    for table, column in (("source", source), ("release", release)):
        if column is not None:
            frame[table] = frame[table].fillna(0)
    frame = frame.astype({"value": "string", "source": "Int64", "release": "Int64"})
    frame = frame.sort_values("value", ignore_index=True, na_position="last", kind="stable")
    frame.insert(0, "attribute", pd.Series([name] * len(frame), dtype="string"))
    return frame


def _counts(column: ColumnCount | None, decimal: str) -> "pd.Series[int]":
    if column is None:
        return pd.Series(dtype="Int64", index=pd.Index([], dtype="string"))
    index = pd.Index(_texts(column, decimal).to_pandas(), dtype="string")
    return pd.Series(column.counts, index=index, dtype="Int64")


def _texts(column: ColumnCount, decimal: str) -> pa.StringArray:
    if decimal == "." or column.kinds.kind not in NUMBERS:
        return column.values  # noqa: PD011 (a column count, no frame)
    return text_array(typed(column.values, column.kinds, decimal))


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


def _summary(role: str, column: ColumnCount, decimal: str, *, hidden: bool) -> dict[str, object]:
    """Describe a column: no more than its counts if it is hidden or a direct identifier."""
    kind = column.kinds.kind
    summary: dict[str, object] = {"role": role, "distinct": column.distinct}
    summary["missing"] = column.missing
    if hidden or role == "direct_identifier":
        return summary
    summary |= {"kind": kind.value, "mode_count": int(column.counts.max(initial=0))}
    if kind not in NUMBERS | MOMENTS or not column.distinct:
        return summary
    values = typed(column.values, column.kinds, decimal)
    present = np.asarray(pc.is_valid(values))
    held, counts = values.filter(pa.array(present)), column.counts[present]
    return summary | dict(
        _of_numbers(held, counts) if kind in NUMBERS else _of_moments(held, counts)
    )


def _of_numbers(values: pa.Array, counts: NDArray[np.int64]) -> Iterator[tuple[str, float]]:
    """Yield mean, standard deviation and quartiles of numbers, each with its count, (values,)."""
    rounded = values.cast(
        pa.float64(), safe=False
    )  # integers beyond 2⁵³ have no float of their own
    numbers = rounded.to_numpy(zero_copy_only=False)
    order = np.argsort(numbers)
    numbers, counts = numbers[order], counts[order]
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


def _of_moments(values: pa.Array, counts: NDArray[np.int64]) -> Iterator[tuple[str, str]]:
    order = pc.sort_indices(values).to_numpy()
    texts = text_array(values)
    ends = counts[order].cumsum()
    middle = int(np.searchsorted(ends, (int(ends[-1]) - 1) // 2, side="right"))
    for name, position in (("earliest", 0), ("middle", middle), ("latest", len(order) - 1)):
        yield name, texts[int(order[position])].as_py()
