"""Reading: CSV as it is written, Parquet and DataFrames with their types, errors without cells."""

import datetime as dt
import gzip
import os
import pickle
import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_dagster.errors import SourceError
from anon_dagster.request import CsvOptions, Source
from anon_dagster.storage.sources import ROWS, OpenSource, open_frame, open_source
from anon_dagster.storage.values import texts

CANARY = "Canary4711"


def read(source: OpenSource) -> dict[str, list[Any]]:
    batches = [batch for part in source.parts for batch in source.batches(part)]
    assert all(0 < batch.num_rows <= ROWS for batch in batches)
    table: dict[str, list[Any]] = pa.Table.from_batches(batches, source.schema).to_pydict()
    return table


def csv_file(folder: Path, content: str | bytes, name: str = "people.csv") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read_csv(folder: Path, content: str | bytes, **options: Any) -> dict[str, list[Any]]:
    path = csv_file(folder, content)
    return read(open_source(Source(path=path, csv=CsvOptions(**options))))


def parquet_file(folder: Path, columns: dict[str, Any], name: str, **options: Any) -> str:
    pq.write_table(pa.table(columns), folder / name, **options)
    return str(folder / name)


def refused(source: Source) -> str:
    """Return the message with which a source is refused, at the latest when it is read."""
    with pytest.raises(SourceError) as caught:
        read(open_source(source))
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


# -- CSV -----------------------------------------------------------------------------------


def test_csv_is_read_as_it_is_written(tmp_path: Path) -> None:
    content = "id,n,x,d\n007,12345678901234567890,1.50,2024-2-3\n 8,1e3, a ,NA\n"
    assert read_csv(tmp_path, content) == {
        "id": ["007", " 8"],
        "n": ["12345678901234567890", "1e3"],
        "x": ["1.50", " a "],
        "d": ["2024-2-3", "NA"],
    }


def test_only_an_unquoted_token_is_a_missing_value(tmp_path: Path) -> None:
    content = 'a,b\n,""\nNA,"NA"\n?, NA\n'
    tokens = ("", "NA", "?")
    for quoted_empty, empty in (("missing", None), ("text", "")):
        read_back = read_csv(tmp_path, content, missing=tokens, quoted_empty=quoted_empty)
        assert read_back == {"a": [None, None, None], "b": [empty, "NA", " NA"]}
    assert read_csv(tmp_path, 'a,b\n,""\n', missing=("NA",)) == {"a": [""], "b": [""]}


def test_newlines_quotes_and_separators_may_stand_in_quotes(tmp_path: Path) -> None:
    content = 'a;b\r\n"x\ny";"1;2"\r\n"say ""hi""";5\' 10"\r\n'
    assert read_csv(tmp_path, content, separator=";") == {
        "a": ["x\ny", 'say "hi"'],
        "b": ["1;2", "5' 10\""],
    }


