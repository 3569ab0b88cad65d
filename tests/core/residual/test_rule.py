"""What others say of a record, held against leaving it out and counting."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.residual.rule import Evidence, most_have, others_say, surprise

RECORDS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40)


@given(records=RECORDS)
def test_others_say_what_counting_without_the_record_tells(
    records: list[tuple[int, int]],
) -> None:
    groups, values = (np.array(column, dtype=np.int64) for column in zip(*records, strict=True))
    said = others_say(groups, values)
    for at, (group, value) in enumerate(records):
        others = Counter(v for n, (g, v) in enumerate(records) if g == group and n != at)
        rival = max((times for other, times in others.items() if other != value), default=0)
        assert said.right[at] == (others[value] > rival)
        assert said.undecided[at] == (others[value] == rival)
        most = max(others.values(), default=0)
        assert said.clear[at] == (bool(others) and most >= 0.75 * others.total())


@given(records=RECORDS, times=st.lists(st.integers(1, 4), min_size=40, max_size=40))
def test_a_weight_is_as_many_records(records: list[tuple[int, int]], times: list[int]) -> None:
    groups, values = (np.array(column, dtype=np.int64) for column in zip(*records, strict=True))
    weights = np.array(times[: len(records)], dtype=np.int64)
    repeated = np.repeat(np.arange(len(records)), weights)
    once, often = (
        others_say(groups, values, weights),
        others_say(groups[repeated], values[repeated]),
    )
    assert (once.right[repeated] == often.right).all()
    assert (once.undecided[repeated] == often.undecided).all()


@given(records=RECORDS)
def test_one_value_of_each_group_is_the_usual_one(records: list[tuple[int, int]]) -> None:
    groups, values = (np.array(column, dtype=np.int64) for column in zip(*records, strict=True))
    usual = most_have(groups, values)
    for group in set(groups.tolist()):
        own = Counter(values[groups == group].tolist())
        told = {
            v for v, u in zip(values[groups == group], usual[groups == group], strict=True) if u
        }
        if own.total() > 1:
            assert len(told) == 1
            assert own[told.pop()] == max(own.values())


def test_groups_of_chance_surprise_nobody_and_real_ones_do() -> None:
    dice = np.random.default_rng(0)
    coins = dice.integers(0, 2, 4_000)
    fair = np.full(4_000, 0.5)
    for size in (2, 3, 5, 20):
        groups = np.arange(4_000) // size
        assert surprise(groups, coins, fair) < 20
        assert surprise(groups, groups % 2, fair) > 100
    lucky = np.repeat(np.arange(200), 20)
    coins[:13] = 1  # one group of many that nearly agrees
    assert surprise(lucky, coins, fair) < 20


def test_a_value_that_nearly_all_have_is_no_evidence() -> None:
    everything = np.ones(1_000, dtype=np.bool_)
    usual = np.arange(1_000) < 950
    assert not Evidence(everything, usual, usual).counts(above=0.01)
    little_more = np.arange(1_000) < 965
    assert not Evidence(everything, little_more, usual).counts(above=0.01)
    assert Evidence(everything, everything, usual).counts(above=0.01)
    assert not Evidence(everything, everything, usual).counts(above=0.05)
