"""Records of households, beside or without persons."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import HouseholdAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.core.trajectories import Trajectories


def with_few_records(problem: Problem) -> Problem:
    """Return a problem of so few records that each can be listed."""
    counts = np.minimum(problem.counts, 4)
    return replace(
        problem,
        counts=counts,
        most_suppressed=min(problem.most_suppressed, int(counts.sum())),
    )


def with_households(problem: Problem, seed: int, k: int) -> Problem:
    """Give each record of a problem to one of few households, and ask for ``k`` in each class."""
    plain = with_few_records(problem)
    dice = np.random.default_rng((seed, 1))
    rows = records_of(plain)
    owners = dice.integers(0, max(1, int(len(rows) * dice.choice([0.1, 0.4, 1]))), len(rows))
    return replace(
        plain,
        models=(*plain.models, HouseholdAnonymity(k)),
        households=Persons.of(rows, owners, len(plain.counts)),
    )


def with_trajectories(problem: Problem, seed: int, k: int) -> Problem:
    """Give the records of a problem to persons of whom some have the same, and link them."""
    plain = with_few_records(problem)
    dice = np.random.default_rng((seed, 2))
    rows = records_of(plain)
    owners = dice.integers(0, max(1, len(rows) // 2), len(rows))
    pairs, records = np.unique(np.stack([rows, owners]), axis=1, return_counts=True)
    return replace(
        plain,
        persons=Persons.of(rows, owners, len(plain.counts)),
        trajectories=Trajectories(pairs[0], pairs[1], records, k),
    )


def records_of(problem: Problem) -> NDArray[np.int64]:
    """Return the tuple of each record."""
    return np.repeat(np.arange(len(problem.counts)), problem.counts)