def test_an_escaped_quote_does_not_close(tmp_path: Path) -> None:
    content = 'a,b\n"x\\"y","back\\\\slash"\n'
    assert read_csv(tmp_path, content, escape="\\") == {"a": ['x"y'], "b": ["back\\slash"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
def test_encodings_and_byte_order_marks_leave_no_trace(tmp_path: Path, encoding: str) -> None:
    content = "größe,é\n1,ü\n".encode(encoding)
    asked = "utf-8" if encoding == "utf-8-sig" else encoding
    assert read_csv(tmp_path, content, encoding=asked) == {"größe": ["1"], "é": ["ü"]}


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    members = gzip.compress(b"a\n1\n") + gzip.compress(b"2\n")
    for name in ("x.csv.gz", "x.csv"):
        path = csv_file(tmp_path, members, name)
        assert read(open_source(Source(path=path))) == {"a": ["1", "2"]}


def test_names_replace_a_header_or_stand_for_it(tmp_path: Path) -> None:
    assert read_csv(tmp_path, "a,b\n1,2\n", names=("x", "y")) == {"x": ["1"], "y": ["2"]}
    without = read_csv(tmp_path, "a,b\n1,2\n", names=("x", "y"), header=False)
    assert without == {"x": ["a", "1"], "y": ["b", "2"]}


@pytest.mark.parametrize("content", ["a,b", "a,b\n", "a,b\r\n", '"a","b"\n'])
def test_a_header_alone_is_a_table_without_records(tmp_path: Path, content: str) -> None:
    assert read_csv(tmp_path, content) == {"a": [], "b": []}


def test_an_empty_file_with_names_is_a_table_without_records(tmp_path: Path) -> None:
    assert read_csv(tmp_path, "", names=("a",), header=False) == {"a": []}


def test_an_empty_line_is_a_missing_value_only_where_there_is_one_column(tmp_path: Path) -> None:
    content = 'a\n1\n\n""\n\n'
    assert read_csv(tmp_path, content) == {"a": ["1", None, None, None]}
    assert read_csv(tmp_path, content, quoted_empty="text") == {"a": ["1", None, "", None]}
    assert read_csv(tmp_path, "a,b\n1,2\n\n3,4\n\n") == {"a": ["1", "3"], "b": ["2", "4"]}


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    assert read_csv(tmp_path, "a,b\n1,2\n3,") == {"a": ["1", "3"], "b": ["2", None]}


def test_many_records_come_in_batches_of_bounded_size(tmp_path: Path) -> None:
    records = 2 * ROWS + 5
    assert read_csv(tmp_path, "a\n" + "1\n" * records) == {"a": ["1"] * records}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"a,b\n1,2\n{CANARY}\n1,2,{CANARY}\n", r"2 records have .*\(record 3, 4\)"),
        (f'a,b\n1,"{CANARY}\n2,3\n4,5\n', "never closed"),
        (f'a,b\n1,2\n"{CANARY}', "number of fields|never closed"),
        (f"a,b\n{CANARY},ÿ\n".encode("latin-1"), "encoding"),
        (gzip.compress(f"a,b\n{CANARY},2\n".encode() * 99, mtime=0)[:-9], "cut off"),
        (f"{CANARY},{CANARY}\n", "columns 1 and 2 .* same name"),
        (f"{CANARY},\n1,2\n", "column 2 .* no name"),
        ("\na,b\n", "empty line"),
        ("", "empty"),
        (b"PAR1" + bytes(range(256)), "it is a Parquet file: say format: parquet"),
    ],
)
def test_a_broken_csv_file_is_refused_without_its_cells(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    assert re.search(message, refused(Source(path=csv_file(tmp_path, content))))


def test_wrong_records_are_all_counted_but_few_are_listed(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "a,b\n" + f"{CANARY}\n" * 1000 + "1,2\n")
    assert "1000 records have another number of fields (record 2, 3, 4, 5, 6 …)" in refused(
        Source(path=path)
    )


@pytest.mark.parametrize(
    "options",
    [
        {"separator": "§"},
        {"quote": "“"},
        {"encoding": "no-such"},
        {"escape": '"'},
        {"escape": "\\", "missing": ("\\N",)},
        {"names": ("only",)},
    ],
)
def test_options_that_cannot_be_met_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    path = csv_file(tmp_path, "a,b\n1,2\n")
    assert "csv." in refused(Source(path=path, csv=CsvOptions(**options)))


def test_part_files_may_order_their_columns_differently(tmp_path: Path) -> None:
    csv_file(tmp_path, "a,b\n1,2\n", "part-2.csv")
    csv_file(tmp_path, "b,a\n4,3\n", "part-10.csv")
    csv_file(tmp_path, "", "part-11.csv")
    source = open_source(Source(path=str(tmp_path), format="csv"))
    assert source.columns == ("a", "b")
    assert read(source) == {"a": ["1", "3"], "b": ["2", "4"]}


def test_part_files_with_other_columns_are_refused_without_naming_them(tmp_path: Path) -> None:
    paths = (csv_file(tmp_path, "a,b\n1,2\n", "1.csv"), csv_file(tmp_path, f"{CANARY},b", "2.csv"))
    assert "1 are missing, 1 are new" in refused(Source(path=paths))


def test_parts_and_sources_travel_to_other_processes(tmp_path: Path) -> None:
    source = open_source(Source(path=csv_file(tmp_path, "a\n1\n")))
    again: OpenSource = pickle.loads(pickle.dumps(source))  # noqa: S301 (our own bytes)
    assert read(again) == {"a": ["1"]}


def test_a_reading_may_stop_early_or_run_twice_at_once(tmp_path: Path) -> None:
    source = open_source(Source(path=csv_file(tmp_path, "a\n" + "1\n" * 4_000_000)))
    (part,) = source.parts
    first, second = source.batches(part), source.batches(part)
    assert next(first).equals(next(second))
    del first
    assert next(second).num_rows == ROWS


# -- Parquet -------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd", "gzip", "brotli", "lz4"])
def test_parquet_of_any_codec_keeps_its_types(tmp_path: Path, codec: str) -> None:
    columns = {
        "int": pa.array([1, None]),
        "decimal": pa.array([Decimal("1.50"), None]),
        "date": pa.array([dt.date(2024, 2, 29), None]),
        "moment": pa.array([0, None], pa.timestamp("us", "Europe/Berlin")),
        "flag": pa.array([True, None]),
        "category": pa.array(["x", None]).dictionary_encode(),
    }
    path = parquet_file(tmp_path, columns, "t.parquet", compression=codec)
    source = open_source(Source(path=path))
    assert source.schema == pa.table(columns).schema
    assert read(source) == pa.table(columns).to_pydict()


def test_parquet_of_pandas_keeps_its_categories(tmp_path: Path) -> None:
    values = pd.Categorical(["x", None, "x"], categories=["unused", "x"], ordered=True)
    pd.DataFrame({"a": values}, index=[3, 3, 1]).to_parquet(tmp_path / "t.parquet", index=False)
    source = open_source(Source(path=str(tmp_path / "t.parquet")))
    assert pa.types.is_dictionary(source.schema.field("a").type)
    assert read(source) == {"a": ["x", None, "x"]}


def test_row_groups_make_parts_that_add_up_to_the_table(tmp_path: Path) -> None:
    numbers = list(range(1_200_000))
    path = parquet_file(tmp_path, {"n": numbers}, "t.parquet", row_group_size=100_000)
    source = open_source(Source(path=path))
    assert len(source.parts) > 1
    assert read(source) == {"n": numbers}


def test_a_column_without_values_in_one_file_has_the_type_of_the_other(tmp_path: Path) -> None:
    paths = (
        parquet_file(tmp_path, {"a": pa.nulls(1), "b": pa.array(["x"])}, "1.parquet"),
        parquet_file(
            tmp_path,
            {"b": pa.array(["y"]).dictionary_encode(), "a": pa.array([7])},
            "2.parquet",
        ),
    )
    assert read(open_source(Source(path=paths))) == {"a": [None, 7], "b": ["x", "y"]}


def test_files_of_differing_schemas_are_refused(tmp_path: Path) -> None:
    one = parquet_file(tmp_path, {"a": [1], "b": [1]}, "1.parquet")
    other = parquet_file(tmp_path, {"a": [CANARY], "b": [1]}, "2.parquet")
    fewer = parquet_file(tmp_path, {"b": [1]}, "3.parquet")
    assert refused(Source(path=(one, other))).endswith("differ in a (string and int64)")
    assert refused(Source(path=(one, fewer))).endswith("1 are missing, 0 are new")


def test_nested_columns_are_refused_by_name(tmp_path: Path) -> None:
    path = parquet_file(tmp_path, {"ok": [1], "tags": [[CANARY]], "raw": [b"x"]}, "t.parquet")
    message = refused(Source(path=path))
    assert "tags (list" in message
    assert "raw (binary)" in message
    assert "ok" not in message


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    path = csv_file(tmp_path, f"a\n{CANARY}\n" * 10, "t.parquet")
    assert "not of the format" in refused(Source(path=path))


def test_parquet_without_records_has_columns(tmp_path: Path) -> None:
    path = parquet_file(tmp_path, {"a": pa.array([], pa.int64())}, "t.parquet")
    assert read(open_source(Source(path=path))) == {"a": []}


# -- DataFrames ----------------------------------------------------------------------------


def hard_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "integer": [1, 2, 2],
            "nullable": pd.array([1, None, 2**62], "Int64"),
            "float": [1.5, np.nan, 39.0],
            "flag": pd.array([True, None, False], "boolean"),
            "text": ["a", None, ""],
            "category": pd.Categorical(["x", None, "x"], categories=["unused", "x"]),
            "decimal": [Decimal("1.50"), None, Decimal("2.25")],
            "date": [dt.date(2024, 2, 29), None, dt.date(1900, 1, 1)],
            "moment": pd.DatetimeIndex(["2024-01-01", pd.NaT, "2024-06-01"], tz="UTC"),
        },
        index=[7, 7, 0],
    )


