"""What is left as it is: designs of a study, contentment, things; never what singles people out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from anon_dagster.detection import detect

RECORDS = 400


def role_of(name: str, values: Sequence[object]) -> str:
    return detect(pd.DataFrame({name: values}))[name].role


def drawn(*values: object) -> Sequence[object]:
    places = np.random.default_rng(9).integers(0, len(values), RECORDS)
    return [values[place] for place in places]


@pytest.mark.parametrize("name", ["control_group", "censored", "placebo", "wave", "imputed_flag"])
def test_the_design_of_a_study_is_harmless(name: str) -> None:
    assert role_of(name, drawn(0, 1)) == "non_sensitive"


@pytest.mark.parametrize("name", ["assignment", "batch", "ticket", "warehouse"])
def test_a_harmless_name_exempts_nothing_that_single_records_have_to_themselves(name: str) -> None:
    assert role_of(name, [f"{n * 7919 % 100_003:06}-{n % 7}" for n in range(RECORDS)]) in {
        "direct_identifier",
        "quasi_identifier",
    }


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("job_satisfaction", "non_sensitive"),
        ("treatment_of_diabetes", "sensitive"),
        ("ticket_of_convict", "sensitive"),
        ("delivery_zbrel", "quasi_identifier"),  # a word is not known
        ("warehouse_of_birth", "quasi_identifier"),
    ],
)
def test_a_word_of_another_kind_outweighs_a_harmless_one(name: str, role: str) -> None:
    assert role_of(name, drawn(1, 2, 3, 4)) == role


def test_a_treatment_is_an_arm_of_an_experiment_until_the_table_tells_of_health() -> None:
    arm = {"treatment": drawn("a", "b")}
    assert role_of("treatment", arm["treatment"]) == "non_sensitive"
    found = detect(pd.DataFrame(arm | {"asthma": drawn("yes", "no")}))
    assert found["treatment"].role == "sensitive"


def test_a_crowd_is_counted_by_the_name_of_many_and_not_of_one() -> None:
    sizes = drawn(*range(12, 40))
    assert role_of("class_students", sizes) == "non_sensitive"
    assert role_of("class_student", sizes) != "non_sensitive"


def test_a_table_of_things_speaks_of_no_person() -> None:
    things = {"sku": drawn("a", "b"), "price": drawn(1, 2, 3), "warehouse": drawn(1, 2, 3)}
    odd = {"zbrel": drawn(3, 5, 8)}
    assert detect(pd.DataFrame(things | odd))["zbrel"].role == "non_sensitive"
    about = things | odd | {"sex": drawn("f", "m")}
    assert detect(pd.DataFrame(about))["zbrel"].role == "quasi_identifier"


def test_a_name_without_words_and_numbers_from_zero_on_count_something() -> None:
    assert role_of("c7", drawn(0, 1, 2, 3, 4)) == "non_sensitive"
    assert role_of("c7", drawn(1, 2, 3, 4)) == "quasi_identifier"
