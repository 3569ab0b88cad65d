"""Clusters of near points have as many persons and households as asked."""

import numpy as np
import pandas as pd
import pytest

from anon_dagster.core.microaggregation import mdav
from anon_dagster.core.persons import ByOwner, Persons
from anon_dagster.errors import UnreachableError

ROWS = 60


def drawn(seed: int, owners: int) -> tuple[Persons, pd.DataFrame]:
    dice = np.random.default_rng(seed)
    rows, whose = np.arange(ROWS), dice.integers(0, owners, ROWS)
    return Persons.of(rows, whose, ROWS), pd.DataFrame({"row": rows, "owner": whose})


@pytest.mark.parametrize("seed", range(8))
def test_each_cluster_has_so_many_persons_and_households(seed: int) -> None:
    points = np.random.default_rng(seed).integers(0, 30, (ROWS, 2)).astype(np.float64)
    persons, of_persons = drawn(seed, 30)
    households, of_households = drawn(seed + 100, 12)
    ones = np.ones(ROWS, dtype=np.int64)
    groups = mdav(points, ones, k=4, owners=ByOwner(persons, households), households=3)
    assert of_persons.groupby(groups)["owner"].nunique().min() >= 4
    assert of_households.groupby(groups)["owner"].nunique().min() >= 3
    assert len(np.unique(groups)) > 1
    alone = mdav(points, ones, k=4, owners=ByOwner(households=households), households=3)
    assert np.bincount(alone).min() >= 4
    assert of_households.groupby(alone)["owner"].nunique().min() >= 3


def test_a_household_of_each_record_changes_no_cluster() -> None:
    points = np.random.default_rng(1).normal(size=(ROWS, 2))
    ones, each = np.ones(ROWS, dtype=np.int64), np.arange(ROWS)
    owners = ByOwner(households=Persons.of(each, each[::-1], ROWS))
    plain = mdav(points, ones, k=4)
    assert mdav(points, ones, k=4, owners=owners, households=4).tolist() == plain.tolist()


def test_too_few_households_form_no_cluster() -> None:
    households, _ = drawn(0, 2)
    ones = np.ones(ROWS, dtype=np.int64)
    with pytest.raises(UnreachableError, match="2 households cannot form a group of 3"):
        mdav(np.zeros((ROWS, 1)), ones, k=2, owners=ByOwner(households=households), households=3)
