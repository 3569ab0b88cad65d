"""Files as other programs write them: what is read, and what is refused by its name."""

import bz2
import datetime as dt
import gzip
import io
import itertools
import lzma
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import anon_dagster
from anon_dagster.errors import AnonError, SourceError
from anon_dagster.request import CsvOptions, Source
from anon_dagster.storage.sources import open_frame, open_source
from anon_dagster.storage.values import texts

CANARY = "Canary4711"
Table = dict[str, list[str | None]]


def read(source: Source) -> Table:
    opened = open_source(source)
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    table = pa.Table.from_batches(batches, opened.schema)
    return {name: texts(table[name].combine_chunks()) for name in table.column_names}


def csv_of(folder: Path, content: str | bytes, name: str = "people.csv", **options: Any) -> Source:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Source(path=str(path), format="csv", csv=CsvOptions(**options))


def refused(source: Source) -> str:
    with pytest.raises(SourceError) as caught:
        read(source)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


# -- CSV -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blanks_after_separators_are_left_out_but_not_within_quotes(
    tmp_path: Path, end: str
) -> None:
    content = end.join(["a, b,  c", '1, "x, ""y",  z', ' 2, ?, "  k"', '3,"l, m",'])
    source = csv_of(tmp_path, content, skip_initial_space=True, missing=("?", ""))
    assert read(source) == {
        "a": ["1", "2", "3"],
        "b": ['x, "y', None, "l, m"],
        "c": ["z", "  k", None],
    }


def test_blanks_are_left_out_across_the_blocks_that_are_read(tmp_path: Path) -> None:
    lines = "".join(f'{i},  "v, {i}\n"\n' for i in range(400_000))
    table = read(csv_of(tmp_path, "a, b\n" + lines, skip_initial_space=True))
    assert table["b"] == [f"v, {i}\n" for i in range(400_000)]


def test_a_header_with_blanks_is_told_of(tmp_path: Path) -> None:
    source = csv_of(tmp_path, f"age, sex\n1, {CANARY}\n")
    assert "csv.skip_initial_space: true" in open_source(source).advice()


def test_a_first_column_without_a_name_numbers_the_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": ["x", "y"], "b": ["1", None]})
    frame.to_csv(tmp_path / "pandas.csv")
    of_pandas = read(Source(path=str(tmp_path / "pandas.csv")))
    assert of_pandas == {"row_number": ["0", "1"], "a": ["x", "y"], "b": ["1", None]}
    of_r = csv_of(tmp_path, '"a" "b"\n"1" "x" 1\n"2" "y" NA\n', separator=" ", missing=("NA",))
    assert read(of_r) == {"row_number": ["1", "2"], "a": ["x", "y"], "b": ["1", None]}


def test_a_separator_at_the_end_of_each_record_is_no_row_number(tmp_path: Path) -> None:
    assert "another number of fields" in refused(csv_of(tmp_path, "a,b\n1,2,\n2,3,\n"))


def test_several_columns_without_a_name_are_told_by_position(tmp_path: Path) -> None:
    assert "columns 1, 3 of" in refused(csv_of(tmp_path, f",{CANARY},,b\n1,2,3,4\n"))


