"""Why a promise cannot be kept, in words that help: which one, by how much, and what to do."""

from typing import Any

import pandas as pd
import pytest

from anon_dagster import UnreachableError, anonymize

ILLNESSES = ["flu", "cold", "flu", "gout", "flu", "gout", "cold", "gout"]
PEOPLE = pd.DataFrame(
    {
        "age": [23, 27, 24, 61, 65, 68, 63, 29] * 5,
        "sex": list("fmfmfmfm") * 5,
        "illness": ILLNESSES * 5,
    }
)
RECODINGS = pytest.mark.parametrize("recoding", ["global", "local"])


def complaint(frame: pd.DataFrame = PEOPLE, **rules: Any) -> str:
    policy: dict[str, Any] = {
        "attributes": {
            "age": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "interval", "widths": [10, 20]},
                "highest_level": rules.pop("highest_age", 3),
            },
            "sex": {"role": "quasi_identifier"},
            "illness": {"role": "sensitive"},
        },
        "privacy": {
            "k_anonymity": {"k": rules.pop("k", 2)},
            "l_diversity": {"attribute": "illness", "l": rules.pop("l", 2)},
        },
        **rules,
    }
    with pytest.raises(UnreachableError) as caught:
        anonymize({"policy": policy}, frame=frame)
    message = str(caught.value)
    assert not any(illness in message for illness in ILLNESSES)
    return message


@RECODINGS
def test_more_records_than_there_are_is_told_with_both_numbers(recoding: str) -> None:
    message = complaint(k=500, recoding=recoding)
    assert "(age 3, sex 1)" in message
    assert "would suppress 40 of 40 records (100.00%)" in message
    assert message.endswith("; 500-anonymity needs 500 records, there are 40; weaken 500-anonymity")


@RECODINGS
def test_more_values_than_there_are_is_told_with_both_numbers(recoding: str) -> None:
    reason, advice = complaint(l=9, recoding=recoding).split("; ")[-2:]
    assert reason == "distinct 9-diversity of illness needs 9 values, there are 3"
    assert advice == "weaken distinct 9-diversity of illness"


@RECODINGS
def test_levels_that_may_not_be_used_are_advised_by_their_attribute(recoding: str) -> None:
    reason, advice = complaint(k=21, highest_age=1, recoding=recoding).split("; ")[-2:]
    assert reason == (
        "21-anonymity is broken at the highest allowed levels by 40 of 40 records (100.00%), "
        "for it needs 21 records in a class"
    )
    assert advice == "allow higher levels of age, or weaken 21-anonymity"


@RECODINGS
def test_more_suppression_is_advised_where_something_is_left(recoding: str) -> None:
    frame = pd.concat([PEOPLE, pd.DataFrame({"age": [95], "sex": ["f"], "illness": ["flu"]})])
    message = complaint(frame, highest_age=1, recoding=recoding)
    assert "would suppress 1 of 41 records (2.44%), and allowed are 0 of 41" in message
    assert message.endswith(
        "; allow more suppression, allow higher levels of age, or weaken 2-anonymity and "
        "distinct 2-diversity of illness"
    )


def test_a_limit_of_everything_does_not_contradict_itself() -> None:
    message = complaint(k=500, suppression_limit=1)
    assert "would suppress 40 of 40 records (100.00%), so that nothing is left" in message
    assert "allowed" not in message


def test_differential_privacy_tells_how_many_drawn_records_a_class_needs() -> None:
    age = {"type": "interval", "widths": [10], "other": "other"}
    fixed = {"role": "quasi_identifier", "hierarchy": age, "lowest_level": 1, "highest_level": 1}
    policy = {
        "attributes": {"age": fixed},
        "privacy": {"differential_privacy": {"epsilon": 1, "delta": 1e-7}},
        "suppression_limit": 1,
    }
    with pytest.raises(UnreachableError) as caught:
        anonymize({"policy": policy}, frame=PEOPLE[["age"]].head(20))
    found, reason, advice = str(caught.value).split("; ")
    assert found.endswith("so that nothing is left to release")
    assert "(1, 1e-07)-differential privacy needs " in reason
    assert " drawn records, there " in reason
    assert advice == "take a larger epsilon or delta, or more records"


def test_a_promise_of_the_whole_release_is_named() -> None:
    age = {"role": "quasi_identifier"}
    policy = {"attributes": {"age": age}, "privacy": {"average_risk": {"risk": 0.01}}}
    with pytest.raises(UnreachableError) as caught:
        anonymize({"policy": policy}, frame=PEOPLE[["age"]])
    reason = "average risk of at most 0.01 is not kept at the highest allowed levels either"
    assert str(caught.value).split("; ")[-2:] == [reason, "weaken average risk of at most 0.01"]