def test_a_frame_is_read_by_position_and_left_as_it_is() -> None:
    frame = hard_frame()
    source = open_frame(frame)
    (batch,) = [batch for part in source.parts for batch in source.batches(part)]
    assert {name: texts(batch.column(name)) for name in source.columns} == {
        "integer": ["1", "2", "2"],
        "nullable": ["1", None, str(2**62)],
        "float": ["1.5", None, "39"],
        "flag": ["true", None, "false"],
        "text": ["a", None, ""],
        "category": ["x", None, "x"],
        "decimal": ["1.50", None, "2.25"],
        "date": ["2024-02-29", None, "1900-01-01"],
        "moment": ["2024-01-01T00:00:00Z", None, "2024-06-01T00:00:00Z"],
    }
    pd.testing.assert_frame_equal(frame, hard_frame())


def test_a_frame_that_changes_later_does_not_change_what_was_opened() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3]})
    source = open_frame(frame)
    frame.loc[0, "a"] = 99
    source.unchanged()
    assert read(source) == {"a": [1, 2, 3]}


@pytest.mark.parametrize(
    "values", [[1, CANARY], [dt.date(2024, 1, 1), CANARY], [{1}, {2}], [[1], [2]], [True, CANARY]]
)
def test_a_column_of_several_types_is_refused_by_its_position(values: Iterable[object]) -> None:
    with pytest.raises(SourceError, match=r"column 2 of|ailing \(") as caught:
        open_frame(pd.DataFrame({"fine": [1, 2], "ailing": pd.Series(values, dtype=object)}))
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_columns_of_a_frame_need_names_of_their_own() -> None:
    with pytest.raises(SourceError, match="columns 1 and 2 of the DataFrame have the same name"):
        open_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(SourceError, match="names"):
        open_frame(pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])))


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": []}), pd.DataFrame({"a": [1]})[:0]])
def test_a_frame_without_records_has_columns(frame: pd.DataFrame) -> None:
    assert read(open_frame(frame)) == {"a": []}


