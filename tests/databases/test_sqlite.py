"""Columns of SQLite hold values of any kind; none is rounded, and none taken for another kind."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.storage.frames import read_table
from anon_dagster.storage.sources import open_source

FULL = 3000  # more than are looked at to guess a type

MIXED: dict[str, tuple[list[Any], str, list[Any]]] = {
    "texts beside numbers": (
        ["a", 9007199254740993, 123456.789, 0.1, 1e300, 2.0, None],
        "string",
        ["a", "9007199254740993", "123456.789", "0.1", "1e+300", "2", None],
    ),
    "numbers with and without a point": ([1, 1.5, None], "double", [1.0, 1.5, None]),
    "integers of many digits": ([2**53 + 1, -(2**63)], "int64", [2**53 + 1, -(2**63)]),
    "a text after many numbers": ([1] * FULL + ["x"], "string", ["1"] * FULL + ["x"]),
    "a fraction after many integers": ([1] * FULL + [1.5], "double", [1.0] * FULL + [1.5]),
    "a text after nothing": ([None] * FULL + ["x"], "string", [None] * FULL + ["x"]),
    "a text with a zero byte": (["a\0b"], "string", ["a\0b"]),
}


def _source(values: list[Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setenv("ANON_CONNECTION_CLINIC", f"sqlite://{folder / 'clinic.db'}")
    with closing(sqlite3.connect(folder / "clinic.db")) as opened:
        opened.execute("CREATE TABLE found (v)")
        opened.executemany("INSERT INTO found VALUES (?)", [(value,) for value in values])
        opened.commit()
    return Source.model_validate({"table": "found", "connection": "clinic"})


@pytest.mark.parametrize("case", MIXED)
def test_a_column_is_of_the_type_that_all_its_values_have(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, kind, expected = MIXED[case]
    found = read_table(_source(values, tmp_path, monkeypatch)).column("v")
    assert str(found.type) == kind
    assert found.to_pylist() == expected


def test_an_integer_that_would_be_rounded_is_refused_without_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _source([1.5, 2**53 + 1], tmp_path, monkeypatch)
    with pytest.raises(SourceError, match="column v has integers of more digits") as told:
        open_source(source)
    assert "9007" not in str(told.value)


def test_a_column_with_bytes_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _source(["Smith", b"\xff"], tmp_path, monkeypatch)
    with pytest.raises(SourceError, match=r"no single values: v \(binary\)"):
        open_source(source)
    assert open_source(source, may_skip=lambda _: True).skipped == {"v": "binary"}


def test_a_text_that_is_no_utf8_is_refused_without_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _source(["x"], tmp_path, monkeypatch)
    with closing(sqlite3.connect(tmp_path / "clinic.db")) as opened:
        opened.execute("INSERT INTO found VALUES (CAST(x'536d697468ff' AS TEXT))")
        opened.commit()
    with pytest.raises(SourceError, match="column 1 has text that is not UTF-8") as told:
        open_source(source)
    assert "Smith" not in str(told.value)
