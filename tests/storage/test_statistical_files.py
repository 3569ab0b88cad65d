"""Files of SPSS, Stata and SAS as sources."""

from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pyarrow as pa
import pytest

pytest.importorskip("pyreadstat")

import pyreadstat

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.storage import statistical_files
from anon_dagster.storage.opened import OpenSource
from anon_dagster.storage.sources import open_source

CANARY = "Canary0815"
MOMENTS = [pd.Timestamp("2024-01-02 03:04:05"), None, pd.Timestamp("1900-01-01")]
FRAME = pd.DataFrame(
    {
        "N": [1.0, 2.0, None],
        "F": [1.5, 2.0, 3.0],
        "S": ["a", "ü", ""],
        "D": [date(2024, 1, 2), None, date(1890, 1, 1)],
        "T": MOMENTS,
        "H": [time(1, 2, 3), None, time(0)],
    }
)
TABLE = {
    "N": [1, 2, None],
    "F": [1.5, 2.0, 3.0],
    "S": ["a", "ü", None],
    "D": [date(2024, 1, 2), None, date(1890, 1, 1)],
    "T": MOMENTS,
    "H": [time(1, 2, 3), None, time(0)],
}
WRITERS: dict[str, Callable[..., None]] = {
    "t.sav": pyreadstat.write_sav,
    "t.dta": pyreadstat.write_dta,
    "t.xpt": pyreadstat.write_xport,
}


def rows(opened: OpenSource) -> pa.Table:
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    return pa.Table.from_batches(batches, opened.schema)


def read(path: object, **options: Any) -> pa.Table:
    return rows(open_source(Source(path=str(path), **options)))


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("at_once", [1, 2, 3, 4])
def test_values_are_read_with_their_types_however_many_at_once(
    tmp_path: Path, name: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistical_files, "_ROWS", at_once)
    WRITERS[name](FRAME, str(tmp_path / name))
    found = read(tmp_path / name)
    assert found.to_pydict() == TABLE
    assert [str(kind) for kind in found.schema.types] == [
        "int64", "double", "string", "date32[day]", "timestamp[us]", "time64[us]",
    ]  # fmt: skip


def test_a_portable_and_a_compressed_file_of_spss_are_read(tmp_path: Path) -> None:
    pyreadstat.write_por(FRAME[["N", "S"]].fillna(3).replace("ü", "u"), str(tmp_path / "t.por"))
    assert read(tmp_path / "t.por").to_pydict() == {"N": [1, 2, 3], "S": ["a", "u", None]}
    pyreadstat.write_sav(FRAME, str(tmp_path / "t.zsav"), compress=True)
    assert read(tmp_path / "t.zsav").to_pydict() == TABLE


def test_what_a_file_declares_missing_is_missing_and_labels_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "t.sav"
    pyreadstat.write_sav(
        pd.DataFrame({"sex": [1.0, 2.0, 3.0, 99.0], "age": [30.5, 40.0, 50.0, 60.0]}),
        str(path),
        missing_ranges={"sex": [99]},
        variable_value_labels={"sex": {1: "male", 2: "female", 99: "refused"}},
    )
    assert read(path).to_pydict()["sex"] == [1, 2, 3, None]
    labelled = read(path, labels=True).to_pydict()
    assert labelled == {"sex": ["male", "female", "3", None], "age": [30.5, 40.0, 50.0, 60.0]}


def test_a_file_of_a_store_is_read_from_a_copy_that_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyreadstat.write_dta(FRAME, str(tmp_path / "t.dta"))
    with fsspec.open("memory://statistics/t.dta", "wb") as file:
        file.write((tmp_path / "t.dta").read_bytes())
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    opened = open_source(Source(path="memory://statistics/t.dta"))
    assert rows(opened).to_pydict() == TABLE
    assert not list(temporary.rglob("t.dta"))
    del opened
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("name", [*WRITERS, "t.sas7bdat", "t.por"])
@pytest.mark.parametrize("content", [b"", CANARY.encode() * 99])
def test_a_damaged_file_is_told_without_a_cell(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match="cannot read") as caught:
        read(tmp_path / name)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_was_cut_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.dta"
    pyreadstat.write_dta(pd.DataFrame({"a": [float(n) for n in range(9999)]}), str(path))
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(SourceError, match="damaged"):
        read(path)
