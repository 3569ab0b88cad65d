"""A later record is taken by the most specific class that covers it: against brute force."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize, apply
from tests.releasing.test_stored_solution import checksum

NODES = {"north": {"coast": ["a", "b"], "hill": ["c"]}, "south": {"plain": ["d", "e"]}}
PATHS = {
    leaf: (leaf, low, high, "*")
    for high, below in NODES.items()
    for low, leaves in below.items()
    for leaf in leaves
}
AGES = range(1, 9)
JOBS = "uvwxy"
WEIGHTS = {"age": 1.0, "town": 0.5, "job": 0.25}

Class = tuple[tuple[int, int] | None, tuple[int, str], frozenset[str] | None]


def document() -> dict[str, Any]:
    """Return a solution whose classes are then made up."""
    dice = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "age": dice.choice(list(AGES), 200),
            "town": dice.choice(list(PATHS), 200),
            "job": dice.choice(list(JOBS), 200),
            "row": range(200),
        }
    )
    rules: dict[str, dict[str, Any]] = {
        "age": {"local_labels": "ranges", "hierarchy": {"type": "interval", "widths": [4]}},
        "town": {"hierarchy": {"type": "tree", "nodes": NODES}},
        "job": {"local_labels": "sets", "hierarchy": {"type": "suppress"}},
    }
    roles = {
        name: {"role": "quasi_identifier", "importance": WEIGHTS[name], **rule}
        for name, rule in rules.items()
    }
    policy = {
        "attributes": {**roles, "row": {"role": "non_sensitive"}},
        "privacy": {"k_anonymity": {"k": 2}},
        "recoding": "local",
    }
    return anonymize({"policy": policy}, frame=frame).document()


def made_up(dice: np.random.Generator) -> Class:
    """Return a class: a range of ages, a node of towns, a set of jobs; ``None`` is any value."""
    low, high = sorted(int(age) for age in dice.choice(list(AGES), 2))
    path = PATHS[str(dice.choice(list(PATHS)))]
    level = int(dice.integers(len(path)))
    jobs = frozenset(dice.choice(list(JOBS), int(dice.integers(1, 4))).tolist())
    everything = dice.random(2) < 0.2
    return (
        None if everything[0] else (low, high),
        (level, path[level]),
        None if everything[1] else jobs,
    )


def written(of_class: Class) -> tuple[str, str, str]:
    ages, (_, town), jobs = of_class
    shown = "*"
    if ages is not None:
        shown = str(ages[0]) if ages[0] == ages[1] else f"[{ages[0]}, {ages[1]}]"
    sets = "*" if jobs is None else "{" + ", ".join(sorted(jobs)) + "}"
    return shown, town, min(jobs) if jobs is not None and len(jobs) == 1 else sets


def with_classes(document: dict[str, Any], classes: list[Class]) -> dict[str, Any]:
    texts = list(map(written, classes))
    columns = [sorted(set(column)) for column in zip(*texts, strict=True)]
    # A town reads alike on one level only, but for those that are at its top, too.
    levels = {town: level for _, (level, town), _ in classes}
    rows = [[columns[q].index(text) for q, text in enumerate(row)] for row in texts]
    changed = {
        **document,
        "cells": {
            "labels": columns,
            "levels": [None, [levels[town] for town in columns[1]], None],
            "codes": rows,
        },
    }
    return {**changed, "checksum": checksum(changed)}


def covers(of_class: Class, age: int, town: str, job: str) -> bool:
    ages, (level, node), jobs = of_class
    return (
        (ages is None or ages[0] <= age <= ages[1])
        and PATHS[town][level] == node
        and (jobs is None or job in jobs)
    )


def breadth_among(classes: list[Class]) -> Callable[[Class], float]:
    """Return how much a class covers: of the values that labels name, and of the levels."""
    ages = {age for of_ages, _, _ in classes if of_ages is not None for age in of_ages}
    jobs = {job for *_, of_jobs in classes if of_jobs is not None for job in of_jobs}
    top = max(1, *(level for _, (level, _), _ in classes))

    def breadth(of_class: Class) -> float:
        of_ages, (level, _), of_jobs = of_class
        shares = {"age": 1.0, "town": level / top, "job": 1.0}
        if of_ages is not None:
            inside = sum(of_ages[0] <= age <= of_ages[1] for age in ages)
            single = of_ages[0] == of_ages[1]
            shares["age"] = 1 / (len(ages) + 1) if single else inside / len(ages)
        if of_jobs is not None:
            shares["job"] = len(of_jobs) / (len(jobs) + 1)
        return sum(WEIGHTS[name] * share for name, share in shares.items())

    return breadth


@pytest.fixture(scope="module")
def base() -> dict[str, Any]:
    return document()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("number", [30, 150], ids=["few classes", "several batches of classes"])
def test_the_most_specific_class_takes_a_later_record(
    base: dict[str, Any], number: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anon_dagster.core.local.cells._BATCH", 64)
    dice = np.random.default_rng(seed)
    classes = list(dict.fromkeys(made_up(dice) for _ in range(number)))
    rows = list(product(AGES, PATHS, JOBS))
    frame = pd.DataFrame(rows, columns=["age", "town", "job"]).assign(row=range(len(rows)))
    released = apply(with_classes(base, classes), frame=frame).df
    assert released is not None
    found = {
        int(r["row"]): tuple(map(str, r[["age", "town", "job"]])) for _, r in released.iterrows()
    }
    breadth, several = breadth_among(classes), 0
    for place, row in enumerate(rows):
        fitting = [of_class for of_class in classes if covers(of_class, *row)]
        several += len(fitting) > 1
        best = min(fitting, key=breadth, default=None)  # the first of those that are as specific
        assert found.get(place) == (None if best is None else written(best))
    assert several > len(rows) / 4
