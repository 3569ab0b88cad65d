"""Shares and what they gain are judged as the models of the search judge them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import beyond_information, largest_shares, relative_gains
from anon_dagster.core.privacy import AlphaDeassociation, BetaLikeness, EnhancedBetaLikeness
from tests.core.audit.examples import as_models_see, of_classes, scales, tables


@given(tables, st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=20), scales)
def test_shares_are_judged_as_the_search_judges_them(
    table: list[list[int]], alpha: Fraction, scale: int
) -> None:
    table = [[c * scale for c in row] for row in table]
    guarded = np.arange(len(table[0])) % 2 == 0
    measured = largest_shares(of_classes(*table), guarded)
    model = AlphaDeassociation(0, alpha, tuple(np.flatnonzero(guarded).tolist()))
    assert (~measured.above(alpha)).tolist() == model.holds(as_models_see(*table)).tolist()
    assert measured.largest == max(max(row[::2]) / sum(row) for row in table)


def test_where_nobody_has_a_guarded_value_its_share_is_0() -> None:
    shares = largest_shares(of_classes([0, 3], [0, 1]), np.array([True, False]))
    assert shares.approximate.tolist() == [0, 0]
    assert shares.largest == 0


@given(tables, st.fractions(Fraction(1, 20), 5, max_denominator=20), scales)
def test_gains_are_judged_as_the_search_judges_them(
    table: list[list[int]], beta: Fraction, scale: int
) -> None:
    table = [[c * scale for c in row] for row in table]
    held, seen = of_classes(*table), as_models_see(*table)
    reference = np.array(table).sum(axis=0)
    above = relative_gains(held, reference).above(beta)
    assert (~above).tolist() == BetaLikeness(0, beta).holds(seen).tolist()
    beyond = above | beyond_information(held, reference)
    assert (~beyond).tolist() == EnhancedBetaLikeness(0, beta).holds(seen).tolist()


def test_a_value_that_a_frozen_table_lacks_gains_without_bound() -> None:
    held, frozen = of_classes([2, 1, 1], [2, 2, 0]), np.array([5, 5, 0])
    gains = relative_gains(held, frozen)
    assert gains.above(Fraction(1_000_000)).tolist() == [True, False]
    assert gains.largest == np.inf
    assert beyond_information(held, frozen).tolist() == [True, False]


def test_all_values_gain_without_bound_on_a_frozen_table_without_any() -> None:
    held, frozen = of_classes([2, 1], [3, 0]), np.array([0, 0])
    gains = relative_gains(held, frozen)
    assert gains.above(Fraction(1_000_000)).tolist() == [True, True]
    assert beyond_information(held, frozen).tolist() == [True, True]


@pytest.mark.parametrize(
    ("one_in", "n", "most"),
    [
        (2, 10**18, 846573590279972654),  # (1 + ln 2) / 2 of n
        (4, 3 * 10**18, 1789720770839917964),  # (1 + ln 4) / 4 of n
    ],
)
def test_what_a_value_tells_is_compared_beyond_floats(one_in: int, n: int, most: int) -> None:
    for c, beyond in ((most, False), (most + 1, True)):
        others = 3 * n // one_in - c
        held = of_classes([c, n - c], [others, 2 * n - others])
        reference = np.array([3 * n // one_in, 3 * n - 3 * n // one_in])
        assert beyond_information(held, reference).tolist()[0] is beyond


def test_a_value_that_all_have_gains_nothing() -> None:
    assert beyond_information(of_classes([3], [5]), np.array([8])).tolist() == [False, False]
