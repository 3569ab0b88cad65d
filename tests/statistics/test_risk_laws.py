"""Random tables under random policies: what is told of the risk is what the tables show."""

from math import isnan
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster import RequestError, UnreachableError, anonymize, risk_per_record
from anon_dagster.operations.anonymize import AnonResult
from tests.operations.test_promises import FACTOR, Table, policies, tables

NAMES = ["age", "zip", "sex"]
ASKED = {"suda": {"largest": 3}, "combinations": {}, "contributions": True, "attacks": True}
PEOPLE = ("k_map", "delta_presence", "population_uniqueness")


@pytest.mark.slow
@given(tables(), policies(), st.integers(60, 10_000))
@settings(max_examples=FACTOR * settings().max_examples // 2)
def test_what_is_told_of_the_risk_is_what_the_tables_show(
    table: Table, policy: dict[str, Any], people: int
) -> None:
    frame = pd.DataFrame(table).astype({"age": "Int64"})
    privacy = {**policy["privacy"], **dict.fromkeys(PEOPLE)}
    privacy["k_anonymity"] = privacy["k_anonymity"] or {"k": 2}
    if "records" in (policy["sampling"] or {}):
        policy["sampling"] = {**policy["sampling"], "records": len(frame)}
    changes = {"privacy": privacy, "population": people, "risk_analysis": ASKED}
    try:
        result = anonymize({"policy": {**policy, **changes}}, frame=frame)
    except UnreachableError:
        return
    except RequestError as error:
        if "and these are text" in str(error):  # an average of no ages at all
            return
        raise
    records_have_the_risk_of_their_class(result, frame)
    details_agree_with_the_statistics(result)
    attacks_are_shares(result)


def records_have_the_risk_of_their_class(result: AnonResult, frame: pd.DataFrame) -> None:
    assert result.df is not None
    risks = risk_per_record(result, frame=frame)
    sizes = result.df.groupby(NAMES, dropna=False)["sex"].transform("size").tolist()
    assert risks.release["class_size"].tolist() == sizes
    assert len(risks.source) == result.decision.counted.records
    assert (risks.source["released_class_size"] == 0).sum() == result.decision.suppressed
    if result.decision.counted.sampling is None:
        sizes = frame.groupby(NAMES, dropna=False)["sex"].transform("size").tolist()
        assert risks.source["class_size"].tolist() == sizes
    for each in (risks.source, risks.release):
        assert ((each["suda_score"] > 0) == (each["class_size"] == 1)).all()
        assert each["dis_score"].between(0, 1).all()


def details_agree_with_the_statistics(result: AnonResult) -> None:
    contributions, suda = result.risk_details.contributions, result.risk_details.suda
    combinations = result.risk_details.combinations
    assert contributions is not None
    assert suda is not None
    assert combinations is not None
    for table in ("source", "release"):
        known, risk = contributions.loc["(none)"], result.risk[table]
        assert known[f"{table}_unique"] == risk["unique_records"]
        assert known[f"{table}_above_threshold"] == risk["riskAboveThreshold"]
        if risk["records"]:
            assert known[f"{table}_average"] == risk["avgRecordIdentification"]
            assert known[f"{table}_highest"] == risk["maxProbabilityIdentification"]
        assert suda[table]["special_uniques"] == risk["unique_records"]
        everything = combinations.loc[", ".join(NAMES)]
        assert everything[f"{table}_unique"] == risk["unique_records"]
        for name in NAMES:
            without = ", ".join(other for other in NAMES if other != name)
            left = int(contributions[f"{table}_unique"][name])
            assert left == combinations[f"{table}_unique"][without]
            assert left <= risk["unique_records"]
        estimate = risk["population_uniqueness_dankar"]
        assert isnan(estimate) or 0 <= estimate <= 1


def attacks_are_shares(result: AnonResult) -> None:
    attacks = result.risk_details.attacks
    assert attacks is not None
    for table in ("source", "release"):
        figures = ("success", "control", "risk", "low", "high")
        *shares, risk, low, high = (attacks[f"{table}_{figure}"] for figure in figures)
        assert all(each.between(0, 1).all() for each in (*shares, risk, low, high))
        assert (low <= risk + 1e-12).all()
        assert (risk <= high + 1e-12).all()
