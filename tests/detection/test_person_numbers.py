"""Numbers of persons with several records each are found, whatever they are called."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from anon_dagster.detection import detect

PERSONS = 120


def role_of(numbers: NDArray[np.int64], **others: object) -> str:
    return detect(pd.DataFrame({"xno": numbers, **others}))["xno"].role


def unequal() -> NDArray[np.int64]:
    """Return how many records each person has: 1 to 6."""
    return np.random.default_rng(3).integers(1, 7, PERSONS)


@pytest.mark.parametrize("first", [1, 301])
def test_the_records_of_a_person_stand_together(first: int) -> None:
    numbers = first + 7 * np.repeat(np.arange(PERSONS), unequal())
    assert role_of(numbers) == "direct_identifier"
    assert role_of(np.random.default_rng(2).permutation(numbers)) != "direct_identifier"


def test_the_persons_of_a_panel_have_as_many_records_each() -> None:
    numbers = np.random.default_rng(4).permutation(np.repeat(np.arange(PERSONS) + 5, 6))
    assert role_of(numbers) == "direct_identifier"


def test_a_person_has_one_sex_in_all_records() -> None:
    numbers = np.repeat(np.arange(PERSONS), unequal())
    shuffled = np.random.default_rng(2).permutation(numbers)
    assert role_of(shuffled, sex=np.where(shuffled % 3, "f", "m")) == "direct_identifier"
    changing = np.where(np.arange(len(shuffled)) % 3, "f", "m")
    assert role_of(shuffled, sex=changing) != "direct_identifier"


def test_a_school_has_too_many_records_for_a_person() -> None:
    assert role_of(np.repeat(np.arange(PERSONS), 40 + unequal())) != "direct_identifier"


def test_sums_that_are_mostly_zero_number_nobody() -> None:
    sums = np.where(np.arange(600) % 3, 0, 10_000 + 37 * np.arange(600))
    found = detect(pd.DataFrame({"xno": sums, "sex": ["f", "m"] * 300}))
    assert found["xno"].role != "direct_identifier"


def test_ages_in_order_are_ages() -> None:
    ages = np.sort(np.random.default_rng(6).integers(18, 95, 400))
    assert detect(pd.DataFrame({"age": ages}))["age"].role == "quasi_identifier"
