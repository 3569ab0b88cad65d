"""Exploratory statistics: every value and how often it occurs, before and after."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.counts import sums
from anon_dagster.core.ordering import Meaning
from anon_dagster.discreet import Discreet
from anon_dagster.engine import in_use
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
_UNTOLD = {"direct_identifier", "weight"}
"""The roles of which no value is shown, for none is released."""


@dataclass(frozen=True, slots=True, eq=False)
class ExploratoryStatistics(Discreet):
    """What the columns of the source hold, and those of the release."""

    values: pd.DataFrame
    """``attribute``, ``value``, and its count in ``source`` and in ``release``, a row per value of
    every attribute but direct identifiers and dropped weights; of a column with more than a million
    values those alone that more than one record in 1,024 has; ``<NA>`` where the column was not
    released, and for the source of a masked identifier."""
    summary: pd.DataFrame
    """Indexed by ``attribute`` and ``table`` (``source``, ``release``): ``role``, ``kind``,
    ``records``, ``distinct`` (missing values aside), ``missing``, ``mode_count`` (records with the
    most frequent value); of numbers ``mean``, ``standard_deviation`` (of a sample), ``minimum``,
    ``quartile_1``, ``median``, ``quartile_3``, ``maximum``; of dates and times ``earliest``,
    ``middle`` (the earlier of two) and ``latest``, unless there are more
    than a million values. Of direct identifiers and dropped weights ``records``, ``distinct`` and
    ``missing`` alone."""


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
    shown = [name for name in names if policy.attributes[name].role not in _UNTOLD]
    masked = {name for name, a in policy.quasi_identifiers.items() if a.mask is not None}

    def values_of(name: str) -> _Values:
        return _values(None if name in masked else source.columns[name], released.get(name))

    def rows_of(name: str) -> list[dict[str, object]]:
        role, rows = policy.attributes[name].role, []
        for table, count in (("source", source), ("release", release)):
            if count is not None and name in count.columns:
                hidden = name in masked and table == "source"
                told = _summary(role, count.columns[name], hidden=hidden)
                rows.append({"attribute": name, "table": table, "records": count.records, **told})
        return rows

    engine = in_use()
    values = engine.gather(values_of, shown)
    rows = list(chain.from_iterable(engine.gather(rows_of, names)))
    return ExploratoryStatistics(_values_frame(shown, values), _summaries(rows))


# -- values --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Values(Discreet):
    """The values of an attribute in both tables, and how many records have each."""

    texts: pa.StringArray  # (values,): ascending, a missing value last
    source: NDArray[np.int64] | None  # (values,)
    release: NDArray[np.int64] | None  # (values,)


def _values(source: ColumnCount | None, release: ColumnCount | None) -> _Values:
    if source is not None and release is not None:
        release.take_over_ordering(source)
    columns = [column for column in (source, release) if column is not None]
    if not columns:
        return _Values(pa.array([], pa.string()), None, None)
    written = [_canonical(column) for column in columns]
    if all(
        texts is column.values  # noqa: PD011 (a column count, no frame)
        for texts, column in zip(written, columns, strict=True)
    ) and all(texts.equals(written[0]) for texts in written):
        texts, counts = written[0], [column.counts for column in columns]
    else:
        texts, counts = _joined(written, [column.counts for column in columns])
    told = iter(counts)
    return _Values(texts, *(None if c is None else next(told) for c in (source, release)))


def _canonical(column: ColumnCount) -> pa.StringArray:
    values = column.values  # noqa: PD011 (a column count, no frame)
    if column.many is not None:
        return values
    return canonical_texts(values, column.ordering, decimal=column.decimal)


def _joined(
    texts: list[pa.StringArray], counts: list[NDArray[np.int64]]
) -> tuple[pa.StringArray, list[NDArray[np.int64]]]:
    """Return the different texts of all arrays, ascending, and their counts in each, (texts,)."""
    encoded = pa.concat_arrays(texts).dictionary_encode(null_encoding="encode")
    different = len(encoded.dictionary)
    order = pc.array_sort_indices(encoded.dictionary)
    places = np.split(encoded.indices.to_numpy(), np.cumsum([len(each) for each in texts])[:-1])
    totals = [
        sums(of_texts, held, different, int(held.sum()))[order.to_numpy()]
        for of_texts, held in zip(places, counts, strict=True)
    ]
    return encoded.dictionary.take(order), totals


def _values_frame(names: list[str], values: list[_Values]) -> pd.DataFrame:
    texts = [each.texts for each in values]
    sizes = [len(each) for each in texts]
    repeated = [pa.repeat(name, size) for name, size in zip(names, sizes, strict=True)]
    table = pa.table(
        {
            "attribute": pa.chunked_array(repeated, pa.string()),
            "value": pa.chunked_array(texts, pa.string()),
            "source": _counts([each.source for each in values], sizes),
            "release": _counts([each.release for each in values], sizes),
        }
    )
    types = {pa.string(): pd.StringDtype(), pa.int64(): pd.Int64Dtype()}
    frame: pd.DataFrame = table.to_pandas(types_mapper=types.get)
    return frame


def _counts(counts: list[NDArray[np.int64] | None], sizes: list[int]) -> pa.ChunkedArray:
    """Return counts one after the other; nulls for a column that was not looked at."""
    told = [
        pa.nulls(size, pa.int64()) if each is None else pa.array(each, pa.int64())
        for each, size in zip(counts, sizes, strict=True)
    ]
    return pa.chunked_array(told, pa.int64())


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
    if hidden or role in _UNTOLD:
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
        # What no float holds is infinite, or no number, in the table; a warning says no more.
        with np.errstate(over="ignore", invalid="ignore"):
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
