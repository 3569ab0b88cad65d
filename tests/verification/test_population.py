"""What is promised of a population is what its definition says of the people behind each class."""

from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core.privacy import EstimatedKMap
from anon_dagster.core.risk.uniqueness import Sample, estimate
from anon_dagster.request import Policy
from anon_dagster.storage.sources import open_frame
from anon_dagster.verification import Promise, verify, verify_frame
from anon_dagster.verification.verify import counted_release

Rows = list[tuple[int, int, str]]  # a person, an age, a town
Labels = tuple[str, str]
HIDDEN = ("*", "*")
ATTRIBUTES = {
    "who": {"role": "direct_identifier"},
    "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [2]}},
    "town": {"role": "quasi_identifier"},
}

rows = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from("ab")), min_size=1, max_size=14
)


def read_as(row: tuple[int, int, str], levels: tuple[int, int]) -> Labels:
    _, age, town = row
    ages = str(age), f"[{age // 2 * 2}, {age // 2 * 2 + 2})", "*"
    return ages[levels[0]], (town, "*")[levels[1]]


def behind(
    classes: set[Labels], read: list[Labels], people: Rows, *, kept: bool
) -> tuple[dict[Labels, int], int]:
    """Return how many people are behind each class, and how many are behind none."""
    hidden = kept and len(classes) > 1 and HIDDEN in classes
    seen = classes - {HIDDEN} if hidden else classes
    own: dict[Labels, set[int]] = defaultdict(set)
    none = set()
    for labels, (who, *_) in zip(read, people, strict=True):
        own[labels].add(who)
        if labels not in seen:
            none.add(who)
    numbers = {labels: len(own[labels]) for labels in classes}
    if hidden:
        return numbers | {HIDDEN: len(none)}, 0
    return numbers, len(none)


def failing(promise: Promise) -> tuple[bool, int, int]:
    return promise.holds, promise.classes_failing, promise.records_failing


