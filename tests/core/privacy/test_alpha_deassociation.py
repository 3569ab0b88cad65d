"""Deassociation agrees with its definition, and with its paper."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.privacy import AlphaDeassociation
from tests.core.privacy.examples import JUST, Counts, tables, verdicts


@given(tables, st.fractions(Fraction(1, 10), Fraction(9, 10), max_denominator=12), st.data())
def test_alpha_deassociation_bounds_the_share_of_every_guarded_value(
    table: Counts, alpha: Fraction, data: st.DataObject
) -> None:
    values = range(len(table[0]))
    guarded = data.draw(st.none() | st.lists(st.sampled_from(values), max_size=3).map(tuple))
    among = values if guarded is None else guarded
    expected = [all(Fraction(row[v], sum(row)) <= alpha for v in among) for row in table]
    assert verdicts(AlphaDeassociation(0, alpha, guarded), table) == expected


@given(tables)
def test_a_share_may_be_as_large_as_the_bound_and_no_larger(table: Counts) -> None:
    for place, row in enumerate(table):
        largest = Fraction(max(row), sum(row))
        if largest < 1:
            assert verdicts(AlphaDeassociation(0, largest), table)[place]
        assert not verdicts(AlphaDeassociation(0, largest - JUST), table)[place]


def test_the_illnesses_of_wong_are_deassociated_once_hiv_shares_its_class() -> None:
    # Wong 2006, section 1: a 2-anonymous table of six may have a class of HIV alone; with
    # (0.5, 2)-anonymity at most half of any class has it. Values: HIV, flu, fever.
    model = AlphaDeassociation(0, Fraction(1, 2), (0,))
    assert verdicts(model, [[2, 0, 0], [0, 1, 1], [0, 1, 1]]) == [False, True, True]
    assert verdicts(model, [[2, 1, 1], [0, 1, 1]]) == [True, True]