@pytest.mark.parametrize(
    ("titles", "skip"),
    [(f"{CANARY}\n\n", 2), (f"{CANARY},,\n,,\n", 2), ("\n", 1), (f'"{CANARY}\nof 2024",,\n', 2)],
)
def test_lines_above_the_header_are_told_of_and_can_be_skipped(
    tmp_path: Path, titles: str, skip: int
) -> None:
    content = titles + "age,sex,n\n31,f,1\n47,m,2\n31,m,3\n"
    assert f"csv.skip_lines: {skip} leaves them out" in refused(csv_of(tmp_path, content))
    expected = {"age": ["31", "47", "31"], "sex": ["f", "m", "m"], "n": ["1", "2", "3"]}
    assert read(csv_of(tmp_path, content, skip_lines=skip)) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_line_of_excel_that_says_the_separator_is_no_header(
    tmp_path: Path, encoding: str
) -> None:
    content = "sep=;\r\nage;sex\r\n31;f".encode(encoding)
    asked = {"encoding": encoding.removesuffix("-sig"), "separator": ";"}
    for skip in (0, 1):
        table = read(csv_of(tmp_path, content, skip_lines=skip, **asked))
        assert table == {"age": ["31"], "sex": ["f"]}
    assert "csv.separator: ';'" in refused(csv_of(tmp_path, content, encoding=asked["encoding"]))


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("sep=;\nage;sex\n31;f\n47;m\n", {"separator": ";"}),
        ("Report\n\nage;sex\n31;f\n47;m\n1;f\n", {"separator": ";", "skip_lines": 2}),
        ("age, sex\n31, f\n47, m\n", {"skip_initial_space": True}),
        ("a,b,,\n1,2,3,4\n", None),
    ],
)
def test_detection_guesses_how_a_file_is_written(
    tmp_path: Path, content: str, options: dict[str, Any] | None
) -> None:
    path = csv_of(tmp_path, content).path
    if options is None:  # a header that lacks names is never taken for a title
        with pytest.raises(SourceError, match="columns 3, 4 of"):
            anon_dagster.detect(str(path))
        return
    source = anon_dagster.detect(str(path)).source
    assert source is not None
    assert source.csv.model_dump(exclude_defaults=True) == options


# -- compressed, and other formats ---------------------------------------------------------

RAW = f"age,sex\n31,f\n47,{CANARY}\n".encode()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def packed(kind: str) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, kind) as stream:
        stream.write(RAW)
    return bytes(sink.getvalue().to_pybytes())


PACKED = {
    "gz": gzip.compress(RAW),
    "bz2": bz2.compress(RAW),
    "xz": lzma.compress(RAW),
    "zst": packed("zstd"),
    "lz4": packed("lz4"),
    "zip": zipped(people=RAW),
}


@pytest.mark.parametrize("ending", PACKED)
def test_a_compressed_file_is_read_whatever_it_is_called(tmp_path: Path, ending: str) -> None:
    table = {"age": ["31", "47"], "sex": ["f", CANARY]}
    for name in ("people.csv", f"people.csv.{ending}"):
        assert read(csv_of(tmp_path, PACKED[ending], name)) == table
        assert read(Source(path=str(tmp_path / name))) == table
    assert re.search("compressed by .* unpack", refused(parquet_at(tmp_path, PACKED[ending])))
    assert "cannot read" in refused(csv_of(tmp_path, PACKED[ending][:-6]))


