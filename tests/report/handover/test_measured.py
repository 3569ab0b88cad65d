"""What follows from a release and its limit of suppression."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.report.handover.measured import most_left_out
from anon_dagster.request import parse_policy


def policy_of(**more: Any) -> Any:
    attributes = {"age": {"role": "quasi_identifier"}}
    return parse_policy({"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}, **more})


@given(st.integers(0, 60), st.integers(0, 90))
def test_no_source_can_have_lost_more_records_than_are_told(records: int, percent: int) -> None:
    policy = policy_of(suppression_limit=percent / 100)
    possible = [lost for lost in range(700) if lost <= policy.most_suppressed(records + lost)]
    assert most_left_out(policy, records) == max(possible)


def test_nothing_is_lost_where_suppressed_records_stay_and_anything_without_a_limit() -> None:
    assert most_left_out(policy_of(suppressed_records="keep", suppression_limit=0.5), 10) == 0
    assert most_left_out(policy_of(), 10) == 0
    assert most_left_out(policy_of(suppression_limit=1.0), 10) is None
