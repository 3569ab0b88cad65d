"""Risk in detail, on releases that the library makes of small tables."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.operations.anonymize import AnonResult, findings_of
from anon_dagster.report.gathering import gather
from anon_dagster.report.page import html
from anon_dagster.report.view import DETAILS
from anon_dagster.statistics import RiskDetails

NAMES = ["age", "sex", "town"]
EVERYTHING = {
    "suda": {"largest": 3},
    "combinations": {"largest": 3},
    "contributions": True,
    "attacks": True,
}


def people(records: int = 80, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(20, 60, records),
            "sex": rng.choice(["f", "m"], records),
            "town": rng.choice([f"t{i}" for i in range(6)], records),
            "illness": rng.choice(["flu", "gout", "cold"], records, p=[0.6, 0.3, 0.1]),
        }
    )


def released(frame: pd.DataFrame, *, k: int = 3, **changes: Any) -> AnonResult:
    policy: dict[str, Any] = {
        "attributes": {
            "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
            "sex": {"role": "quasi_identifier"},
            "town": {"role": "quasi_identifier"},
            "illness": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": k}},
        "suppression_limit": 0.1,
        "risk_analysis": EVERYTHING,
    }
    return anonymize({"policy": policy | changes}, frame=frame)


@pytest.fixture(scope="module")
def result() -> AnonResult:
    return released(people(), population=4000)


def sizes(frame: pd.DataFrame, names: list[str]) -> "pd.Series[int]":
    return frame.groupby(names, dropna=False).size() if names else pd.Series([len(frame)])


def test_combinations_are_counted_as_pandas_counts_them(result: AnonResult) -> None:
    found = result.risk_details.combinations
    assert found is not None
    assert result.df is not None
    expected = [", ".join(c) for size in (1, 2, 3) for c in combinations(NAMES, size)]
    assert sorted(found.index) == sorted(expected)
    for table, frame in (("source", people()), ("release", result.df)):
        for attributes, row in found.iterrows():
            classes = sizes(frame, str(attributes).split(", "))
            alike = (classes * (classes - 1)).sum() / (len(frame) * (len(frame) - 1))
            assert row[f"{table}_distinction"] == pytest.approx(len(classes) / len(frame))
            assert row[f"{table}_separation"] == pytest.approx(1 - alike)
            assert row[f"{table}_unique"] == (classes == 1).sum()
            assert row[f"{table}_above_threshold"] == classes[classes < 10].sum()
    assert found["source_unique"].is_monotonic_decreasing


def test_without_an_attribute_the_risk_is_that_of_the_others(result: AnonResult) -> None:
    found = result.risk_details.contributions
    assert found is not None
    assert result.df is not None
    assert found.index.tolist() == ["(none)", *NAMES]
    for table, frame in (("source", people()), ("release", result.df)):
        for left_out, row in found.iterrows():
            classes = sizes(frame, [name for name in NAMES if name != left_out])
            assert row[f"{table}_average"] == pytest.approx(len(classes) / len(frame))
            assert row[f"{table}_highest"] == 1 / classes.min()
            assert row[f"{table}_unique"] == (classes == 1).sum()
    whole = found.loc["(none)"]
    assert whole["release_average"] == result.risk["release"]["avgRecordIdentification"]
    assert whole["release_above_threshold"] == result.risk["release"]["riskAboveThreshold"]


def test_special_uniques_of_the_source_are_gone_from_the_release(result: AnonResult) -> None:
    suda, shares = result.risk_details.suda, result.risk_details.suda_contributions
    assert suda is not None
    assert shares is not None
    assert suda["source"]["unique_records"] == result.risk["source"]["unique_records"]
    assert suda["source"]["special_uniques"] == suda["source"]["unique_records"]
    assert suda["source"]["highest_score"] > 0
    assert (suda["release"] == 0).all()
    assert shares["source"].between(0, 1).all()
    assert shares["source"]["age"] == shares["source"].max()
    classes = sizes(people(), NAMES)
    unique, pairs = (classes == 1).sum() / 50, 2 * (classes == 2).sum() * 49 / 50
    assert suda["source"]["intrusion_success"] == pytest.approx(unique / (unique + pairs))


def test_without_a_sampling_fraction_there_is_no_simulated_intrusion() -> None:
    suda = released(people()).risk_details.suda
    assert suda is not None
    assert suda.loc[["intrusion_success", "highest_dis"]].isna().all(axis=None)
    asked = {"suda": {"largest": 1, "sampling_fraction": 0.02}}
    given = released(people(), risk_analysis=asked).risk_details
    assert given.suda is not None
    assert given.suda["source"]["intrusion_success"] > 0
    assert set(given.tables) == {"suda", "suda_contributions"}


def test_attacks_gain_less_on_the_release(result: AnonResult) -> None:
    attacks = result.risk_details.attacks
    assert attacks is not None
    assert attacks.index.tolist() == [
        *(f"singling_out({n} known)" for n in (1, 2, 3, 4)),
        "linkability",
        *(f"inference({name})" for name in (*NAMES, "illness")),
    ]
    assert attacks["release_success"]["linkability"] <= 1 / 3
    assert (attacks["release_low"] <= attacks["release_risk"]).all()
    assert (attacks["release_risk"] <= attacks["release_high"]).all()
    linked = attacks.loc["linkability"]
    assert linked["release_risk"] < linked["source_risk"]
    guessed = attacks.loc["inference(illness)"]
    assert guessed["release_success"] < guessed["source_success"]
    assert guessed["source_naive"] == people()["illness"].value_counts(normalize=True).max()


def test_a_release_that_says_nothing_gains_an_attacker_nothing() -> None:
    rule = {"role": "quasi_identifier", "hierarchy": {"type": "suppress"}, "lowest_level": 1}
    top = dict.fromkeys(NAMES, rule)
    attributes = {**top, "illness": {"role": "sensitive"}}
    attacks = released(people(), attributes=attributes, suppression_limit=0).risk_details.attacks
    assert attacks is not None
    linked = attacks.loc["linkability"]
    assert linked["release_success"] == pytest.approx(1 / 80)
    assert linked["release_risk"] < 1e-9
    guessed = attacks.loc["inference(illness)"]
    assert guessed["release_success"] == guessed["release_naive"]
    assert guessed["release_risk"] == 0


def test_local_recoding_is_examined_by_the_labels_of_its_classes() -> None:
    result = released(people(), recoding="local", suppression_limit=0)
    found = result.risk_details.combinations
    assert found is not None
    assert result.df is not None
    classes = sizes(result.df, NAMES)
    assert found.loc["age, sex, town"]["release_distinction"] == len(classes) / len(result.df)


def test_everything_is_examined_where_the_policy_asks_for_nothing() -> None:
    asked = released(people(20), risk_analysis={})
    assert set(asked.risk_details.tables) == {
        "suda",
        "suda_contributions",
        "combinations",
        "contributions",
        "attacks",
    }


def test_a_table_without_records_has_no_details_to_tell() -> None:
    nothing = released(people().iloc[:0]).risk_details
    assert nothing.suda is not None
    assert nothing.suda["source"]["special_uniques"] == 0
    assert nothing.attacks is not None
    assert (nothing.attacks["release_success"] == 0).all()


def test_the_report_shows_what_was_examined(result: AnonResult) -> None:
    findings = findings_of(result)
    page = html(gather(replace(findings, risk_details=result.risk_details)))
    for heading in DETAILS.values():
        assert f"<summary>{heading}</summary>" in page
    assert "inference(illness)</th>" in page
    plain = html(gather(replace(findings, risk_details=RiskDetails())))
    assert not any(f"<summary>{heading}</summary>" in plain for heading in DETAILS.values())
