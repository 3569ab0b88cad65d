"""Who may be a person in all of several releases, against all ways in which they may belong."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core.residual import Crowds, Known, count_candidates

Records = list[tuple[int, int]]  # the crowd and the value of each


def crowds_of(records: Records, of_people: list[int]) -> Crowds:
    entries = sorted({*records})
    return Crowds(
        np.array(of_people, dtype=np.int64),
        np.array([crowd for crowd, _ in entries], dtype=np.int64),
        np.array([value for _, value in entries], dtype=np.int64),
        np.array([records.count(entry) for entry in entries], dtype=np.int64),
    )


def known_of(size: int, own: list[int]) -> Known:
    return Known(np.arange(size), np.array(own, dtype=np.int64))


def possible_people(releases: list[list[int]]) -> Iterator[list[int]]:
    """Give all ways to say which records, one of each release, may be of one person.

    Parameters
    ----------
    releases
        Of each, the values of the records of a crowd.

    Yields
    ------
    The values of the people who are in all of the crowds then.
    """
    first, *others = releases
    if not first:
        yield []
        return
    value, rest = first[0], first[1:]
    yield from possible_people([rest, *others])  # it is of somebody who is not in all of them
    places = [[n for n, v in enumerate(each) if v == value] for each in others]
    for chosen in product(*places):
        left = [each[:n] + each[n + 1 :] for each, n in zip(others, chosen, strict=True)]
        yield from ([value, *people] for people in possible_people([rest, *left]))


releases = st.lists(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), max_size=5), min_size=1, max_size=3
)


@given(releases, st.data())
@settings(max_examples=60)
def test_as_many_people_are_left_as_the_most_who_can_be_in_all_of_the_crowds(
    made: list[Records], data: st.DataObject
) -> None:
    seen = [data.draw(st.integers(-1, 1)) for _ in made]
    own = data.draw(st.integers(0, 2))
    found = count_candidates(
        [crowds_of(records, [crowd]) for records, crowd in zip(made, seen, strict=True)],
        known_of(3, [own]),
        {"value": np.arange(3), "parity": np.array([0, 1, 0])},
    )
    asked = [
        [value for crowd, value in records if crowd == own_crowd]
        for records, own_crowd in zip(made, seen, strict=True)
        if own_crowd >= 0
    ]
    worlds = list(possible_people(asked)) if asked else [[]]
    left = {value for people in worlds for value in people}
    assert found.releases.tolist() == [len(asked)]
    assert found.candidates.tolist() == [max(map(len, worlds))]
    assert found.left["value"].tolist() == [len(left)]
    assert found.left["parity"].tolist() == [len({value % 2 for value in left})]
    assert found.present.tolist() == [own in left]


@given(releases, st.data())
def test_a_further_release_never_leaves_more(made: list[Records], data: st.DataObject) -> None:
    people = data.draw(st.integers(1, 4))
    seen = [data.draw(st.lists(st.integers(0, 1), min_size=people, max_size=people)) for _ in made]
    crowds = [crowds_of(records, own) for records, own in zip(made, seen, strict=True)]
    known, attributes = known_of(3, [0] * people), {"value": np.arange(3)}
    all_of_them = count_candidates(crowds, known, attributes)
    for fewer in range(1, len(crowds)):
        some = count_candidates(crowds[:fewer], known, attributes)
        assert (all_of_them.candidates <= some.candidates).all()
        assert (all_of_them.left["value"] <= some.left["value"]).all()


def test_the_same_release_twice_leaves_everybody_as_many_as_her_class() -> None:
    records = [(0, 0), (0, 0), (0, 1), (1, 2), (1, 2)]
    twice = [crowds_of(records, [0, 1])] * 2
    found = count_candidates(twice, known_of(3, [0, 2]), {"value": np.arange(3)})
    assert found.candidates.tolist() == [3, 2]
    assert found.left["value"].tolist() == [2, 1]


def test_a_missing_value_may_count_as_none() -> None:
    records = [(0, 0), (0, 1)]
    found = count_candidates(
        [crowds_of(records, [0])], known_of(2, [0]), {"value": np.array([-1, 0])}
    )
    assert found.left["value"].tolist() == [1]


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_how_much_is_intersected_at_once_changes_nothing(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = np.random.default_rng(5)
    made = [
        crowds_of(
            [*zip(dice.integers(0, 9, 80).tolist(), dice.integers(0, 6, 80).tolist(), strict=True)],
            dice.integers(-1, 9, 40).tolist(),
        )
        for _ in range(3)
    ]
    known = known_of(6, dice.integers(0, 6, 40).tolist())
    whole = count_candidates(made, known, {"value": np.arange(6)})
    monkeypatch.setattr("anon_dagster.core.residual.candidates._ENTRIES", at_once)
    cut = count_candidates(made, known, {"value": np.arange(6)})
    assert np.array_equal(whole.candidates, cut.candidates)
    assert np.array_equal(whole.present, cut.present)
    assert np.array_equal(whole.left["value"], cut.left["value"])
