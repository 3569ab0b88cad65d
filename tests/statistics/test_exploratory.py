"""Exploratory statistics, held against pandas on the records themselves."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.statistics.exploratory import ExploratoryStatistics, exploratory_statistics
from tests.counted import counted, policy_of

ROLES = {
    "name": "direct_identifier",
    "age": "quasi_identifier",
    "illness": "sensitive",
    "seen": "non_sensitive",
}
SOURCE = pd.DataFrame(
    {
        "name": ["Ann", "Bob", None, "Bob"],
        "age": pd.array([41, 39, None, 39], dtype="Int64"),
        "illness": ["flu", "flu", "cold", None],
        "seen": pd.to_datetime(["2024-03-01", "2024-01-01", "2024-01-01", "2024-02-01"]),
    }
)
RELEASE = pd.DataFrame({"age": ["[35, 45)"] * 3, "illness": ["flu", "flu", "cold"]})
GUARDED = ("age", "illness")
FOUND = exploratory_statistics(
    counted(SOURCE, GUARDED), counted(RELEASE, GUARDED), policy_of(ROLES)
)


def counts(found: ExploratoryStatistics, column: str) -> list[Any]:
    return list(found.values[column])  # noqa: PD011 (a field of ours, no frame)


def values_of(attribute: str) -> dict[str | None, tuple[Any, Any]]:
    columns = [counts(FOUND, name) for name in ("attribute", "value", "source", "release")]
    return {
        None if value is pd.NA else value: (before, after)
        for name, value, before, after in zip(*columns, strict=True)
        if name == attribute
    }


def row_of(found: ExploratoryStatistics, attribute: str, table: str = "source") -> dict[str, Any]:
    row = found.summary.xs((attribute, table)).dropna()
    return {str(column): value for column, value in row.items()}


def test_every_value_stands_beside_its_counts_before_and_after() -> None:
    assert values_of("age") == {"39": (2, 0), "41": (1, 0), "[35, 45)": (0, 3), None: (1, 0)}
    assert values_of("illness") == {"cold": (1, 1), "flu": (2, 2), None: (1, 0)}


def test_a_column_that_was_not_released_has_no_counts_rather_than_none() -> None:
    assert {count for _, count in values_of("seen").values()} == {pd.NA}
    before = exploratory_statistics(counted(SOURCE, GUARDED), None, policy_of(ROLES))
    assert set(counts(before, "release")) == {pd.NA}
    assert before.summary.index.get_level_values("table").unique().tolist() == ["source"]


def test_of_direct_identifiers_only_distinct_and_missing_are_told() -> None:
    assert "name" not in counts(FOUND, "attribute")
    assert row_of(FOUND, "name") == {
        "role": "direct_identifier",
        "records": 4,
        "distinct": 2,
        "missing": 1,
    }


def test_generalized_numbers_have_no_mean_any_more() -> None:
    assert row_of(FOUND, "age")["mean"] == pytest.approx(119 / 3)
    released = row_of(FOUND, "age", "release")
    assert released["kind"] == "text"
    assert "mean" not in released


def test_moments_have_an_order_but_no_mean() -> None:
    row = row_of(FOUND, "seen")
    assert [row["earliest"], row["middle"], row["latest"]] == [
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00",
        "2024-03-01T00:00:00",
    ]
    assert row["mode_count"] == 2
    assert "mean" not in row


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=30))
def test_numbers_are_summarized_as_pandas_does_record_by_record(numbers: list[int]) -> None:
    series = pd.Series(numbers) / 4
    frame = pd.DataFrame({"x": series})
    policy = policy_of({"x": "quasi_identifier"})
    row = row_of(exploratory_statistics(counted(frame, ["x"]), None, policy), "x")
    expected = [series.mean(), *series.quantile([0, 0.25, 0.5, 0.75, 1])]
    columns = ["mean", "minimum", "quartile_1", "median", "quartile_3", "maximum"]
    assert [row[column] for column in columns] == pytest.approx(expected)
    spread = row.get("standard_deviation", np.nan)
    assert spread == pytest.approx(series.std(), nan_ok=True)
    assert row["mode_count"] == series.value_counts().max()


def test_a_decimal_comma_of_the_source_becomes_a_point() -> None:
    source = pd.DataFrame({"x": ["1,5", "2,5", "2,5"]})
    release = pd.DataFrame({"x": [1.5, 2.5]})
    found = exploratory_statistics(
        counted(source, ["x"], decimal=","),
        counted(release, ["x"]),
        policy_of({"x": "quasi_identifier"}),
    )
    assert counts(found, "value") == ["1.5", "2.5"]
    assert counts(found, "source") == [1, 2]
    assert counts(found, "release") == [1, 1]
    assert found.summary["maximum"].tolist() == [2.5, 2.5]


@pytest.mark.parametrize("values", [[], [None, None]])
def test_a_column_without_values_is_described(values: list[None]) -> None:
    frame = pd.DataFrame({"x": pd.array(values, dtype="string")})
    found = exploratory_statistics(
        counted(frame, ["x"]), None, policy_of({"x": "quasi_identifier"})
    )
    row = row_of(found, "x")
    assert (row["records"], row["distinct"], row["missing"]) == (len(values), 0, len(values))
    assert counts(found, "source") == [len(values)] * bool(values)


def test_a_table_of_direct_identifiers_alone_has_no_values() -> None:
    frame = pd.DataFrame({"name": ["Ann"]})
    found = exploratory_statistics(
        counted(frame, []), None, policy_of({"name": "direct_identifier"})
    )
    for column in ("attribute", "value", "source", "release"):
        assert counts(found, column) == []
