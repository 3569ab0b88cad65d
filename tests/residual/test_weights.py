"""Survey weights that are released as they are: found by name, or by being alike within strata."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import DisclosureError, anonymize
from anon_dagster.residual import Finding

RECORDS = 1_200
HARMLESS = {"role": "non_sensitive"}


def survey(seed: int = 0) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    age, town = dice.integers(20, 80, RECORDS), dice.integers(0, 6, RECORDS)
    stratum = age // 10 * 10 + town
    return pd.DataFrame(
        {
            "age": age,
            "town": [f"t{number}" for number in town],
            "by_design": 100 + stratum * 37 % 61 * 7.5,
            "at_random": dice.integers(0, 40, RECORDS),
            "shoe": dice.choice(["a", "b", "c"], RECORDS),
        }
    )


def policy(frame: pd.DataFrame, **more: Any) -> dict[str, Any]:
    interval = {"type": "interval", "widths": [10, 60]}
    roles = {
        "age": {"role": "quasi_identifier", "hierarchy": interval, "lowest_level": 2},
        "town": {"role": "quasi_identifier", "hierarchy": {"type": "suppress"}, "lowest_level": 1},
    }
    attributes = {name: roles.get(name, HARMLESS) for name in map(str, frame.columns)}
    return {"attributes": attributes, "privacy": {"k_anonymity": {"k": 5}}, **more}


def found(frame: pd.DataFrame, **more: Any) -> list[Finding]:
    result = anonymize({"policy": policy(frame, **more)}, frame=frame)
    relations = {"survey weight", "the same within strata"}
    return [f for f in result.residual.of("given_back") if f.relation in relations]


@pytest.mark.parametrize("seed", range(3))
def test_a_number_that_follows_from_the_stratum_is_found_and_no_other(seed: int) -> None:
    frame = survey(seed)
    frame["decade"] = frame["age"] // 10
    (finding,) = found(frame.drop(columns="decade"))
    assert (finding.columns, finding.protected) == (("by_design",), ("age", "town"))
    groups = frame.groupby(["age", "town"])["by_design"]
    shared = groups.transform("size") > 1
    assert finding.share == pytest.approx(shared.mean())
    assert finding.severity == "high"
    assert "role weight" in finding.cure


def test_a_number_by_chance_is_none() -> None:
    assert found(survey().drop(columns="by_design")) == []


@pytest.mark.parametrize("name", ["fnlwgt", "pweight", "survey_weight", "gewichtung"])
def test_a_column_that_is_called_a_weight_is_found(name: str) -> None:
    frame = survey().drop(columns="by_design").rename(columns={"at_random": name})
    frame[name] = frame[name] + 1.5
    (finding,) = found(frame)
    assert (finding.columns, finding.relation) == ((name,), "survey weight")
    assert set(finding.protected) == {"age", "town"}


@pytest.mark.parametrize("name", ["weight", "weight_kg", "birthweight"])
def test_the_weight_of_a_body_is_none(name: str) -> None:
    frame = survey().drop(columns="by_design").rename(columns={"at_random": name})
    frame[name] = frame[name] + 50.5
    assert found(frame) == []


def test_with_its_role_nothing_is_left_to_find() -> None:
    frame = survey().rename(columns={"by_design": "pweight"})
    asked = policy(frame)
    asked["attributes"]["pweight"] = {"role": "weight"}
    result = anonymize({"policy": asked}, frame=frame)
    assert not [f for f in result.residual.findings if "pweight" in f.columns]


def test_where_all_values_are_released_a_weight_tells_no_more() -> None:
    frame = survey()
    frame["age"], frame["town"] = frame["age"] // 30, frame["town"].str.replace("[3-5]", "0")
    asked = policy(frame)
    for name in ("age", "town"):
        asked["attributes"][name] = {"role": "quasi_identifier"}
    result = anonymize({"policy": asked}, frame=frame)
    assert result.levels == {"age": 0, "town": 0}
    assert not [f for f in result.residual.findings if f.relation == "survey weight"]


def test_it_is_refused_if_the_policy_says_so() -> None:
    frame = survey()
    with pytest.raises(DisclosureError, match="by_design tells of age, town"):
        anonymize({"policy": policy(frame, residual={"given_back": "refuse"})}, frame=frame)
