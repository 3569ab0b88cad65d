"""β-likeness agrees with its definition, written out plainly and exactly."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.privacy import BetaLikeness, EnhancedBetaLikeness
from tests.core.privacy.examples import (
    JUST,
    Counts,
    beside_a_frozen_table,
    ratios,
    tables,
    verdicts,
)


@given(tables, st.fractions(Fraction(1, 10), 5, max_denominator=10))
def test_basic_beta_likeness_bounds_what_a_share_gains(table: Counts, beta: Fraction) -> None:
    expected = [all(ratio - 1 <= beta for ratio in ratios(row, table)) for row in table]
    assert verdicts(BetaLikeness(0, beta), table) == expected


@given(tables)
def test_a_share_may_gain_as_much_as_the_bound_and_no_more(table: Counts) -> None:
    for place, row in enumerate(table):
        gain = max(ratios(row, table)) - 1
        if gain:
            assert verdicts(BetaLikeness(0, gain), table)[place]
            assert not verdicts(BetaLikeness(0, gain * (1 - JUST)), table)[place]


@given(tables, st.fractions(Fraction(1, 10), 5, max_denominator=10))
def test_enhanced_beta_likeness_bounds_it_by_what_the_value_tells(
    table: Counts, beta: Fraction
) -> None:
    whole = [sum(column) for column in zip(*table, strict=True)]
    with localcontext() as context:
        context.prec = 60
        tells = [Decimal(sum(whole)).ln() - Decimal(w).ln() for w in whole if w]
        expected = [
            all(
                gain <= beta and Decimal(gain.numerator) / gain.denominator <= information
                for gain, information in zip(
                    (ratio - 1 for ratio in ratios(row, table)), tells, strict=True
                )
            )
            for row in table
        ]
    assert verdicts(EnhancedBetaLikeness(0, beta), table) == expected


@given(tables.filter(lambda table: sum(map(any, zip(*table, strict=True))) > 1))
def test_no_value_becomes_certain_under_enhanced_beta_likeness(table: Counts) -> None:
    # Cao 2012, section 3: p (1 - ln p) is below 1 for every p below 1, however large beta is.
    certain = [sum(c > 0 for c in row) == 1 for row in table]
    held = verdicts(EnhancedBetaLikeness(0, Fraction(10**9)), table)
    assert not any(c and h for c, h in zip(certain, held, strict=True))


def test_what_a_value_tells_is_compared_beyond_floats() -> None:
    # Half the table has the value: its share may grow to (1 + ln 2) / 2 = 0.846573590279972654…
    digits = 846573590279972654
    for c, holds in ((digits, True), (digits + 1, False)):
        row = [c, 10**18 - c]
        assert verdicts(EnhancedBetaLikeness(0, Fraction(5)), [row, row[::-1]])[0] is holds
    assert log(2) == pytest.approx(2 * digits / 10**18 - 1)


def test_what_a_rarer_value_tells_is_compared_beyond_floats() -> None:
    # A quarter has it: its share may grow to (1 + ln 4) / 4 = 0.596573590279972654708616…
    n, digits = 3 * 10**18, 1789720770839917964
    for c, holds in ((digits, True), (digits + 1, False)):
        others = 3 * n // 4 - c
        table = [[c, n - c], [others, 2 * n - others]]
        assert verdicts(EnhancedBetaLikeness(0, Fraction(50)), table)[0] is holds
    assert log(4) == pytest.approx(4 * digits / n - 1)


def test_a_value_that_a_frozen_table_lacks_gains_without_bound() -> None:
    for build in (BetaLikeness, EnhancedBetaLikeness):
        model = build(0, Fraction(10**9))
        assert beside_a_frozen_table(model, [1, 1, 0], [5, 5, 0])
        assert not beside_a_frozen_table(model, [50, 50, 1], [50, 50, 0])
        assert not beside_a_frozen_table(model, [0, 0, 3], [50, 50, 0])
