"""A table in memory is the same table, whatever library it is of."""

from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

import anon_dagster
from anon_dagster.errors import RequestError, SourceError

ROWS = 40
TABLE = pa.table(
    {
        "age": pa.array([20 + n % 4 for n in range(ROWS)], pa.int64()),
        "city": pa.array([["Rome", "Oslo"][n % 2] for n in range(ROWS)]),
        "born": pa.array([date(1980 + n % 2, 1, 1) for n in range(ROWS)]),
        "cost": pa.array([None if n % 5 == 0 else n / 4 for n in range(ROWS)]),
    }
)
REQUEST = {
    "policy": {
        "attributes": {
            "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
            "city": {"role": "quasi_identifier"},
            "born": {"role": "non_sensitive"},
            "cost": {"role": "non_sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 2}},
    }
}
TYPES: dict[str, Callable[[], Any]] = {
    "pyarrow table": lambda: TABLE,
    "batch": lambda: TABLE.to_batches()[0],
    "reader": TABLE.to_reader,
    "polars": lambda: pl.from_arrow(TABLE),
    "lazy": lambda: pl.from_arrow(TABLE).lazy(),  # type: ignore[union-attr]
    "duckdb": lambda: duckdb.from_arrow(TABLE),
}


@pytest.fixture(scope="module")
def of_pandas() -> anon_dagster.AnonResult:
    return anon_dagster.anonymize(REQUEST, frame=TABLE.to_pandas())


@pytest.mark.parametrize("name", TYPES)
def test_release_risk_and_statistics_do_not_depend_on_the_library(
    name: str, of_pandas: anon_dagster.AnonResult
) -> None:
    handed = TYPES[name]()
    result = anon_dagster.anonymize(REQUEST, frame=handed)
    assert result.levels == of_pandas.levels
    assert_frame_equal(result.risk, of_pandas.risk)
    assert_frame_equal(result.utility, of_pandas.utility)
    assert_frame_equal(result.exploratory.values, of_pandas.exploratory.values)
    assert result.arrow is not None
    assert of_pandas.arrow is not None
    assert result.arrow.to_pylist() == of_pandas.arrow.to_pylist()
    assert isinstance(result.df, pd.DataFrame)
    assert type(result.frame) is type(handed)


def test_a_frame_of_pandas_comes_back_as_one(of_pandas: anon_dagster.AnonResult) -> None:
    assert of_pandas.frame is of_pandas.df


def test_columns_that_are_kept_keep_their_types_of_polars() -> None:
    kinds = {"big": pl.UInt8, "when": pl.Datetime("ms"), "kind": pl.Enum(["c", "b", "a"])}
    frame = pl.DataFrame(
        {
            "age": [20, 20, 30, 30],
            "big": [1, 2, 3, 4],
            "when": [date(2024, 1, 1)] * 4,
            "kind": ["a", "b", "a", "b"],
            "name": pl.Series(["x", "y", "x", None], dtype=pl.Categorical),
        }
    ).cast(kinds)  # type: ignore[arg-type]
    rules = {name: {"role": "non_sensitive"} for name in frame.columns}
    policy = {
        "attributes": rules | {"age": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 2}},
    }
    released = anon_dagster.anonymize({"policy": policy}, frame=frame).frame
    assert released.schema["big"] == pl.UInt8
    assert released.schema["when"] == pl.Datetime("ms")
    assert released.schema["kind"] == pl.Enum(["b", "a"]), "of released records alone"
    assert released.schema["name"] == pl.Categorical
    assert released["kind"].cast(pl.String).to_list() == ["a", "b", "a", "b"]


@pytest.mark.slow
def test_every_operation_takes_a_table_of_any_library() -> None:
    frame = pl.from_arrow(TABLE)
    result = anon_dagster.anonymize(REQUEST, frame=frame)
    policy = REQUEST["policy"]
    assert anon_dagster.verify(policy, result.frame).holds
    assert result.arrow is not None
    assert anon_dagster.verify(policy, result.arrow).holds
    assert len(anon_dagster.measure(REQUEST, frame=frame))
    assert len(anon_dagster.detect(frame).table) == TABLE.num_columns
    assert len(anon_dagster.risk_per_record(result, frame=frame).source) == ROWS
    later = anon_dagster.apply(result, frame=frame)
    assert isinstance(later.frame, pl.DataFrame)
    assert anon_dagster.examine_residual(result, frame=frame).examined


def test_a_reader_that_was_read_is_refused() -> None:
    reader = TABLE.to_reader()
    anon_dagster.anonymize(REQUEST, frame=reader)
    with pytest.raises(SourceError, match="was read already"):
        anon_dagster.anonymize(REQUEST, frame=reader)


def test_what_a_library_cannot_compute_is_told_without_its_message() -> None:
    broken = duckdb.sql("SELECT CAST(name AS INTEGER) AS age FROM (VALUES ('Smith')) AS t(name)")
    lazy = pl.LazyFrame({"age": ["Smith"]}).cast(pl.Int64)
    for frame in (broken, lazy):
        with pytest.raises(SourceError, match="cannot be read") as failed:
            anon_dagster.anonymize(REQUEST, frame=frame)
        assert "Smith" not in str(failed.value)
        assert failed.value.__cause__ is None
        assert failed.value.__suppress_context__


def test_columns_without_texts_are_refused_by_name_and_type() -> None:
    table = TABLE.append_column("tags", pa.array([["x"]] * ROWS))
    with pytest.raises(SourceError, match=r"tags \(list\)"):
        anon_dagster.anonymize(
            {**REQUEST, "policy": _with("tags", "non_sensitive")},
            frame=table,
        )
    anon_dagster.anonymize({"policy": _with("tags", "direct_identifier")}, frame=table)


def test_bytes_that_are_no_text_are_told_by_the_place_of_their_column() -> None:
    buffers = pa.array([b"\xff\xfe"]).buffers()
    table = pa.table({"city": pa.StringArray.from_buffers(1, buffers[1], buffers[2])})
    with pytest.raises(SourceError, match="column 1 of the DataFrame"):
        anon_dagster.anonymize(REQUEST, frame=table)


def test_what_is_no_table_is_refused_by_its_type() -> None:
    with pytest.raises(RequestError, match="not list"):
        anon_dagster.anonymize(REQUEST, frame=[{"age": 1}])  # type: ignore[arg-type]


def _with(name: str, role: str) -> dict[str, Any]:
    policy: dict[str, Any] = REQUEST["policy"]
    return {**policy, "attributes": {**policy["attributes"], name: {"role": role}}}
