"""What gives a protected column back is found whatever its form, and nothing is found in chance."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from anon_dagster.core.residual import Column, Protected, Relation, relations

Floats = NDArray[np.float64]
RECORDS = 1_200


def column(numbers: Floats) -> Column:
    return Column.of(np.unique(numbers, return_inverse=True)[1], numbers=numbers)


def texts(codes: NDArray[np.int64]) -> Column:
    return Column.of(codes)


def in_tens(numbers: Floats) -> Protected:
    labels = np.unique(numbers // 10, return_inverse=True)[1]
    return Protected(column(numbers), labels.astype(np.int64))


def drawn(seed: int, records: int = RECORDS) -> tuple[np.random.Generator, Floats]:
    dice = np.random.default_rng(seed)
    return dice, dice.integers(20, 80, records).astype(np.float64)


FORMS: dict[str, Callable[[Floats], Floats]] = {
    "copy": lambda x: x,
    "linear": lambda x: 7 + 3 * x,
    "square": np.square,
    "logarithm": np.log,
    "reciprocal": lambda x: 1 / x,
    "exponential": lambda x: np.exp(x / 20),
    "square root": np.sqrt,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("noisy", [False, True])
def test_a_column_that_is_computed_from_a_protected_one_gives_it_back(
    form: str, *, noisy: bool
) -> None:
    dice, age = drawn(1)
    published = FORMS[form](age)
    if noisy:  # a fifth of the values have nothing to do with it
        other = dice.random(RECORDS) < 0.2
        published = np.where(other, dice.permutation(published), published)
    found = relations([in_tens(age)], [column(published)])
    assert len(found) == 1
    assert found[0].tells == "value"
    assert found[0].share > (0.75 if noisy else 0.99)
    assert found[0].baseline < 0.3
    if not noisy:
        assert found[0].kind == form


def test_codes_of_the_same_give_it_back_whatever_they_are_called() -> None:
    dice, age = drawn(2)
    codes = dice.permutation(100)[age.astype(int)]
    assert [r.kind for r in relations([in_tens(age)], [texts(codes)])] == ["function"]


@pytest.mark.parametrize(
    ("second", "kind"),
    [(lambda a, b: a - b, "sum of two"), (lambda a, b: a + b, "difference of two")],
)
def test_two_columns_give_back_what_neither_tells(
    second: Callable[[Floats, Floats], Floats], kind: str
) -> None:
    dice, age = drawn(3)
    schooling = dice.integers(8, 20, RECORDS).astype(np.float64)
    found = relations([in_tens(age)], [column(schooling), column(second(age, schooling))])
    both = [relation for relation in found if relation.published == (0, 1)]
    assert [relation.kind for relation in both] == [kind]
    assert both[0].share > 0.99


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    records=st.sampled_from([12, 60, 300, 900]),
    values=st.sampled_from([2, 5, 40, 10_000]),
)
def test_nothing_is_found_in_columns_that_have_nothing_to_do_with_it(
    seed: int, records: int, values: int
) -> None:
    dice, age = drawn(seed, records)
    published = [
        column(dice.integers(0, values, records).astype(np.float64)),
        column(dice.normal(size=records)),
        texts(dice.integers(0, values, records)),
        column(np.zeros(records)),
        texts(np.arange(records)),
    ]
    assert relations([in_tens(age)], published) == []


def key(relation: Relation) -> tuple[object, ...]:
    return relation.published, relation.kind, relation.tells, round(relation.share, 1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_records_plays_no_part(seed: int) -> None:
    dice, age = drawn(seed)
    columns = [np.square(age), dice.permutation(age), age + 5]
    order = dice.permutation(RECORDS)
    found = relations([in_tens(age)], [column(c) for c in columns])
    again = relations([in_tens(age[order])], [column(c[order]) for c in columns])
    assert sorted(map(key, found)) == sorted(map(key, again))


def test_what_the_label_tells_already_is_not_given_back() -> None:
    dice, age = drawn(4)
    tens = 10 * (age // 10)
    own = Protected(column(tens), np.unique(tens, return_inverse=True)[1].astype(np.int64))
    assert relations([own], [column(np.square(tens)), texts(dice.integers(0, 3, RECORDS))]) == []


def test_a_column_without_a_value_is_no_obstacle() -> None:
    _, age = drawn(5)
    nothing = Column.of(
        np.zeros(RECORDS, np.int64),
        numbers=np.full(RECORDS, np.nan),
        missing=np.ones(RECORDS, np.bool_),
    )
    assert relations([in_tens(age)], [nothing]) == []
    assert relations([Protected(nothing, np.zeros(RECORDS, np.int64))], [column(age)]) == []
    assert relations([], []) == []
