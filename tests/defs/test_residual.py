"""What a release tells beside its promises, as a step of every job, its check, and its own job."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from anon_dagster.defs.checks import residual_result
from anon_dagster.defs.stages import STAGES, Shown, Work
from anon_dagster.residual import ResidualDisclosure
from tests.deployment import Deployment, deployed, deployed_people, failure
from tests.disclosures import ATTACKED, FOUND, GIVEN_BACK, NOTHING, REFUSED, let_find

REQUEST = """
source: {path: people.csv}
target: {path: out/people.parquet}
policy:
  attributes:
    age: {role: quasi_identifier, hierarchy: {type: interval, widths: [5, 10, 20]}}
    sex: {role: quasi_identifier}
    illness: {role: sensitive}
  privacy: {k_anonymity: {k: 3}}
  suppression_limit: 0.1
  residual: {repeated: ignore}
"""
Find = Callable[..., None]


def people(records: int = 60) -> pd.DataFrame:
    places = range(records)
    return pd.DataFrame(
        {
            "age": [20 + p * 7 % 40 for p in places],
            "sex": ["f" if p % 3 else "m" for p in places],
            "illness": [f"i{p % 4}" for p in places],
        }
    )


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    with deployed_people(folder, REQUEST, people()) as deployed_there:
        yield deployed_there


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Find:
    """Let every examination find what is said."""

    def find(found: ResidualDisclosure, *, attacked: ResidualDisclosure | None = None) -> None:
        let_find(monkeypatch, found, attacked)

    return find


def adhoc(folder: Path, **changes: Any) -> dict[str, Any]:
    people().to_csv(folder / "people.csv", index=False)
    attributes = {
        "age": {"role": "quasi_identifier"},
        "sex": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    }
    policy = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 3}}}
    return {"source": {"path": str(folder / "people.csv")}, "policy": policy, **changes}


def shown(result: dg.ExecuteInProcessResult, step: str) -> dict[str, Any]:
    made = [e.step_materialization_data.materialization for e in materializations(result)]
    metadata = next(each.metadata for each in made if each.asset_key.path[-1] == step)
    return {
        name: [dict(row.data) for row in value.records]
        if isinstance(value, dg.TableMetadataValue)
        else value.value
        for name, value in metadata.items()
    }


def materializations(result: dg.ExecuteInProcessResult) -> list[dg.DagsterEvent]:
    return list(result.get_asset_materialization_events())


def checked(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = (
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == "nothing_is_given_back"
    )
    return found


def select(deployment: Deployment, *steps: str) -> dg.ExecuteInProcessResult:
    job = deployment.definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=deployment.instance,
        asset_selection=[dg.AssetKey(["people", step]) for step in steps],
        raise_on_error=False,
    )


# -- the step ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def released(deployment: Deployment) -> dg.ExecuteInProcessResult:
    with pytest.MonkeyPatch.context() as patch:
        let_find(patch, FOUND)
        result = deployment.run("people_anonymize_job")
    assert result.success, failure(result)
    return result


def test_a_step_shows_every_finding_with_its_figure_and_its_cure(
    deployment: Deployment, released: dg.ExecuteInProcessResult
) -> None:
    told = shown(released, "residual_disclosure")
    assert (told["worst"], told["examined"], told["records"]) == ("high", 60, 60)
    assert [row["columns"] for row in told["findings"]] == ["age_again", "seat, shift"]
    assert [row["records"] for row in told["findings"]] == [
        "60 records (100.0%)",
        "fewer than 3 records",
    ]
    assert told["findings"][0]["cure"] == GIVEN_BACK.cure
    assert ResidualDisclosure.from_document(told["exact_residual"]) == FOUND
    assert deployment.job(released).load_residual() == FOUND
    page = (deployment.job(released).path / "report.html").read_text(encoding="utf-8")
    assert "age_again gives age back" in page


def test_a_finding_is_a_warning_that_blocks_nothing(released: dg.ExecuteInProcessResult) -> None:
    check = checked(released)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert GIVEN_BACK.cure in (check.description or "")


def test_a_check_lists_the_gravest_findings_or_says_where_it_looked() -> None:
    many = residual_result(replace(FOUND, findings=(GIVEN_BACK,) * 25))
    lines = (many.description or "").splitlines()
    assert (len(lines), lines[-1]) == (21, "- and 5 more")
    none = residual_result(NOTHING)
    assert none.passed
    assert "on all 60 records" in (none.description or "")


def test_what_is_refused_fails_the_job_before_anything_is_published(
    deployment: Deployment, find: Find, tmp_path: Path
) -> None:
    target = tmp_path / "out.csv"
    target.write_text("the former release\n", encoding="utf-8")
    find(REFUSED)
    refused = failure(deployment.run_request(adhoc(tmp_path, target={"path": str(target)})))
    assert "nothing is published, by policy.residual" in refused
    assert "age_again tells of age (copy)" in refused
    assert GIVEN_BACK.cure in refused
    assert "seat" not in refused, "only warned of"
    assert target.read_text(encoding="utf-8") == "the former release\n"
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv", "people.csv"}


@pytest.mark.usefixtures("released")
def test_the_step_and_its_check_can_run_alone_later(deployment: Deployment, find: Find) -> None:
    find(NOTHING)
    again = select(deployment, "residual_disclosure")
    assert again.success, failure(again)
    assert shown(again, "residual_disclosure")["worst"] == "high", "it tells of what was released"
    assert not checked(again).passed
    later = select(deployment, "report")
    assert later.success, failure(later)


def test_a_step_that_failed_is_resumed_from_what_was_found(
    deployment: Deployment, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(FOUND)
    stage = STAGES["residual_disclosure"]

    def fails(_: Work) -> Shown:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setitem(STAGES, stage.name, replace(stage, make=fails))
        with deployed(deployment.folder) as broken:
            first = broken.run("people_anonymize_job")
    assert "out of memory" in failure(first)
    resumed = select(deployment, *(s for s in STAGES if s in _AFTER))
    assert resumed.success, failure(resumed)
    assert deployment.job(resumed).load_residual() == FOUND


_AFTER = {
    "residual_disclosure",
    *("exploratory_statistics", "risk_metrics", "utility_statistics", "report"),
}


@pytest.mark.slow
def test_a_job_of_before_there_was_this_step_says_what_to_do(
    deployment: Deployment, find: Find
) -> None:
    find(FOUND)
    old = deployment.run("people_anonymize_job")
    (deployment.job(old).path / "residual_disclosure.json").unlink()
    assert "an earlier version kept fewer of them; materialize it again" in failure(
        select(deployment, "residual_disclosure")
    )


@pytest.mark.slow
def test_what_was_found_goes_with_its_job(
    deployment: Deployment, find: Find, tmp_path: Path
) -> None:
    find(FOUND)
    job = deployment.job(deployment.run_request(adhoc(tmp_path)))
    assert job.has(("residual_disclosure.json",))
    assert (job.path / "residual_disclosure.json").stat().st_mode & 0o777 == 0o600
    job.empty()
    assert not job.has(("residual_disclosure.json",))


# -- later records -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def applied(
    deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> dg.ExecuteInProcessResult:
    folder = tmp_path_factory.mktemp("applied")
    with pytest.MonkeyPatch.context() as patch:
        let_find(patch, FOUND)
        first = deployment.run_request(adhoc(folder))
        assert first.success, failure(first)
        later = {"path": str(folder / "people.csv")}
        result = deployment.run_step(
            "apply_job", "application", solution=first.run_id, source=later
        )
    assert result.success, failure(result)
    return result


@pytest.mark.slow
def test_later_records_have_the_same_step(
    deployment: Deployment, applied: dg.ExecuteInProcessResult
) -> None:
    assert shown(applied, "residual_disclosure")["worst"] == "high"
    assert not checked(applied).passed
    assert {e.asset_key.path[-1] for e in materializations(applied) if e.asset_key} == {
        "application",
        "applied",
        "residual_disclosure",
    }
    run = deployment.instance.get_run_by_id(applied.run_id)
    assert run is not None
    assert (run.tags["anon/progress"], run.tags["anon/phase"]) == ("100%", "done")


@pytest.mark.slow
def test_the_step_of_later_records_can_run_alone_later(
    deployment: Deployment, applied: dg.ExecuteInProcessResult
) -> None:
    run = deployment.instance.get_run_by_id(applied.run_id)
    assert run is not None
    job = deployment.definitions.resolve_job_def("apply_job").get_subset(
        asset_selection={dg.AssetKey(["adhoc", "residual_disclosure"])}
    )
    again = job.execute_in_process(
        instance=deployment.instance,
        partition_key=run.tags["dagster/partition"],
        raise_on_error=False,
    )
    assert again.success, failure(again)
    assert shown(again, "residual_disclosure")["worst"] == "high"


# -- examined again ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_finished_release_is_examined_again_with_attacks(
    deployment: Deployment, find: Find, tmp_path: Path
) -> None:
    find(NOTHING, attacked=ATTACKED)
    first = deployment.run_request(adhoc(tmp_path))
    for attacks, expected in ((False, NOTHING), (True, ATTACKED)):
        again = deployment.run_step("residual_job", "examined", job=first.run_id, attacks=attacks)
        assert again.success, failure(again)
        told = shown(again, "examined")
        assert told["job"] == first.run_id
        assert ResidualDisclosure.from_document(told["exact_residual"]) == expected
        assert checked(again).passed == (not attacks)
        assert deployment.job(again).load_residual() == expected
    assert [row["attack"] for row in told["attacks"]] == ["inference(illness)"]
    assert deployment.job(first).load_residual() == NOTHING, "it stays what its job found"


@pytest.mark.slow
def test_later_records_are_examined_again(
    deployment: Deployment, find: Find, applied: dg.ExecuteInProcessResult
) -> None:
    find(NOTHING)
    again = deployment.run_step("residual_job", "examined", job=applied.run_id)
    assert again.success, failure(again)
    assert shown(again, "examined")["worst"] == "none"


@pytest.mark.slow
def test_a_release_that_is_not_there_any_more_is_not_examined_as_what_it_was(
    deployment: Deployment, find: Find, tmp_path: Path
) -> None:
    find(FOUND)
    request = adhoc(tmp_path, target={"path": str(tmp_path / "out.csv")})
    first = deployment.run_request(request)
    assert first.success, failure(first)
    (tmp_path / "out.csv").write_text("another\n", encoding="utf-8")
    told = failure(deployment.run_step("residual_job", "examined", job=first.run_id))
    assert "is not at its target any more" in told
    (tmp_path / "out.csv").unlink()
    told = failure(deployment.run_step("residual_job", "examined", job=first.run_id))
    assert "is not at its target any more" in told


@pytest.mark.slow
def test_a_source_that_changed_since_is_refused(
    deployment: Deployment, find: Find, tmp_path: Path
) -> None:
    find(FOUND)
    first = deployment.run_request(adhoc(tmp_path))
    people(70).to_csv(tmp_path / "people.csv", index=False)
    told = failure(deployment.run_step("residual_job", "examined", job=first.run_id))
    assert "changed since the job found them" in told


@pytest.mark.parametrize("job", ["nobody", "the id of a finished job"])
def test_a_job_without_a_release_is_refused_by_its_name(deployment: Deployment, job: str) -> None:
    told = failure(deployment.run_step("residual_job", "examined", job=job))
    assert "a defect of" not in told
    assert "job" in told
