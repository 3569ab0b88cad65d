"""Every record finds the class of its tuple, however classes are looked up: against a dict."""

import itertools
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.releasing.class_lookup import ByTuple, ByValue, class_lookup

PROOF = Proof(optimal=True, loss=0, lower_bound=0, candidates=1, evaluated=1, method="exact")
Tuple = tuple[int, ...]
SIZE = 3


def solution(classes: Sequence[int], readings: Sequence[Tuple], attributes: int) -> Solution:
    """Make a solution of the class of each tuple and the labels of each class."""
    codes = np.array(readings, dtype=np.int64).reshape(len(readings), attributes)
    labels = tuple("abc")
    covered, heights = np.ones(SIZE, dtype=np.int64), np.zeros(SIZE)
    columns = [Generalized(codes[:, q], labels, covered, heights, SIZE) for q in range(attributes)]
    return Solution(np.array(classes, dtype=np.int64), tuple(columns), PROOF, None)


def counted(tuples: Sequence[Tuple], width: int) -> FrequencyTable:
    codes = np.array(tuples, dtype=np.int32).reshape(len(tuples), width)
    table = FrequencyTable.of(codes, np.ones(len(tuples), dtype=np.int64), (SIZE,) * width)
    assert table.codes.array.tolist() == [list(each) for each in tuples], "they are in order"
    return table


def check(
    tuples: Sequence[Tuple], classes: Sequence[int], readings: Sequence[Tuple], attributes: int
) -> ByTuple | ByValue:
    """Hold a lookup against the solution: of each tuple, and of those that nobody counted."""
    width = len(tuples[0])
    lookup = class_lookup(counted(tuples, width), solution(classes, readings, attributes))
    records = [*tuples, *reversed(tuples)]
    codes = [np.array(column, dtype=np.int32) for column in zip(*records, strict=True)]
    labels, suppressed, unknown = lookup.place(codes, len(records))
    assert unknown == 0
    for place, record in enumerate(records):
        own = classes[tuples.index(record)]
        assert suppressed[place] == (own < 0)
        if own >= 0:
            assert tuple(int(of_q[place]) for of_q in labels) == readings[own]
    everything = [tuple(code) for code in np.ndindex(*(SIZE,) * width)]
    codes = [np.array(column, dtype=np.int32) for column in zip(*everything, strict=True)]
    _, suppressed, unknown = lookup.place(codes, len(everything))
    released = [each for each, own in zip(tuples, classes, strict=True) if own >= 0]
    for q in range(attributes):  # a value that is in no released class is in none of others, either
        values = {each[q] for each in released}
        assert all(suppressed[n] for n, each in enumerate(everything) if each[q] not in values)
    if isinstance(lookup, ByTuple):
        of_pairs = {(each[:attributes], own) for each, own in zip(tuples, classes, strict=True)}
        follows = len(of_pairs) == len({each[:attributes] for each in tuples})
        assert len(lookup.index.sizes) == (attributes if follows and attributes else width)
        of_attributes = {each[:attributes] for each in tuples}
        least = sum(each[:attributes] not in of_attributes for each in everything)
        assert least <= unknown <= sum(each not in tuples for each in everything)
    return lookup


def drawn_tuples(width: int) -> st.SearchStrategy[list[Tuple]]:
    one = st.tuples(*[st.integers(0, SIZE - 1)] * width)
    return st.lists(one, min_size=1, max_size=12, unique=True).map(sorted)


@given(st.data(), st.integers(1, 3), st.integers(0, 1))
def test_any_classes_are_found(data: st.DataObject, attributes: int, sensitive: int) -> None:
    tuples = data.draw(drawn_tuples(attributes + sensitive))
    reading = st.tuples(*[st.integers(0, SIZE - 1)] * attributes)
    readings = data.draw(st.lists(reading, min_size=1, max_size=4))
    one = st.integers(-1, len(readings) - 1)
    classes = data.draw(st.lists(one, min_size=len(tuples), max_size=len(tuples)))
    check(tuples, classes, readings, attributes)


@given(st.data(), st.integers(1, 2), st.integers(0, 1))
def test_classes_of_levels_are_found_by_the_values(
    data: st.DataObject, attributes: int, sensitive: int
) -> None:
    width = attributes + sensitive
    missing = data.draw(st.lists(st.tuples(*[st.integers(0, SIZE - 1)] * width), max_size=2))
    tuples = [each for each in np.ndindex(*(SIZE,) * width) if each not in missing]
    label = st.lists(st.integers(0, SIZE - 1), min_size=SIZE, max_size=SIZE)
    maps = data.draw(st.lists(label, min_size=attributes, max_size=attributes))
    read = [tuple(m[c] for m, c in zip(maps, each, strict=False)) for each in tuples]
    readings = sorted(set(read))
    failing = set(data.draw(st.lists(st.sampled_from(readings), max_size=3)))
    classes = [-1 if each in failing else readings.index(each) for each in read]
    assert isinstance(check(tuples, classes, readings, attributes), ByValue)


def test_of_a_table_without_quasi_identifiers_every_record_is_in_the_one_class() -> None:
    for own in (0, -1):
        check([(0,), (1,)], [own, own], [()], 0)


def test_a_value_of_suppressed_records_alone_is_never_released() -> None:
    tuples = [(0, 0), (1, 1), (2, 0)]
    assert isinstance(check(tuples, [0, 1, -1], [(0, 0), (1, 1)], 2), ByValue)
    tuples = [(0, 0), (1, 1), (1, 2)]
    assert isinstance(check(tuples, [0, 1, -1], [(0, 2), (1, 1)], 2), ByValue)
    assert isinstance(check(tuples, [-1, -1, -1], [], 2), ByValue)


def test_whichever_class_fails_its_records_are_suppressed_and_no_others() -> None:
    tuples = list(np.ndindex(SIZE, SIZE))
    for failing in itertools.combinations(tuples, 2):
        classes = [-1 if each in failing else place for place, each in enumerate(tuples)]
        assert isinstance(check(tuples, classes, tuples, 2), ByValue)
