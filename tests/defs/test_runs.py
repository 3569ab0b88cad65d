"""Jobs on a real instance: what they publish, show, keep and refuse."""

import hashlib
import importlib
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from anon_dagster import anonymize, detect, jobs, risk_per_record
from anon_dagster.defs.endings import close
from anon_dagster.defs.resources import JobStore
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.jobs.reporting import findings_of
from anon_dagster.jobs.tags import HANDED_TAG
from anon_dagster.releasing.persons_file import StoredPersons
from anon_dagster.releasing.publication import count_release, verify_release
from anon_dagster.statistics.utility import identity
from tests.deployment import Deployment, deployed_people, failure

REQUEST = """
source: {path: people.csv}
target: {path: out/people.parquet}
policy:
  attributes:
    name: {role: direct_identifier}
    age: {role: quasi_identifier, hierarchy: {type: interval, widths: [5, 10, 20]}}
    sex: {role: quasi_identifier}
    illness: {role: sensitive}
  privacy: {k_anonymity: {k: 3}, l_diversity: [{attribute: illness, l: 2}]}
  suppression_limit: 0.1
  risk_analysis:
    {suda: {largest: 2}, combinations: {}, contributions: true, attacks: true, records: true}
"""


def people(records: int = 60, first: int = 0) -> pd.DataFrame:
    places = range(first, first + records)
    return pd.DataFrame(
        {
            "name": [f"n{p}" for p in places],
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


@pytest.fixture(scope="module")
def result(deployment: Deployment) -> dg.ExecuteInProcessResult:
    result = deployment.run("people_anonymize_job")
    assert result.success, failure(result)
    return result


def adhoc(source: Path, k: int = 3, target: Path | None = None) -> dict[str, Any]:
    attributes = {
        "name": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier"},
        "sex": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    }
    request: dict[str, Any] = {
        "source": {"path": str(source)},
        "policy": {"attributes": attributes, "privacy": {"k_anonymity": {"k": k}}},
    }
    return request | ({"target": {"path": str(target)}} if target else {})


def shown(result: dg.ExecuteInProcessResult, stage: str) -> dict[str, Any]:
    """Return the metadata of a step, as plain values."""
    made = [
        event.step_materialization_data.materialization
        for event in result.get_asset_materialization_events()
    ]
    metadata = next(each.metadata for each in made if each.asset_key.path[-1] == stage)
    return {
        name: [dict(row.data) for row in value.records]
        if isinstance(value, dg.TableMetadataValue)
        else value.value
        for name, value in metadata.items()
    }


def select(deployment: Deployment, *stages: str) -> dg.ExecuteInProcessResult:
    """Materialize some steps alone, as the button in the UI does."""
    job = deployment.definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=deployment.instance,
        asset_selection=[dg.AssetKey(["people", stage]) for stage in stages],
        raise_on_error=False,
    )


def checks(deployment: Deployment) -> dict[str, bool]:
    """Run the checks of the release alone, and return which passed."""
    key = dg.AssetKey(["people", "anonymized"])
    names = ("release_keeps_every_promise", "release_matches_schema")
    job = deployment.definitions.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection=set(), asset_check_selection={dg.AssetCheckKey(key, n) for n in names}
    )
    result = job.execute_in_process(instance=deployment.instance, raise_on_error=False)
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def test_the_job_gives_the_same_bytes_as_the_library(
    deployment: Deployment, result: dg.ExecuteInProcessResult
) -> None:
    published = deployment.folder / "data" / "people" / "out" / "people.parquet"
    of_job = published.read_bytes()
    anonymize(deployment.folder / "data" / "people" / "request.yaml")
    assert published.read_bytes() == of_job
    checksum = shown(result, "anonymized")["checksum"]
    # The checksum is over the bytes of the files in their order; here it is one file.
    assert checksum == hashlib.sha256(of_job).hexdigest()


def test_the_statistics_of_a_job_are_those_of_the_library(
    deployment: Deployment, result: dg.ExecuteInProcessResult
) -> None:
    kept = findings_of(deployment.job(result))
    library = anonymize(deployment.folder / "data" / "people" / "request.yaml")
    pd.testing.assert_frame_equal(kept.risk, library.risk, check_index_type=False)
    pd.testing.assert_frame_equal(kept.utility, library.utility, check_index_type=False)
    details = library.risk_details.tables
    assert len(details) == 5
    for name, frame in kept.risk_details.tables.items():
        pd.testing.assert_frame_equal(frame, details[name], check_index_type=False)
    records, expected = deployment.job(result).load_record_risks(), risk_per_record(library)
    pd.testing.assert_frame_equal(records.source, expected.source)
    pd.testing.assert_frame_equal(records.release, expected.release)
    pd.testing.assert_frame_equal(kept.exploratory.values, library.exploratory.values)
    pd.testing.assert_frame_equal(kept.exploratory.summary, library.exploratory.summary)