def parquet_at(folder: Path, content: bytes) -> Source:
    (folder / "t.parquet").write_bytes(content)
    return Source(path=str(folder / "t.parquet"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (zipped(a=RAW, b=RAW), "2 files"),
        (zipped(**{"xl/workbook.xml": RAW}), "an Excel workbook"),
        (zipped(**{"content.xml": RAW}), "an OpenDocument spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + RAW, "an old Excel workbook"),
        (f'{{"{CANARY}": 1}}\n'.encode(), "a JSON file"),
        (f'[{{"{CANARY}": 1}}]'.encode(), "a JSON file"),
        (gzip.compress(b'{\n "a": 1}'), "a JSON file"),
        (b"$FL2" + RAW, "an SPSS file"),
        (b"<stata_dta>" + RAW, "a Stata file"),
        (b"SQLite format 3\x00" + RAW, "an SQLite database"),
        (b"ARROW1" + RAW, "Arrow"),
        (b"ORC" + RAW, "an ORC file"),
        (b"Obj\x01" + RAW, "an Avro file"),
        (b"PARE" + RAW, "an encrypted Parquet file"),
        (b"<!DOCTYPE html>" + RAW, "a web page"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # archives hold the time
)
def test_a_file_of_another_format_is_refused_by_its_name(
    tmp_path: Path, content: bytes, told: str
) -> None:
    assert told in refused(csv_of(tmp_path, content))


@pytest.mark.parametrize(
    "ending",
    "rds json jsonl feather orc avro mdb".split(),  # noqa: SIM905
)
def test_a_format_that_is_not_read_is_told_by_the_ending(tmp_path: Path, ending: str) -> None:
    name = f"people.{ending}"
    request = {
        "source": {"path": str(tmp_path / name)},
        "policy": {
            "attributes": {"a": {"role": "quasi_identifier"}},
            "privacy": {"k_anonymity": {"k": 2}},
        },
    }
    with pytest.raises(AnonError, match="export it as CSV or Parquet"):
        anon_dagster.anonymize(request)
    (tmp_path / name).write_bytes(RAW)
    with pytest.raises(SourceError, match="export it as CSV or Parquet"):
        anon_dagster.detect(str(tmp_path / name))


# -- types of parts ------------------------------------------------------------------------


def parts(folder: Path, columns: tuple[pa.Array, ...]) -> Source:
    for number, column in enumerate(columns):
        pq.write_table(pa.table({"a": column}), folder / f"{number}.parquet")
    return Source(path=tuple(str(folder / f"{n}.parquet") for n in range(len(columns))))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((pa.array([41, None]), pa.array([52.5])), {"41", None, "52.5"}),
        ((pa.array([1], pa.int32()), pa.array([2**40])), {"1", str(2**40)}),
        ((pa.array([2**64 - 1], pa.uint64()), pa.array([-1])), {str(2**64 - 1), "-1"}),
        ((pa.array([Decimal("1.5")]), pa.array([Decimal("1.255")])), {"1.500", "1.255"}),
        ((pa.array([Decimal("1.5")]), pa.array([2**60])), {"1.5", f"{2**60}.0"}),
        ((pa.array([0.1], pa.float32()), pa.array([0.1])), {"0.1"}),
        (
            (pa.array([0], pa.timestamp("s")), pa.array([1], pa.timestamp("us"))),
            {"1970-01-01T00:00:00", "1970-01-01T00:00:00.000001"},
        ),
        (
            (
                pa.array([0], pa.timestamp("s", "UTC")),
                pa.array([0], pa.timestamp("s", "Asia/Tokyo")),
            ),
            {"1970-01-01T00:00:00Z"},
        ),
        (
            (
                pa.array(["x"]),
                pa.array(["y"], pa.large_string()),
                pa.array(["z"], pa.string_view()),
                pa.array(["x"]).dictionary_encode(),
                pa.array(["w"], pa.large_string()).dictionary_encode(),
                pa.nulls(1),
            ),
            {"x", "y", "z", "w", None},
        ),
    ],
)
def test_types_of_parts_are_united_in_any_order(
    tmp_path: Path, columns: tuple[pa.Array, ...], expected: set[str | None]
) -> None:
    for order in itertools.islice(itertools.permutations(columns), 24):
        assert set(read(parts(tmp_path, order))["a"]) == expected


@pytest.mark.parametrize(
    ("columns", "kinds"),
    [
        ((pa.array([1]), pa.array([CANARY])), ("int64", "string")),
        ((pa.array([1.5]), pa.array([Decimal("1.5")])), ("double", "decimal")),
        ((pa.array([True]), pa.array([1])), ("bool", "int64")),
        ((pa.array([2**60]), pa.array([0.5])), ("int64", "double")),
        (
            (pa.array([0], pa.timestamp("s")), pa.array([0], pa.timestamp("s", "UTC"))),
            ("without a zone", "with a zone"),
        ),
    ],
)
def test_what_cannot_be_united_is_refused_with_both_types(
    tmp_path: Path, columns: tuple[pa.Array, ...], kinds: tuple[str, str]
) -> None:
    for order in itertools.permutations(columns):
        message = refused(parts(tmp_path, order))
        assert all(kind in message for kind in (" a ", *kinds))
        assert str(2**60) not in message


# -- folders that name columns -------------------------------------------------------------


def test_folders_that_name_columns_are_read_by_folder_glob_and_list(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [31, 32, 47], "year": [2023, 2023, None], "k": ["ü/=", "b", "b"]})
    frame.to_parquet(tmp_path / "parts", partition_cols=["year", "k"], index=False)
    files = tuple(str(file) for file in sorted((tmp_path / "parts").rglob("*.parquet")))
    for path in (f"{tmp_path}/parts", f"{tmp_path}/parts/*/*/*.parquet", files):
        table = read(Source(path=path, format="parquet"))
        rows = set(zip(table["age"], table["year"], table["k"], strict=True))
        assert rows == {("31", "2023", "ü/="), ("32", "2023", "b"), ("47", None, "b")}
    assert set(read(Source(path=files[0]))) == {"age"}


