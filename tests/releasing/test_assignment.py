"""What becomes of later records: why they are left out, and what the others lose."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize, apply
from anon_dagster.core.solution import Proof
from anon_dagster.errors import HierarchyError
from anon_dagster.operations.apply import Application, later_request
from anon_dagster.operations.preparation import open_table
from anon_dagster.reading.counting import Count
from anon_dagster.releasing.assignment import (
    LeftOut,
    assign,
    assign_open,
    lacks_a_place,
    later_plan,
)
from anon_dagster.releasing.open_classes import with_open_classes
from anon_dagster.releasing.stored_solution import from_document

QI: dict[str, Any] = {"role": "quasi_identifier"}
TOWNS = {"north": ["a", "b"], "south": ["c", "d"]}
PARENT = {town: region for region, towns in TOWNS.items() for town in towns}


def asked(**changes: Any) -> dict[str, Any]:
    """Return a policy of tens of years and regions."""
    fixed = {"lowest_level": 1, "highest_level": 1}
    return {
        "attributes": {
            "age": QI | {"hierarchy": {"type": "interval", "widths": [10]}} | fixed,
            "town": QI | {"hierarchy": {"type": "tree", "nodes": TOWNS}} | fixed,
            "ill": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 2}},
        "suppression_limit": 1.0,
        **changes,
    }


def rows(*groups: tuple[int, str, int]) -> pd.DataFrame:
    """Make so many records of an age and a town."""
    table = [(age, town, "flu") for age, town, number in groups for _ in range(number)]
    return pd.DataFrame(table, columns=["age", "town", "ill"])


def applied(policy: dict[str, Any], first: pd.DataFrame, later: pd.DataFrame) -> tuple[Any, Count]:
    """Return the stored solution of the first records, and the count of later ones."""
    stored = from_document(anonymize({"policy": policy}, frame=first).document())
    application = Application(stored, later_request(stored.policy, None, None))
    opened = open_table(application.request, frame=later)
    return stored, application.decide(opened).counted


FIRST = rows((21, "a", 2), (22, "b", 2), (31, "c", 2))
LATER = rows((25, "b", 3), (25, "x", 5), (61, "x", 2), (61, "a", 4), (38, "d", 1), (39, "y", 1))


@pytest.mark.parametrize("enforce", [False, True])
@pytest.mark.parametrize("recoding", ["global", "local"])
def test_every_record_that_is_left_out_is_told_once_and_why(
    recoding: str, *, enforce: bool
) -> None:
    stored, counted = applied(asked(recoding=recoding), FIRST, LATER)
    left_out = assign(stored, counted, enforce=enforce).left_out
    # What 61 opens is a class of four; one record of 38 is too small a class.
    opened = enforce and recoding == "global"
    assert left_out == LeftOut(8, 0 if opened else 4, 1 if enforce else 0)
    for small in (rows((25, "b", 1), (38, "d", 3)), rows((25, "b", 1))):
        stored, counted = applied(asked(recoding=recoding), FIRST, small)
        failing = 1 if enforce else 0
        assert assign(stored, counted, enforce=enforce).left_out == LeftOut(0, 0, failing)
    for number in (1, 3):  # who has no class is in none that is judged
        few = rows((25, "b", number), (25, "x", 5))
        stored, counted = applied(asked(recoding=recoding), FIRST, few)
        expected = LeftOut(5, 0, 1 if enforce and number == 1 else 0)
        assert assign(stored, counted, enforce=enforce).left_out == expected
    assert left_out.records == sum((left_out.lacking, left_out.uncovered, left_out.failing))


def test_why_records_are_left_out_is_told_of_those_that_are() -> None:
    assert str(LeftOut(1_200, 0, 2)) == (
        "1,200 have a value that a hierarchy lacks, "
        "2 are in a class that breaks a promise by itself"
    )
    assert str(LeftOut(0, 3, 0)) == "3 have values that no released class covers"
    assert not str(LeftOut(0, 0, 0))


def test_every_record_whose_values_the_rules_know_has_a_class_that_may_be_open() -> None:
    stored, counted = applied(asked(), FIRST, LATER)
    plan, solution = assign_open(stored, counted)
    ages, towns, _ = (counted.columns[name].labels for name in counted.attributes)
    lacking = lacks_a_place(stored, counted)
    read: dict[tuple[str, str], int] = {}
    for codes, number, lacks in zip(
        counted.table.codes.array.tolist(), solution.classes.tolist(), lacking, strict=True
    ):
        age, town = int(str(ages[codes[0]])), str(towns[codes[1]])
        assert lacks == (town not in PARENT)
        assert (number < 0) == lacks
        if lacks:
            continue
        labels = tuple(str(g.labels[g.codes[number]]) for g in solution.generalized)
        low = age // 10 * 10
        assert labels == (f"[{low}, {low + 10})", PARENT[town])
        assert read.setdefault((labels[0], labels[1]), number) == number, "one class each"
    assert len(read) == 3
    assert plan.policy.quasi_identifiers.keys() == {"age", "town"}


# -- what the labels cover -------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "interval", "widths": [5, 10, 40]},
        {"type": "rounding", "steps": [5, 15, 75]},
        {"type": "mask", "from": "right"},
        {"type": "frequency", "keep": [30, 10]},
        {"type": "order", "sizes": [4, 3]},
        {"type": "suppress"},
    ],
)
def test_a_solution_costs_its_own_records_what_it_cost(rule: dict[str, Any]) -> None:
    dice = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"age": dice.integers(20, 60, 300), "town": dice.choice(list("abcd"), 300), "ill": "flu"}
    )
    policy = asked(privacy={"k_anonymity": {"k": 8}}, suppression_limit=0.0)
    policy["attributes"] |= {
        "age": QI | {"hierarchy": rule},
        "town": QI | {"hierarchy": {"type": "tree", "nodes": TOWNS}, "importance": 0.3},
    }
    first = anonymize({"policy": policy}, frame=frame).decision
    again = apply(anonymize({"policy": policy}, frame=frame).document(), frame=frame).decision
    assert again.suppressed == first.suppressed == 0
    loss = again.solution.proof.loss
    assert loss == pytest.approx(first.solution.proof.loss)
    assert again.solution.proof == Proof(
        optimal=False, loss=loss, lower_bound=0.0, candidates=1, evaluated=1, method="applied"
    )
    for one, other in zip(first.solution.generalized, again.solution.generalized, strict=True):
        assert one.leaves == other.leaves
        told = [
            {
                label: (covered, pytest.approx(height))
                for label, covered, height in zip(
                    g.labels, g.covered.tolist(), g.heights.tolist(), strict=True
                )
            }
            for g in (one, other)
        ]
        used = {other.labels[code] for code in other.codes}
        assert {label: told[1][label] for label in used} == {
            label: told[0][label] for label in used
        }


def test_of_two_values_a_set_of_both_covers_everything() -> None:
    frame = pd.DataFrame({"town": list("abab")})
    policy = {
        "attributes": {"town": QI | {"local_labels": "sets"}},
        "privacy": {"k_anonymity": {"k": 4}},
        "recoding": "local",
    }
    for decision in (
        (first := anonymize({"policy": policy}, frame=frame)).decision,
        apply(first.document(), frame=frame).decision,
    ):
        (own,) = decision.solution.generalized
        assert own.heights[own.codes].tolist() == [1.0]
        assert own.covered[own.codes].tolist() == [own.leaves] == [2]


def test_what_is_suppressed_of_its_own_records_costs_what_it_cost() -> None:
    dice = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"age": dice.binomial(60, 0.5, 200), "town": dice.choice(list("abcd"), 200), "ill": "flu"}
    )
    policy = asked(privacy={"k_anonymity": {"k": 8}})
    first = anonymize({"policy": policy}, frame=frame)
    again = apply(first.document(), frame=frame).decision
    assert again.suppressed == first.decision.suppressed > 0
    assert again.solution.proof.loss == pytest.approx(first.decision.solution.proof.loss)


@pytest.mark.parametrize("recoding", ["global", "local"])
@pytest.mark.parametrize("records", [0, 1, 3, 17])
def test_a_label_covers_a_value_at_least_and_all_at_most(records: int, recoding: str) -> None:
    stored, counted = applied(asked(recoding=recoding), FIRST, LATER.head(records))
    assigned = assign(stored, counted)
    hierarchies = assigned.plan.problem.hierarchies
    for generalized, hierarchy in zip(assigned.solution.generalized, hierarchies, strict=True):
        assert generalized.leaves == max(hierarchy.leaves, 1)
        assert 1 <= generalized.covered.min() <= generalized.covered.max() <= generalized.leaves
        assert 0 <= generalized.heights.min() <= generalized.heights.max() <= 1


def test_a_later_value_that_reads_like_a_label_of_others_is_refused_where_labels_are_released() -> (
    None
):
    policy = asked()
    tree = {"type": "tree", "nodes": {"flu": ["cold"], "rest": ["flu", "gout"]}}
    policy["attributes"]["ill"] |= {"hierarchy": tree}
    policy["privacy"]["t_closeness"] = {"attribute": "ill", "t": 1, "distance": "hierarchical"}
    stored, counted = applied(policy, FIRST, LATER)
    assert assign(stored, counted).left_out.lacking == 8
    with pytest.raises(
        HierarchyError, match=r"town: 1 value of the column \(2 records\) read like"
    ):
        applied(policy, FIRST, rows((25, "b", 3), (25, "north", 2)))


@pytest.mark.parametrize("labels", ["ranges", "sets"])
def test_a_label_of_a_range_or_a_set_costs_what_it_cost(labels: str) -> None:
    dice = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"age": dice.integers(20, 40, 200), "town": dice.choice(list("ab"), 200), "ill": "flu"}
    )
    policy = asked(privacy={"k_anonymity": {"k": 8}}, recoding="local")
    sets = QI | {"local_labels": "sets"}
    policy["attributes"] |= {"age": QI | {"local_labels": labels}, "town": sets}
    result = anonymize({"policy": policy}, frame=frame)
    again = apply(result.document(), frame=frame).decision
    for one, other in zip(
        result.decision.solution.generalized, again.solution.generalized, strict=True
    ):
        cost = dict(zip(one.labels, one.heights.tolist(), strict=True))
        used = {other.labels[code] for code in other.codes}
        assert len(used) > 1
        for label, height in zip(other.labels, other.heights.tolist(), strict=True):
            assert label not in used or height == pytest.approx(cost[label])


@pytest.mark.parametrize(("keep", "level"), [([2], 1), ([4, 2], 1), ([4, 2], 2), ([6, 4, 2], 2)])
def test_a_value_that_is_kept_is_kept_of_later_records_and_others_are_not(
    keep: list[int], level: int
) -> None:
    frame = pd.DataFrame({"q": list("aaaaaabbbbbccccdddeefg")})
    rule = {"type": "frequency", "keep": keep}
    fixed = QI | {"hierarchy": rule, "lowest_level": level, "highest_level": level}
    policy = {"attributes": {"q": fixed}, "privacy": {"k_anonymity": {"k": 2}}}
    first = anonymize({"policy": policy}, frame=frame)
    later = apply(first.document(), frame=pd.DataFrame({"q": list("abcdefgxyz")})).df
    frequent = "abcdefg"[: keep[level - 1]]
    assert later is not None
    assert sorted(later["q"]) == sorted([*frequent, *["other"] * (10 - len(frequent))])


# -- what is enforced ------------------------------------------------------------------------


def is_fine(own: pd.Series, of_all: pd.Series) -> bool:
    """Tell whether a class has three records, no more than a quarter apart from all."""
    shares = [
        {v: Fraction(n, len(ill)) for v, n in ill.value_counts().items()} for ill in (own, of_all)
    ]
    apart = sum(abs(shares[0].get(v, 0) - share) for v, share in shares[1].items()) / 2
    return len(own) >= 3 and apart <= Fraction(1, 4)


def by_definition(frame: pd.DataFrame, *, keep: bool) -> tuple[set[str], int]:
    """Return the towns that stay, and in how many rounds others were suppressed."""
    kept, rounds = set(frame["town"]), 0
    while kept:
        of_all = frame["ill"] if keep else frame["ill"][frame["town"].isin(kept)]
        failing = {t for t in kept if not is_fine(frame["ill"][frame["town"] == t], of_all)}
        if not failing:
            break
        kept, rounds = kept - failing, rounds + 1
    gone = ~frame["town"].isin(kept)
    if keep and gone.any() and not is_fine(frame["ill"][gone], frame["ill"]):
        kept = set()  # those that are suppressed are a class, too
    return kept, rounds


@pytest.mark.parametrize("keep", [False, True])
def test_classes_are_suppressed_until_those_that_stay_keep_every_promise(*, keep: bool) -> None:
    policy = {
        "attributes": {"town": QI | {"highest_level": 0}, "ill": {"role": "sensitive"}},
        "privacy": {
            "k_anonymity": {"k": 3},
            "t_closeness": {"attribute": "ill", "t": 0.25, "distance": "equal"},
        },
        "suppression_limit": 1.0,
        "suppressed_records": "keep" if keep else "drop",
    }
    even = pd.DataFrame({"town": list("abcdef") * 6, "ill": sorted("xyz" * 12)})
    document = anonymize({"policy": policy}, frame=even).document()
    several = 0
    for seed in range(4):
        dice = np.random.default_rng(seed)
        towns, ills = dice.choice(list("abcdef"), 60), dice.choice(list("xyz"), 60)
        frame = pd.DataFrame({"town": towns, "ill": ills})
        expected, rounds = by_definition(frame, keep=keep)
        result = apply(document, frame=frame, enforce=True)
        assert result.df is not None
        assert set(result.df["town"]) - {"*"} == expected
        assert result.decision.suppressed == int((~frame["town"].isin(expected)).sum())
        several += rounds > 1
    assert several > 0 or keep


def test_an_opened_solution_places_records_where_they_were_placed() -> None:
    stored, counted = applied(asked(), FIRST, LATER[LATER["town"].isin(PARENT.keys())])
    problem = later_plan(stored, counted, lacking="refuse").problem
    leaves = problem.codes.array
    covered = stored.cells.assign(leaves, problem.hierarchies, problem.orders)
    opened, classes = with_open_classes(stored, problem, leaves, covered)
    assert stored.classes == 2
    assert opened.classes == len(opened.codes) == 3
    assert opened.cells.assign(leaves, problem.hierarchies, problem.orders).tolist() == (
        classes.tolist()
    )
    assert classes[covered >= 0].tolist() == covered[covered >= 0].tolist()
    assert set(classes[covered < 0].tolist()) == {2}
    assert sorted(opened.cells.order.tolist()) == [0, 1, 2]
    assert opened.cells.order[-1] == 2, "the former ones are tried first"
    for labels, levels in zip(opened.cells.labels, opened.cells.levels, strict=True):
        assert levels == (1,) * len(labels)
    lost = leaves.copy()
    lost[0, 1] = -1
    assert with_open_classes(stored, problem, lost, np.full(len(lost), -1))[1][0] == -1


@pytest.mark.parametrize("level", [1, 2])
def test_a_later_value_is_among_the_neighbours_that_it_lies_between(level: int) -> None:
    rule = {"type": "order", "sizes": [2, 2]}
    fixed = QI | {"hierarchy": rule, "lowest_level": level, "highest_level": level}
    policy = {
        "attributes": {"q": fixed},
        "privacy": {"k_anonymity": {"k": 2}},
        "suppression_limit": 1.0,
    }
    first = anonymize({"policy": policy}, frame=pd.DataFrame({"q": [*range(1, 13)] * 2}))
    size = 2**level
    ends = [(low, low + size - 1) for low in range(1, 13, size)]
    assert first.df is not None
    assert set(first.df["q"]) == {f"{low} .. {high}" for low, high in ends}
    later = ["1", "1.5", "2", "2.5", "4.5", "10", "11.75", "12", "0", "12.5", "13", None, "odd"]
    found = apply(first.document(), frame=pd.DataFrame({"q": pd.Series(later, dtype="str")})).df
    expected = [
        f"{low} .. {high}"
        for value in later[:-2]
        for low, high in ends
        if low <= float(value or 0) <= high
    ]
    assert found is not None
    assert sorted(found["q"]) == sorted(expected)


@pytest.mark.parametrize("rule", ["drop", "keep"])
def test_of_later_records_those_stay_that_enough_people_read_alike(
    rule: str, tmp_path: Path
) -> None:
    people = pd.DataFrame({"town": list("aaaaabbcccc"), "age": ["30"] * 11})
    people.to_csv(tmp_path / "people.csv", index=False)
    policy = {
        "attributes": {
            "town": QI | {"highest_level": 0, "hierarchy": {"type": "suppress"}},
            "age": QI | {"highest_level": 0},
        },
        "privacy": {"k_map": {"k": 3}},
        "population": {"path": str(tmp_path / "people.csv")},
        "suppression_limit": 1.0,
        "suppressed_records": rule,
    }
    first = anonymize({"policy": policy}, frame=people.iloc[[0, 1, 7, 7]].reset_index(drop=True))
    later = people.iloc[[0, 5]].reset_index(drop=True)
    result = apply(first, frame=later, enforce=True)
    assert result.df is not None
    # Two people read as b, and six as one who is suppressed: those of c are, too.
    assert result.df["town"].tolist() == (["a"] if rule == "drop" else ["*", "a"])
    assert [p.holds for p in result.alone.promises if p.name.startswith("3-map")] == [True]
    assert apply(first, frame=later).decision.suppressed == 1, "b was not released"
