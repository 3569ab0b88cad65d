"""l-diversity agrees with its definition, written out plainly and exactly, and with its paper."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.privacy import (
    DistinctLDiversity,
    EntropyLDiversity,
    KAnonymity,
    RecursiveLDiversity,
)
from tests.core.privacy.examples import Counts, tables, verdicts


@given(tables, st.integers(1, 6))
def test_distinct_l_diversity_counts_the_values_of_a_class(table: Counts, l: int) -> None:  # noqa: E741
    expected = [sum(c > 0 for c in row) >= l for row in table]
    assert verdicts(DistinctLDiversity(0, l), table) == expected


@given(tables, st.fractions(Fraction(11, 10), 6, max_denominator=10))
def test_entropy_l_diversity_compares_integer_powers(table: Counts, l: Fraction) -> None:  # noqa: E741
    # H >= ln l  <=>  n^n >= l^n Π c^c, in whole numbers.
    expected = []
    for row in table:
        n, product = sum(row), 1
        for c in row:
            product *= c**c
        expected.append(n**n * l.denominator**n >= l.numerator**n * product)
    assert verdicts(EntropyLDiversity(0, l), table) == expected


@pytest.mark.parametrize("l", range(2, 12))
def test_l_equally_frequent_values_have_an_entropy_of_l(l: int) -> None:  # noqa: E741
    assert verdicts(EntropyLDiversity(0, Fraction(l)), [[7] * l]) == [True]
    assert verdicts(EntropyLDiversity(0, l + Fraction(1, 10**9)), [[7] * l]) == [False]


@given(tables, st.fractions(Fraction(1, 4), 5, max_denominator=8), st.integers(2, 5))
def test_recursive_l_diversity_weighs_the_first_against_the_tail(
    table: Counts,
    c: Fraction,
    l: int,  # noqa: E741
) -> None:
    expected = []
    for row in table:
        r = sorted(row, reverse=True)
        expected.append(r[0] < c * sum(r[l - 1 :]))
    assert verdicts(RecursiveLDiversity(0, c, l), table) == expected


@pytest.mark.parametrize("times", [1, 3_000_000_000])
def test_the_inpatients_of_the_l_diversity_paper(times: int) -> None:
    """Machanavajjhala 2006, figures 2 and 3: 4-anonymous, and 3-diverse. Heart, viral, cancer."""
    anonymous = [[2 * times, 2 * times, 0], [times, 2 * times, times], [0, 0, 4 * times]]
    diverse = [[times, times, 2 * times], [times, 2 * times, times], [times, times, 2 * times]]
    for table in (anonymous, diverse):
        assert verdicts(KAnonymity(4 * times), table) == [True] * 3
        assert verdicts(KAnonymity(4 * times + 1), table) == [False] * 3
    assert verdicts(DistinctLDiversity(0, 2), anonymous) == [True, True, False]
    assert verdicts(DistinctLDiversity(0, 3), diverse) == [True] * 3
    # The entropy of 1/2, 1/4, 1/4 is ln 2 · 3/2, that of two halves ln 2.
    assert verdicts(EntropyLDiversity(0, Fraction(2)), anonymous) == [True, True, False]
    assert verdicts(EntropyLDiversity(0, Fraction(282842712, 10**8)), diverse) == [True] * 3
    assert verdicts(EntropyLDiversity(0, Fraction(282842713, 10**8)), diverse) == [False] * 3
    assert verdicts(RecursiveLDiversity(0, Fraction(1), 2), diverse) == [False] * 3
    assert verdicts(RecursiveLDiversity(0, Fraction(100001, 100000), 2), diverse) == [True] * 3
    assert verdicts(RecursiveLDiversity(0, Fraction(2), 3), diverse) == [False] * 3