def test_folders_of_csv_files_name_columns_too(tmp_path: Path) -> None:
    for year in (2023, 2024):
        csv_of(tmp_path, "a\n1\n", f"c/year={year}/x.csv")
    table = {"a": ["1", "1"], "year": ["2023", "2024"]}
    assert read(Source(path=f"{tmp_path}/c", format="csv")) == table
    assert read(Source(path=f"{tmp_path}/c/*/*.csv")) == table


def test_folders_that_contradict_files_or_each_other_are_refused(tmp_path: Path) -> None:
    csv_of(tmp_path, "a,b\n1,2\n", "c/b=1/x.csv")
    assert "has the column b, and a folder" in refused(Source(path=f"{tmp_path}/c", format="csv"))
    csv_of(tmp_path, "a\n1\n", "d/b=1/x.csv")
    csv_of(tmp_path, "a\n1\n", "d/e=1/x.csv")
    assert "must name the same columns" in refused(Source(path=f"{tmp_path}/d", format="csv"))


# -- columns that are no single values -----------------------------------------------------

NESTED: dict[str, pa.Array] = {
    "list": pa.array([[CANARY], None]),
    "struct": pa.array([{CANARY: 1}, None]),
    "map": pa.array([[(CANARY, 1)], None], pa.map_(pa.string(), pa.int64())),
    "binary": pa.array([CANARY.encode(), None]),
    "fixed_size_binary": pa.array([b"0" * 16, None], pa.binary(16)),
    "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16, None], pa.binary(16))),
    "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}", None])),
    "duration": pa.array([1, None], pa.duration("s")),
}


def policy_of(role: str) -> dict[str, Any]:
    roles = {"nested": {"role": role}, "town": {"role": "quasi_identifier"}}
    return {"policy": {"attributes": roles, "privacy": {"k_anonymity": {"k": 2}}}}


@pytest.mark.parametrize("kind", NESTED)
def test_a_column_without_single_values_can_be_dropped_but_not_kept(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"nested": NESTED[kind], "town": ["Ulm", "Ulm"]}), path)
    source = {"source": {"path": str(path)}}
    df = anon_dagster.anonymize(policy_of("direct_identifier") | source).df
    assert df is not None
    assert list(df.columns) == ["town"]
    with pytest.raises(SourceError, match=rf"nested \({kind}") as caught:
        anon_dagster.anonymize(policy_of("non_sensitive") | source)
    assert CANARY not in str(caught.value)
    detection = anon_dagster.detect(str(path))
    assert detection["nested"].role == "direct_identifier"
    assert any("nested" in note for note in detection.notes)


@pytest.mark.parametrize("values", [[[1], [2]], [{"a": 1}, None], [1, CANARY], [b"x", None]])
def test_a_frame_may_have_a_column_that_is_dropped(values: list[Any]) -> None:
    frame = pd.DataFrame({"nested": pd.Series(values, dtype=object), "town": ["Ulm", "Ulm"]})
    df = anon_dagster.anonymize(policy_of("direct_identifier"), frame=frame).df
    assert df is not None
    assert list(df.columns) == ["town"]
    with pytest.raises(SourceError, match=r"column 1 of|nested \("):
        anon_dagster.anonymize(policy_of("sensitive"), frame=frame)
    assert anon_dagster.detect(frame)["nested"].role == "direct_identifier"
    assert open_frame(frame, may_skip=lambda _: True).skipped.keys() == {"nested"}


# -- other writers -------------------------------------------------------------------------


