"""Models of a whole table weigh its classes."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.privacy import AverageRisk, PopulationUniqueness, SampleUniqueness
from anon_dagster.core.risk.uniqueness import Sample, estimate


@given(st.lists(st.integers(1, 5), max_size=9), st.fractions(Fraction(1, 99), Fraction(98, 99)))
def test_models_of_the_whole_table_weigh_its_classes(sizes: list[int], bound: Fraction) -> None:
    of_classes = np.array(sizes, dtype=np.int64)
    risks = sum((Fraction(1, size) for size in sizes for _ in range(size)), Fraction())
    assert AverageRisk(bound).holds(of_classes) == (risks <= bound * sum(sizes))
    alone = sum(size == 1 for size in sizes)
    assert SampleUniqueness(bound).holds(of_classes) == (alone <= bound * sum(sizes))


def test_a_bound_of_the_whole_table_may_be_met_exactly() -> None:
    sizes = np.array([1, 3, 3_000_000_000, 6])
    records = 3_000_000_010
    for model in (AverageRisk(Fraction(4, records)), SampleUniqueness(Fraction(1, records))):
        assert model.holds(sizes)
    assert not AverageRisk(Fraction(4, records + 1)).holds(sizes)
    assert not SampleUniqueness(Fraction(1, records + 1)).holds(sizes)


def test_population_uniqueness_is_what_the_estimator_says() -> None:
    sizes = np.array([1] * 30 + [2] * 20 + [3] * 10)
    for estimator in ("dankar", "pitman", "zayatz", "snb"):
        found = estimate(Sample.of(sizes, 1_000), estimator).uniques
        assert found is not None
        share = Fraction(found) / 1_000
        assert PopulationUniqueness(share, 1_000, estimator).holds(sizes)
        assert not PopulationUniqueness(share * Fraction(999, 1000), 1_000, estimator).holds(sizes)


def test_without_an_estimate_no_uniqueness_is_promised() -> None:
    sizes = np.array([1, 1, 3])  # no class of two: the slide negative binomial finds nothing
    assert estimate(Sample.of(sizes, 100), "snb").uniques is None
    assert not PopulationUniqueness(Fraction(99, 100), 100, "snb").holds(sizes)
    assert PopulationUniqueness(Fraction(0), 2**40, "snb").holds(np.array([2, 3_000_000_000]))
