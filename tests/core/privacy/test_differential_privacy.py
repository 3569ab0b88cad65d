"""Differential privacy holds by its definition, not only by the theorem that it rests on."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb, exp, floor, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import records_that_hide
from anon_dagster.core.audit.hiding import _hiding
from anon_dagster.core.privacy import DifferentialPrivacy, EquivalenceClasses
from anon_dagster.core.privacy.differential_privacy import _enough, _tail
from anon_dagster.errors import RequestError

epsilons = st.fractions(Fraction(1, 2), 2, max_denominator=10)
deltas = st.sampled_from([Fraction(1, 2), Fraction(1, 10), Fraction(1, 100), Fraction(1, 1000)])


def outcomes(n: int, k: int, below: int) -> list[Fraction]:
    """The probability of each outcome for a class of n records: suppressed, k, k + 1, ..., n."""
    beta = Fraction(below, 2**64)
    drawn = [comb(n, j) * beta**j * (1 - beta) ** (n - j) for j in range(n + 1)]
    return [sum(drawn[:k], Fraction(0)), *drawn[k:]]


def beyond(some: list[Fraction], others: list[Fraction], epsilon: Fraction) -> float:
    """The probability by which the outcomes of one table are beyond e^ε times another's."""
    width = max(len(some), len(others))
    padded = [[*table, *[Fraction(0)] * (width - len(table))] for table in (some, others)]
    return sum(max(0.0, float(p) - exp(epsilon) * float(q)) for p, q in zip(*padded, strict=True))


@given(epsilons, deltas, st.integers(1, 60))
def test_one_record_changes_little_of_what_is_released_of_its_class(
    epsilon: Fraction, delta: Fraction, n: int
) -> None:
    model = DifferentialPrivacy(epsilon, delta)
    larger, smaller = (outcomes(m, model.smallest, model.below) for m in (n, n - 1))
    assert beyond(larger, smaller, epsilon) <= delta
    assert beyond(smaller, larger, epsilon) <= 1e-12


