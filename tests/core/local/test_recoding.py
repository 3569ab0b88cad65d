"""Local recoding: every class is measured again by plain code, from the labels released."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations

import numpy as np
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy, Label
from anon_dagster.core.local import Cells, Effort, recode_locally
from anon_dagster.core.privacy import DistinctLDiversity, KAnonymity
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import search
from anon_dagster.core.solution import Solution
from anon_dagster.errors import UnreachableError
from tests.core.local.examples import KINDS, MODELS, covers, random_problem
from tests.known_tables import known_case, known_table


def read_classes(problem: Problem, solution: Solution) -> dict[tuple[Label, ...], Counter[int]]:
    """Return the sensitive values of each class of the release, told apart by labels alone."""
    read: dict[tuple[Label, ...], Counter[int]] = defaultdict(Counter)
    for at, of in enumerate(solution.classes.tolist()):
        if of >= 0:
            label = tuple(g.labels[g.codes[of]] for g in solution.generalized)
            read[label][int(problem.sensitive[at, 0])] += int(problem.counts[at])
    return read


def keeps_promises(problem: Problem, classes: list[Counter[int]], whole: Counter[int]) -> bool:
    reference = np.array([whole[value] for value in range(4)])
    for held in classes:
        values = sorted(held)
        histogram = Histogram(
            np.zeros(len(values), dtype=np.int64),
            np.array(values, dtype=np.int32),
            np.array([held[value] for value in values]),
            reference,
        )
        described = EquivalenceClasses(np.array([held.total()]), (histogram,))
        if not all(model.holds(described).all() for model in problem.models):
            return False
    return True


def whole_table(problem: Problem) -> Counter[int]:
    whole: Counter[int] = Counter()
    for value, count in zip(problem.sensitive[:, 0].tolist(), problem.counts.tolist(), strict=True):
        whole[value] += count
    return whole


def plain_loss(problem: Problem, solution: Solution) -> float:
    loss = 0.0
    for q, weight in enumerate(problem.weights):
        generalized = solution.generalized[q]
        for of, count in zip(solution.classes.tolist(), problem.counts.tolist(), strict=True):
            covered = generalized.covered[generalized.codes[of]] if of >= 0 else generalized.leaves
            loss += weight * count * (covered - 1) / (generalized.leaves - 1)
    return loss / problem.records / sum(problem.weights)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("models", MODELS)
def test_every_class_keeps_every_promise_and_covers_its_records(models: str, kind: str) -> None:
    for seed in range(6):
        problem = random_problem(seed, models=models, kind=kind)
        solution = recode_locally(problem)
        assert (solution.classes >= 0).all()
        whole = whole_table(problem)
        assert keeps_promises(problem, list(read_classes(problem, solution).values()), whole)
        for at, of in enumerate(solution.classes.tolist()):
            for q, generalized in enumerate(solution.generalized):
                code = generalized.codes[of]
                leaf = int(problem.codes[at, q])
                covered = int(generalized.covered[code])
                assert covers(problem, q, generalized.labels[code], covered, leaf)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("models", MODELS)
@pytest.mark.parametrize("limit", [pytest.param(0, marks=pytest.mark.slow), 6])
def test_the_loss_is_as_stated_and_never_above_the_global_optimum(
    models: str, kind: str, limit: int
) -> None:
    for seed in range(3):
        problem = replace(random_problem(seed, models=models, kind=kind), most_suppressed=limit)
        start = search(problem)
        solution = recode_locally(problem, start=start)
        assert solution.proof.loss == pytest.approx(plain_loss(problem, solution), abs=1e-12)
        assert solution.proof.loss <= start.proof.loss + 1e-12
        assert 0 <= solution.proof.lower_bound <= solution.proof.loss
        assert problem.counts[solution.classes < 0].sum() <= limit
        kept = solution.classes >= 0
        released = replace(
            problem,
            codes=problem.codes.take(kept),
            sensitive=problem.sensitive.take(kept),
            counts=problem.counts[kept],
        )
        classes = list(read_classes(problem, solution).values())
        for whole in (whole_table(problem), whole_table(released)):
            assert keeps_promises(problem, classes, whole)


@pytest.mark.parametrize("kind", KINDS)
def test_the_result_does_not_depend_on_the_order_of_the_tuples(kind: str) -> None:
    problem = random_problem(3, kind=kind, rows=300)
    order = np.random.default_rng(0).permutation(len(problem.counts))
    shuffled = replace(
        problem,
        codes=problem.codes.take(order),
        sensitive=problem.sensitive.take(order),
        counts=problem.counts[order],
    )
    one, other = recode_locally(problem), recode_locally(shuffled)
    assert (one.classes[order] == other.classes).all()
    assert one.proof == other.proof


def partitions(members: list[int]) -> list[list[list[int]]]:
    if not members:
        return [[]]
    found = []
    for rest in partitions(members[1:]):
        found.append([[members[0]], *rest])
        for at, part in enumerate(rest):
            found.append([*rest[:at], [members[0], *part], *rest[at + 1 :]])
    return found


def test_the_optimum_over_all_partitions_lies_between_the_bound_and_the_result() -> None:
    gaps = []
    for seed in range(12):
        problem = replace(random_problem(seed, rows=9), models=(KAnonymity(2),))
        if len(problem.counts) > 8:
            continue
        unrestricted = min(
            partition_loss(problem, parts)
            for parts in partitions(list(range(len(problem.counts))))
            if all(problem.counts[part].sum() >= 2 for part in parts)
        )
        proof = recode_locally(problem).proof
        assert proof.lower_bound <= unrestricted + 1e-12
        assert unrestricted <= proof.loss + 1e-12
        gaps.append(proof.loss - unrestricted)
    assert gaps
    assert sum(gap < 1e-9 for gap in gaps) >= len(gaps) / 2


@pytest.mark.parametrize("cost", [Fraction(0), Fraction(1, 3), Fraction(9, 10), Fraction(2)])
def test_suppression_counts_what_it_is_said_to_cost(cost: Fraction) -> None:
    for seed in range(3):
        problem = replace(
            random_problem(seed, rows=8),
            models=(KAnonymity(2),),
            most_suppressed=3,
            suppression_cost=cost,
        )
        start = search(problem)
        proof = recode_locally(problem, start=start).proof
        assert proof.loss <= start.proof.loss + 1e-12
        every = set(range(len(problem.counts)))
        unrestricted = min(
            float(cost) * gone / problem.records + partition_loss(problem, parts)
            for suppressed in powerset(every)
            if (gone := int(problem.counts[list(suppressed)].sum())) <= problem.most_suppressed
            for parts in partitions(sorted(every - set(suppressed)))
            if all(problem.counts[part].sum() >= 2 for part in parts)
        )
        assert proof.lower_bound <= unrestricted + 1e-12
        assert unrestricted <= proof.loss + 1e-12


def powerset(items: set[int]) -> Iterator[tuple[int, ...]]:
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def test_cheap_suppression_is_chosen_more_often_than_dear_one() -> None:
    problem = replace(random_problem(3, rows=400), models=(KAnonymity(5),), most_suppressed=60)
    counts = []
    for cost in (Fraction(0), Fraction(1), Fraction(10)):
        solution = recode_locally(replace(problem, suppression_cost=cost))
        counts.append(int(problem.counts[solution.classes < 0].sum()))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def partition_loss(problem: Problem, parts: list[list[int]]) -> float:
    loss = 0.0
    for part in parts:
        for q, hierarchy in enumerate(problem.hierarchies):
            leaves = problem.codes.array[part, q]
            level = next(
                at for at, row in enumerate(hierarchy.codes) if len(set(row[leaves].tolist())) == 1
            )
            covered = int(hierarchy.covered[level][hierarchy.codes[level][leaves[0]]])
            share = (covered - 1) / (hierarchy.leaves - 1)
            loss += problem.weights[q] * share * int(problem.counts[part].sum())
    return loss / problem.records / sum(problem.weights)


def test_levels_stay_within_the_allowed_ones() -> None:
    problem = replace(random_problem(1, rows=400), lowest=(1, 0, 0), highest=(2, 1, 1))
    solution = recode_locally(problem)
    steps = [h.levels - 1 for h in problem.hierarchies]
    levels = [
        g.heights[g.codes] * step for g, step in zip(solution.generalized, steps, strict=True)
    ]
    assert levels[0].min() >= 1 - 1e-9
    assert levels[0].max() <= 2 + 1e-9
    assert levels[1].max() <= 1 + 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_no_class_reaches_beyond_a_node_of_the_highest_levels(kind: str) -> None:
    for seed in range(10):
        problem = random_problem(seed, kind=kind, rows=600)
        problem = replace(problem, highest=(2, 1, 1), most_suppressed=60)
        solution = recode_locally(problem)
        for q, (hierarchy, level) in enumerate(
            zip(problem.hierarchies, problem.highest, strict=True)
        ):
            nodes = hierarchy.codes[level][problem.codes[:, q]]
            pairs = {(c, n) for c, n in zip(solution.classes, nodes, strict=True) if c >= 0}
            assert len(pairs) == len({of for of, _ in pairs}), (seed, q)


def test_what_no_level_can_protect_is_refused_or_suppressed_within_the_limit() -> None:
    problem = random_problem(1, rows=40)
    lonely = replace(
        problem,
        codes=Codes.of(np.concatenate([problem.codes.array, [[11, 4, 1]]]).astype(np.int32)),
        sensitive=Codes.of(np.concatenate([problem.sensitive.array, [[0]]]).astype(np.int32)),
        counts=np.append(problem.counts, 1),
        highest=(3, 0, 1),
    )
    counted: Counter[int] = Counter()
    for place, count in zip(lonely.codes[:, 1].tolist(), lonely.counts.tolist(), strict=True):
        counted[place] += count
    rare = sum(count for count in counted.values() if count < 3)
    with pytest.raises(UnreachableError, match="highest allowed levels"):
        recode_locally(replace(lonely, most_suppressed=rare - 1))
    solution = recode_locally(replace(lonely, most_suppressed=rare))
    assert lonely.counts[solution.classes < 0].sum() == rare


def test_suppressing_an_outlier_pays_where_it_may_be() -> None:
    codes = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [11, 4, 1]], dtype=np.int32)
    problem = replace(
        random_problem(0),
        codes=Codes.of(codes),
        sensitive=Codes.of(np.zeros((4, 1), dtype=np.int32)),
        counts=np.array([1, 1, 1, 1]),
    )
    assert recode_locally(problem).classes.tolist() == [0, 0, 0, 0]
    allowed = recode_locally(replace(problem, most_suppressed=1))
    assert allowed.classes.tolist() == [0, 0, 0, -1]
    kept = recode_locally(replace(problem, most_suppressed=1, keeps_suppressed=True))
    assert kept.classes.tolist() == [0, 0, 0, 0]


def test_an_empty_table_and_one_without_quasi_identifiers_are_recoded() -> None:
    problem = random_problem(0)
    none = np.zeros(0, dtype=np.int64)
    empty = replace(
        problem,
        codes=problem.codes.take(none),
        sensitive=problem.sensitive.take(none),
        counts=none,
    )
    assert recode_locally(empty).classes.tolist() == []
    bare = replace(
        problem,
        codes=Codes.of(problem.codes.array[:, :0]),
        hierarchies=(),
        weights=(),
        lowest=(),
        highest=(),
        orders=(),
        sets=(),
    )
    assert set(recode_locally(bare).classes.tolist()) == {0}


def test_where_an_order_cuts_across_the_tree_the_start_stays_if_it_loses_less() -> None:
    hierarchy = Hierarchy.from_labels([["1", "2", "3", "4"], ["odd", "even"] * 2])
    problem = Problem(
        codes=Codes.of(np.array([[0], [2], [1], [3]], dtype=np.int32)),
        sensitive=Codes.of(np.array([[0], [1], [0], [1]], dtype=np.int32)),
        counts=np.array([1, 1, 1, 1]),
        hierarchies=(hierarchy,),
        sensitive_sizes=(2,),
        weights=(1.0,),
        lowest=(0,),
        highest=(1,),
        models=(DistinctLDiversity(0, 2),),
        orders=(np.arange(4),),
    )
    start = search(problem)
    solution = recode_locally(problem, start=start)
    assert solution.proof.loss == start.proof.loss < recode_locally(problem).proof.loss
    assert solution.proof.method == "local"
    cells = Cells.of(problem, solution)
    placed = cells.assign(problem.codes.array, problem.hierarchies, problem.orders)
    assert placed.tolist() == solution.classes.tolist()


def test_an_attribute_without_importance_costs_nothing() -> None:
    problem = replace(random_problem(2), weights=(0.0, 1.0, 0.0))
    solution = recode_locally(problem)
    assert solution.proof.loss == pytest.approx(plain_loss(problem, solution))
    alone = replace(
        problem,
        codes=Codes.of(problem.codes.array[:, 1:2]),
        hierarchies=problem.hierarchies[1:2],
        weights=(1.0,),
        lowest=(0,),
        highest=problem.highest[1:2],
        orders=(None,),
        sets=(False,),
    )
    assert solution.proof.loss <= recode_locally(alone).proof.loss + 1e-12


def test_progress_is_told_in_tuples_of_all_passes_and_never_goes_back() -> None:
    told: list[tuple[int, int]] = []
    recode_locally(
        random_problem(0, rows=300),
        effort=Effort(rounds=4),
        on_progress=lambda *step: told.append(step),
    )
    assert told[0][0] == 0
    (whole,) = {done + left for done, left in told}
    dones = [done for done, _ in told]
    assert dones == sorted(dones)
    assert whole // 2 < dones[-1] <= whole


def test_missing_values_share_a_range_only_as_any_value() -> None:
    hierarchy = Hierarchy.from_labels([[None, "1", "2", "3"]])
    problem = Problem(
        codes=Codes.of(np.array([[0], [1], [2], [3]], dtype=np.int32)),
        sensitive=Codes.of(np.zeros((4, 0), dtype=np.int32)),
        counts=np.array([1, 1, 2, 1]),
        hierarchies=(hierarchy,),
        sensitive_sizes=(),
        weights=(1.0,),
        lowest=(0,),
        highest=(1,),
        models=(KAnonymity(2),),
        orders=(np.array([-1, 0, 1, 2]),),
    )
    solution = recode_locally(problem)
    (generalized,) = solution.generalized
    of_missing = generalized.codes[solution.classes[0]]
    assert generalized.labels[of_missing] == "*"
    assert generalized.covered[of_missing] == 4
    apart = recode_locally(replace(problem, counts=np.array([2, 1, 2, 1])))
    (generalized,) = apart.generalized
    assert generalized.labels[generalized.codes[apart.classes[0]]] is None


@pytest.mark.parametrize("case", [0, 1, 4])
def test_of_workers_less_is_lost_than_the_best_candidate_of_all_loses(case: int) -> None:
    table, known = known_case("workers", case)
    problem = table.problem(known)
    solution = recode_locally(problem)
    kept = solution.classes >= 0
    sizes = np.bincount(solution.classes[kept], weights=problem.counts[kept])
    assert sizes.min() >= known["k"]
    assert problem.records - sizes.sum() <= problem.most_suppressed
    assert solution.proof.loss < known["infoLoss"]


@pytest.mark.slow
@pytest.mark.parametrize(("labels", "most"), [("nodes", 0.06), ("ranges and sets", 0.03)])
def test_on_adult_less_is_lost_than_the_best_known_local_recoding_loses(
    labels: str, most: float
) -> None:
    table = known_table("adult")
    names = sorted(table.paths)
    problem = table.problem({"quasi_identifiers": names, "k": 5, "suppression_limit": 0})
    if labels != "nodes":
        age = names.index("age")
        years = np.array([int(str(label)) for label in problem.hierarchies[age].labels[0]])
        orders = [years if q == age else None for q in range(9)]
        problem = replace(problem, orders=tuple(orders), sets=tuple(q != age for q in range(9)))
    solution = recode_locally(problem)
    sizes = np.bincount(solution.classes, weights=problem.counts)
    assert sizes.min() >= 5
    assert sizes.sum() == problem.records
    assert solution.proof.loss < most
