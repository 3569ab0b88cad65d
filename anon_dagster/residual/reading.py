"""Columns as the examination compares them: what is equal, what numbers or dates they are."""

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.builders import read_moment
from anon_dagster.core.ordering import Meaning, Ordering
from anon_dagster.core.residual import Column
from anon_dagster.detection.times import FORMATS, last_year_meant
from anon_dagster.request import DateRule, HierarchyRule
from anon_dagster.storage.meaning import ordering_of
from anon_dagster.storage.values import is_number, text_array

_EPOCH = 719_163  # the ordinal of 1970-01-01
_SECONDS = 86_400
_MOST = 0.8  # share of the values that must be read for a format to be that of a column
_TRIED = 40  # values that formats are tried on
_DATED = re.compile(r".{0,12}\d.{0,24}")
_GROUPED = {
    ".": r"^([+-]?[0-9]{1,3})((?:,[0-9]{3})+)(\.[0-9]*)?$",
    ",": r"^([+-]?[0-9]{1,3})((?:\.[0-9]{3})+)(,[0-9]*)?$",
}
"""Numbers whose thousands are set apart, by their decimal mark."""


def column_of(
    values: pa.Array, *, marks: Sequence[str] = (".",), rule: HierarchyRule | None = None
) -> Column:
    """Read a column, (records,).

    Parameters
    ----------
    values
        Of any type; of texts it is found out what they mean.
    marks
        The decimal marks that the numbers among texts may have, the likeliest first.
    rule
        How its values are generalized, if they are: a rule for dates tells how these are written.
    """
    missing = np.asarray(values.is_null().to_numpy(zero_copy_only=False))
    if is_number(values.type):
        numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return Column(codes_of(values), numbers, missing)
    encoded = text_array(values).dictionary_encode()
    texts = encoded.dictionary
    places = pc.fill_null(encoded.indices, len(texts)).to_numpy(zero_copy_only=False)
    numbers, is_date = _numbers(texts, marks, rule)
    used, codes = np.unique(places.astype(np.int64), return_inverse=True)
    labels = [*texts.to_pylist(), None]
    return Column(
        codes.reshape(-1).astype(np.int64),
        np.append(numbers, np.nan)[places.astype(np.int64)],
        missing,
        is_date,
        [labels[place] for place in used],
    )


def codes_of(values: pa.Array) -> NDArray[np.int64]:
    """Number values, (records,): the same for equal ones, a missing one among them."""
    encoded = values.dictionary_encode()
    places = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    return np.unique(places, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _numbers(
    values: pa.StringArray, marks: Sequence[str], rule: HierarchyRule | None
) -> tuple[NDArray[np.float64], bool]:
    """Return what values are as numbers, (values,), or as days, and whether they are days."""
    if isinstance(rule, DateRule) and rule.format is not None:
        return _days(values, rule.format, rule.two_digit_years_until), True
    orderings = [ordering_of(values, decimal=mark) for mark in dict.fromkeys(marks)]
    ordering = max(orderings, key=lambda each: int(np.isfinite(each.numbers).sum()))
    if ordering.meaning in {Meaning.date, Meaning.moment}:
        return ordering.numbers / (_SECONDS if ordering.meaning is Meaning.moment else 1), True
    if ordering.meaning is Meaning.number:
        return ordering.numbers, False
    if (written := _format(values)) is not None:
        return _days(values, written, None), True
    return _lenient(values, ordering), False


def _lenient(values: pa.StringArray, ordering: Ordering) -> NDArray[np.float64]:
    """Read codes that are all digits as numbers, and amounts with a currency or separators."""
    if not len(values):
        return ordering.numbers
    plain = pc.replace_substring_regex(values, r"[\s'$€£¥%]", "")
    numbers = max((_ungrouped(plain, mark) for mark in _GROUPED), key=_share_read)
    return numbers if _share_read(numbers) >= _MOST else ordering.numbers


def _ungrouped(values: pa.StringArray, mark: str) -> NDArray[np.float64]:
    """Read numbers of a decimal mark, (values,), whether or not their thousands are set apart."""
    grouped = pc.match_substring_regex(values, _GROUPED[mark])
    (separator,) = _GROUPED.keys() - {mark}
    plain = pc.if_else(grouped, pc.replace_substring(values, separator, ""), values)
    return ordering_of(plain, decimal=mark, meaning=Meaning.number).numbers


def _share_read(numbers: NDArray[np.float64]) -> float:
    return float(np.isfinite(numbers).mean())


def _format(values: pa.StringArray) -> str | None:
    """Return the format that the values are dates in, if they are; ISO 8601 is read already."""
    shown = [text for text in values[:: max(len(values) // _TRIED, 1)].to_pylist() if text]
    like = [text for text in shown if len(text) >= 6 and _DATED.fullmatch(text)]
    if len(like) < _MOST * max(len(shown), 1) or not any(re.search(r"\D", text) for text in like):
        return None
    best, most = None, _MOST * len(shown)
    for written in FORMATS:
        if written is None:
            continue
        read = _how_many_read(shown, written, least=most)
        if read > most or (best is None and read >= most):
            best, most = written, read
    return best


def _how_many_read(texts: list[str], written: str, *, least: float) -> int:
    """Count the texts that are dates in a format; fewer than they are if they are too few."""
    read = 0
    for place, text in enumerate(texts):
        read += read_moment(text, written) is not None
        if read + len(texts) - place - 1 < least:
            break
    return read


def _days(values: pa.StringArray, written: str, until: int | None) -> NDArray[np.float64]:
    """Read texts as days since 1970, (values,); NaN where one is no date.

    Where nothing says what a year of two digits means, the dates do.
    """
    read = _read(values, written, until)
    if until is None and "%y" in written and any(read):
        read = _read(values, written, last_year_meant([day for day in read if day is not None]))
    days = [np.nan if day is None else float(day.toordinal() - _EPOCH) for day in read]
    return np.array(days, dtype=np.float64)


def _read(values: pa.StringArray, written: str, until: int | None) -> list[date | None]:
    return [
        None if text is None else read_moment(text, written, until=until)
        for text in values.to_pylist()
    ]
