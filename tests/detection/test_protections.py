"""What is protected although its domain tells nothing: computed numbers, sums, states, dates."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from anon_dagster.detection import detect

RECORDS = 400


def role_of(name: str, values: object) -> str:
    return detect(pd.DataFrame({name: values}))[name].role


def drawn(*values: object) -> Sequence[object]:
    places = np.random.default_rng(8).integers(0, len(values), RECORDS)
    return [values[place] for place in places]


def test_numbers_on_both_sides_of_zero_are_scores_that_nobody_knows_of_another() -> None:
    scores = np.random.default_rng(1).normal(0, 1, RECORDS).round(2)
    assert role_of("zbrel", scores) == "sensitive"
    assert role_of("zbrel", np.abs(scores)) == "quasi_identifier"


def test_a_column_without_a_name_is_doubted_even_if_its_numbers_are_below_zero() -> None:
    assert role_of("c4", np.random.default_rng(1).normal(0, 1, RECORDS)) == "quasi_identifier"


def test_one_mark_below_zero_makes_no_score() -> None:
    counts = np.random.default_rng(1).integers(1, 60, RECORDS)
    counts[:100] = -1  # of whom nothing is known
    assert role_of("zbrel", counts) == "quasi_identifier"


def test_a_logarithm_is_sensitive_and_a_count_of_that_name_is_not() -> None:
    sums = np.random.default_rng(1).gamma(9, 40, RECORDS)
    assert role_of("ln_zbrel", np.log(sums).round(3)) == "sensitive"
    assert role_of("ln_zbrel", sums.astype(int)) == "quasi_identifier"


def test_kinds_of_insurers_are_no_sum_and_whether_somebody_is_insured_is_private() -> None:
    assert role_of("insurance", drawn("public", "private", "company")) != "sensitive"
    assert role_of("insurance", drawn("yes", "no")) == "sensitive"
    assert role_of("insurance", drawn(120, 340, 560, 780)) == "sensitive"


@pytest.mark.parametrize("values", [("paid", "default"), ("alive", "dead"), (0, 1), ("A", "D")])
def test_a_status_says_what_became_of_somebody(values: tuple[object, ...]) -> None:
    assert role_of("status", drawn(*values)) == "sensitive"


def test_year_month_and_day_of_one_date_are_protected_together() -> None:
    parts = {
        "hired_year": drawn(2015, 2016, 2017),
        "hired_month": drawn(*range(1, 13)),
        "hired_day": drawn(*range(1, 29)),
    }
    found = detect(pd.DataFrame(parts))
    assert {found[name].role for name in parts} == {"quasi_identifier"}
    assert "hired_day" in " ".join(found["hired_month"].reasons)


def test_how_often_somebody_comes_is_harmless_until_the_table_tells_of_health() -> None:
    visits = {"visits": drawn(*range(9))}
    assert role_of("visits", visits["visits"]) == "non_sensitive"
    found = detect(pd.DataFrame(visits | {"diabetes": drawn("yes", "no")}))
    assert found["visits"].role == "quasi_identifier"


def test_sums_under_the_name_of_another_domain_are_private_and_of_an_unheard_name_doubtful() -> (
    None
):
    sums = np.random.default_rng(1).gamma(9, 4_000, RECORDS).round(2)
    assert role_of("surname", sums) == "sensitive"
    assert role_of("zbrel", sums) == "quasi_identifier"
