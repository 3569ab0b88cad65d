"""Estimators of population uniqueness, held against the papers' formulas written out."""

from collections.abc import Callable
from fractions import Fraction
from math import comb, exp, factorial, log
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from anon_dagster.core.risk.gamma import digamma, log_gamma_gap, reciprocal_sum
from anon_dagster.core.risk.uniqueness import (
    Estimate,
    Estimator,
    Sample,
    dankar,
    estimate,
    pitman,
    shlosser,
    snb,
    zayatz,
)
from anon_dagster.errors import RequestError

ESTIMATORS = get_args(Estimator)

class_sizes = st.lists(st.integers(1, 30), min_size=1, max_size=40).map(
    lambda sizes: np.array(sizes, dtype=np.int64)
)


def counts(sizes: NDArray[np.int64]) -> dict[int, int]:
    return {size: sizes.tolist().count(size) for size in set(sizes.tolist())}


# -- what holds of every estimator -----------------------------------------------------------


@given(class_sizes)
def test_of_a_census_nothing_is_estimated(sizes: NDArray[np.int64]) -> None:
    sample = Sample.of(sizes, int(sizes.sum()))
    for estimator in ESTIMATORS:
        assert estimate(sample, estimator).uniques == (sizes == 1).sum()


@given(class_sizes, st.integers(1, 1000))
def test_without_a_unique_record_no_one_is_unique(sizes: NDArray[np.int64], factor: int) -> None:
    sample = Sample.of(sizes + 1, int((sizes + 1).sum()) * factor)
    for estimator in ESTIMATORS:
        assert estimate(sample, estimator).uniques == 0


@given(st.integers(1, 50), st.integers(1, 1000))
def test_where_every_record_is_unique_so_is_everyone(records: int, factor: int) -> None:
    sample = Sample.of(np.ones(records, dtype=np.int64), records * factor)
    for estimator in ESTIMATORS:
        assert estimate(sample, estimator).uniques == records * factor


@given(class_sizes, st.integers(0, 100_000))
def test_an_estimate_counts_people_of_the_population(sizes: NDArray[np.int64], others: int) -> None:
    sample = Sample.of(sizes, int(sizes.sum()) + others)
    backwards = Sample.of(sizes[::-1], sample.population)
    for estimator in ESTIMATORS:
        told = estimate(sample, estimator)
        assert told == estimate(backwards, estimator)
        if told.uniques is not None:
            assert 0 <= told.uniques <= sample.population * (1 + 1e-9)
    assert estimate(sample, "pitman").uniques is not None
    assert estimate(sample, "dankar").uniques is not None


def test_a_population_holds_its_sample() -> None:
    with pytest.raises(RequestError, match="a population of 4 is smaller than the 5 records"):
        Sample.of(np.array([2, 3]), 4)


def test_sizes_beyond_32_and_64_bits_are_counted() -> None:
    sample = Sample.of(np.array([2**62, 2**62, 2**62, 2**33, 1, 1]), 2**70)
    assert sample.records == 3 * 2**62 + 2**33 + 2
    assert all(estimate(sample, e).uniques is not None for e in ("pitman", "zayatz", "dankar"))


# -- Zayatz ----------------------------------------------------------------------------------


def bayes(sizes: NDArray[np.int64], population: int) -> Fraction:
    """The paper's formula in fractions: C(N, n) is replaced by a product, so that N may be huge."""
    n, told = int(sizes.sum()), Fraction(0)
    for j, classes in counts(sizes).items():
        shown = Fraction(j * n, population)
        for i in range(j - 1):
            shown *= Fraction(population - n - i, population - 1 - i)
        if n <= 40 and population <= 2000:
            assert shown == Fraction(j * comb(population - j, n - 1), comb(population, n))
        told += classes * shown
    s1 = counts(sizes).get(1, 0)
    return s1 * (s1 * Fraction(n, population) / told) * Fraction(population, n)


@given(class_sizes, st.integers(1, 10**13))
def test_zayatz_is_bayes_rule(sizes: NDArray[np.int64], others: int) -> None:
    sizes = np.append(sizes, 1)
    told = zayatz(Sample.of(sizes, int(sizes.sum()) + others))
    assert told is not None
    if len(set(sizes.tolist())) > 1:
        assert told == pytest.approx(float(bayes(sizes, int(sizes.sum()) + others)), rel=1e-9)


# -- Pitman ----------------------------------------------------------------------------------


def likelihood(sizes: NDArray[np.int64], theta: float, alpha: float) -> float:
    n, u = int(sizes.sum()), len(sizes)
    whole = sum(log(theta + i * alpha) for i in range(1, u))
    whole -= sum(log(theta + i) for i in range(1, n))
    return whole + sum(log(i - alpha) for size in sizes.tolist() for i in range(1, size))


