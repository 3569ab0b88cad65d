"""Who reads alike, counted on sets: people of a population, and persons by all their records."""

from collections import Counter, defaultdict
from decimal import Decimal, localcontext
from fractions import Fraction
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from anon_dagster.core.audit import (
    Partition,
    Trajectory,
    people_alike,
    persons_alike,
    records_needed,
    trajectories,
)
from anon_dagster.core.audit.matching import _poisson_terms

labels = st.tuples(st.integers(0, 2), st.integers(0, 2))
kinds = st.lists(st.tuples(labels, st.integers(1, 4)), max_size=8)


def columns(rows: list[tuple[int, int]]) -> list[NDArray[np.int64]]:
    return list(np.array(rows, dtype=np.int64).reshape(-1, 2).T)


@given(st.lists(labels, min_size=1, max_size=6, unique=True), kinds)
def test_the_people_of_a_class_are_those_who_read_as_it_does(
    classes: list[tuple[int, int]], people: list[tuple[tuple[int, int], int]]
) -> None:
    behind = Counter[tuple[int, int]]()
    for kind, count in people:
        behind[kind] += count
    counts = np.array([count for _, count in people], dtype=np.int64)
    found = people_alike(columns(classes), columns([kind for kind, _ in people]), counts)
    assert found.tolist() == [behind[of] for of in classes]


@given(
    st.lists(labels, min_size=1, max_size=6, unique=True),
    st.lists(st.tuples(labels, st.integers(0, 4)), max_size=12),
)
def test_the_persons_of_a_class_are_those_with_a_record_that_reads_as_it_does(
    classes: list[tuple[int, int]], records: list[tuple[tuple[int, int], int]]
) -> None:
    own: dict[tuple[int, int], set[int]] = defaultdict(set)
    for kind, who in records:
        own[kind].add(who)
    places = np.arange(len(records))
    persons = np.array([who for _, who in records], dtype=np.int64)
    read = columns([kind for kind, _ in records])
    found, of = persons_alike(columns(classes), read, places, persons)
    assert found.tolist() == [len(own[label]) for label in classes]
    assert of.tolist() == [classes.index(kind) if kind in classes else -1 for kind, _ in records]


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize(
    ("k", "fraction"), [(100, "0.01"), (60, "0.0001"), (87, "0.001"), (2, "0.9")]
)
@pytest.mark.parametrize("significance", ["0.5", "0.05", "1e-12", "1e-30", "1e-80"])
def test_so_many_records_are_as_rare_as_the_probabilities_say(
    k: int, fraction: str, significance: str, *, truncated: bool
) -> None:
    with localcontext() as context:
        context.prec = 150
        rate, most = Decimal(fraction) * k, Decimal(significance)
        shown = [rate**i / factorial(i) * (-rate).exp() for i in range(k)]
        sizes = range(1, k + 1)
        of = 1 - shown[0] if truncated else 1
        needed = min((s for s in sizes if 1 - sum(shown[:s]) <= most * of), default=k)
    assert records_needed(k, Fraction(fraction), Fraction(significance), truncated) == needed


@given(st.fractions(Fraction(1, 50), 6, max_denominator=50), st.integers(12, 20))
def test_terms_of_a_poisson_distribution_are_enclosed(mean: Fraction, bits: int) -> None:
    below, above = (_poisson_terms(mean, bits, up=up) for up in (0, 1))
    exact = [2**bits * mean**i / factorial(i) for i in range(60)]
    assert all(term <= e for term, e in zip(below, exact, strict=False))
    assert all(term >= e for term, e in zip(above, exact[: len(above) - 1], strict=False))
    assert above[-1] >= sum(exact[len(above) - 1 :])  # all that follow


def test_by_a_single_attribute_those_read_alike_who_do_in_it() -> None:
    classes, people = [np.array([4, 0])], [np.array([0, 4, 4, 1])]
    assert people_alike(classes, people, np.array([1, 2, 3, 4])).tolist() == [5, 1]
    found, of = persons_alike(classes, people, np.arange(4), np.array([7, 8, 8, 8]))
    assert (found.tolist(), of.tolist()) == ([1, 1], [1, 0, 0, -1])


def test_nobody_is_of_no_class() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert people_alike([nothing], [nothing], nothing).tolist() == []
    found, of = persons_alike([nothing], [nothing], nothing, nothing)
    assert (found.tolist(), of.tolist()) == ([], [])


def test_without_attributes_all_read_alike() -> None:
    assert people_alike([], [], np.array([3, 4])).tolist() == [7]
    found, of = persons_alike([], [], np.array([0, 1, 1]), np.array([5, 5, 6]))
    assert (found.tolist(), of.tolist()) == ([2], [0, 0, 0])
    found, of = persons_alike([], [], np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert (found.tolist(), of.tolist()) == ([0], [])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 3)), max_size=12))
def test_persons_share_a_trajectory_if_their_classes_are_the_same_as_often(
    pairs: list[tuple[int, int, int]],
) -> None:
    own: dict[int, Counter[int]] = defaultdict(Counter)
    for who, of, records in pairs:
        own[who][of] += records
    alike = Counter(tuple(sorted(each.elements())) for each in own.values())
    expected = Counter((persons, persons * len(steps)) for steps, persons in alike.items())
    classes = Partition(np.array([2, 0, 1]), np.array([1, 1, 1]))  # the class of each tuple
    tuples = np.array([[1, 2, 0][of] for _, of, _ in pairs], dtype=np.int64)
    owners, times = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 2))
    found = trajectories(classes, tuples, owners, times)
    assert all(isinstance(each, Trajectory) for each in found)
    assert Counter((each.persons, each.records) for each in found) == expected
