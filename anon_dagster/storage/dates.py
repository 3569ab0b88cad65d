"""Dates as they are stored: the days that values name, and the same values some days later.

A date is text (ISO 8601, or a format), or a date or a moment of Arrow's. A moment is of the day
that its own clock shows.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.storage.values import text_array

_CLOCK = r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
_ZONE = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])"
_OFFSET = rf":[0-9.]+(?P<offset>{_ZONE})$"
_ISO = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:{_CLOCK}{_ZONE}?)?$"
_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_MONTHS = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).date()

_Ints = NDArray[np.int64]
_Bools = NDArray[np.bool_]


def holds_dates(kind: pa.DataType) -> bool:
    """Tell whether values of a type may be moved: texts, dates, moments, none; or categories."""
    if pa.types.is_dictionary(kind):
        return holds_dates(kind.value_type)
    tests = (_is_text, pa.types.is_date, pa.types.is_timestamp, pa.types.is_null)
    return any(test(kind) for test in tests)


def days_of(values: pa.Array, written: str | None = None) -> tuple[_Ints, _Bools]:
    """Return the days that values name.

    Parameters
    ----------
    values
        (values,): of any type that has a text.
    written
        The format of dates that are text, in the codes of strptime; ISO 8601 if left out.

    Returns
    -------
    days
        Since 1970, in the proleptic Gregorian calendar, (values,); 0 where there is none.
    valid
        Which values are dates, (values,).
    """
    if pa.types.is_dictionary(values.type):
        days, valid = days_of(values.dictionary, written)
        places = pc.fill_null(values.indices, len(days)).to_numpy(zero_copy_only=False)
        return np.append(days, 0)[places], np.append(valid, False)[places]
    present = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)
    if pa.types.is_date(values.type):
        return _whole(pc.fill_null(values.cast(pa.date32()).cast(pa.int32()), 0)), present
    if pa.types.is_timestamp(values.type):
        ticks = _ticks(_by_its_clock(values))
        return ticks // _PER_DAY[values.type.unit], present
    encoded = text_array(values).cast(pa.string()).dictionary_encode()
    texts = encoded.dictionary
    days, valid = _iso_days(texts) if written is None else _written_days(texts, written)
    places = pc.fill_null(encoded.indices, len(texts)).to_numpy(zero_copy_only=False)
    return np.append(days, 0)[places], np.append(valid, False)[places]


def offsets_of(values: pa.Array, written: str | None = None) -> set[str]:
    """Return the different offsets from UTC that dates are written with that are text.

    Parameters
    ----------
    values, written
        As for :func:`days_of`.
    """
    if pa.types.is_dictionary(values.type):
        return offsets_of(values.dictionary, written)
    if not _is_text(values.type):
        return set()
    texts = pc.unique(text_array(values))
    if written is not None:
        read = [_read(text, written) for text in texts.to_pylist()] if "%z" in written else []
        return {f"{moment:%z}" for moment in read if moment is not None}
    found = pc.unique(pc.struct_field(pc.extract_regex(texts, _OFFSET), "offset")).drop_null()
    return {text.replace(":", "").replace("Z", "+0000") for text in found.to_pylist()}


def moved(values: pa.Array, by: _Ints, written: str | None = None) -> pa.Array:
    """Return dates some days later, written as they were; their time and zone stay.

    A moment of a zone keeps what its clock shows, also over the change to summer time; an hour that
    the clock leaves out becomes the first after it, and the second of two hours that read alike
    the first of them, also by 0 days: else it would tell that nothing was moved.

    Parameters
    ----------
    values
        (values,): dates, or missing; the year of each result must have four digits.
    by
        Days to add, (values,).
    """
    if pa.types.is_dictionary(values.type):
        plain = values.dictionary.take(values.indices)
        return moved(plain, by, written)
    if pa.types.is_null(values.type):
        return values
    missing = np.asarray(values.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    if pa.types.is_date(values.type):
        days = days_of(values)[0] + by
        return (
            pa.array(days.astype(np.int32), pa.int32(), mask=missing)
            .cast(pa.date32())
            .cast(values.type)
        )
    if pa.types.is_timestamp(values.type):
        return _moved_moments(values, by, missing)
    if written is not None:
        return _moved_texts(values, by, written)
    texts = text_array(values)
    days, _ = days_of(texts)
    dates = pa.array((days + by).astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())
    clocks = pc.utf8_slice_codeunits(texts, 10)
    return pc.binary_join_element_wise(dates.cast(pa.string()), clocks, "").cast(values.type)


def moved_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of moved values: the same, but of categories that of their values."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    )


def _whole(values: pa.Array) -> _Ints:
    whole: _Ints = values.to_numpy(zero_copy_only=False).astype(np.int64)
    return whole


def _by_its_clock(moments: pa.Array) -> pa.Array:
    return moments if moments.type.tz is None else pc.local_timestamp(moments)


def _ticks(moments: pa.Array) -> _Ints:
    return _whole(pc.fill_null(moments.cast(pa.int64()), 0))


def _moved_moments(moments: pa.Array, by: _Ints, missing: _Bools) -> pa.Array:
    kind = moments.type
    ticks = _ticks(_by_its_clock(moments)) + by * _PER_DAY[kind.unit]
    plain = pa.array(ticks, pa.int64(), mask=missing).cast(pa.timestamp(kind.unit))
    if kind.tz is None:
        return plain
    return pc.assume_timezone(plain, kind.tz, ambiguous="earliest", nonexistent="latest")


def _iso_days(texts: pa.StringArray) -> tuple[_Ints, _Bools]:
    fits = pc.fill_null(pc.match_substring_regex(texts, _ISO), False)  # noqa: FBT003 (Arrow's own)
    whole = pc.if_else(fits, texts, "1970-01-01")
    year, month, day = (
        _whole(pc.utf8_slice_codeunits(whole, start, stop).cast(pa.int64()))
        for start, stop in ((0, 4), (5, 7), (8, 10))
    )
    valid = fits.to_numpy(zero_copy_only=False) & (year > 0) & (month >= 1) & (month <= _MONTHS)
    valid &= day >= 1
    months = np.where(valid, (year - 1970) * _MONTHS + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    valid &= days < (months + 1).astype("datetime64[D]").astype(np.int64)
    return np.where(valid, days, 0), valid


def _written_days(texts: pa.StringArray, written: str) -> tuple[_Ints, _Bools]:
    read = [_read(text, written) for text in texts.to_pylist()]
    days = [0 if moment is None else (moment.date() - _EPOCH).days for moment in read]
    valid = [moment is not None for moment in read]
    return np.array(days, dtype=np.int64), np.array(valid, dtype=np.bool_)


def _read(text: str | None, written: str) -> datetime | None:
    try:
        return None if text is None else datetime.strptime(text, written)  # noqa: DTZ007 (its clock)
    except ValueError:
        return None


def _moved_texts(values: pa.Array, by: _Ints, written: str) -> pa.Array:
    """Move dates of a format; each different text is moved by each different number once."""
    encoded = text_array(values).dictionary_encode()
    moments = [_read(text, written) for text in encoded.dictionary.to_pylist()]
    places = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    pairs, back = np.unique(np.stack([places, by]), axis=1, return_inverse=True)
    texts = [
        None if place < 0 else _written(moments[place], days, written) for place, days in pairs.T
    ]
    return pa.array(texts, pa.string()).take(pa.array(back.reshape(-1))).cast(values.type)


def _written(moment: datetime | None, days: int, written: str) -> str | None:
    if moment is None:
        return None
    later = moment + timedelta(days=int(days))
    return later.strftime(written.replace("%Y", f"{later.year:04}"))
