"""Whom to erase: keys of people, as a caller or a file gives them. They are kept nowhere."""

import csv
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from io import StringIO
from math import isnan
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from anon_dagster.continuous.erasing import require_keys, require_named
from anon_dagster.continuous.stream import Stream
from anon_dagster.errors import RequestError, SourceError, counted
from anon_dagster.request import Source, format_of
from anon_dagster.storage.listing import look_up
from anon_dagster.storage.sources import open_frame, open_source


def keys_of(person: tuple[str, ...], keys: Any) -> pa.Table:  # noqa: ANN401 (told apart here)
    """Return the keys of people as a table of the attributes that name a person.

    Parameters
    ----------
    person
        The attributes of ``policy.person``.
    keys
        A DataFrame, or a table of Arrow, with them; or a collection of the values of the one
        attribute, or of tuples of several, in their order.

    Raises
    ------
    RequestError
        If they are something else, or some are missing: what and how many, never which.
    """
    if isinstance(keys, pa.Table):
        return _complete(keys)
    if isinstance(keys, pd.DataFrame):
        return _of_frame(person, keys)
    if isinstance(keys, str | bytes | Mapping) or not isinstance(keys, Collection | pd.Series):
        raise RequestError(
            f"keys must be a DataFrame with {', '.join(person)}, or a list, not "
            f"{type(keys).__name__}"
        )
    rows = [(key,) for key in keys] if len(person) == 1 else list(keys)
    odd = sum(not isinstance(row, tuple | list) or len(row) != len(person) for row in rows)
    if odd:
        raise RequestError(
            f"{counted(odd, 'key')} of {len(rows):,} are no tuples of {', '.join(person)}"
        )
    texts = {name: [_text(row[place]) for row in rows] for place, name in enumerate(person)}
    try:
        columns = {name: pa.array(column, pa.string()) for name, column in texts.items()}
    except UnicodeEncodeError:  # it holds the key
        raise RequestError("a key is a text that is not UTF-8") from None
    return _complete(pa.table(columns))


def _of_frame(person: tuple[str, ...], frame: pd.DataFrame) -> pa.Table:
    if lacking := [name for name in person if name not in frame.columns]:
        raise RequestError(f"the keys lack the columns {', '.join(lacking)}")
    try:
        opened = open_frame(frame[list(person)])
    except SourceError as error:
        raise RequestError(f"the keys cannot be read: {error}") from None
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    return _complete(pa.Table.from_batches(batches, opened.schema))


def _text(value: object) -> str | None:
    """Return the text of a key, None if it is missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and isnan(value)):
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, Integral | float | Decimal) and type(value) is not bool:
        return str(value)
    raise RequestError(
        f"a key is of the type {type(value).__name__}: write keys as the source does, as text or "
        "whole numbers, or hand over a DataFrame"
    )


def _complete(keys: pa.Table) -> pa.Table:
    """Refuse keys of which a part is missing: they name nobody."""
    lacking = [column.is_null().to_numpy() for column in keys.columns]
    if missing := int(np.logical_or.reduce(lacking).sum()):
        raise RequestError(
            f"{counted(missing, 'key')} of {keys.num_rows:,} lack a value of "
            f"{', '.join(keys.column_names)}; nobody was erased"
        )
    return keys


def read_keys(person: tuple[str, ...], content: bytes) -> pa.Table:
    """Read the keys of a file: one in each line, or of several attributes a CSV file with a header.

    Lines without anything in them play no part, nor does a first line that is the name of the one
    attribute.

    Raises
    ------
    SourceError
        If they cannot be read: in which form they are expected, and how many lines are not so.
    RequestError
        If a key lacks a value.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # it quotes what it read
        raise SourceError("the keys are no UTF-8 text") from None
    if len(person) > 1:
        return _of_csv(person, text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return keys_of(person, lines[1:] if lines[:1] == [person[0]] else lines)


def _of_csv(person: tuple[str, ...], text: str) -> pa.Table:
    try:
        rows = [row for row in csv.reader(StringIO(text, newline=""), strict=True) if any(row)]
    except csv.Error:
        raise SourceError('the keys are no CSV file: separated by commas, quoted by "') from None
    header: Sequence[str] = [name.strip() for name in rows[0]] if rows else ()
    if any(header.count(name) != 1 for name in person):
        raise SourceError(f"the first line of the keys must name {', '.join(person)}, once each")
    if odd := sum(len(row) != len(header) for row in rows[1:]):
        raise SourceError(
            f"{counted(odd, 'line')} of the keys have more or fewer fields than the first one"
        )
    places = [header.index(name) for name in person]
    return keys_of(person, [tuple(row[place] for place in places) for row in rows[1:]])


def keys_at(stream: Stream, path: str) -> pa.Table:
    """Read the attributes of ``policy.person`` from a file that is written as those of the dataset.

    Raises
    ------
    RequestError
        If the dataset names nobody, or the file lacks a column.
    SourceError
        If there is no such file, it cannot be read, or it names nobody.
    """
    person = require_named(stream)
    source = stream.request_of(path).source
    assert source is not None, "the request of a file has it as source"
    if look_up(path) is None:
        raise SourceError(f"there is no file {path}")
    keys = _table_of(source.model_copy(update={"format": format_of(path) or source.format}), person)
    require_keys(stream, keys)
    if not keys.num_rows:
        raise SourceError(f"{path} names nobody: it has no records")
    return keys.select(list(person))


def _table_of(source: Source, person: tuple[str, ...]) -> pa.Table:
    try:
        opened = open_source(source)
        batches = [batch for part in opened.parts for batch in opened.batches(part)]
    except SourceError:  # which may quote the first line, and that is a key if there is no header
        raise SourceError(
            f"{source.path} cannot be read as a table with the columns {', '.join(person)}, of "
            "which a CSV file tells in its first line"
        ) from None
    return pa.Table.from_batches(batches, opened.schema)
