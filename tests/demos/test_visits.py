"""The demo of the visits: what rows promise and people do not, counted by pandas beside it."""

from pathlib import Path

import pandas as pd
import pytest

from anon_dagster import anonymize, load_request
from anon_dagster.demos.visits import PEOPLE, ROWS, compare, main

pytestmark = pytest.mark.slow


def test_the_demo_prints_both_beside_each_other(
    project_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(project_folder) == 0
    printed, logged = capfd.readouterr()
    for words in (ROWS, PEOPLE, "classes of one patient", "visits released", "docs/persons.md"):
        assert words in printed
    assert not logged
    assert not (project_folder / "data" / "visits" / "out").exists()


def test_its_figures_are_those_of_pandas(project_folder: Path) -> None:
    request = load_request(project_folder / "data" / "visits" / "request.yaml")
    found = compare(request)[ROWS]
    policy = request.policy.model_copy(update={"person": None})
    result = anonymize(request.model_copy(update={"target": None, "policy": policy}))
    assert result.levels == {"age_at_visit": 1, "sex": 0, "town": 0}
    records = pd.read_csv(project_folder / "data" / "visits" / "visits.csv", dtype=str)
    seen, born = (pd.to_datetime(records[name]) for name in ("visit_date", "birth_date"))
    before = (seen.dt.month * 100 + seen.dt.day) < (born.dt.month * 100 + born.dt.day)
    age = seen.dt.year - born.dt.year - before
    classes = [age // 5, records["sex"], records["town"]]
    grouped = records.groupby(classes, dropna=False)["patient_id"]
    sizes = pd.DataFrame({"rows": grouped.size(), "people": grouped.nunique()})
    ill = records["diagnosis"].fillna("none").groupby(classes, dropna=False).nunique()
    kept = sizes[(sizes["rows"] >= 5) & (ill >= 2)]
    assert found["visits released"] == kept["rows"].sum()
    assert found["classes"] == len(kept)
    few = kept["people"] < 5
    assert found["classes of fewer than 5 patients"] == few.sum() > 0
    assert found["visits in classes of fewer than 5 patients"] == kept["rows"][few].sum()
    assert found["classes of one patient"] == (kept["people"] == 1).sum() > 0


def test_of_people_no_class_has_too_few(project_folder: Path) -> None:
    request = load_request(project_folder / "data" / "visits" / "request.yaml")
    found = compare(request)[PEOPLE]
    assert found["patients of the smallest class"] >= 5
    assert found["classes of fewer than 5 patients"] == 0


def test_outside_the_project_it_says_where_to_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 2
    assert "no dagster.yaml" in capfd.readouterr().out
