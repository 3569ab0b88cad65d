"""Different numbers are those of a set, ascending, however many there are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.counts import distinct


@given(st.lists(st.integers(-3, 9) | st.integers(-(2**63), 2**63 - 1)))
def test_different_numbers_are_those_of_a_set(numbers: list[int]) -> None:
    array = np.array(numbers, dtype=np.int64)
    assert distinct(array).tolist() == sorted(set(numbers))
    assert array.tolist() == numbers


def test_the_type_of_numbers_stays() -> None:
    assert distinct(np.array([3, 1, 3], dtype=np.int16)).dtype == np.int16