@settings(max_examples=settings().max_examples // 2)
@given(
    released=rows,
    others=rows,
    levels=st.tuples(st.integers(0, 2), st.integers(0, 1)),
    out=st.integers(0, 3),
    kept=st.booleans(),
    several=st.booleans(),
    told=st.booleans(),
    bounds=st.sampled_from([(0, 0.5), (0, 1), (0.25, 0.5), (0.5, 1), (0.2, 0.75)]),
    k=st.integers(2, 4),
)
def test_people_are_behind_classes_as_the_definition_says(  # noqa: PLR0913
    tmp_path_factory: pytest.TempPathFactory,
    released: Rows,
    others: Rows,
    levels: tuple[int, int],
    out: int,
    *,
    kept: bool,
    several: bool,
    told: bool,
    bounds: tuple[float, float],
    k: int,
) -> None:
    people = released + [(who + 10, age, town) for who, age, town in others]
    if not several:
        people = [(place, age, town) for place, (_, age, town) in enumerate(people)]
    ours = people[: len(released)]
    labels = [read_as(row, levels) for row in ours]
    if kept:
        labels[:out] = [HIDDEN] * len(labels[:out])
    frame = pd.DataFrame(labels, columns=["age", "town"]).assign(who=[who for who, *_ in ours])
    path = tmp_path_factory.mktemp("people") / "people.csv"
    pd.DataFrame(people, columns=["number", "age", "town"]).to_csv(path, index=False)
    low, high = bounds
    policy = Policy.model_validate(
        {
            "attributes": ATTRIBUTES,
            "privacy": {"k_map": {"k": k}, "delta_presence": {"delta_min": low, "delta_max": high}},
            "population": {"path": str(path), **({"person": "number"} if several else {})},
            "suppressed_records": "keep" if kept else "drop",
            **({"person": "who"} if several else {}),
        }
    )
    at = dict(zip(["age", "town"], levels, strict=True)) if told else None
    found = verify_frame(frame, policy, levels=at).promises
    k_map, presence = (
        next(promise for promise in found if name in promise.name) for name in ("-map", "presence")
    )
    whose: dict[Labels, list[int]] = defaultdict(list)
    for label, (who, *_) in zip(labels, ours, strict=True):
        whose[label].append(who)
    numbers, absent = behind(
        set(whose), [read_as(row, levels) for row in people], people, kept=kept
    )
    few = [label for label, number in numbers.items() if number < k]
    assert failing(k_map) == (not few, len(few), sum(len(whose[label]) for label in few))
    assert k_map.reached == min(numbers.values())
    shares = {
        label: Fraction(len(set(own)), numbers[label]) if numbers[label] else len(own) + 1
        for label, own in whose.items()
    }
    beyond = [
        label
        for label, share in shares.items()
        if not Fraction(str(low)) <= share <= Fraction(str(high))
    ]
    alone = int(bool(absent and low))
    assert presence.holds is (not beyond and not alone)
    assert presence.classes_failing == len(beyond) + alone
    assert presence.records_failing == sum(len(whose[label]) for label in beyond)
    if all(numbers.values()):
        assert presence.reached == float(max(shares.values()))


def of_people(privacy: dict[str, Any], size: int, **rest: Any) -> Policy:
    return Policy.model_validate(
        {"attributes": ATTRIBUTES, "privacy": privacy, "population": size, **rest}
    )


def test_uniqueness_is_that_of_the_classes_and_of_persons() -> None:
    sizes = [1] * 30 + [2] * 20 + [3] * 10
    rows = [(f"c{c}", n) for c, size in enumerate(sizes) for n in range(size)]
    frame = pd.DataFrame(
        {"age": [f"[{c}, x)" for c, _ in rows], "town": "*", "who": range(len(rows))}
    )
    found = estimate(Sample.of(np.array(sizes), 1_000), "dankar").uniques
    assert found is not None
    for share, holds in ((found / 1_000 * 1.001, True), (found / 1_000 * 0.999, False)):
        privacy = {"population_uniqueness": {"share": share}}
        (promise,) = (
            p for p in verify_frame(frame, of_people(privacy, 1_000)).promises if not p.attribute
        )
        assert promise.reached == pytest.approx(found / 1_000)
        assert failing(promise) == ((True, 0, 0) if holds else (False, 60, len(rows)))
        twice = pd.concat([frame, frame])
        of_persons = verify_frame(twice, of_people(privacy, 1_000, person="who")).promises
        (told,) = (p for p in of_persons if not p.attribute)
        assert (told.reached, told.holds) == (promise.reached, holds)


def test_without_an_estimate_nothing_is_promised_of_uniqueness() -> None:
    frame = pd.DataFrame({"age": ["0", "1", "2", "2", "2"], "town": "*", "who": range(5)})
    privacy = {"population_uniqueness": {"share": 0.99, "estimator": "snb"}}
    (promise,) = (
        p for p in verify_frame(frame, of_people(privacy, 100)).promises if not p.attribute
    )
    assert (promise.reached, promise.holds) == (1.0, False)


@pytest.mark.parametrize("estimator", ["poisson", "zero_truncated_poisson"])
@pytest.mark.parametrize("given_share", [None, 0.3])
@pytest.mark.parametrize("size", [12, 60, 200])
def test_an_estimated_map_asks_for_the_records_that_its_model_does(
    estimator: str, given_share: float | None, size: int
) -> None:
    sizes = [3, 4, 5, 8]
    frame = pd.DataFrame({"age": [str(s) for s in sizes for _ in range(s)], "town": "*"})
    rule = {"k": 6, "estimator": estimator, "significance": 0.05, "sampling_fraction": given_share}
    drawn = min(Fraction(len(frame), size), Fraction(1))
    fraction = drawn if given_share is None else Fraction(str(given_share))
    needed = EstimatedKMap(6, fraction, Fraction("0.05"), estimator != "poisson").smallest
    attributes = {n: a for n, a in ATTRIBUTES.items() if n != "who"}
    policy = {"attributes": attributes, "privacy": {"k_map": rule}, "population": size}
    (promise,) = verify_frame(frame, Policy.model_validate(policy)).promises
    few = [s for s in sizes if s < needed]
    assert (promise.asked, promise.reached) == (needed, 3)
    assert failing(promise) == (not few, len(few), sum(few))


def test_the_share_that_was_drawn_is_that_of_the_source() -> None:
    attributes = {n: a for n, a in ATTRIBUTES.items() if n != "who"}
    rule = {"k": 6, "estimator": "poisson", "significance": 0.05}
    policy = Policy.model_validate(
        {"attributes": attributes, "privacy": {"k_map": rule}, "population": 40}
    )
    kept, all_of = (
        counted_release(
            open_frame(pd.DataFrame({"age": ["1"] * n, "town": "*"})), policy, decimal="."
        )
        for n in (5, 20)
    )
    promise = verify(kept, policy, source_count=all_of).promises[0]
    drawn, kept_alone = (
        EstimatedKMap(6, Fraction(n, 40), Fraction("0.05")).smallest for n in (20, 5)
    )
    assert promise.asked == drawn != kept_alone


def test_the_table_of_the_population_is_read_if_the_source_has_none(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    pd.DataFrame({"age": [1, 1, 1, 2], "town": "a"}).to_csv(path, index=False)
    attributes = {n: a for n, a in ATTRIBUTES.items() if n != "who"}
    policy = Policy.model_validate(
        {
            "attributes": attributes,
            "privacy": {"k_map": {"k": 2}},
            "population": {"path": str(path)},
        }
    )
    frame = pd.DataFrame({"age": ["1", "1"], "town": "a"})
    release = counted_release(open_frame(frame), policy, decimal=".")
    promise = verify(release, policy, source_count=release).promises[0]
    assert (promise.reached, promise.holds) == (3, True)


@pytest.mark.parametrize(
    ("records", "size", "k", "significance"), [(0, 100, 5, 0.05), (1, 100, 5, 0.05), (1, 1, 2, 0.7)]
)
def test_a_single_record_is_drawn_from_the_population_as_well(
    records: int, size: int, k: int, significance: float
) -> None:
    attributes = {n: a for n, a in ATTRIBUTES.items() if n != "who"}
    estimator = "poisson" if records else "zero_truncated_poisson"
    rule = {"k": k, "estimator": estimator, "significance": significance}
    policy = {"attributes": attributes, "privacy": {"k_map": rule}, "population": size}
    frame = pd.DataFrame({"age": ["1"] * records, "town": ["*"] * records}, dtype=str)
    (promise,) = verify_frame(frame, Policy.model_validate(policy)).promises
    if records:
        share, bound = Fraction(1, size), Fraction(str(significance))
        needed = EstimatedKMap(k, share, bound).smallest
        assert (promise.asked, promise.reached) == (needed, 1)
        assert promise.holds is (needed == 1)
    else:
        assert (promise.reached, promise.holds) == (None, True)


@pytest.mark.parametrize("several", [False, True])
def test_a_class_that_nobody_reads_as_and_people_whom_no_class_has_are_told(
    tmp_path: Path, *, several: bool
) -> None:
    path = tmp_path / "people.csv"
    people = [(1, 1, "a"), (2, 1, "a"), (3, 2, "b"), (4, 2, "b")]
    pd.DataFrame(people, columns=["number", "age", "town"]).to_csv(path, index=False)
    for released, lower, failing_records in (
        ([("1", "a"), ("1", "b")], 0, 1),  # of the second class there is nobody
        ([("1", "a"), ("2", "b")], 0.5, 0),
        ([("1", "a")], 0.5, 0),  # two people are in no class, and so surely out of the table
    ):
        policy = {
            "attributes": ATTRIBUTES,
            "privacy": {"delta_presence": {"delta_min": lower, "delta_max": 1}},
            "population": {"path": str(path), **({"person": "number"} if several else {})},
            **({"person": "who"} if several else {}),
        }
        frame = pd.DataFrame(released, columns=["age", "town"]).assign(who=range(len(released)))
        found = verify_frame(frame, Policy.model_validate(policy)).promises
        (promise,) = (p for p in found if "presence" in p.name)
        lacking = int(len(released) == 1)
        broken = failing_records + lacking
        assert failing(promise) == (not broken, broken, failing_records)


@pytest.mark.parametrize(("level", "people"), [(0, 2), (1, 4), (None, 2)])
def test_a_label_of_two_levels_is_read_at_the_level_of_the_release(
    tmp_path: Path, level: int | None, people: int
) -> None:
    path = tmp_path / "people.csv"
    pd.DataFrame({"age": [10, 10, 11, 12, 18], "town": "a"}).to_csv(path, index=False)
    rounded = {"role": "quasi_identifier", "hierarchy": {"type": "rounding", "steps": [10]}}
    policy = Policy.model_validate(
        {
            "attributes": {"age": rounded, "town": ATTRIBUTES["town"]},
            "privacy": {"k_map": {"k": 3}},
            "population": {"path": str(path)},
        }
    )
    levels = None if level is None else {"age": level, "town": 0}
    frame = pd.DataFrame({"age": ["10", "10"], "town": "a"})  # itself, and what is rounded to it
    (promise,) = verify_frame(frame, policy, levels=levels).promises
    assert (promise.reached, promise.holds) == (people, people >= 3)