def golden(f: Callable[[float], float], low: float, high: float) -> float:
    ratio = (5**0.5 - 1) / 2
    for _ in range(70):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if f(left) > f(right) else (left, high)
    return (low + high) / 2


def urn(theta: float, alpha: float, population: int) -> float:
    """The expected number of singletons, person by person: each joins a class or opens one."""
    classes = singles = 1.0
    for i in range(1, population):
        new = (theta + alpha * classes) / (theta + i)
        classes, singles = classes + new, singles + new - singles * (1 - alpha) / (theta + i)
    return singles


@pytest.mark.parametrize(
    "sizes",
    [
        [1, 1, 1, 2, 2, 3, 5, 9],
        [1] * 12 + [2] * 4 + [3] * 2 + [20, 41],
        [1] * 40 + [2],
        [1, 4, 4, 4, 5, 5, 6],  # its likelihood falls with α: Ewens' formula
    ],
)
def test_pitman_is_the_likeliest_partition_grown_to_the_population(sizes: list[int]) -> None:
    table = np.array(sizes)

    def best_theta(alpha: float) -> float:
        def at(x: float) -> float:
            return likelihood(table, exp(x) - alpha, alpha)

        return exp(golden(at, -15, 12)) - alpha

    alpha = golden(lambda a: likelihood(table, best_theta(a), a), 0, 0.999)
    expected = urn(best_theta(alpha), alpha, 3000)
    told = pitman(Sample.of(table, 3000))
    assert told == pytest.approx(expected, rel=1e-5)


def test_ewens_formula_grows_as_its_closed_form_says() -> None:
    table = np.array([1, 4, 4, 4, 5, 5, 6])
    theta = exp(golden(lambda x: likelihood(table, exp(x), 0), -15, 12))
    told = pitman(Sample.of(table, 10**9))
    assert told == pytest.approx(10**9 * theta / (theta + 10**9 - 1), rel=1e-6)


def test_pitman_finds_the_parameters_that_a_population_was_drawn_with() -> None:
    theta, alpha, n = 50.0, 0.6, 20_000
    rng = np.random.default_rng(7)
    sizes: list[int] = []
    members: list[int] = []  # the class of each person, to draw one in proportion to its size
    for i in range(n):
        draw = rng.random() * (theta + i)
        if draw < theta + alpha * len(sizes):
            members.append(len(sizes))
            sizes.append(1)
            continue
        while True:  # of a class of size s with weight s - α
            chosen = members[int(rng.integers(i))]
            if rng.random() >= alpha / sizes[chosen]:
                break
        members.append(chosen)
        sizes[chosen] += 1
    sample = rng.multivariate_hypergeometric(np.array(sizes), 2000, method="marginals")
    told = pitman(Sample.of(sample[sample > 0], n))
    assert told == pytest.approx(sizes.count(1), rel=0.1)


# -- slide negative binomial -----------------------------------------------------------------


PEOPLE = np.arange(1, 2500)


def shares(alpha: float, beta: float, fraction: float) -> tuple[float, float]:
    """P(one of a class is drawn) and P(two are), summed over how many people it may have."""
    steps = np.log((alpha + PEOPLE - 1) / PEOPLE) + log(1 - beta)
    weights = np.exp(alpha * log(beta) + np.append(0, steps.cumsum()[:-1]))
    one = PEOPLE * fraction * (1 - fraction) ** (PEOPLE - 1)
    two = PEOPLE * (PEOPLE - 1) / 2 * fraction**2 * (1 - fraction) ** np.maximum(PEOPLE - 2, 0)
    return float((weights * one).sum()), float((weights * two).sum())


def halved(falls_short: Callable[[float], bool], low: float, high: float) -> float:
    for _ in range(45):
        middle = (low + high) / 2
        low, high = (middle, high) if falls_short(middle) else (low, middle)
    return (low + high) / 2


@pytest.mark.parametrize(("alpha", "beta"), [(0.4, 0.1), (2.0, 0.5), (0.05, 0.02), (30.0, 0.9)])
@pytest.mark.parametrize("fraction", [0.2, 0.6])
def test_snb_fits_the_classes_of_one_and_two(alpha: float, beta: float, fraction: float) -> None:
    rng = np.random.default_rng(3)
    population = 1 + rng.negative_binomial(alpha, beta, 20_000)
    records = round(population.sum() * fraction)
    drawn = rng.multivariate_hypergeometric(population, records, method="marginals")
    sample = Sample.of(drawn[drawn > 0], int(population.sum()))
    classes, ratio = shlosser(sample), sample.having(2) / sample.having(1)

    def fitting(b: float) -> float:
        def below(log_alpha: float) -> bool:
            one, two = shares(exp(log_alpha), b, sample.fraction)
            return two < ratio * one

        return exp(halved(below, -12, 8))

    def too_few(logit: float) -> bool:
        b = 1 / (1 + exp(-logit))
        return classes * shares(fitting(b), b, sample.fraction)[0] < sample.having(1)

    b = 1 / (1 + exp(-halved(too_few, -5, 8)))
    assert snb(sample) == pytest.approx(classes * b ** fitting(b), rel=1e-4)