@given(epsilons, deltas)
def test_k_is_that_of_the_theorem(epsilon: Fraction, delta: Fraction) -> None:
    """The least k with a largest tail of at most δ, in floats and with another bound of the end."""
    e, beta = float(epsilon), 1 - exp(-epsilon)
    gamma = 1 - (1 - beta) * exp(-e)

    def tail(n: int) -> float:
        return sum(
            comb(n, j) * beta**j * (1 - beta) ** (n - j) for j in range(floor(gamma * n) + 1, n + 1)
        )

    def largest(k: int) -> float:
        n, found = max(int(-(-k // gamma)) - 1, 1), 0.0
        while exp(-n * (gamma * log(gamma / beta) - (gamma - beta))) > delta and found <= delta:
            found, n = max(found, tail(n)), n + 1
        return found

    k = DifferentialPrivacy(epsilon, delta).smallest
    assert largest(k) <= float(delta) * (1 + 1e-9)
    assert k == 1 or largest(k - 1) > float(delta) * (1 - 1e-9)


@given(st.fractions(Fraction(1, 20), 6, max_denominator=20), deltas)
def test_the_verification_asks_for_no_more_by_the_definition(
    epsilon: Fraction, delta: Fraction
) -> None:
    assert records_that_hide(epsilon, delta) <= DifferentialPrivacy(epsilon, delta).smallest


@pytest.mark.parametrize(
    ("epsilon", "delta"),
    [
        ("1", "0.1"),
        ("1", "0.01"),
        ("1", "0.001"),
        ("2.5", "0.9"),
        ("2.5", "0.7"),
        ("3", "0.9"),
        ("5", "0.95"),
    ],
)
def test_one_record_fewer_would_not_hide(epsilon: str, delta: str) -> None:
    e, d = Fraction(epsilon), Fraction(delta)
    k, below = records_that_hide(e, d), DifferentialPrivacy(e, d).below

    def told(k: int) -> float:
        pairs = ((outcomes(n, k, below), outcomes(n - 1, k, below)) for n in range(1, 45))
        return max(beyond(larger, smaller, e) for larger, smaller in pairs)

    assert told(k) <= d < told(k - 1)


def test_who_tells_hardly_anything_needs_no_others() -> None:
    below, above = (Fraction(1 - exp(-1)) * (1 + sign * Fraction(1, 10**6)) for sign in (-1, 1))
    hardly_above = Fraction(1 - exp(-1)) * (1 - Fraction(1, 10**11))  # the margin, for floats
    found = [records_that_hide(Fraction(1), d) for d in (below, hardly_above, above)]
    assert found == [2, 1, 1]  # of a class of one record, whose probability is 1 - 1 / e
    assert records_that_hide(Fraction(1), 1 - Fraction(1, 10**20)) == 1


def test_the_probability_of_a_record_is_rounded_down() -> None:
    for epsilon in (Fraction(1, 100), Fraction(1), Fraction(8)):
        below = DifferentialPrivacy(epsilon, Fraction(1, 10)).below
        assert below / 2**64 == pytest.approx(1 - exp(-epsilon), rel=1e-15)
        # 1 - β >= e^-ε, by a series that alternates around e^-ε and ends above it
        term, series = Fraction(1), Fraction(1)
        for i in range(1, 81):
            term *= -epsilon / i
            series += term
        assert 1 - Fraction(below, 2**64) >= series


def test_classes_of_any_size_are_compared() -> None:
    model = DifferentialPrivacy(Fraction(1), Fraction(1, 10**6))
    classes = EquivalenceClasses(np.array([model.smallest - 1, model.smallest, 2**62]))
    assert list(model.holds(classes)) == [False, True, True]


def test_nonsense_is_refused() -> None:
    for epsilon, delta in (
        (0, 0.1),
        (0.00999, 0.1),
        (8.001, 0.1),
        (9, 0.1),
        (1, 0),
        (1, 1),
        (1, -1),
    ):
        with pytest.raises(RequestError):
            DifferentialPrivacy(Fraction(str(epsilon)), Fraction(str(delta)))
    for epsilon in (0.01, 8):
        DifferentialPrivacy(Fraction(str(epsilon)), Fraction(1, 10))


@pytest.mark.parametrize("n", [1, 2, 7, 60])
@pytest.mark.parametrize("beta", ["0.01", "0.4", "0.97"])
def test_the_bound_of_a_binomial_tail_is_hardly_above_it(n: int, beta: str) -> None:
    share = Fraction(beta)
    for first in range(n + 2):
        exact = sum(
            (comb(n, j) * share**j * (1 - share) ** (n - j) for j in range(first, n + 1)),
            Fraction(0),
        )
        with localcontext() as context:
            context.prec = 60
            bound = Fraction(_tail(n, first, Decimal(beta)))
        assert exact <= bound <= exact * (1 + Fraction(1, 10**35))


def test_the_bound_of_a_long_tail_is_above_it_as_well() -> None:
    n, first, beta = 3000, 1150, Decimal("0.4")
    with localcontext() as context:
        context.prec = 120
        term = Decimal(comb(n, first)) * beta**first * (1 - beta) ** (n - first)
        exact = term
        for j in range(first, n):
            term *= beta / (1 - beta) * (n - j) / (j + 1)
            exact += term
        context.prec = 60
        bound = _tail(n, first, beta)
        context.prec = 120
        assert exact <= bound <= exact * (1 + Decimal(10) ** -35)


@given(st.fractions(Fraction(1, 20), 6, max_denominator=20), deltas)
def test_from_enough_records_on_hoeffding_bounds_every_tail(
    epsilon: Fraction, delta: Fraction
) -> None:
    with localcontext() as context:
        context.prec = 60
        bound = Decimal(delta.numerator) / delta.denominator
        less = (-Decimal(epsilon.numerator) / epsilon.denominator).exp()
        gamma = 1 - less * less
        n = _enough(1 - less, gamma, epsilon, bound)
        divergence = gamma * (gamma / (1 - less)).ln() + (1 - gamma) * ((1 - gamma) / less).ln()
        assert (-n * divergence).exp() <= bound < (-(n - 3) * divergence).exp()


@pytest.mark.parametrize("epsilon", ["0.2", "1", "3"])
@pytest.mark.parametrize("delta", ["0.3", "0.01", "0.00001"])
def test_no_larger_class_asks_the_verification_for_more(epsilon: str, delta: str) -> None:
    most = 600
    logs = np.concatenate([[0.0], np.log(np.arange(1, most + 1)).cumsum()])
    asked = (_hiding(n, float(epsilon), float(delta), logs) for n in range(1, most + 1))
    assert records_that_hide(Fraction(epsilon), Fraction(delta)) == max(asked)
