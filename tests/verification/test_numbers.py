"""Numbers beside labels, computed anew: they agree with what is written, and nothing else does."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anon_dagster
from anon_dagster.labels import bounds, midpoints
from anon_dagster.request import Policy
from anon_dagster.verification import NUMBERS, verify_frame
from tests.labels.examples import Column, columns, texts


def records_wrong(frame: pd.DataFrame, policy: Policy) -> list[int]:
    return [p.records_failing for p in verify_frame(frame, policy).promises if p.name == NUMBERS]


def beside(frame: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    write = bounds if policy.release.numbers == "bounds" else midpoints
    return write(frame, policy.release.columns, request=policy)


@pytest.mark.hypothesis
@given(columns, st.sampled_from(["bounds", "midpoints"]), st.sampled_from(["number", "whole"]))
def test_what_is_written_of_any_hierarchy_follows(column: Column, numbers: Any, kind: str) -> None:
    meaning = kind if column.meaning == "number" else column.meaning
    policy = column.policy(numbers=numbers, columns={"x": meaning})
    shown = [label for labels in column.hierarchy.labels for label in labels]
    frame = pd.DataFrame({"x": pd.array(shown, dtype="string")})
    assert not any(records_wrong(beside(frame, policy), policy))


@pytest.mark.hypothesis
@given(
    st.lists(texts, min_size=1, max_size=20),
    st.sampled_from(["number", "whole", "date"]),
    st.sampled_from(["bounds", "midpoints"]),
    st.sampled_from(["nodes", "sets"]),
    columns,
)
def test_two_readings_of_any_text_agree(
    labels: list[str], meaning: Any, numbers: Any, local: str, column: Column
) -> None:
    policy = column.policy(local, numbers=numbers, columns={"x": meaning})
    frame = pd.DataFrame({"x": pd.array(labels, dtype="string")})
    assert not any(records_wrong(beside(frame, policy), policy))


POLICY = {
    "attributes": {
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
        "ill": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
    "release": {"numbers": "midpoints"},
}


def age(*midpoints: float | None) -> pd.DataFrame:
    labels = ["[20, 30)", "[20, 30)", "[30, 40)", "[30, 40)"]
    return pd.DataFrame({"age": labels, "ill": "flu", "age_midpoint": midpoints})


@pytest.mark.parametrize(
    ("midpoints", "wrong"),
    [
        ((25, 25, 35, 35), 0),
        ((25, 25, 35, 36), 1),
        ((23.5, 23.5, 35, 35), 2),  # a mean of the class, which its label does not tell
        ((25, None, 35, 35), 1),
        ((None, None, None, None), 4),
    ],
)
def test_a_number_that_does_not_follow_from_its_label_breaks_a_promise(
    midpoints: tuple[float | None, ...], wrong: int
) -> None:
    result = anon_dagster.verify(POLICY, age(*midpoints))
    (promise,) = [each for each in result.promises if each.name == NUMBERS]
    assert (promise.holds, promise.records_failing) == (wrong == 0, wrong)
    assert promise.attribute == "age_midpoint"


def test_a_release_without_the_numbers_tells_no_more_than_one_with_them() -> None:
    result = anon_dagster.verify(POLICY, age(25, 25, 35, 35).drop(columns="age_midpoint"))
    assert result.holds
    assert NUMBERS not in {promise.name for promise in result.promises}
