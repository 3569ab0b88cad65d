"""A source that is not the table of the request: what it lacks by name, the rest by position."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster import anonymize
from anon_dagster.errors import SchemaMismatchError
from anon_dagster.reading.headers import positions, require_columns

CELL = "Lovegrove"


def said(present: list[str], declared: list[str]) -> str:
    with pytest.raises(SchemaMismatchError) as caught:
        require_columns(present, declared)
    return str(caught.value)


cells = st.text("xyz@.-19_ ", min_size=6, max_size=12)


@given(st.lists(cells, min_size=1, max_size=9, unique=True), st.sets(st.sampled_from("abcdef")))
def test_a_name_that_the_request_does_not_name_is_never_repeated(
    present: list[str], declared: set[str]
) -> None:
    message = said([*present, "b"], ["b", *declared - {"b"}])
    assert not any(cell in message for cell in present)
    assert all(f" {name}" in message for name in declared - {"b"})


def test_columns_that_have_no_role_are_told_by_their_positions() -> None:
    assert said(["age", CELL, "sex", "x"], ["age", "sex"]) == (
        "the request does not name 2 columns (2, 4) of the source; give each a role"
    )


def test_columns_of_a_schema_that_have_no_role_are_told_by_their_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({name: [1, 1] for name in ("age", *"bcdefgh")})
    frame.to_parquet(tmp_path / "named.parquet")
    frame.to_csv(tmp_path / "first_line.csv", index=False)
    policy: dict[str, object] = {"attributes": {"age": {"role": "quasi_identifier"}}}
    policy |= {"privacy": {"k_anonymity": {"k": 2}}}
    told = {}
    for name in ("named.parquet", "first_line.csv"):
        with pytest.raises(SchemaMismatchError) as caught:
            anonymize({"source": {"path": str(tmp_path / name)}, "policy": policy})
        told[name] = str(caught.value)
    assert "does not name columns b, c, d, e, f and 2 more of" in told["named.parquet"]
    assert "does not name 7 columns (2, 3, 4, 5, 6 …) of" in told["first_line.csv"]


def test_a_slip_of_the_pen_is_told_with_the_position_it_may_mean() -> None:
    message = said(["age", "brith_date", CELL], ["age", "birth_date", "sex"])
    assert "the source has no columns birth_date, sex; birth_date: column 2 is called" in message
    assert "brith_date" not in message


@pytest.mark.parametrize("declared", ["Sex", "SEX", " sex", "s.e.x"])
def test_a_name_that_differs_in_case_and_signs_alone_is_repeated(declared: str) -> None:
    assert f"{declared}: did you mean sex?" in said(["sex", "age"], [declared, "age"])


@pytest.mark.parametrize("others", [[], ["age"]])
def test_a_cell_that_begins_with_a_name_is_none(others: list[str]) -> None:
    message = said(["a_smith@example.org", *others], ["a", *others])
    assert "smith" not in message


def test_positions_are_listed_up_to_five() -> None:
    assert [positions(range(1, n)) for n in (1, 2, 3, 8)] == [
        "",
        "column 1",
        "2 columns (1, 2)",
        "7 columns (1, 2, 3, 4, 5 …)",
    ]
