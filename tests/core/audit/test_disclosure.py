"""What classes disclose is judged as the model of the search judges it."""

from fractions import Fraction
from math import inf, log, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import disclosures, without
from anon_dagster.core.privacy import DeltaDisclosure
from tests.core.audit.examples import as_models_see, of_classes, scales, tables


@given(
    tables,
    st.one_of(
        st.fractions(Fraction(1, 8), 4, max_denominator=8),
        st.fractions(Fraction(1, 8), 4, max_denominator=10**6),
    ),
    scales,
)
def test_disclosure_is_judged_as_the_search_judges_it(
    table: list[list[int]], delta: Fraction, scale: int
) -> None:
    table = [[c * scale for c in row] for row in table]
    held, reference = of_classes(*table), np.array(table).sum(axis=0)
    for present_only in (False, True):
        told = disclosures(held, reference, present_only=present_only).reach(delta)
        model = DeltaDisclosure(0, delta, present_only=present_only)
        assert (~told).tolist() == model.holds(as_models_see(*table)).tolist()


@given(tables)
def test_a_class_tells_the_bits_of_its_shares_over_those_of_the_table(
    table: list[list[int]],
) -> None:
    reference = np.array(table).sum(axis=0)
    total = int(reference.sum())
    bits = disclosures(of_classes(*table), reference, present_only=True)
    for place, row in enumerate(table):
        whole = zip(row, reference.tolist(), strict=True)
        ratios = [Fraction(c, sum(row)) / Fraction(w, total) for c, w in whole if c]
        assert sorted(bits.ratios(place)) == sorted(ratios)
        most = max(abs(log2(ratio)) for ratio in ratios)
        assert bits.approximate[place] == pytest.approx(most, abs=1e-12)


def test_without_classes_nothing_is_told() -> None:
    nobody = without(of_classes([1]), 0)[0]
    for reference in (np.array([0]), np.array([3])):
        assert disclosures(nobody, reference, present_only=True).largest == 0


def test_a_frozen_table_without_records_lacks_every_value() -> None:
    bits = disclosures(of_classes([2, 1], [1, 0]), np.array([0, 0]), present_only=True)
    assert bits.reach(Fraction(1_000)).tolist() == [True, True]


def test_a_class_that_lacks_a_value_tells_infinitely_much() -> None:
    reference = np.array([3, 1])
    assert disclosures(of_classes([2, 0]), reference, present_only=False).largest == inf
    present = disclosures(of_classes([2, 0]), reference, present_only=True)
    assert present.largest == pytest.approx(log(4 / 3) / log(2))


def test_a_value_that_a_frozen_table_lacks_is_disclosed_without_bound() -> None:
    held, frozen = of_classes([2, 1, 1], [2, 2, 0]), np.array([5, 5, 0])
    for present_only in (False, True):
        bits = disclosures(held, frozen, present_only=present_only)
        assert bits.reach(Fraction(1_000)).tolist() == [True, False]
        assert bits.largest == np.inf
