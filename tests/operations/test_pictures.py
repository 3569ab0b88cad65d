"""The pictures of a release show what the release has, and notebooks show no cell of it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster import AnonResult
from anon_dagster.errors import RequestError
from anon_dagster.operations.measure import measure_counted
from anon_dagster.request import Measurement
from tests.test_discreet import CANARIES, POLICY, people

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    draws = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "name": [f"Person {place}" for place in range(300)],
            "age": draws.integers(18, 80, 300),
            HOSTILE: draws.choice(np.array(["a", "b", None], dtype=object), 300),
            "pay": draws.normal(3_000, 700, 300).round(2),
            "ill": draws.choice(["flu", "gout", "cold"], 300),
        }
    )


@pytest.fixture(scope="module", params=["global", "local"])
def result(request: pytest.FixtureRequest, table: pd.DataFrame) -> AnonResult:
    widths = {"type": "interval", "widths": [5, 20]}
    policy = {
        "attributes": {
            "name": {"role": "direct_identifier"},
            "age": {"role": "quasi_identifier", "hierarchy": widths},
            HOSTILE: {"role": "quasi_identifier"},
            "pay": {"role": "non_sensitive"},
            "ill": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 4}},
        "suppression_limit": 0.1,
        "recoding": request.param,
    }
    return anon_dagster.anonymize({"policy": policy}, frame=table)


def released(result: AnonResult) -> pd.DataFrame:
    assert result.df is not None
    return result.df


def test_the_classes_are_those_of_the_release(result: AnonResult) -> None:
    data = result.plot.classes().data
    sizes = released(result).groupby(["age", HOSTILE], dropna=False, observed=True).size()
    assert data["release_classes"].sum() == len(sizes)
    assert data["release_records"].sum() == sizes.sum()
    for smallest, largest, classes in zip(
        data["smallest"], data["largest"], data["release_classes"], strict=True
    ):
        assert classes == sizes.between(smallest, largest).sum()


def by_label(counts: "pd.Series[Any]") -> dict[str, int]:
    labels = counts.index.to_series().astype(object).fillna("missing")
    return {str(label): int(n) for label, n in zip(labels, counts, strict=True) if n}


@pytest.mark.parametrize("name", ["age", HOSTILE, "ill"])
def test_an_attribute_has_the_counts_of_the_release_at_its_own_labels(
    result: AnonResult, table: pd.DataFrame, name: str
) -> None:
    picture = result.plot.attribute(name)
    data, found = picture.data, released(result)[name].astype(object).value_counts(dropna=False)
    drawn, every = by_label(data["release"]), by_label(found)
    assert drawn.items() <= every.items()
    assert len(drawn) == min(len(every), 20)
    more = len(every) - len(drawn)
    assert (f"{more} other labels are not shown" in picture.svg) == (more > 0)
    if result.levels is not None:
        assert data["source"].sum() == len(table)
        assert (data["source"] >= data["release"]).all()


def test_a_column_of_numbers_is_a_histogram(result: AnonResult, table: pd.DataFrame) -> None:
    data = result.plot.attribute("pay").data
    assert data["source"].sum() == len(table)
    assert data["release"].sum() == len(released(result))
    assert np.allclose(np.diff(data["lower"]), data["upper"][0] - data["lower"][0])


def test_the_release_is_among_what_was_measured(result: AnonResult) -> None:
    request, counted = result.decision.request, result.decision.counted
    others = measure_counted(request, counted, Measurement(k=(10,)))
    for measured in [others] if result.levels is None else [others, None]:
        data = result.plot.frontier(measured).data
        (chosen,) = data[data["chosen"]].to_dict("records")
        assert chosen["risk"] == result.risk.loc["maxProbabilityIdentification", "release"]
        assert chosen["loss"] == pytest.approx(result.utility.loc["infoLoss", "release"])


def test_what_cannot_be_drawn_is_said(result: AnonResult) -> None:
    with pytest.raises(RequestError, match="must be one of"):
        result.plot.attribute("agee")
    with pytest.raises(RequestError, match="name is not released"):
        result.plot.attribute("name")
    with pytest.raises(RequestError, match="no table that measure returned"):
        result.plot.frontier(pd.DataFrame({"a": [1]}))


def test_a_notebook_shows_promises_and_pictures_and_takes_no_name_for_markup(
    result: AnonResult,
) -> None:
    assert "<svg" in result.plot.risk()._repr_html_()
    page = result._repr_html_()
    assert "4-anonymity" in page
    assert "<script" not in page + result.plot.attribute(HOSTILE)._repr_html_()
    assert "<svg" in page


def test_no_cell_is_in_what_a_notebook_shows() -> None:
    frame, document = people(), {"policy": POLICY}
    result = anon_dagster.anonymize(document, frame=frame)
    result.risk.head(1)
    measured = anon_dagster.measure(document, measurement={"k": [2, 5]}, frame=frame)
    strict = {**POLICY, "privacy": {"k_anonymity": {"k": 30}}}
    broken = anon_dagster.verify(strict, released(result))
    detection, applied = anon_dagster.detect(frame), anon_dagster.apply(result, frame=frame)
    shown: list[Any] = [result, measured, broken, detection, result.residual, applied, result.plot]
    for thing in shown:
        page = thing._repr_html_()
        assert not [each for each in CANARIES if each in page], type(thing)
    assert "BROKEN" in broken._repr_html_()
    assert "frontier" in measured._repr_html_()
    assert "quasi_identifier" in detection._repr_html_()


@pytest.mark.slow
def test_no_cell_is_in_what_a_notebook_shows_of_a_proposal() -> None:
    page = anon_dagster.auto_anonymize(people(), seconds=2)._repr_html_()
    assert not [each for each in CANARIES if each in page]
    assert "<svg" in page


def test_what_was_measured_is_a_table_that_draws_its_frontier() -> None:
    measured = anon_dagster.measure({"policy": POLICY}, measurement={"k": [2, 5]}, frame=people())
    picture = measured.plot.frontier(acceptable=0.2)
    assert len(picture.data) == measured["reachable"].sum()
    assert type(measured[["k", "infoLoss"]]) is pd.DataFrame
    assert "<svg" not in measured[["k"]]._repr_html_()
