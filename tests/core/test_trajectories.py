"""Persons alike in all their records together are told from all others, by both paths."""

from collections import Counter
from itertools import combinations, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import partition, trajectories
from anon_dagster.core.trajectories import Trajectories

records = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 6)), min_size=1, max_size=50
)  # (tuple, person)
cells = st.lists(st.integers(-1, 3), min_size=10, max_size=10)


def listed(pairs: list[tuple[int, int]], k: int) -> Trajectories:
    both, times = np.unique(np.array(pairs).T, axis=1, return_counts=True)
    return Trajectories(both[0], both[1], times, k)


def alike(pairs: list[tuple[int, int]], where: list[int]) -> Counter[tuple[int, ...]]:
    """Return how many persons have each list of classes, those without a released record aside."""
    steps: dict[int, list[int]] = {}
    for row, person in pairs:
        if where[row] >= 0:
            steps.setdefault(person, []).append(where[row])
    return Counter(tuple(sorted(each)) for each in steps.values())


@given(records, cells, st.integers(2, 4))
def test_persons_alone_are_those_whose_list_too_few_have(
    pairs: list[tuple[int, int]], where: list[int], k: int
) -> None:
    groups = alike(pairs, where)
    wanted = sum(n for n in groups.values() if n < k)
    assert listed(pairs, k).alone(np.array(where)) == wanted
    few = listed(pairs, k).few_alike(np.array(where))
    steps: dict[int, list[int]] = {}
    for row, person in pairs:
        if where[row] >= 0:
            steps.setdefault(person, []).append(where[row])
    own = {person: groups[tuple(sorted(each))] for person, each in steps.items()}
    assert few.owners.tolist() == sorted(person for person, n in own.items() if n < k)
    assert few.sizes.tolist() == [own[person] for person in few.owners.tolist()]
    assert listed(pairs, k).records_of(few.owners) == sum(
        person in few.owners for _, person in pairs
    )
    changes = sum(min(n, k - n) for n in groups.values() if n < k)
    assert few.least_changed == (changes + 1) // 2


@given(st.lists(st.lists(st.integers(0, 1), max_size=2), max_size=6), st.integers(2, 4))
def test_so_many_persons_must_change_until_all_have_enough_alike(
    steps: list[list[int]], k: int
) -> None:
    pairs = [(row, person) for person, own in enumerate(steps) for row in own]
    if not pairs:
        return
    held = listed(pairs, k).few_alike(np.arange(10))
    people = {person for _, person in pairs}
    fewest = min(
        number
        for number in range(len(people) + 1)
        for changed in combinations(sorted(people), number)
        if can_be_mended(steps, set(changed), k)
    )
    assert held.least_changed <= fewest


def can_be_mended(steps: list[list[int]], changed: set[int], k: int) -> bool:
    """Tell whether leaving out records of some persons, as one likes, leaves nobody alone."""
    choices = [
        [tuple(sorted(c)) for n in range(len(own) + 1) for c in combinations(own, n)]
        if person in changed
        else [tuple(sorted(own))]
        for person, own in enumerate(steps)
    ]
    for chosen in product(*choices):
        times = Counter(each for each in chosen if each)
        if all(n >= k for n in times.values()):
            return True
    return False


@given(records, cells)
def test_the_second_path_finds_the_same_groups(
    pairs: list[tuple[int, int]], where: list[int]
) -> None:
    where = [max(cell, 0) for cell in where]
    rows, times = np.unique([row for row, _ in pairs], return_counts=True)
    classes = partition([np.array(where)[rows]], times)
    held = listed(pairs, 2)
    tuples = np.searchsorted(rows, held.rows)
    found = trajectories(classes, tuples, held.owners, held.records)
    wanted = [(n, n * len(steps)) for steps, n in alike(pairs, where).items()]
    assert sorted((t.persons, t.records) for t in found) == sorted(wanted)


def test_of_nobody_there_is_no_trajectory() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert trajectories(partition([nothing], nothing), nothing, nothing, nothing) == []


@given(records, cells, st.integers(2, 4))
def test_joining_classes_leaves_nobody_alone_who_was_not(
    pairs: list[tuple[int, int]], where: list[int], k: int
) -> None:
    where = [max(cell, 0) for cell in where]
    joined = np.array(where) // 2
    assert listed(pairs, k).alone(joined) <= listed(pairs, k).alone(np.array(where))
