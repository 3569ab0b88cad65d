"""Configurations are compared on one reading of the source, as single jobs would come out."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import RequestError, anonymize, measure


def people() -> pd.DataFrame:
    random = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "age": random.integers(10, 90, 300),
            "sex": random.choice(["f", "m"], 300),
            "ill": random.choice(["x", "y", "z"], 300, p=[0.5, 0.3, 0.2]),
        }
    )


def request(**changes: Any) -> dict[str, Any]:
    age = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5, 10, 20]}}
    attributes = {"age": age, "sex": {"role": "quasi_identifier"}, "ill": {"role": "sensitive"}}
    privacy = {"k_anonymity": {"k": 3}, "t_closeness": {"attribute": "ill", "t": 0.5}}
    return {"policy": {"attributes": attributes, "privacy": privacy, **changes}}


GRID = {
    "k": [2, 5, 20],
    "t": [0.3, 1.0],
    "suppression_limit": [0.0, 0.1],
    "recoding": ["global", "local"],
}


def test_every_row_is_what_its_job_would_have_released() -> None:
    table = measure(request(), measurement=GRID, frame=people())
    assert len(table) == 24
    for row in table.to_dict("records"):
        if not row["reachable"]:
            continue
        document = request(suppression_limit=row["suppression_limit"], recoding=row["recoding"])
        document["policy"]["privacy"] = {
            "k_anonymity": {"k": row["k"]},
            "t_closeness": {"attribute": "ill", "t": row["t"]},
        }
        job = anonymize(document, frame=people())
        assert row["suppressed"] == job.decision.suppressed
        assert row["infoLoss"] == job.utility.loc["infoLoss", "release"]
        assert row["avgRecordIdentification"] == job.risk.loc["avgRecordIdentification", "release"]
        if job.levels is not None:
            assert {f"level.{n}": level for n, level in job.levels.items()}.items() <= row.items()


def test_no_row_of_the_frontier_is_beaten_and_every_other_is() -> None:
    table = measure(request(), measurement=GRID, frame=people())
    table = table[table["reachable"]]
    judged = table[["maxProbabilityIdentification", "avgRecordIdentification", "infoLoss"]]
    figures = judged.astype(float).to_numpy()
    for own, on_frontier in zip(figures, table["frontier"], strict=True):
        beaten = any((f <= own).all() and (f < own).any() for f in figures)
        assert on_frontier is not beaten


def test_a_request_without_a_grid_is_measured_as_it_stands() -> None:
    table = measure(request(), frame=people())
    assert len(table) == 1
    assert bool(table.loc[0, "reachable"])


def test_what_cannot_be_reached_says_why_and_the_others_go_on() -> None:
    table = measure(request(), measurement={"k": [3, 1000]}, frame=people())
    assert table["reachable"].tolist() == [True, False]
    assert table.loc[1, "note"]


def test_the_best_candidates_of_a_configuration_are_ranked() -> None:
    table = measure(request(suppression_limit=0.1), measurement={"best": 4}, frame=people())
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["infoLoss"].is_monotonic_increasing
    levels = table[["level.age", "level.sex"]]
    assert len(levels.drop_duplicates()) == 4


def test_levels_can_be_compared() -> None:
    grid = {"lowest_level": {"age": [0, 3]}, "highest_level": {"sex": [0, 1]}}
    table = measure(request(), measurement=grid, frame=people())
    assert (table.loc[table["lowest_level.age"] == 3, "level.age"] >= 3).all()
    assert (table.loc[table["highest_level.sex"] == 0, "level.sex"] == 0).all()


@pytest.mark.parametrize(
    "grid", [{"l": [2]}, {"highest_level": {"ill": [1]}}, {"k": [1]}, {"unknown": [1]}]
)
def test_a_grid_that_does_not_fit_is_refused_with_its_place(grid: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="measurement"):
        measure(request(), measurement=grid, frame=people())
