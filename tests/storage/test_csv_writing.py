"""The bytes of written CSV: cell by cell as plain Python would write them, whatever the column."""

import io
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.errors import TargetError
from anon_dagster.request import CsvOptions
from anon_dagster.storage.csv_writing import CsvWriter, require_writable
from anon_dagster.storage.values import texts

CANARY = "Canary4711"
TEXTS = st.text(alphabet="Nab;,'\"\\ \r\n\ufeffé", max_size=4) | st.sampled_from(["NA", "?"])
COLUMNS = st.one_of(
    st.lists(st.none() | TEXTS, min_size=40, max_size=40).map(lambda v: pa.array(v, pa.string())),
    st.sampled_from(["a", "x,y", "", 'say "hi"', "ends\n"]).map(lambda v: pa.array([v] * 40)),
    st.lists(st.none() | st.integers(-9, 9**9), min_size=40, max_size=40).map(
        lambda v: pa.array(v, pa.int64())
    ),
    st.lists(st.none() | st.floats(), min_size=40, max_size=40).map(
        lambda v: pa.array(v, pa.float64())
    ),
    st.lists(st.none() | st.dates(), min_size=40, max_size=40).map(
        lambda v: pa.array(v, pa.date32())
    ),
)
OPTIONS = st.builds(
    CsvOptions,
    separator=st.sampled_from([",", ";", "\t"]),
    quote=st.sampled_from(['"', "'"]),
    escape=st.sampled_from([None, "\\"]),
    missing=st.sampled_from([("",), ("NA",), ("?", "", "NA"), ('x"y',)]),
    skip_initial_space=st.booleans(),
).filter(lambda o: o.quote not in o.missing[0] and not {o.escape} & set("".join(o.missing)))


def written(table: pa.Table, options: CsvOptions) -> str:
    file = io.BytesIO()
    writer = CsvWriter(file, table.schema, options, compressed=False)
    writer.write(table)
    writer.close()
    return file.getvalue().decode(options.encoding)


def cell(text: str | None, options: CsvOptions) -> str:
    """Write a cell as its definition says."""
    if text is None:
        return options.missing[0]
    special = {options.separator, options.quote, options.escape, *"\r\n\ufeff"}
    special |= {" "} if options.skip_initial_space else set()
    if text and text not in options.missing and not special & set(text):
        return text
    if options.escape is not None:
        text = text.replace(options.escape, options.escape * 2)
    return (
        options.quote
        + text.replace(options.quote, (options.escape or options.quote) + options.quote)
        + options.quote
    )


def by_hand(columns: list[list[str | None]], options: CsvOptions) -> str:
    rows = zip(*columns, strict=True)
    return "".join(options.separator.join(cell(t, options) for t in row) + "\n" for row in rows)


@given(st.lists(COLUMNS, min_size=1, max_size=3), st.data(), OPTIONS)
def test_every_cell_is_written_by_its_definition(
    columns: list[pa.Array], data: st.DataObject, options: CsvOptions
) -> None:
    stored = [c.dictionary_encode() if data.draw(st.booleans()) else c for c in columns]
    table = pa.table(stored, names=[str(place) for place in range(len(stored))])
    header = options.separator.join(cell(name, options) for name in table.column_names)
    assert written(table, options) == f"{header}\n" + by_hand([texts(c) for c in columns], options)


@pytest.mark.parametrize("first", [0, 3])
def test_a_slice_of_a_table_is_written_as_it_is(first: int) -> None:
    table = pa.table({"a": ["w", 'x"', "y", "z"] * 2, "b": [1, 2, 3, 4] * 2})
    lines = ["w,1", '"x""",2', "y,3", "z,4"] * 2
    expected = "\n".join(["a,b", *lines[first : first + 4], ""])
    assert written(table.slice(first, 4), CsvOptions()) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [({"missing": ()}, "1 missing values"), ({"encoding": "latin-1"}, "characters that latin-1")],
)
def test_what_cannot_be_written_is_told_by_the_column_alone(
    options: dict[str, Any], said: str
) -> None:
    table = pa.table({"a": ["x", "y"], "name": [f"{CANARY}→", None]})
    with pytest.raises(TargetError, match=said) as caught:
        written(table, CsvOptions(**options))
    assert "name" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_column_of_nothing_but_missing_values_is_written_as_they_are() -> None:
    table = pa.table({"a": pa.nulls(3, pa.string()), "b": ["x", "", "y,"]})
    file = io.BytesIO()
    writer = CsvWriter(file, table.schema, CsvOptions(missing=("NA",)), compressed=False)
    writer.write(table)
    writer.close()
    assert file.getvalue() == b'a,b\nNA,x\nNA,""\nNA,"y,"\n'


@pytest.mark.parametrize(
    ("options", "why"),
    [({"encoding": "no-such-encoding"}, "encoding"), ({"skip_lines": 2}, "is of a source")],
)
def test_a_file_that_could_not_be_read_back_is_not_written(
    options: dict[str, Any], why: str
) -> None:
    with pytest.raises(TargetError, match=why):
        require_writable(CsvOptions(**options))