def test_the_ui_is_shown_counts_levels_and_columns(result: dg.ExecuteInProcessResult) -> None:
    assert shown(result, "frequency_table")["dagster/row_count"] == 60
    released = shown(result, "anonymized")
    assert released["dagster/row_count"] + released["suppressed"] == 60
    assert [column.name for column in released["dagster/column_schema"].columns] == [
        "age",
        "sex",
        "illness",
    ]
    assert released["dagster/uri"].endswith("out/people.parquet")
    levels = {row["attribute"] for row in shown(result, "solution")["levels"]}
    assert levels == {"age", "sex"}
    risks = shown(result, "risk_metrics")
    assert {row["statistic"] for row in risks["statistics"]} > {"k"}
    assert [row["without"] for row in risks["contributions"]] == ["(none)", "age", "sex"]
    assert {row["attributes"] for row in risks["combinations"]} == {"age", "sex", "age, sex"}
    assert "linkability" in {row["attack"] for row in risks["attacks"]}


def test_a_picture_is_small(result: dg.ExecuteInProcessResult) -> None:
    pictures = [text for text in shown(result, "report").values() if "data:image" in str(text)]
    assert len(pictures) == 2
    assert all(len(picture) < 50_000 for picture in pictures)


def test_every_check_of_a_finished_job_passed(result: dg.ExecuteInProcessResult) -> None:
    assert {check.check_name: check.passed for check in result.get_asset_check_evaluations()} == {
        "source_matches_schema": True,
        "release_keeps_every_promise": True,
        "release_matches_schema": True,
        "nothing_is_given_back": True,
        "target_is_fresh": True,
    }


def test_a_finished_run_says_so_in_its_tags(
    deployment: Deployment, result: dg.ExecuteInProcessResult
) -> None:
    run = deployment.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags["anon/progress"] == "100%"
    assert run.tags["anon/kind"] == "anonymize"
    assert run.tags["anon/dataset"] == "people"


def test_no_frame_passes_through_dagsters_storage(
    deployment: Deployment, result: dg.ExecuteInProcessResult
) -> None:
    assert result.success
    assert not list((deployment.folder / ".dagster").rglob("storage/*"))


def test_only_the_owner_may_read_what_a_job_keeps(
    deployment: Deployment, result: dg.ExecuteInProcessResult
) -> None:
    job = deployment.job(result)
    for folder in (job.root, job.path.parent, job.path):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in job.path.iterdir()} == {0o600}


def test_direct_identifiers_are_forgotten_when_a_count_is_kept(
    deployment: Deployment, result: dg.ExecuteInProcessResult
) -> None:
    column = deployment.job(result).load_count().columns["name"]
    assert len(column.labels) == 0
    assert column.distinct == 60


@pytest.mark.usefixtures("result")
def test_a_step_that_runs_alone_goes_on_from_the_last_run(deployment: Deployment) -> None:
    again = select(deployment, "risk_metrics")
    assert again.success, failure(again)
    assert (deployment.job(again).path / "risk.json").exists()


def test_steps_of_different_requests_are_not_mixed(
    deployment: Deployment, result: dg.ExecuteInProcessResult
) -> None:
    """The source changed: what was counted of it now does not belong to what was released then."""
    source = deployment.folder / "data" / "people" / "people.csv"
    before = source.read_text(encoding="utf-8")
    try:
        people(70).to_csv(source, index=False)
        mixed = select(deployment, "frequency_table", "risk_metrics")
    finally:
        source.write_text(before, encoding="utf-8")
    assert "materialize from the request on" in failure(mixed)
    assert result.success


@pytest.mark.usefixtures("result")
def test_a_check_that_runs_later_finds_a_release_that_was_tampered_with(
    deployment: Deployment,
) -> None:
    target = deployment.folder / "data" / "people" / "out" / "people.parquet"
    before = target.read_bytes()
    released = pd.read_parquet(target)
    released.loc[0, "age"] = "x"
    released.to_parquet(target, index=False)
    try:
        checked = checks(deployment)
    finally:
        target.write_bytes(before)
    assert checked == {"release_keeps_every_promise": False, "release_matches_schema": False}
    assert all(checks(deployment).values())


def test_a_decision_that_breaks_a_promise_is_found_out_before_it_is_published(
    deployment: Deployment,
) -> None:
    """A solution that generalizes nothing takes the place of the one that was found."""
    target = deployment.folder / "data" / "people" / "out" / "people.parquet"
    decided = select(deployment, "request", "source", "frequency_table", "solution")
    assert decided.success, failure(decided)
    job = deployment.job(decided)
    job.save_solution(identity(job.load_decision().plan.problem))
    target.unlink(missing_ok=True)
    refused = failure(select(deployment, "anonymized"))
    assert "3-anonymity is broken by" in refused
    assert not list(target.parent.iterdir())
    assert select(deployment, "source", "frequency_table", "solution", "anonymized").success


def test_an_unreachable_promise_publishes_nothing_and_says_how_far_off_it_is(
    deployment: Deployment, tmp_path: Path
) -> None:
    source, target = tmp_path / "people.csv", tmp_path / "out.parquet"
    people().to_csv(source, index=False)
    refused = deployment.run_request(adhoc(source, k=61, target=target))
    assert "60 of 60 records" in failure(refused)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.csv"]
    store = JobStore(deployment.folder / ".anon")
    assert close(deployment.instance, store, refused.run_id)
    line = Ledger(store.root).find(refused.run_id)
    assert line is not None
    assert line.reason == failure(refused)


