"""Laws of the intervals that are proposed for numbers, however these are spread."""

import re
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from anon_dagster.core.builders import Domain, by_interval
from anon_dagster.detection.widths import Scale, Spread, enclosing, nice_scale, scale_of

MOST = 40
INTERVAL = re.compile(r"\[(\S+), (\S+)\)")

whole = st.integers(-(10**6), 10**6)
hundredths = st.integers(-(10**5), 10**5)
steps = st.sampled_from([0, -2, -6])


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[str], NDArray[np.int64], int]:
    """Draw distinct numbers in units of a power of ten, how many records have each, the power."""
    shape = draw(st.sampled_from(["any", "small", "heavy", "clustered"]))
    units: st.SearchStrategy[int] = whole
    if shape == "small":
        units = st.integers(0, 12)
    elif shape == "heavy":
        units = st.integers(0, 18).map(lambda power: 3**power)
    elif shape == "clustered":
        units = st.integers(20, 60) | st.sampled_from([10**6, -(10**6)])
    numbers = draw(st.lists(units, min_size=3, max_size=40, unique=True))
    counts = draw(st.lists(st.integers(1, 500), min_size=len(numbers), max_size=len(numbers)))
    power = draw(steps)
    texts = [f"{Decimal(number).scaleb(power):f}" for number in numbers]
    return texts, np.array(counts, dtype=np.int64), power


def spread_of(texts: list[str], counts: NDArray[np.int64], power: int) -> Spread:
    return Spread.of(np.array(texts, dtype=float), counts, step=10.0**power)


def labels_of(texts: list[str], scale: Scale) -> list[list[str | None]]:
    """Return the labels of each value, level by level."""
    built = by_interval(
        Domain(tuple(texts)),
        widths=scale.widths,
        lower=scale.lower,
        upper=scale.upper,
        outside="group" if scale.bounded else "error",
    )
    leaves = built.locate(texts)
    return [
        [names[built.codes[level, leaf]] for leaf in leaves]
        for level, names in enumerate(built.labels)
    ]


@given(columns())
def test_every_value_has_a_label_that_tells_no_more_than_the_width(
    column: tuple[list[str], NDArray[np.int64], int],
) -> None:
    texts, counts, power = column
    scale = nice_scale(spread_of(texts, counts, power))
    for width, row in zip(scale.widths, labels_of(texts, scale)[1:], strict=False):
        for text, label in zip(texts, row, strict=True):
            value = Fraction(text)
            match = INTERVAL.fullmatch(str(label))
            if match is None:
                below = scale.lower is not None and value < Fraction(str(scale.lower))
                assert below or (scale.upper is not None and value >= Fraction(str(scale.upper)))
                continue
            low, high = map(Fraction, match.groups())
            assert low <= value < high
            assert high - low <= Fraction(str(width))
            assert high - low == Fraction(str(width)) or high == Fraction(str(scale.upper))


@given(columns())
def test_each_width_is_a_multiple_of_the_one_before_and_more_than_a_value(
    column: tuple[list[str], NDArray[np.int64], int],
) -> None:
    scale = nice_scale(spread_of(*column))
    widths = [Fraction(str(width)) for width in scale.widths]
    assert widths[0] >= 2 * Fraction(10) ** column[2]
    assert all(
        (wide / narrow).denominator == 1 and wide > narrow for narrow, wide in pairwise(widths)
    )
    assert 1 <= len(widths) <= 3


@given(columns())
def test_the_first_level_has_at_least_two_labels_and_about_forty_at_most(
    column: tuple[list[str], NDArray[np.int64], int],
) -> None:
    texts, counts, power = column
    spread = spread_of(texts, counts, power)
    first = labels_of(texts, nice_scale(spread))[1]
    assert len(set(first)) <= MOST + 4  # cut at either end, and what is joined beyond
    assume(spread.span > 2.5 * spread.step)  # 0, 1 and 2 may fall into one or two
    assert len(set(first)) >= 2


@given(columns())
def test_few_records_lie_beyond_the_bounds(
    column: tuple[list[str], NDArray[np.int64], int],
) -> None:
    texts, counts, power = column
    scale = nice_scale(spread_of(texts, counts, power))
    numbers = np.array(texts, dtype=float)
    beyond = np.zeros(len(numbers), dtype=bool)
    if scale.lower is not None:
        beyond |= numbers < scale.lower
    if scale.upper is not None:
        beyond |= numbers >= scale.upper
    assert counts[beyond].sum() <= 0.1 * counts.sum() + 1e-9


@given(columns(), st.sampled_from([0.001, 10, 1000]))
def test_another_unit_gives_the_same_intervals(
    column: tuple[list[str], NDArray[np.int64], int], unit: float
) -> None:
    texts, counts, power = column
    numbers = np.array(texts, dtype=float)
    own = nice_scale(Spread.of(numbers, counts, step=10.0**power))
    other = nice_scale(Spread.of(numbers * unit, counts, step=10.0**power * unit))
    assert np.allclose(np.array(own.widths) * unit, other.widths)


@given(columns())
def test_bounds_that_enclose_have_all_numbers_between_them(
    column: tuple[list[str], NDArray[np.int64], int],
) -> None:
    spread = spread_of(*column)
    scale = scale_of(nice_scale(spread).widths, spread)
    low, high = enclosing(spread, scale)
    assert low <= spread.least
    assert spread.most < high
    for bound in (low, high):
        assert abs(bound / scale.widths[-1] - round(bound / scale.widths[-1])) < 1e-6


def draws(kind: str) -> NDArray[np.float64]:
    dice = np.random.default_rng(1)
    made = {
        "logarithms of ages": np.log(dice.integers(18, 90, 5000)),
        "hundredths": dice.integers(0, 100, 5000) / 100,
        "sums with a long tail": np.exp(dice.normal(10, 1.5, 5000)).round(),
        "mostly nothing": np.where(dice.random(5000) < 0.9, 0, dice.integers(0, 99_999, 5000)),
        "one slip of the pen": np.append(dice.integers(18, 90, 5000), 5000),
        "grades": dice.integers(1, 13, 5000),
    }[kind]
    return np.asarray(made, dtype=float)


@pytest.mark.parametrize(
    ("kind", "step", "widths", "upper"),
    [
        ("logarithms of ages", 1e-9, (0.1, 0.2, 1.0), None),
        ("hundredths", 0.01, (0.1, 0.2, 0.4), None),
        ("sums with a long tail", 1, (20_000, 100_000, 200_000), 800_000),
        ("mostly nothing", 1, (10_000, 20_000, 40_000), None),
        ("one slip of the pen", 1, (5, 10, 20), 200),
        ("grades", 1, (2, 4, 8), None),
    ],
)
def test_a_person_would_write_these(
    kind: str, step: float, widths: tuple[float, ...], upper: float | None
) -> None:
    numbers, counts = np.unique(draws(kind), return_counts=True)
    scale = nice_scale(Spread.of(numbers, counts, step=step))
    assert scale == Scale(tuple(map(float, widths)), None, upper)
