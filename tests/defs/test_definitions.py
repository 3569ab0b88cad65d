"""What Dagster loads, whatever lies in the folder of the datasets."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from anon_dagster.definitions import definitions, owned
from anon_dagster.defs.adhoc import EXAMPLE, request_of
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.settings import owners
from anon_dagster.errors import JobError, RequestError
from anon_dagster.request import Request
from anon_dagster.request.documents import parse_yaml
from tests.deployment import deployed, failure, takes_its_example

STAGES = {
    "anonymized",
    "detection",
    "exploratory_statistics",
    "frequency_table",
    "measurement",
    "report",
    "request",
    "residual_disclosure",
    "risk_metrics",
    "solution",
    "source",
    "utility_statistics",
}
SINGLE = {
    f"adhoc/{step}"
    for step in (
        *("application", "applied", "approved", "examined", "proposal", "rejected", "verified"),
    )
}
GROUPS = {"adhoc", "credit_union", "patients", "visits"}


@pytest.fixture(scope="module")
def project(project_folder: Path) -> dg.Definitions:
    return definitions(project_folder / "data", JobStore.of_environment())


def names(defined: dg.Definitions) -> set[str]:
    return {key.to_user_string() for key in defined.resolve_all_asset_keys()}


def test_everything_that_is_loaded_is_known_here(project: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(project)
    graph = project.resolve_asset_graph()
    repository = project.get_repository_def()
    assert names(project) == {f"{group}/{stage}" for group in GROUPS for stage in STAGES} | SINGLE
    assert {key.to_user_string() for key in graph.asset_check_keys} == {
        f"{group}/{check}"
        for group in GROUPS
        for check in (
            "source:source_matches_schema",
            "anonymized:release_keeps_every_promise",
            "anonymized:release_matches_schema",
            "residual_disclosure:nothing_is_given_back",
        )
    } | {
        "adhoc/verified:release_keeps_every_promise",
        "adhoc/examined:nothing_is_given_back",
    } | {f"{group}/anonymized:target_is_fresh" for group in GROUPS - {"adhoc"}}
    assert set(repository.job_names) == {
        "__ASSET_JOB",
        "apply_job",
        "approve_job",
        "propose_job",
        "reject_job",
        "residual_job",
        "anon_retention_job",
        "verify_job",
        *(f"{kind}_job" for kind in ("anonymize", "detect", "measure")),
        *(
            f"{group}_{kind}_job"
            for group in GROUPS - {"adhoc"}
            for kind in ("anonymize", "detect", "measure")
        ),
    }
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "anon_housekeeping",
        *(f"anon_ledger_of_{end}_jobs" for end in ("aborted", "completed", "failed")),
    }
    assert {schedule.name for schedule in repository.schedule_defs} == {"anon_retention"}


def test_the_lineage_is_that_of_the_design(project: dg.Definitions) -> None:
    graph = project.resolve_asset_graph()
    parents = {
        key.path[1]: {parent.path[1] for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
        if key.path[0] == "patients"
    }
    assert parents == {
        "request": set(),
        "source": {"request"},
        "detection": {"source"},
        "frequency_table": {"source"},
        "solution": {"frequency_table"},
        "anonymized": {"solution"},
        "exploratory_statistics": {"anonymized"},
        "risk_metrics": {"anonymized"},
        "utility_statistics": {"anonymized"},
        "residual_disclosure": {"anonymized"},
        "report": {
            "residual_disclosure",
            "exploratory_statistics",
            "risk_metrics",
            "utility_statistics",
        },
        "measurement": {"frequency_table"},
    }


def test_what_a_release_tells_follows_later_records_as_well(project: dg.Definitions) -> None:
    graph = project.resolve_asset_graph()
    parents = graph.get(dg.AssetKey(["adhoc", "residual_disclosure"])).parent_keys
    assert {key.path[1] for key in parents} == {"anonymized", "applied"}


def test_every_check_of_a_promise_blocks_what_follows(project: dg.Definitions) -> None:
    graph = project.resolve_asset_graph()
    assert {key.name for key in graph.asset_check_keys if not graph.get(key).blocking} == {
        "target_is_fresh",
        "nothing_is_given_back",
    }


def test_one_process_runs_all_steps_of_each_job(project: dg.Definitions) -> None:
    jobs = [job for job in project.resolve_all_job_defs() if not job.name.startswith("__")]
    assert {job.name for job in jobs if job.executor_def is not dg.in_process_executor} == set()


def test_everything_is_described(project: dg.Definitions) -> None:
    repository = project.get_repository_def()
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    specs = project.resolve_all_asset_specs()
    graph = project.resolve_asset_graph()
    told: dict[str, str | None] = {
        **{job.name: job.description for job in jobs},
        **{each.name: each.description for each in repository.sensor_defs},
        **{each.name: each.description for each in repository.schedule_defs},
        **{spec.key.to_user_string(): spec.description for spec in specs},
        **{key.name: graph.get(key).description for key in graph.asset_check_keys},
    }
    assert [name for name, description in told.items() if not description] == []
    assert [spec.key.to_user_string() for spec in specs if not spec.kinds] == []


def test_the_example_of_each_job_is_one_that_it_takes(project: dg.Definitions) -> None:
    jobs = {job.name: job for job in project.resolve_all_job_defs() if "__" not in job.name}
    del jobs["anon_retention_job"]  # which takes nothing
    assert [name for name, job in jobs.items() if not takes_its_example(job)] == []


def test_a_project_that_merges_them_keeps_its_executor_and_its_resources(
    project: dg.Definitions,
) -> None:
    theirs = dg.Definitions(
        executor=dg.multiprocess_executor, resources={"store": "theirs", "engine": "theirs"}
    )
    merged = dg.Definitions.merge(project, theirs)
    assert merged.executor is dg.multiprocess_executor
    assert set(merged.resources or {}) == {
        *("store", "engine"),
        *("anon_store", "anon_engine", "anon_releases"),
    }


def test_the_launchpad_opens_with_a_request_that_is_valid_as_it_stands() -> None:
    assert EXAMPLE.count("#") > 15, "the example has comments"
    assert isinstance(request_of(EXAMPLE), Request)
    assert request_of(parse_yaml(EXAMPLE, name="the example")) == request_of(EXAMPLE)


def test_a_request_that_is_no_yaml_is_refused_by_its_place_alone() -> None:
    with pytest.raises(RequestError, match=r"not YAML \(line \d, column \d+\)") as caught:
        request_of("source: {path: a.csv}\npolicy: [secret\n")
    assert "secret" not in str(caught.value)


def test_a_broken_dataset_is_one_red_asset_and_the_others_load(
    project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(project_folder / "data" / "patients", tmp_path / "data" / "patients")
    broken = {
        "half": "source: {path: a.csv}\n",
        "noyaml": "source: [\n",
        "adhoc": EXAMPLE,
        "a-b": EXAMPLE,
    }
    for name, text in broken.items():
        (tmp_path / "data" / name).mkdir()
        (tmp_path / "data" / name / "request.yaml").write_text(text, encoding="utf-8")
    with deployed(tmp_path) as deployment:
        defined = deployment.definitions
        assert names(defined) == {
            *(f"{group}/{stage}" for group in ("adhoc", "patients") for stage in STAGES),
            *SINGLE,
            *(f"{group}/request" for group in ("half", "noyaml", "adhoc_", "a_b")),
        }
        graph = defined.resolve_asset_graph()
        reason = graph.get(dg.AssetKey(["half", "request"])).description or ""
        assert "policy: is missing" in reason
        job = defined.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=deployment.instance,
            asset_selection=[dg.AssetKey(["half", "request"])],
            raise_on_error=False,
        )
        assert "policy: is missing" in failure(result)


@pytest.mark.parametrize(
    ("job", "step", "wrong", "told"),
    [
        ("anonymize", "request", {"request": {"file": "nope.yaml"}}, "cannot read nope.yaml"),
        ("anonymize", "request", {"request": {"sorce": {}}}, "did you mean source?"),
        ("apply", "application", {"suppress_at_most": 7.0}, "must be from 0 to 1"),
        ("apply", "application", {}, "the page of its run show it"),
        ("propose", "proposal", {"sample": 0}, "must be 1 or more"),
        ("propose", "proposal", {"seconds": -1.0}, "must be 0 or more"),
    ],
)
def test_a_mistake_in_the_launchpad_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: str, step: str, *, wrong: Any, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    defined = definitions(tmp_path / "data", JobStore(tmp_path / ".anon"))
    config = {"ops": {f"adhoc__{step}": {"config": wrong}}}
    with dg.DagsterInstance.ephemeral() as instance:
        result = defined.resolve_job_def(f"{job}_job").execute_in_process(
            config, instance=instance, raise_on_error=False
        )
    assert told in failure(result)


def test_owners_are_those_of_every_asset_and_change_nothing_else(
    project: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANON_OWNERS", " ada@example.org, team:privacy,")
    mine = owned(project, owners())
    dg.Definitions.validate_loadable(mine)
    graph = mine.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert graph.get(key).owners == ["ada@example.org", "team:privacy"], key
    assert names(mine) == names(project)
    assert graph.asset_check_keys == project.resolve_asset_graph().asset_check_keys
    jobs = [{job.name for job in each.resolve_all_job_defs()} for each in (mine, project)]
    assert jobs[0] == jobs[1]
    (tmp_path / "towns.csv").write_text("town\n" + "Rome\nOslo\n" * 5)
    request = {
        "source": {"path": str(tmp_path / "towns.csv")},
        "policy": {
            "attributes": {"town": {"role": "quasi_identifier"}},
            "privacy": {"k_anonymity": {"k": 5}},
        },
    }
    with deployed(tmp_path) as there:
        changed = replace(there, definitions=owned(there.definitions, owners()))
        assert changed.run_request(request).success
    monkeypatch.delenv("ANON_OWNERS")
    assert owned(project, owners()) is project


@pytest.mark.parametrize("said", ["ada", "team:", "ada@example.org privacy", "team:a b", "a@b"])
def test_whoever_cannot_be_an_owner_is_told(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("ANON_OWNERS", said)
    with pytest.raises(JobError, match="ANON_OWNERS has addresses"):
        owners()
