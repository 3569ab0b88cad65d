"""Datasets that are released again and again, and what a job says of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from anon_dagster.jobs.former import former_releases
from tests.deployment import Deployment, deployed_people, failure
from tests.releasing.test_repeated import MORE

REQUEST = """
source: {path: people.csv}
target: {path: out/people.parquet}
schedule: "0 3 * * *"
policy:
  attributes:
    age: {role: quasi_identifier, hierarchy: {type: interval, widths: [5, 10, 20]}}
    town: {role: quasi_identifier}
    job: {role: non_sensitive}
    ill: {role: sensitive}
  privacy: {k_anonymity: {k: 3}}
  recoding: local
  suppression_limit: 0.1
  residual: {given_back: ignore, alone: ignore}
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    with deployed_people(folder, REQUEST, MORE[:150]) as there:
        yield there


def source(deployment: Deployment) -> Path:
    (file,) = deployment.folder.glob("**/people.csv")
    return file


def shown(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    events = result.get_asset_materialization_events()
    made = [each.step_materialization_data.materialization for each in events]
    metadata = next(m.metadata for m in made if m.asset_key.path[-1] == "residual_disclosure")
    return dict(metadata)


def checked(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    found = result.get_asset_check_evaluations()
    return next(each for each in found if each.check_name == "nothing_is_given_back")


def test_a_schedule_says_what_repeated_releases_tell(deployment: Deployment) -> None:
    (schedule,) = (
        each
        for each in deployment.definitions.get_repository_def().schedule_defs
        if each.name == "people_schedule"
    )
    assert "fewer than k candidates" in (schedule.description or "")


@pytest.mark.slow
def test_a_job_reports_what_its_release_tells_with_former_ones(deployment: Deployment) -> None:
    first = deployment.run("people_anonymize_job")
    assert first.success, failure(first)
    assert shown(first)["former_releases"].value == 0
    MORE.to_csv(source(deployment), index=False)

    second = deployment.run("people_anonymize_job")
    assert second.success, failure(second)
    told = shown(second)
    assert told["former_releases"].value == 1
    assert "repeated" in {row.data["examination"] for row in told["findings"].records}
    assert not checked(second).passed
    assert "kept 1 former release" in str(checked(second).description)

    _elsewhere(deployment)


def _elsewhere(deployment: Deployment) -> None:
    """Release the same source to another target, whose jobs the store knows."""
    dataset = next(deployment.folder.glob("**/request.yaml")).parent
    request = {
        **_document(),
        "source": {"path": str(source(deployment))},
        "target": {"path": str(dataset / "other" / "people.csv")},
    }
    pd.concat([MORE, MORE[:40].assign(age=21)]).to_csv(source(deployment), index=False)
    result = deployment.run_request(request)
    assert result.success, failure(result)
    assert shown(result)["former_releases"].value == 1

    job = deployment.job(result)
    (former,) = former_releases(job)
    assert former.name.startswith("the release of job ")
    other = _document() | {"source": {"path": str(dataset / "nowhere.csv")}}
    job.save_request(_parsed(other))
    assert former_releases(job) == []


def _document() -> dict[str, Any]:
    from anon_dagster.request.documents import parse_yaml

    document = parse_yaml(REQUEST, name="the request")
    return {"policy": document["policy"]}


def _parsed(document: dict[str, Any]) -> Any:
    from anon_dagster import parse_request

    return parse_request(document)
