"""Every model, where a person has several records, says what its definition does."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.evaluation import summarize
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.persons import Holdings, Persons
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    BetaLikeness,
    DeltaDisclosure,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    EquivalenceClasses,
    HierarchicalTCloseness,
    Histogram,
    KAnonymity,
    Monotone,
    OfPresentValues,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
    of_persons,
)
from anon_dagster.core.privacy.classes import PersonsHeld
from anon_dagster.core.problem import Problem
from tests.core.persons import (
    Described,
    farthest,
    holds_by_definition,
    moved_along,
    with_a_person_each,
    with_persons,
)
from tests.core.search.examples import TREE, VALUES, random_problem

RANKS = np.array([3, 0, 4, 1, 2])
LEAVES = np.arange(VALUES, dtype=np.int32)
SEEDS = range(30)


def models(dice: np.random.Generator) -> list[PrivacyModel]:
    """Return every model with a bound that some classes keep and others break."""
    share = Fraction(int(dice.integers(1, 10)), 10)
    l = int(dice.integers(1, 4))  # noqa: E741
    return [
        KAnonymity(int(dice.integers(2, 6))),
        DistinctLDiversity(0, l),
        EntropyLDiversity(0, Fraction(int(dice.integers(11, 31)), 10)),
        RecursiveLDiversity(0, share * 4, l + 1),
        AlphaDeassociation(0, share),
        AlphaDeassociation(0, share, (0, 3)),
        BetaLikeness(0, share * 2),
        EnhancedBetaLikeness(0, share * 2),
        DeltaDisclosure(0, share * 4),
        DeltaDisclosure(0, share * 2, present_only=True),
        EqualTCloseness(0, share),
        OrderedTCloseness(0, share / 2, RANKS),
        HierarchicalTCloseness(0, share, TREE, LEAVES),
    ]


def classes_of(problem: Problem, seed: int) -> tuple[NDArray[np.int64], int]:
    drawn = np.random.default_rng(seed).integers(0, 4, len(problem.counts))
    present, ids = np.unique(drawn, return_inverse=True)
    return ids.reshape(-1).astype(np.int64), len(present)


def records_of(problem: Problem) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row and the person of each pair."""
    assert problem.persons is not None
    persons = problem.persons
    single = np.repeat(np.arange(len(persons.alone)), persons.alone)
    rows = np.concatenate([persons.rows, single])
    return rows, np.concatenate([persons.owners, -1 - np.arange(len(single))])


@pytest.mark.parametrize("number", range(len(models(np.random.default_rng(0)))))
def test_a_class_of_persons_keeps_a_promise_as_the_definition_says(number: int) -> None:
    said = set()
    for seed in SEEDS:
        plain = models(np.random.default_rng(seed))[number]
        problem = with_persons(random_problem(seed, [plain]), seed)
        ids, size = classes_of(problem, seed)
        rows, owners = records_of(problem)
        has = list(zip(owners.tolist(), problem.sensitive[rows, 0].tolist(), strict=True))
        table = Described.of(has)
        described = summarize(problem, ids, size)
        for c, verdict in enumerate(problem.models[0].holds(described).tolist()):
            of = Described.of([pair for pair, row in zip(has, rows, strict=True) if ids[row] == c])
            assert verdict == holds_by_definition(plain, of, table), (seed, c, str(plain))
            said.add(verdict)
    assert said == {False, True}


@pytest.mark.parametrize("missing", [0, 4])
def test_missing_values_aside_the_others_are_those_of_persons(missing: int) -> None:
    said = set()
    for seed in SEEDS:
        for plain in (DistinctLDiversity(0, 2), EntropyLDiversity(0, Fraction(3, 2))):
            aside = OfPresentValues(0, plain, missing)
            problem = with_persons(random_problem(seed, [aside]), seed)
            ids, size = classes_of(problem, seed)
            rows, owners = records_of(problem)
            has = list(zip(owners.tolist(), problem.sensitive[rows, 0].tolist(), strict=True))
            verdicts = problem.models[0].holds(summarize(problem, ids, size)).tolist()
            for c, verdict in enumerate(verdicts):
                pairs = [pair for pair, row in zip(has, rows, strict=True) if ids[row] == c]
                of = Described.of(pairs).without(missing)
                wanted = holds_by_definition(plain, of, Described.of(has).without(missing))
                assert verdict == wanted, (seed, c)
                said.add(verdict)
    assert said == {False, True}


@pytest.mark.parametrize("number", range(len(models(np.random.default_rng(0)))))
def test_one_record_of_each_person_says_what_the_plain_model_says(number: int) -> None:
    for seed in SEEDS:
        plain = models(np.random.default_rng(seed))[number]
        problem = with_a_person_each(random_problem(seed, [plain]))
        ids, size = classes_of(problem, seed)
        by_records = Problem(**{**vars(problem), "persons": None, "models": (plain,)})
        wanted = plain.holds(summarize(by_records, ids, size))
        verdict = of_persons(plain).holds(summarize(problem, ids, size))
        assert verdict.tolist() == wanted.tolist(), seed


