"""k-anonymity agrees with its definition."""

from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.privacy import KAnonymity
from tests.core.privacy.examples import Counts, tables, verdicts


@given(tables, st.integers(2, 9))
def test_k_anonymity_counts_the_records_of_a_class(table: Counts, k: int) -> None:
    assert verdicts(KAnonymity(k), table) == [sum(row) >= k for row in table]
