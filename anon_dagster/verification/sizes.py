"""What the sizes of classes promise."""

from collections.abc import Iterator
from fractions import Fraction
from math import expm1

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.audit import Partition, records_that_hide, trajectories
from anon_dagster.core.sampling import Sampling
from anon_dagster.reading.persons import CountedPersons
from anon_dagster.request import DifferentialPrivacyRule, Policy
from anon_dagster.verification.result import Promise, promise


def k_anonymity(classes: Partition, k: int, persons: NDArray[np.int64] | None = None) -> Promise:
    """Measure how small classes are.

    Parameters
    ----------
    persons
        (classes,): how many different persons each has, where it is these that count.
    """
    name, sizes = wording.k_anonymity(k), classes.sizes if persons is None else persons
    smallest = int(sizes.min()) if len(sizes) else 0
    return promise(name, None, k, classes.sizes, smallest, sizes < k)


def household_anonymity(classes: Partition, k: int, households: NDArray[np.int64]) -> Promise:
    """Measure how few different households a class has, (classes,)."""
    fewest = int(households.min()) if len(households) else 0
    return promise(wording.household_anonymity(k), None, k, classes.sizes, fewest, households < k)


def of_trajectories(
    classes: Partition, k: int, owned: CountedPersons, by: str | None = None
) -> Promise:
    """Measure how few persons share their trajectory; those of which it breaks count as classes.

    Parameters
    ----------
    owned
        Whose the records of the table are.
    by
        What links them, if it is the release itself.
    """
    found = trajectories(classes, owned.tuples, owned.owners, owned.records)
    persons = np.array([each.persons for each in found], dtype=np.int64)
    records = np.array([each.records for each in found], dtype=np.int64)
    fewest = int(persons.min()) if len(persons) else 0
    return promise(wording.trajectories(k, by), None, k, records, fewest, persons < k)


def differential_privacy(
    classes: Partition, rule: DifferentialPrivacyRule, sampling: Sampling | None
) -> Iterator[Promise]:
    """Measure what hides a record: how large classes are and, if known, how they were drawn."""
    epsilon, delta = Fraction(str(rule.epsilon)), Fraction(str(rule.delta))
    k = records_that_hide(epsilon, delta)
    name = wording.differential_privacy(rule.epsilon, rule.delta)
    sizes = classes.sizes
    yield promise(f"{name}: size of classes", None, k, sizes, classes.smallest, sizes < k)
    if sampling is not None:
        share, most = sampling.below / 2**64, -expm1(-rule.epsilon)
        often = np.full(len(sizes), share > most * (1 + 1e-9))
        yield promise(f"{name}: share of records drawn", None, most, sizes, share, often)


def of_the_whole(
    classes: Partition, policy: Policy, persons: NDArray[np.int64] | None = None
) -> Iterator[Promise]:
    """Measure what all records together are promised; if it is broken, none is out of it.

    Parameters
    ----------
    persons
        See :func:`k_anonymity`.
    """
    privacy, sizes = policy.privacy, classes.sizes if persons is None else persons
    members = max(int(sizes.sum()), 1)
    measured: list[tuple[str, float, int]] = []
    if privacy.average_risk is not None:
        risk = privacy.average_risk.risk
        measured.append((wording.average_risk(risk), risk, len(sizes)))
    if privacy.sample_uniqueness is not None:
        share, unique = privacy.sample_uniqueness.share, int((sizes == 1).sum())
        measured.append((wording.sample_uniqueness(share), share, unique))
    for name, asked, amount in measured:
        failing = np.full(len(sizes), Fraction(amount, members) > Fraction(str(asked)))
        yield promise(name, None, asked, classes.sizes, amount / members, failing)