@pytest.mark.parametrize("number", range(len(models(np.random.default_rng(0)))))
def test_a_class_that_keeps_a_promise_keeps_its_relaxation_and_so_do_all_that_it_joins(
    number: int,
) -> None:
    for seed in SEEDS:
        plain = models(np.random.default_rng(seed))[number]
        model = of_persons(plain)
        weaker = model.relaxation
        if weaker is None:
            continue
        problem = with_persons(random_problem(seed, [plain]), seed)
        ids, size = classes_of(problem, seed)
        assert weaker.monotone is Monotone.ONE_SUFFICES
        assert str(weaker)
        described = summarize(problem, ids, size)
        holds, weakly = model.holds(described), weaker.holds(described)
        assert (weakly | ~holds).all(), seed
        joined = summarize(problem, ids // 2, (size + 1) // 2)
        for c, verdict in enumerate(weaker.holds(joined)):
            assert verdict or not weakly[2 * c : 2 * c + 2].any(), (seed, c)


def test_ten_values_of_five_persons_hide_nothing_that_all_of_them_have() -> None:
    """Five persons with one disease and five others of their own are not 2-diverse."""
    rows = np.repeat(np.arange(6), [5, 1, 1, 1, 1, 1])
    hierarchy = Hierarchy.from_labels([["x"], ["*"]])
    owners = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    problem = Problem(
        codes=Codes.of(np.zeros((6, 1), dtype=np.int32)),
        sensitive=Codes.of(np.arange(6, dtype=np.int32)[:, None]),
        counts=np.bincount(rows),
        hierarchies=(hierarchy,),
        sensitive_sizes=(6,),
        weights=(1.0,),
        lowest=(0,),
        highest=(1,),
        models=(of_persons(DistinctLDiversity(0, 2)),),
        persons=Persons.of(rows, owners, 6),
    )
    described = summarize(problem, np.zeros(6, dtype=np.int64), 1)
    assert not problem.models[0].holds(described).any()


@pytest.mark.parametrize("number", range(len(models(np.random.default_rng(0)))))
def test_a_promise_of_persons_is_said_as_the_plain_one_is(number: int) -> None:
    plain = models(np.random.default_rng(0))[number]
    assert str(of_persons(plain)) == str(plain)


def test_missing_values_aside_is_said_of_persons_as_of_records() -> None:
    aside = OfPresentValues(0, DistinctLDiversity(0, 2), 4)
    assert str(of_persons(aside)) == str(aside) != str(aside.model)
    assert aside.relaxation == aside
    assert of_persons(aside).relaxation == aside


def test_a_share_of_persons_may_differ_by_the_bound_and_by_no_more() -> None:
    for seed in SEEDS:
        problem = with_persons(random_problem(seed, [EqualTCloseness(0, Fraction(1))]), seed)
        ids, size = classes_of(problem, seed)
        rows, owners = records_of(problem)
        has = list(zip(owners.tolist(), problem.sensitive[rows, 0].tolist(), strict=True))
        table, described = Described.of(has), summarize(problem, ids, size)
        for c in range(size):
            of = Described.of([pair for pair, row in zip(has, rows, strict=True) if ids[row] == c])
            t = farthest(of, table)
            assert of_persons(EqualTCloseness(0, t)).holds(described)[c]
            if t:
                less = of_persons(EqualTCloseness(0, t - Fraction(1, 10**9)))
                assert not less.holds(described)[c]


@pytest.mark.parametrize("times", [1, 10**7, 3_000_000_000, 10**13, 10**16])
def test_persons_beyond_64_bits_of_product_are_compared(times: int) -> None:
    counts = np.array([[5, 1, 0], [2, 2, 1], [9, 1, 3]], dtype=np.int64) * times
    classes, values = np.nonzero(counts)
    total = int(counts.sum())

    def nobody() -> Holdings:
        raise AssertionError("it is asked how many, not who")

    histogram = Histogram(
        classes,
        values.astype(np.int32),
        counts[classes, values],
        counts.sum(axis=0),
        PersonsHeld(nobody, nobody, total),
    )
    described = EquivalenceClasses(counts.sum(axis=1), (histogram,))
    for t in (Fraction(n, 10_007) for n in range(0, 4_000, 97)):
        plain = [
            max(
                abs(Fraction(int(c), int(row.sum())) - Fraction(int(w), total))
                for c, w in zip(row, counts.sum(axis=0), strict=True)
            )
            <= t
            for row in counts
        ]
        equal = EqualTCloseness(0, t).holds(described)
        both = [a and bool(b) for a, b in zip(plain, equal, strict=True)]
        assert of_persons(EqualTCloseness(0, t)).holds(described).tolist() == both


def test_weights_of_persons_with_any_number_of_values_are_shared_exactly() -> None:
    # Persons with 1, 2, …, 41 of 41 values: the least unit that all can share has 18 digits.
    most, classes = 41, 3
    pairs = [(who, v) for who in range(2 * most) for v in range(who % most + 1)]
    labels = [[f"v{v:02}" for v in range(most)], [f"g{v // 9}" for v in range(most)], ["*"] * most]
    tree = Hierarchy.from_labels(labels)
    leaves = np.arange(most, dtype=np.int32)
    of = [Described.of([(p, v) for p, v in pairs if p % classes == c]) for c in range(classes)]
    table = Described.of(pairs)
    who, value = (np.array(side) for side in zip(*pairs, strict=True))
    held = Holdings(who % classes, value.astype(np.int32), who, np.ones_like(who))
    whole = replace(held, classes=np.zeros_like(who))
    histogram = Histogram.of_persons(held, whole, total=2 * most, values=most)
    sizes = np.array([each.persons for each in of])
    far = [moved_along(each, table, tree.codes, leaves) for each in of]
    for c, distance in enumerate(far):
        for t, holds in ((distance, True), (distance - Fraction(1, 10**15), False)):
            model = of_persons(HierarchicalTCloseness(0, t, tree, leaves))
            assert bool(model.holds(EquivalenceClasses(sizes, (histogram,)))[c]) is holds
