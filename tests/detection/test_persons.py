"""Columns that name persons with several records, and keys that repeat and name none."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster import anonymize, auto_anonymize, detect
from anon_dagster.detection.bounds import Promises, without_diversity
from anon_dagster.detection.persons import others_each
from anon_dagster.detection.profile import profile
from anon_dagster.request import parse_policy

PATIENTS, VISITS = 300, 1_800


def visits(seed: int = 0, *, key: str = "patient_id", records: int = VISITS) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    who = dice.integers(0, PATIENTS, records)
    return pd.DataFrame(
        {
            key: [f"K{10_000 + n}" for n in who],
            "age": 20 + who % 60,
            "sex": np.where(who % 2, "m", "f"),
            "diagnosis": dice.choice(["J45.9", "E11.9", "I10", "M54.5", "K21.0"], records),
        }
    )


def test_promises_are_proposed_for_the_persons_behind_the_records() -> None:
    found = detect(visits())
    assert found.person is not None
    assert found.person.column == "patient_id"
    policy = found.request()["policy"]
    assert (policy["person"], policy["attributes"]["patient_id"]) == (
        "patient_id",
        {"role": "direct_identifier"},
    )
    assert "without_person" not in policy
    assert f"\n  person: {policy['person']}\n" in found.yaml()
    (note,) = [note for note in found.notes if "policy.person" in note]
    patients = visits()["patient_id"].nunique()
    assert note.startswith(f"patient_id has {patients} values in 1800 records")


def test_what_is_proposed_counts_persons_when_it_is_run() -> None:
    frame = visits()
    proposal = auto_anonymize(frame, acceptable_risk=0.2, seconds=10)
    assert proposal.request["policy"]["person"] == "patient_id"
    chosen = proposal.alternatives[proposal.alternatives["chosen"]]
    assert 0 < chosen["person_highest"].item() <= 0.2
    assert chosen["maxProbabilityIdentification"].item() < chosen["person_highest"].item()
    result = anonymize(proposal.request, frame=frame)
    assert result.risk.loc["person_highest", "release"] == chosen["person_highest"].item()
    assert any("largest risk of a person" in reason for reason in proposal.reasons)
    assert any("no person is identified" in reason for reason in proposal.promises.reasons.values())


def test_what_everybody_has_at_some_time_is_not_asked_to_be_diverse() -> None:
    frame = visits(records=9_000).assign(diagnosis=lambda df: np.where(df.index % 2, "I10", "J45"))
    found = detect(frame)
    assert found.person is not None
    policy = found.request()["policy"]
    assert "l_diversity" not in policy["privacy"]
    assert parse_policy(policy).person == ("patient_id",)
    assert anonymize({"policy": policy}, frame=frame).release.verification.holds
    promised = Promises({"l_diversity": [{"attribute": "ill", "l": 2}]}, {"ill": "?", None: "k"})
    assert without_diversity(promised, {"ill": 0.8}) is promised
    changed = without_diversity(promised, {"ill": 0.9})
    assert changed.document == {
        "t_closeness": [{"attribute": "ill", "t": 0.3, "distance": "equal"}]
    }
    assert "90 %" in changed.reasons["ill"]


@pytest.mark.parametrize("key", ["order_id", "household_id", "department_code", "product_id"])
def test_keys_that_repeat_and_name_no_persons_are_not_counted_by(key: str) -> None:
    found = detect(visits(key=key))
    assert found.person is None
    assert "person" not in found.request()["policy"]


@pytest.mark.parametrize("key", ["order_id", "household_id"])
def test_a_key_in_doubt_is_told_of(key: str) -> None:
    notes = detect(visits(key=key)).notes
    assert any(f"say policy.person: {key}; without, k counts records" in note for note in notes)


def test_a_key_that_does_not_repeat_is_none_of_persons_with_several_records() -> None:
    frame = visits().drop_duplicates("patient_id")
    assert detect(frame).person is None


def test_of_several_columns_that_name_persons_one_is_taken_and_the_others_are_told() -> None:
    frame = visits().assign(
        email=lambda df: [f"{k}.{n % 2}@example.org" for n, k in enumerate(df["patient_id"])]
    )
    found = detect(frame)
    assert found.person is not None
    assert (found.person.column, found.person.rivals) == ("patient_id", ("email",))
    assert any(note.startswith("may name persons as well: email") for note in found.notes)


def test_records_without_a_person_count_as_those_of_one() -> None:
    frame = visits()
    frame.loc[::50, "patient_id"] = None
    found = detect(frame)
    assert found.request()["policy"]["without_person"] == "together"
    assert anonymize({"policy": found.request()["policy"]}, frame=frame).release.verification.holds


def test_a_column_that_links_the_records_of_persons_is_dropped() -> None:
    frame = visits()
    frame["annual_income"] = frame["patient_id"].str[1:].astype(int) * 3.17
    found = detect(frame)
    assert found["annual_income"].role == "direct_identifier"
    assert any("link the records of" in reason for reason in found["annual_income"].reasons)
    anonymize({"policy": found.request()["policy"]}, frame=frame)  # is not refused


@given(st.lists(st.integers(0, 30), min_size=2, max_size=80))
def test_the_whole_table_tells_how_many_other_records_a_value_has(values: list[int]) -> None:
    frame: Any = pd.Series(values).astype(str)
    column = profile("x", _chunked(frame))
    commonest = int(column.counts.argmax())  # its position among the values, as in the codes
    others = [
        values.count(value) - 1
        for value, code in zip(values, column.codes.tolist(), strict=True)
        if code != commonest
    ]
    assert others_each(column, len(values)) == pytest.approx(np.mean(others) if others else 0)


def test_a_sample_tells_about_as_much_as_the_whole() -> None:
    dice = np.random.default_rng(3)
    values = pd.Series(dice.permutation(np.repeat(np.arange(20_000), 5))).astype(str)
    estimates = [
        others_each(profile("x", _chunked(values.sample(10_000, random_state=n))), len(values))
        for n in range(20)
    ]
    assert np.mean(estimates) == pytest.approx(4, rel=0.02)
    assert detect(visits(records=60_000), sample=3_000).person is not None


def _chunked(values: Any) -> Any:
    import pyarrow as pa

    return pa.chunked_array([pa.array(values.tolist(), pa.string())])
