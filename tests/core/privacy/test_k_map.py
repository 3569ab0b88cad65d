"""k-map counts people, or estimates how many there are."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import factorial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import records_needed
from anon_dagster.core.privacy import EquivalenceClasses, EstimatedKMap, KMap
from tests.core.privacy.examples import crowds


def test_a_class_is_mapped_to_the_people_who_read_as_it_does() -> None:
    people = [4, 5, 3_000_000_000, 6]
    assert list(KMap(5).holds(crowds([4, 1, 1, 6], people))) == [False, True, True, True]


def poisson_tail(size: int, mean: Fraction, *, truncated: bool) -> Decimal:
    """P(X >= size), with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        rate = Decimal(mean.numerator) / mean.denominator
        below = [rate**i / factorial(i) * (-rate).exp() for i in range(size)]
        tail = 1 - sum(below, Decimal(0))
        return tail / (1 - below[0]) if truncated else tail


@given(
    st.integers(2, 40),
    st.fractions(Fraction(1, 100), 1, max_denominator=100),
    st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100),
    st.booleans(),
)
def test_few_people_seldom_show_as_many_records_as_an_estimated_map_needs(
    k: int,
    fraction: Fraction,
    significance: Fraction,
    truncated: bool,  # noqa: FBT001
) -> None:
    needed = EstimatedKMap(k, fraction, significance, truncated).smallest
    mean, most = fraction * k, Decimal(significance.numerator) / significance.denominator
    assert needed == k or poisson_tail(needed, mean, truncated=truncated) <= most
    assert needed == 1 or poisson_tail(needed - 1, mean, truncated=truncated) > most
    assert needed == records_needed(k, fraction, significance, truncated)


def test_an_estimated_map_asks_no_more_than_k_records_and_bears_any_count() -> None:
    model = EstimatedKMap(9, Fraction(1), Fraction(1, 1000))
    assert model.smallest == 9
    classes = EquivalenceClasses(np.array([8, 9, 2**62]))
    assert list(model.holds(classes)) == [False, True, True]
