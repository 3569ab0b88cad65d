"""Doubt protects: what nobody can tell the meaning of is not given away."""

import numpy as np
import pandas as pd
import pytest

from anon_dagster.detection import detect

RECORDS = 400


def role_of(name: str, values: list[object]) -> str:
    return detect(pd.DataFrame({name: values}))[name].role


def drawn(*values: object) -> list[object]:
    dice = np.random.default_rng(3)
    return [values[place] for place in dice.integers(0, len(values), RECORDS)]


@pytest.mark.parametrize(
    "values", [drawn(1, 2), drawn(1, 2, 3, 4, 5), drawn("P", "PS", "S"), drawn(31, 35, 40, 46)]
)
def test_answers_whose_meaning_nothing_tells_are_quasi_identifiers(values: list[object]) -> None:
    assert role_of("c3", values) == "quasi_identifier"


def test_a_name_that_tells_what_is_harmless_is_believed() -> None:
    assert role_of("satisfaction", drawn(1, 2, 3, 4, 5)) == "non_sensitive"
    assert role_of("payment_method", drawn("card", "cash", "transfer")) == "non_sensitive"
    assert role_of("newsletter", drawn("yes", "no")) == "non_sensitive"


@pytest.mark.parametrize("name", ["party", "convicted", "hba1c", "union"])
def test_what_is_a_person_s_own_affair_is_sensitive(name: str) -> None:
    assert role_of(name, drawn(5.1, 6.2, 7.3, 8.4)) == "sensitive"


@pytest.mark.parametrize("name", ["swift", "month", "rating", "currency", "weekday"])
def test_a_harmless_name_never_gives_identifiers_away(name: str) -> None:
    assert role_of(name, [f"Q{n:06}X" for n in range(RECORDS)]) == "direct_identifier"
    assert role_of(name, [f"person{n}@example.org" for n in range(RECORDS)]) == "direct_identifier"


@pytest.mark.parametrize("name", ["ssn", "full name", "email", "passport_no"])
@pytest.mark.parametrize("values", [["Ann Bell"] * 50, [None] * 50])
def test_a_column_of_one_value_or_none_is_judged_by_its_name(
    name: str, values: list[object]
) -> None:
    assert role_of(name, values) == "direct_identifier"


def test_one_record_is_no_reason_to_take_a_column_for_a_constant() -> None:
    found = detect(pd.DataFrame({"name": ["Ann Bell"], "c2": ["Lyon"], "c3": [41]}))
    assert "non_sensitive" not in found.table["role"].tolist()


def test_numbers_too_long_to_count_anything_are_no_sums_of_money() -> None:
    providers = [1_150_000_000 + 7_919_317 * n for n in range(40)]
    assert detect(pd.DataFrame({"c1": drawn(*providers)}))["c1"].domain != "amount"


def test_seconds_since_1970_are_timestamps_and_keys_of_ten_digits_are_not() -> None:
    dice = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "c1": dice.integers(1_640_000_000, 1_700_000_000, RECORDS),
            "c2": dice.integers(1_000_000_000, 2_000_000_000, RECORDS),
        }
    )
    found = detect(frame)
    assert (found["c1"].domain, found["c1"].role) == ("timestamp", "quasi_identifier")
    assert found["c2"].role == "direct_identifier"


def test_digits_with_zeros_in_front_have_a_verdict() -> None:
    assert role_of("c1", [f"{n % 40:03}" for n in range(RECORDS)]) == "quasi_identifier"
