"""Classes that are intersected leave what plain sets leave."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.residual import Members, OwnClasses, intersection

RECORDS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=40
)


@given(RECORDS)
def test_what_is_left_is_the_intersection_of_sets(records: list[tuple[int, int, int]]) -> None:
    classes, owners, values = np.array(records).T
    own = OwnClasses.of(classes, owners + 10, 6, seed=0)
    people: dict[int, set[int]] = defaultdict(set)
    held: dict[int, set[int]] = defaultdict(set)
    classes_of: dict[int, set[int]] = defaultdict(set)
    values_in: dict[tuple[int, int], set[int]] = defaultdict(set)
    for cell, person, value in records:
        people[cell].add(person)
        held[cell].add(value)
        classes_of[person].add(cell)
        values_in[person, cell].add(value)
    several = sorted(person for person, cells in classes_of.items() if len(cells) > 1)
    assert own.persons == len(classes_of)
    assert own.several == len(several)
    assert (own.numbers[own.drawn] - 10).tolist() == several
    if not several:
        return
    common = [set.intersection(*(people[c] for c in classes_of[p])) for p in several]
    assert own.alone().tolist() == [len(each) == 1 for each in common]
    of_all, of_one = own.possibilities(Members.of(classes, values, 6))
    left = [set.intersection(*(held[c] for c in classes_of[p])) for p in several]
    assert of_all.tolist() == [len(each) for each in left]
    assert of_one.tolist() == [min(len(held[c]) for c in classes_of[p]) for p in several]
    steady = [bool(set.intersection(*(values_in[p, c] for c in classes_of[p]))) for p in several]
    assert own.steady(classes, owners + 10, values).tolist() == steady


def test_persons_are_drawn_where_there_is_much_to_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = np.random.default_rng(1)
    classes, owners = dice.integers(0, 20, 3_000), dice.integers(0, 1_000, 3_000)
    whole = OwnClasses.of(classes, owners, 20, seed=3)
    monkeypatch.setattr(intersection, "_MOST", 200)
    drawn = OwnClasses.of(classes, owners, 20, seed=3)
    assert len(drawn.drawn) == 200 < whole.several == drawn.several
    assert (drawn.drawn == OwnClasses.of(classes, owners, 20, seed=3).drawn).all()
    assert (drawn.drawn != OwnClasses.of(classes, owners, 20, seed=4).drawn).any()
    assert (drawn.alone() == whole.alone()[np.isin(whole.drawn, drawn.drawn)]).all()
    monkeypatch.setattr(intersection, "_WORK", 1_000)
    fewer = OwnClasses.of(classes, owners, 20, seed=3)
    assert 0 < len(fewer.drawn) < 200
    assert set(fewer.drawn) <= set(drawn.drawn)
