"""Whether a release is fresh is told by its files and those of its source alone."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from anon_dagster.definitions import definitions
from anon_dagster.defs.freshness import staleness
from anon_dagster.defs.resources import JobStore
from anon_dagster.request import Request, parse_request
from anon_dagster.request.yaml_writing import document as written

NOW = 1_000_000.0
HOUR = 3_600.0


def request(folder: Path, **more: object) -> Request:
    return parse_request(
        {
            "source": {"path": f"{folder}/in/*.csv"},
            "target": {"path": str(folder / "out.csv")},
            "policy": {
                "attributes": {"age": {"role": "quasi_identifier"}},
                "privacy": {"k_anonymity": {"k": 2}},
            },
            **more,
        }
    )


def put(path: Path, hours_ago: float) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.utime(path, (NOW - hours_ago * HOUR,) * 2)


def test_a_release_that_came_after_its_source_is_fresh(tmp_path: Path) -> None:
    put(tmp_path / "in" / "a.csv", 2)
    put(tmp_path / "out.csv", 1)
    assert staleness(request(tmp_path), now=NOW) == ""


def test_a_release_that_is_older_than_files_of_its_source_is_not(tmp_path: Path) -> None:
    put(tmp_path / "in" / "a.csv", 2)
    put(tmp_path / "in" / "b.csv", 0.5)
    put(tmp_path / "out.csv", 1)
    assert "1 of the 2 files" in staleness(request(tmp_path), now=NOW)


def test_a_release_that_is_not_there_is_not(tmp_path: Path) -> None:
    put(tmp_path / "in" / "a.csv", 2)
    assert "there is no release" in staleness(request(tmp_path), now=NOW)


@pytest.mark.parametrize(("hours", "fresh"), [(24, False), (26, True)])
def test_a_release_may_be_as_old_as_the_request_says(
    tmp_path: Path, hours: float, *, fresh: bool
) -> None:
    put(tmp_path / "in" / "a.csv", 48)
    put(tmp_path / "out.csv", 25)
    told = staleness(request(tmp_path, fresh_within_hours=hours), now=NOW)
    assert (told == "") == fresh
    assert fresh or "25.0 hours old; 24 are allowed" in told


def test_several_parts_are_as_old_as_what_completes_them(tmp_path: Path) -> None:
    put(tmp_path / "in" / "a.csv", 2)
    put(tmp_path / "out" / "part-00000.csv", 3)
    parts = {"path": str(tmp_path / "out"), "format": "csv", "single_file": False}
    assert "there is no release" in staleness(request(tmp_path, target=parts), now=NOW)
    put(tmp_path / "out" / "_SUCCESS", 1)
    assert staleness(request(tmp_path, target=parts), now=NOW) == ""


def load_aging_and_patient(tmp_path: Path) -> dg.Definitions:
    for name, more in {"aging": {"fresh_within_hours": 24}, "patient": {}}.items():
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        document = request(tmp_path, **more).model_dump(mode="json", by_alias=True)
        (folder / "request.yaml").write_text(written(document), encoding="utf-8")
    return definitions(tmp_path / "data", JobStore(tmp_path / ".anon"))


def test_dagster_is_told_how_old_a_release_may_become(tmp_path: Path) -> None:
    loaded = load_aging_and_patient(tmp_path)
    dg.Definitions.validate_loadable(loaded)
    policies = {spec.key: spec.freshness_policy for spec in loaded.resolve_all_asset_specs()}
    aging = policies.pop(dg.AssetKey(["aging", "anonymized"]))
    assert aging == dg.FreshnessPolicy.time_window(timedelta(hours=24))
    assert set(policies.values()) == {None}


@pytest.mark.filterwarnings("ignore:Parameter `include_sources`")  # of Dagster's own call
def test_whether_a_release_is_older_than_its_source_is_asked_every_hour(tmp_path: Path) -> None:
    loaded = load_aging_and_patient(tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        at = datetime(2026, 11, 30, 10, 59, tzinfo=UTC)
        before = dg.evaluate_automation_conditions(loaded, instance, evaluation_time=at)
        later = dg.evaluate_automation_conditions(
            loaded, instance, cursor=before.cursor, evaluation_time=at + timedelta(minutes=2)
        )
    assert (before.total_requested, later.total_requested) == (0, 1)
    (sensor,) = (s for s in loaded.get_repository_def().sensor_defs if "aging" in s.name)
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