@pytest.mark.parametrize(("alpha", "beta"), [(0.4, 0.1), (2.0, 0.5), (1.0, 0.3)])
def test_snb_comes_near_a_population_of_its_kind(alpha: float, beta: float) -> None:
    rng = np.random.default_rng(5)
    population = 1 + rng.negative_binomial(alpha, beta, 50_000)
    records = population.sum() // 2
    drawn = rng.multivariate_hypergeometric(population, records, method="marginals")
    told = snb(Sample.of(drawn[drawn > 0], int(population.sum())))
    assert told == pytest.approx((population == 1).sum(), rel=0.05)


@given(class_sizes, st.integers(1, 5000))
def test_the_number_of_classes_is_estimated_as_the_paper_says(
    sizes: NDArray[np.int64], others: int
) -> None:
    q = Fraction(int(sizes.sum()), int(sizes.sum()) + others)
    s = counts(sizes)
    one_of_square = sum(i * q**2 * (1 - q**2) ** (i - 1) * c for i, c in s.items())
    between = sum((1 - q) ** i * ((1 + q) ** i - 1) * c for i, c in s.items())
    none = sum((1 - q) ** i * c for i, c in s.items())
    one = sum(i * q * (1 - q) ** (i - 1) * c for i, c in s.items())
    expected = len(sizes) + s.get(1, 0) * one_of_square / between * (none / one) ** 2
    told = shlosser(Sample.of(sizes, int(sizes.sum()) + others))
    assert told == pytest.approx(float(expected), rel=1e-9)


def test_snb_says_where_nothing_fits() -> None:
    """No pairs but larger classes: no slide negative binomial has that."""
    sample = Sample.of(np.array([1, 1, 1, 5, 5, 9]), 200)
    assert estimate(sample, "snb") == Estimate(None, "snb")
    assert estimate(sample, "dankar").by == "zayatz"


# -- Dankar's rule ---------------------------------------------------------------------------


@given(class_sizes, st.integers(0, 2000))
def test_the_rule_follows_the_sampling_fraction(sizes: NDArray[np.int64], others: int) -> None:
    sizes = np.append(sizes, [1, 2])
    sample = Sample.of(sizes, int(sizes.sum()) + others)
    chosen = dankar(sample)
    if not others:
        assert chosen.uniques == (sizes == 1).sum()
    elif 10 * sample.records <= sample.population:
        assert chosen == estimate(sample, "pitman")
    else:
        told = [estimate(sample, "snb"), estimate(sample, "zayatz")]
        assert chosen in told
        assert chosen.uniques == min(each.uniques for each in told if each.uniques is not None)


def test_a_tenth_of_the_population_is_still_pitmans() -> None:
    sizes = np.array([1, 1, 2, 3, 3])
    assert dankar(Sample.of(sizes, 100)).by == "pitman"
    assert dankar(Sample.of(sizes, 99)).by != "pitman"


# -- gamma -----------------------------------------------------------------------------------


@given(st.integers(1, 300), st.integers(0, 300))
def test_gamma_gaps_are_ratios_of_factorials(x: int, d: int) -> None:
    ratio = Fraction(factorial(x + d - 1), factorial(x - 1))
    exact = log(ratio.numerator) - log(ratio.denominator)
    assert float(log_gamma_gap(x, d)) == pytest.approx(exact, rel=1e-13, abs=1e-13)
    harmonic = sum((Fraction(1, x + i) for i in range(d)), Fraction(0))
    assert reciprocal_sum(x, d) == pytest.approx(float(harmonic), rel=1e-13)
    gap = digamma(np.array([x + d, x], dtype=float))
    assert gap[0] - gap[1] == pytest.approx(float(harmonic), rel=1e-12, abs=1e-13)


def test_gamma_gaps_of_halves_are_known() -> None:
    """Γ(1/2) = √π and ψ(1/2) = -γ - 2 ln 2."""
    assert float(log_gamma_gap(0.5, 0.5)) == pytest.approx(-0.5 * log(np.pi), rel=1e-13)
    assert float(digamma(np.array(0.5))) == pytest.approx(-np.euler_gamma - 2 * log(2), rel=1e-14)


def test_gaps_of_huge_arguments_keep_their_digits() -> None:
    assert float(log_gamma_gap(1e15, 1.0)) == pytest.approx(log(1e15), rel=1e-15)
    assert reciprocal_sum(1e15, 10**9) == pytest.approx(1e-6, rel=1e-6)
