"""Diversities are those of papers and definitions, and of the models that the search uses."""

from fractions import Fraction
from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core.audit import (
    Belongings,
    HeadAndTail,
    distinct_values,
    entropies,
    entropy_below,
    head_and_tail,
    share_differences,
)
from anon_dagster.core.privacy import (
    DistinctLDiversity,
    EntropyLDiversity,
    RecursiveLDiversity,
)
from tests.core.audit.examples import as_models_see, of_classes, tables


def test_the_recursive_example_of_machanavajjhala_needs_c_above_the_ratio() -> None:
    # r1 < c (r2 + ... + rm): counts 9, 1, 1 need c above 9 / 2 for l = 2 and above 9 for l = 3.
    held = of_classes([9, 1, 1])
    assert head_and_tail(held, 2).ratio == 4.5
    assert head_and_tail(held, 3).ratio == 9
    assert head_and_tail(held, 3).fail(Fraction(9)).tolist() == [True]
    assert head_and_tail(held, 3).fail(Fraction("9.0001")).tolist() == [False]
    assert head_and_tail(held, 4).ratio == inf


@pytest.mark.parametrize("values", [2, 3, 4, 6, 7, 8, 10, 1000])
def test_equally_frequent_values_have_the_entropy_of_their_number(values: int) -> None:
    held = of_classes([3] * values)
    assert exp(entropies(held)[0]) == pytest.approx(values)
    assert not entropy_below(held, Fraction(values)).any()
    assert entropy_below(held, Fraction(values) + Fraction(1, 10**12)).all()


def test_an_entropy_that_is_rational_without_being_uniform_is_compared_exactly() -> None:
    held = of_classes([4, 1, 1, 1, 1])  # two bits: four values
    assert not entropy_below(held, Fraction(4)).any()
    assert entropy_below(held, Fraction(4) + Fraction(1, 10**30)).all()


def test_frequencies_of_halves_of_halves_have_whole_bits() -> None:
    held = of_classes([32, 4, 4, *[2] * 8, *[1] * 8])  # three bits: eight values
    assert not entropy_below(held, Fraction(8)).any()
    assert entropy_below(held, Fraction(8) + Fraction(1, 10**30)).all()


def test_two_frequencies_of_five_billion_are_told_from_a_tie() -> None:
    n = 5 * 10**9
    assert not entropy_below(of_classes([n, n]), Fraction(2)).any()
    assert entropy_below(of_classes([n, n + 1]), Fraction(2)).all()


@settings(max_examples=200, deadline=None)
@given(tables, st.integers(2, 5), st.fractions(Fraction(1, 4), 4, max_denominator=12))
def test_the_diversities_agree_with_the_models_of_the_search(
    table: list[list[int]],
    l: int,  # noqa: E741
    c: Fraction,
) -> None:
    held, classes = of_classes(*table), as_models_see(*table)
    models = (
        DistinctLDiversity(0, l),
        EntropyLDiversity(0, Fraction(l)),
        RecursiveLDiversity(0, c, l),
    )
    verdicts = (
        distinct_values(held) < l,
        entropy_below(held, Fraction(l)),
        head_and_tail(held, l).fail(c),
    )
    for model, failing in zip(models, verdicts, strict=True):
        assert (~failing == model.holds(classes)).all(), str(model)


@given(tables)
def test_the_entropy_is_its_definition(table: list[list[int]]) -> None:
    for histogram, entropy in zip(table, entropies(of_classes(*table)), strict=True):
        shares = [c / sum(histogram) for c in histogram if c]
        assert entropy == pytest.approx(-sum(p * log(p) for p in shares), abs=1e-12)


def test_a_share_that_differs_most_is_found_among_values_that_a_class_has_or_lacks() -> None:
    dice = np.random.default_rng(3)
    for _ in range(60):
        size, values = int(dice.integers(1, 12)), int(dice.integers(1, 4))
        of, who = dice.integers(0, 3, size), dice.integers(0, 5, size)
        has = dice.integers(0, values, size)
        of = np.unique(of, return_inverse=True)[1]
        held = Belongings.of(int(of.max()) + 1, of, who, has)
        table = held.together()
        found = share_differences(held, table, values)
        for c in range(held.size):
            own = {(w, v) for o, w, v in zip(of, who, has, strict=True) if o == c}
            n, total = len({w for w, _ in own}), len(set(who.tolist()))
            shares = [
                abs(
                    Fraction(sum(v == value for _, v in own), n)
                    - Fraction(len(set(who[has == value].tolist())), total)
                )
                for value in range(values)
            ]
            assert found.exact(c) == max(shares)
            assert found.approximate[c] == pytest.approx(float(max(shares)))


def test_two_sides_are_told_apart_where_no_float_can() -> None:
    tail = np.full(3, 10**17)
    most = 11 * 10**16 + np.array([-1, 0, 1])
    assert HeadAndTail(most, tail).fail(Fraction(11, 10)).tolist() == [False, True, True]


def test_a_table_without_classes_has_a_ratio_below_every_bound() -> None:
    nobody = np.zeros(0, dtype=np.int64)
    sides = HeadAndTail(nobody, nobody)
    assert sides.ratio == 0
    assert not sides.fail(Fraction(1)).any()
