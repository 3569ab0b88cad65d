"""The individual risk of Benedetti and Franconi: the definition, and what sdcMicro computes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.risk.individual import individual_risk, unique_in_population


def by_definition(size: int, people: float) -> float:
    """Add up 1 / h times P(F = h | f), of the negative binomial distribution, term by term."""
    p = size / people
    chance, total, h = p**size, 0.0, size
    while h < size + 200 / p + 2_000:
        total += chance / h
        chance *= h * (1 - p) / (h - size + 1)
        h += 1
    return total


@given(st.integers(1, 60), st.floats(1.0, 80.0))
def test_it_is_the_mean_of_one_over_the_people_of_the_population(size: int, each: float) -> None:
    people = size * each
    (risk,) = individual_risk(np.array([size]), np.array([people]))
    assert risk == pytest.approx(by_definition(size, people), rel=1e-9)


def test_the_exact_method_of_sdcmicro_gives_the_same() -> None:
    # sizes, sums of weights and risks of its own tests of indivRisk(method = "exact")
    sizes = np.array([1, 1, 1, 2, 2, 3, 3, 4, 5])
    people = np.array([17, 45.5, 123.5, 56, 100, 108, 151, 125, 208])
    theirs = [
        *(0.17707583, 0.085791288, 0.039316254, 0.032466112, 0.01877883),
        *(0.013552968, 0.009756889, 0.010504889, 0.005962551),
    ]
    assert individual_risk(sizes, people) == pytest.approx(theirs, abs=5e-9)


@given(st.integers(1, 2_000), st.floats(1.0, 1e7), st.floats(1.0, 10.0))
def test_it_falls_with_the_people_and_lies_between_one_over_these_and_one_over_the_sample(
    size: int, each: float, more: float
) -> None:
    sizes, people = np.array([size, size]), size * np.array([each, each * more])
    fewer, many = individual_risk(sizes, people)
    assert many <= fewer * (1 + 1e-12)
    # the mean of a reciprocal is at least the reciprocal of the mean, and people F is at least f
    assert size / size / (size * each) * (1 - 1e-12) <= fewer <= 1 / size * (1 + 1e-12)


def test_of_a_census_it_is_one_over_the_class() -> None:
    sizes = np.array([1, 2, 7, 80])
    assert individual_risk(sizes, sizes.astype(float)).tolist() == (1 / sizes).tolist()
    assert unique_in_population(sizes, sizes.astype(float)).tolist() == [1, 0, 0, 0]


def test_only_a_single_record_can_be_of_a_unique_person() -> None:
    found = unique_in_population(np.array([1, 1, 2]), np.array([4.0, 1.0, 2.0]))
    assert found.tolist() == [0.25, 1, 0]