def test_records_that_were_handed_over_elsewhere_are_refused(
    deployment: Deployment, tmp_path: Path
) -> None:
    people().to_csv(tmp_path / "people.csv", index=False)
    deployment.instance.add_dynamic_partitions("request", ["handed"])
    refused = deployment.run(
        "anonymize_job",
        {"ops": {"adhoc__request": {"config": {"request": adhoc(tmp_path / "people.csv")}}}},
        partition_key="handed",
        tags={HANDED_TAG: "0" * 32},
    )
    assert "let the client name that folder" in failure(refused)


def test_every_problem_of_a_request_is_shown_at_once(deployment: Deployment) -> None:
    refused = failure(deployment.run_request({"policy": {"attributes": {}, "privacy": {}}, "x": 1}))
    assert "x: unknown key" in refused
    assert "policy.attributes" in refused


@pytest.mark.parametrize("job", ["measure_job", "detect_job"])
def test_jobs_that_only_look_write_no_release(
    deployment: Deployment, tmp_path: Path, job: str
) -> None:
    source, target = tmp_path / "people.csv", tmp_path / "out.parquet"
    people().to_csv(source, index=False)
    done = deployment.run_request(adhoc(source, target=target), job)
    assert done.success, failure(done)
    assert not target.exists()


def test_a_detection_shows_its_notes(deployment: Deployment, tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    people().to_csv(source, index=False)
    done = deployment.run_request(adhoc(source), "detect_job")
    told = [row["note"] for row in shown(done, "detection")["notes"]]
    assert told == list(detect(str(source)).notes)


def test_promises_about_persons_are_measured_on_what_is_stored(
    deployment: Deployment, tmp_path: Path
) -> None:
    source, request = tmp_path / "visits.csv", adhoc(tmp_path / "visits.csv")
    people(240).assign(name=[f"n{p // 3}" for p in range(240)]).to_csv(source, index=False)
    request["policy"]["person"] = "name"
    ran = deployment.run_request(request)
    assert ran.success, failure(ran)
    passed = {each.check_name: each.passed for each in ran.get_asset_check_evaluations()}
    assert passed["release_keeps_every_promise"]
    job = deployment.job(ran)
    stored = job.load_release()
    assert (job.path / "persons.bin").stat().st_size == 8 * stored["records"]
    assert shown(ran, "frequency_table")["persons"] == 80
    assert findings_of(job).risk.loc["k", "note"] == "of persons"
    job.write("persons.bin", lambda file: file.write(bytes(8 * stored["records"])))
    whose = StoredPersons(job.path / "persons.bin")
    stored_again = count_release(job.load_request().policy, job.load_stored(), persons=whose)
    failures = verify_release(job.load_decision(), stored_again).failures
    assert [promise.name for promise in failures] == ["3-anonymity"]
    job.delete()
    assert not job.path.exists()


def test_a_deleted_job_leaves_others_that_went_on_from_it_whole(deployment: Deployment) -> None:
    first = deployment.run("people_anonymize_job")
    second = select(deployment, "risk_metrics")
    deployment.job(first).delete()
    assert not deployment.job(first).path.exists()
    assert deployment.job(second).load_decision().counted.records == 60
    third = select(deployment, "utility_statistics")
    assert "deleted" in failure(third)


def test_what_a_job_keeps_is_what_its_documentation_lists(
    deployment: Deployment, result: dg.ExecuteInProcessResult
) -> None:
    layout = jobs.__doc__ or ""
    assert {file.name for file in deployment.job(result).path.iterdir()} <= set(
        re.findall(r"[a-z_]+\.[a-z]+", layout)
    )


@pytest.mark.parametrize(
    ("module", "step"),
    [
        ("planning.deciding", "decide"),
        ("releasing.publication", "write_release"),
        ("assessment.of_decision", "assess_risk"),
    ],
)
def test_an_abort_whose_signal_was_lost_ends_the_run_all_the_same(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, step: str
) -> None:
    """Python swallows what a signal raises in a callback of the garbage collector."""
    people().to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "out.csv").write_text("the former release\n", encoding="utf-8")
    where = importlib.import_module(f"anon_dagster.{module}")
    before = getattr(where, step)

    def asked_to_end(*given: Any, **named: Any) -> Any:
        (run,) = deployment.instance.get_runs(limit=1)
        deployment.instance.report_run_canceling(run)
        return before(*given, **named)

    monkeypatch.setattr(where, step, asked_to_end)
    with suppress(dg.DagsterExecutionInterruptedError):
        deployment.run_request(adhoc(tmp_path / "people.csv", target=tmp_path / "out.csv"))
    (run,) = deployment.instance.get_runs(limit=1)
    assert run.status is dg.DagsterRunStatus.CANCELED
    kept = (tmp_path / "out.csv").read_text(encoding="utf-8") == "the former release\n"
    assert kept == (step != "assess_risk")