# -- places --------------------------------------------------------------------------------


def names(path: Any, folder: Path) -> list[str]:
    source = open_source(Source(path=path, format="csv"))
    return [os.path.relpath(part.path, folder) for part in source.parts]


def test_files_are_found_by_list_glob_and_folder_in_natural_order(tmp_path: Path) -> None:
    for name in ("p-10.csv", "p-2.csv", "_SUCCESS", ".p-1.csv.crc", "_p-3.csv"):
        csv_file(tmp_path, "a\n1\n", name)
    assert names(str(tmp_path), tmp_path) == ["p-2.csv", "p-10.csv"]
    assert names(str(tmp_path / "*"), tmp_path) == ["p-2.csv", "p-10.csv"]
    listed = [str(tmp_path / "p-10.csv"), str(tmp_path / "p-2.csv")]
    assert names(listed, tmp_path) == ["p-10.csv", "p-2.csv"]
    assert names(str(tmp_path / "_p-3.csv"), tmp_path) == ["_p-3.csv"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path) -> None:
    csv_file(tmp_path, "a\n1\n", "p[1].csv")
    assert names(str(tmp_path / "p[1].csv"), tmp_path) == ["p[1].csv"]


def test_every_store_of_fsspec_is_read_the_same_way() -> None:
    for name in ("1.csv", "2.csv"):
        with fsspec.open(f"memory://sources/{name}", "wb") as file:
            file.write(b"a\n1\n")
    for path in ("memory://sources", "memory://sources/*.csv"):
        assert read(open_source(Source(path=path, format="csv"))) == {"a": ["1", "1"]}


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refused(Source(path=str(tmp_path / "no.csv")))
    assert "no files" in refused(Source(path=str(tmp_path / "*.csv")))
    assert "no files" in refused(Source(path=str(tmp_path), format="csv"))
    assert "nowhere:// are not allowed" in refused(Source(path="nowhere://x/y.csv"))
    file = csv_file(tmp_path, "a\n1\n")
    assert "twice" in refused(Source(path=(file, str(tmp_path / "*.csv"))))
    assert "format" in refused(Source(path=csv_file(tmp_path, "a\n", "x.dat")))
    (tmp_path / "deeper").mkdir()
    assert "1 folder" in refused(Source(path=str(tmp_path), format="csv"))


@pytest.mark.parametrize("change", ["replaced", "appended", "removed"])
def test_a_file_that_changes_between_two_readings_is_noticed(tmp_path: Path, change: str) -> None:
    path = csv_file(tmp_path, "a\n1\n")
    source = open_source(Source(path=path))
    source.unchanged()
    if change == "replaced":
        Path(csv_file(tmp_path, "a\n2\n", "other.csv")).replace(path)
    elif change == "appended":
        with Path(path).open("a") as file:
            file.write("2\n")
    else:
        Path(path).unlink()
    with pytest.raises(SourceError, match="changed while it was read"):
        source.unchanged()