def test_moments_of_96_bits_are_read_as_they_were_written(tmp_path: Path) -> None:
    moments = [dt.datetime(9999, 12, 31), dt.datetime(1, 1, 1), None]  # noqa: DTZ001 (they have no zone)
    table = pa.table({"a": pa.array(moments, pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "t.parquet", use_deprecated_int96_timestamps=True)
    expected = ["9999-12-31T00:00:00", "0001-01-01T00:00:00", None]
    assert read(Source(path=str(tmp_path / "t.parquet"))) == {"a": expected}


LOGS: dict[str, Callable[[Path], object]] = {
    "Delta": lambda folder: (folder / "_delta_log").mkdir(),
    "Hudi": lambda folder: (folder / ".hoodie").mkdir(),
    "Iceberg": lambda folder: csv_of(folder, "{}", "metadata/v1.metadata.json"),
}


@pytest.mark.parametrize("kind", LOGS)
@pytest.mark.parametrize(
    "below", ["", "/*.parquet", "/**", "/y=1/t.parquet", "/y=1", "/*/*.parquet"]
)
def test_files_of_a_table_that_has_a_log_are_refused(tmp_path: Path, kind: str, below: str) -> None:
    (tmp_path / "lake" / "y=1").mkdir(parents=True)
    for file in ("t.parquet", "y=1/t.parquet"):
        pq.write_table(pa.table({"a": [1]}), tmp_path / "lake" / file)
    LOGS[kind](tmp_path / "lake")
    message = refused(Source(path=f"{tmp_path}/lake{below}", format="parquet"))
    assert kind in message
    assert "glob" not in message


def test_decimals_are_written_without_an_exponent() -> None:
    assert texts(pa.array([Decimal(0), Decimal("1e-9")], pa.decimal128(15, 10))) == [
        "0.0000000000",
        "0.0000000010",
    ]
    assert texts(pa.array([Decimal(0), Decimal(1200)], pa.decimal128(5, -2))) == ["0", "1200"]


def test_a_store_is_asked_for_logs_and_folders_too() -> None:
    for path in ("lake/_delta_log/0.json", "lake/a.csv", "hive/y=1/a.csv", "hive/y=2/a.csv"):
        with fsspec.open(f"memory://others/{path}", "wb") as file:
            file.write(b"a\n1\n")
    for path in ("lake", "lake/*.csv", "lake/a.csv"):
        source = Source(path=f"memory://others/{path}", format="csv")
        assert "Delta" in refused(source)
    for path in ("hive", "hive/*/*.csv"):
        table = read(Source(path=f"memory://others/{path}", format="csv"))
        assert table == {"a": ["1", "1"], "y": ["1", "2"]}


def test_dates_that_python_lacks_are_released_to_a_file_and_not_as_a_frame(tmp_path: Path) -> None:
    column = pa.array([-800_000] * 2, pa.date32())  # in the year 222 before Christ
    pq.write_table(pa.table({"nested": column, "town": ["Ulm"] * 2}), tmp_path / "t.parquet")
    request = policy_of("non_sensitive") | {"source": {"path": f"{tmp_path}/t.parquet"}}
    with pytest.raises(SourceError, match=r"column nested .* give the release a target"):
        anon_dagster.anonymize(request)
    anon_dagster.anonymize(request | {"target": {"path": f"{tmp_path}/out.parquet"}})
    assert pq.read_table(tmp_path / "out.parquet")["nested"].cast(pa.int32()).to_pylist() == [
        -800_000,
        -800_000,
    ]


def test_a_tree_with_another_separator_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "tree.csv").write_text("Ulm;south\nBonn;west\n")
    rule = {"type": "tree", "path": f"{tmp_path}/tree.csv", "separator": ","}
    policy = {
        "attributes": {"town": {"role": "quasi_identifier", "hierarchy": rule}},
        "privacy": {"k_anonymity": {"k": 2}},
    }
    frame = pd.DataFrame({"town": ["Ulm", "Ulm", "Bonn", "Bonn"]})
    with pytest.raises(AnonError, match="say separator: ';'"):
        anon_dagster.anonymize({"policy": policy}, frame=frame)
