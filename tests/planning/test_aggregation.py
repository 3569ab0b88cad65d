"""Microaggregated attributes in a release: each class shares one value, and the promise holds."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import RequestError, anonymize

ROW = ("microaggregation_error(income)", "release")
AGGREGATES = ("mean", "geometric_mean", "median", "mode", "range", "set")


def people() -> pd.DataFrame:
    random = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "income": random.lognormal(10, 1, 300).round(2),
            "born": pd.to_datetime("1950-01-01")
            + pd.to_timedelta(random.integers(0, 9999, 300), "D"),
            "sex": random.choice(["f", "m"], 300),
        }
    )


def request(aggregate: str, groups: str) -> dict[str, Any]:
    averaged = {
        "role": "quasi_identifier",
        "transformation": "microaggregation",
        "aggregate": aggregate,
        "groups": groups,
    }
    sex = {"role": "quasi_identifier"}
    born = averaged if aggregate != "geometric_mean" else {**averaged, "aggregate": "mean"}
    attributes = {"income": averaged, "born": born, "sex": sex}
    return {"policy": {"attributes": attributes, "privacy": {"k_anonymity": {"k": 5}}}}


@pytest.mark.parametrize("groups", ["classes", "mdav"])
@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_at_least_k_records_share_every_value(aggregate: str, groups: str) -> None:
    df = anonymize(request(aggregate, groups), frame=people()).df
    assert df is not None
    assert len(df) == 300
    assert df.groupby(list(df.columns), dropna=False).size().min() >= 5


def test_the_mean_of_a_class_is_the_mean_of_its_records() -> None:
    df = anonymize(request("mean", "classes"), frame=people()).df
    assert df is not None
    expected = people().groupby("sex")["income"].mean()
    for sex, income in df.groupby("sex")["income"]:
        assert income.to_numpy() == pytest.approx(expected[sex], rel=1e-9)


def test_clusters_lose_less_than_classes_and_the_error_says_so() -> None:
    errors = {
        groups: float(str(anonymize(request("mean", groups), frame=people()).utility.loc[ROW]))
        for groups in ("classes", "mdav")
    }
    assert 0 < errors["mdav"] < errors["classes"] <= 1


@pytest.mark.parametrize("recoding", ["global", "local"])
@pytest.mark.parametrize("importance", [0.1, 10.0])
def test_the_error_is_that_of_what_is_released(recoding: str, importance: float) -> None:
    random = np.random.default_rng(3)
    frame = people().assign(number=range(300), town=random.integers(0, 12, 300).astype(str))
    policy = request("mean", "mdav")["policy"] | {"recoding": recoding, "suppression_limit": 0.05}
    policy["attributes"] |= {
        "income": policy["attributes"]["income"] | {"importance": importance},
        "born": {"role": "non_sensitive"},
        "town": {"role": "quasi_identifier"},
        "number": {"role": "non_sensitive"},
    }
    result = anonymize({"policy": policy}, frame=frame)
    assert result.df is not None
    released = pd.to_numeric(result.df.set_index("number")["income"], errors="coerce")
    true = frame.set_index("number")["income"].loc[released.index]
    read = released.fillna(true[released.isna()].mean())  # records at * are one group
    error = ((true - read) ** 2).sum() / ((true - true.mean()) ** 2).sum()
    assert float(str(result.utility.loc[ROW])) == pytest.approx(error, rel=1e-6)


def test_a_mean_of_words_is_refused() -> None:
    frame = people().assign(income="words")
    frame.loc[::2, "income"] = "other words"
    with pytest.raises(RequestError, match="income"):
        anonymize(request("mean", "classes"), frame=frame)
