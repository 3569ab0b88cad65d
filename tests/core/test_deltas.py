"""Deltas: who goes, what is judged beside a frozen reference, and into which blocks it is cut."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.deltas import NO_CLASS, Judged, blocks_of, who_goes
from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    BetaLikeness,
    DeltaDisclosure,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    HierarchicalTCloseness,
    KAnonymity,
    OfPresentValues,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
    of_persons,
)
from anon_dagster.core.problem import Problem
from tests.core.persons import Described, holds_by_definition
from tests.core.privacy.examples import TREE
from tests.parameters import slow_but

VALUES = 3
MISSING = 0
LEAVES = np.arange(VALUES, dtype=np.int32)
CLOSED: dict[str, PrivacyModel] = {
    "k": KAnonymity(3),
    "distinct l": DistinctLDiversity(0, 2),
    "entropy l": EntropyLDiversity(0, Fraction(3, 2)),
    "recursive l": RecursiveLDiversity(0, Fraction(2), 2),
    "l of present values": OfPresentValues(0, DistinctLDiversity(0, 2), MISSING),
    "entropy l of present values": OfPresentValues(0, EntropyLDiversity(0, Fraction(2)), MISSING),
    "alpha": AlphaDeassociation(0, Fraction(2, 3)),
    "alpha of some values": AlphaDeassociation(0, Fraction(1, 2), (0, 1)),
    "equal t": EqualTCloseness(0, Fraction(2, 5)),
    "ordered t": OrderedTCloseness(0, Fraction(3, 10), np.array([1, 2, 0])),
    "hierarchical t": HierarchicalTCloseness(0, Fraction(1, 2), TREE, LEAVES),
    "beta": BetaLikeness(0, Fraction(1)),
    "enhanced beta": EnhancedBetaLikeness(0, Fraction(3)),
    "delta": DeltaDisclosure(0, Fraction(3, 2)),
}
"""Every model that may be promised of deltas, with a bound that some classes keep."""

People = list[list[int]]  # (persons, values of each)


def people(most: int, *, several: bool) -> st.SearchStrategy[People]:
    values = st.lists(
        st.integers(0, VALUES - 1), min_size=1, max_size=2 if several else 1, unique=True
    )
    return st.lists(values, min_size=1, max_size=most)


@st.composite
def deltas(draw: st.DrawFn, *, several: bool, whole: bool = False) -> tuple[list[People], People]:
    """Draw what the people of a class have in several deltas, and those of a reference.

    Parameters
    ----------
    whole
        Whether the reference has every value.
    """
    parts = draw(st.lists(people(6, several=several), min_size=2, max_size=4))
    lacking = draw(st.just(0) if whole else st.integers(0, 1))
    reference = draw(people(6, several=several))
    return parts, [*reference, *([value] for value in range(VALUES - lacking))]


def judged(
    parts: list[People], reference: People, model: PrivacyModel, *, counted: bool
) -> tuple[Judged, NDArray[np.int64]]:
    """Put people beside a reference; return also of which part each row is, (rows,)."""
    whole = [*chain.from_iterable(parts), *reference]
    column = np.array([value for has in whole for value in has], dtype=np.int32)
    owners = np.repeat(np.arange(len(whole)), [len(has) for has in whole])
    part_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    delta = sum(len(has) for part in parts for has in part)
    problem = Problem(
        codes=Codes((), len(column)),
        sensitive=Codes.of_columns([column], len(column)),
        counts=np.ones(len(column), dtype=np.int64),
        hierarchies=(),
        sensitive_sizes=(VALUES,),
        weights=(),
        lowest=(),
        highest=(),
        models=(of_persons(model) if counted else model,),
        persons=Persons.of(np.arange(len(column)), owners, len(column)) if counted else None,
        sensitive_names=("illness",),
    )
    strange = np.zeros(delta, dtype=np.bool_)
    of_rows = owners[:delta].astype(np.int64)
    beside = Judged(problem, delta, np.arange(delta), of_rows, strange)
    return beside, part_of[of_rows].astype(np.int64)


# -- what is judged --------------------------------------------------------------------------


@pytest.mark.parametrize("counted", slow_but({"persons"}, ["records", "persons"], [False, True]))
@pytest.mark.parametrize("name", slow_but({"recursive l", "ordered t", "enhanced beta"}, CLOSED))
@given(data=st.data())
def test_what_keeps_a_promise_in_every_delta_keeps_it_in_their_union(
    data: st.DataObject, name: str, *, counted: bool
) -> None:
    """Closed under adding histograms against a frozen reference, persons being disjoint."""
    parts, reference = data.draw(deltas(several=counted))
    beside, of_rows = judged(parts, reference, CLOSED[name], counted=counted)
    kept = beside.keep(of_rows, len(parts))
    if kept.sum() > 1:
        union = np.where(kept[of_rows], 0, NO_CLASS)
        assert beside.keep(union, 1).all()


@pytest.mark.parametrize("name", slow_but({"delta"}, [n for n in CLOSED if "present" not in n]))
@given(data=st.data())
def test_a_class_is_judged_as_the_definition_says_beside_the_frozen_reference(
    data: st.DataObject, name: str
) -> None:
    parts, reference = data.draw(deltas(several=True, whole=True))
    beside, of_rows = judged(parts, reference, CLOSED[name], counted=True)
    table = Described.of([(p, v) for p, has in enumerate(reference) for v in has])
    for part, verdict in zip(parts, beside.keep(of_rows, len(parts)), strict=True):
        own = Described.of([(p, v) for p, has in enumerate(part) for v in has])
        assert verdict == holds_by_definition(CLOSED[name], own, table)


def test_a_class_with_a_value_that_the_reference_has_no_place_for_keeps_nothing() -> None:
    beside, of_rows = judged([[[0], [1], [2]], [[0], [1]]], [[0], [1]], KAnonymity(2), counted=True)
    strange = np.array([False, False, True, False, False])
    told = Judged(beside.problem, beside.delta, beside.tuples, beside.owners, strange)
    assert told.keep(of_rows, 2).tolist() == [False, True]
    assert told.keep(np.where(strange, NO_CLASS, of_rows), 2).tolist() == [True, True]


@pytest.mark.parametrize("name", ["beta", "enhanced beta", "delta"])
def test_a_value_that_the_reference_lacks_is_infinitely_likelier_than_there(name: str) -> None:
    for counted in (False, True):
        parts: list[People] = [[[0], [1], [2]], [[0], [1]]]
        beside, of_rows = judged(parts, [[0], [1]], CLOSED[name], counted=counted)
        assert beside.keep(of_rows, 2).tolist() == [False, True]


def test_delta_disclosure_of_present_values_is_broken_by_two_deltas_that_keep_it() -> None:
    """So it is refused where deltas add up: docs/proofs/delta-disclosure.md, claim 2."""
    parts: list[People] = [[[0]] * 9, [[1]]]
    model = DeltaDisclosure(0, Fraction(3, 2), present_only=True)
    beside, of_rows = judged(parts, [[0], [1]] * 10, model, counted=False)
    assert beside.keep(of_rows, 2).all()
    assert not beside.keep(np.zeros_like(of_rows), 1).any()


def test_against_a_reference_that_moves_a_class_breaks_t_without_a_new_record() -> None:
    """So the reference is frozen with the solution."""
    own: list[People] = [[[0], [1]]]
    model = EqualTCloseness(0, Fraction(1, 4))
    before, of_rows = judged(own, [[0], [1]], model, counted=True)
    after, _ = judged(own, [[0], [1], *[[1]] * 6], model, counted=True)
    assert before.keep(of_rows, 1).all()
    assert not after.keep(of_rows, 1).any()


def test_two_deltas_with_other_references_may_break_t_together() -> None:
    """So unions are promised within a version."""
    model = EqualTCloseness(0, Fraction(1, 4))
    first: People = [[0], [0], [0], [1]]
    second: People = [[0], [1], [1], [1]] * 2
    for own in (first, second):
        beside, of_rows = judged([own], own, model, counted=True)
        assert beside.keep(of_rows, 1).all()
    for reference in (first, [[0], [0], [0], [1]] * 5):
        beside, of_rows = judged([[*first, *second]], reference, model, counted=True)
        assert not beside.keep(of_rows, 1).any()


# -- who goes --------------------------------------------------------------------------------


@st.composite
def memberships(draw: st.DrawFn) -> tuple[list[tuple[int, int]], int, list[int]]:
    """Draw records, each a class and a person; how many a class needs; who went before."""
    record = st.tuples(st.integers(-1, 3), st.integers(0, 6))
    records = draw(st.lists(record, min_size=1, max_size=14))
    before = draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
    return records, draw(st.integers(1, 4)), before


def subsets(persons: set[int]) -> Iterator[set[int]]:
    for size in range(len(persons) + 1):
        yield from map(set, combinations(sorted(persons), size))


def may_go(
    going: set[int], records: list[tuple[int, int]], judge_at: int, before: list[int]
) -> bool:
    entered = {c for c, person in records if person in going}
    crowds = {c: {p for own, p in records if own == c and p in going} for c in entered}
    return NO_CLASS not in entered and all(
        len(crowd) + before[c] >= judge_at for c, crowd in crowds.items()
    )


@given(memberships(), st.booleans())
def test_who_goes_is_the_largest_set_of_persons_all_of_whose_classes_are_large_enough(
    drawn: tuple[list[tuple[int, int]], int, list[int]],
    told: bool,  # noqa: FBT001 (drawn)
) -> None:
    records, judge_at, before = drawn
    before = before if told else [0] * 4
    allowed = [s for s in subsets({p for _, p in records}) if may_go(s, records, judge_at, before)]
    largest = set().union(*allowed)
    assert largest in allowed
    classes, persons = (np.array(side, dtype=np.int64) for side in zip(*records, strict=True))
    space = int(classes.max()) + 1
    known = np.array(before[:space], dtype=np.int64) if told else None
    going = who_goes(classes, persons, judge_at, before=known)
    assert {p for (_, p), goes in zip(records, going, strict=True) if goes} == largest
    assert going.tolist() == [p in largest for _, p in records]


def test_nobody_goes_of_nobody() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert who_goes(nothing, nothing, 2).tolist() == []


# -- blocks ----------------------------------------------------------------------------------


def alone(rows: Iterable[int], number: int) -> NDArray[np.int64]:
    """Return classes, (rows,), of which some rows are one and the others are of none."""
    classes = np.full(number, NO_CLASS)
    classes[list(rows)] = 0
    return classes


def plainly_cut(
    beside: Judged, rows: list[int], owners: NDArray[np.int64], k: int
) -> list[set[int]]:
    """Cut one class, given by its rows, as the rule says, in plain words."""
    persons = sorted({int(owners[row]) for row in rows})
    cuts = max(len(persons) // k, 1)
    while True:
        block = {person: rank * cuts // len(persons) for rank, person in enumerate(persons)}
        blocks = [{row for row in rows if block[int(owners[row])] == b} for b in range(cuts)]
        alone = [
            np.array([0 if r in own else NO_CLASS for r in range(len(owners))]) for own in blocks
        ]
        if cuts == 1 or all(beside.keep(classes, 1).all() for classes in alone):
            return blocks
        cuts //= 2


@pytest.mark.parametrize("name", slow_but({"distinct l"}, ["k", "distinct l", "equal t"]))
@given(data=st.data())
def test_classes_are_cut_into_the_most_blocks_that_keep_the_promises_by_halves(
    data: st.DataObject, name: str
) -> None:
    drawn = st.lists(people(9, several=True), min_size=1, max_size=3)
    parts = data.draw(drawn)
    reference: People = [[0], [1], [2], [0, 1]]
    beside, of_rows = judged(parts, reference, CLOSED[name], counted=True)
    blocks, of_classes = blocks_of(beside, of_rows, 2)
    assert of_classes[blocks].tolist() == of_rows.tolist()
    found = {frozenset(np.flatnonzero(blocks == b).tolist()) for b in np.unique(blocks)}
    plain = [
        plainly_cut(beside, np.flatnonzero(of_rows == part).tolist(), beside.owners, 2)
        for part in range(len(parts))
    ]
    assert found == {frozenset(block) for cut in plain for block in cut}
    whole = beside.keep(of_rows, len(parts))
    for block in found:
        of_part = of_rows[min(block)]
        assert beside.keep(alone(block, len(blocks)), 1).all() or not whole[of_part]


@given(people(9, several=False), st.permutations(range(VALUES)))
def test_how_k_persons_are_cut_does_not_depend_on_their_values(
    part: People, other: list[int]
) -> None:
    model = KAnonymity(2)
    renamed = [[other[value] for value in has] for has in part]
    one, of_rows = judged([part], [[0]], model, counted=True)
    two, _ = judged([renamed], [[0]], model, counted=True)
    blocks = [blocks_of(beside, of_rows, 2)[0].tolist() for beside in (one, two)]
    assert blocks[0] == blocks[1]
