"""k-anonymity agrees with its definition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.privacy import EquivalenceClasses, HouseholdAnonymity, KAnonymity
from tests.core.privacy.examples import Counts, tables, verdicts


@given(tables, st.integers(2, 9))
def test_k_anonymity_counts_the_records_of_a_class(table: Counts, k: int) -> None:
    assert verdicts(KAnonymity(k), table) == [sum(row) >= k for row in table]


def test_a_class_has_the_records_of_k_households() -> None:
    classes = EquivalenceClasses(np.array([9, 9, 9]), households=np.array([1, 2, 9]))
    assert HouseholdAnonymity(2).holds(classes).tolist() == [False, True, True]
