"""The folder of a job gives back what was kept, and never mixes what belongs to two."""

import datetime as dt
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster.assessment.of_decision import record_risks
from anon_dagster.errors import JobError, JobKindError
from anon_dagster.jobs.folder import JobFolder, folders_of_files
from anon_dagster.operations.anonymize import anonymize, risk_per_record
from anon_dagster.operations.preparation import count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.plan import plan
from anon_dagster.reading.counting import count
from anon_dagster.request import parse_request
from anon_dagster.residual import ResidualDisclosure
from anon_dagster.storage.sources import open_frame
from tests.disclosures import ATTACKED, FOUND, NOTHING, REFUSED

FRAME = pd.DataFrame(
    {
        "name": ["a", "b", "c", "d"],
        "age": [30, 30, 40, 40],
        "born": [dt.date(2000, 1, 1), None, dt.date(2001, 1, 1), dt.date(2001, 1, 1)],
        "wage": [Decimal("1.50"), Decimal("1.50"), Decimal("2.00"), None],
        "ill": ["x", None, "x", "y"],
    }
)
ROLES = {
    "name": "direct_identifier",
    "age": "quasi_identifier",
    "born": "quasi_identifier",
    "wage": "non_sensitive",
    "ill": "sensitive",
}
REQUEST = parse_request(
    {
        "policy": {
            "attributes": {name: {"role": role} for name, role in ROLES.items()},
            "privacy": {"k_anonymity": {"k": 2}},
        }
    }
)
COUNTED = count_records(REQUEST, open_table(REQUEST, frame=FRAME))


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path, "one")


def test_a_request_is_given_back(job: JobFolder) -> None:
    job.save_request(REQUEST)
    assert job.load_request() == REQUEST


def test_a_count_is_given_back_but_for_the_values_of_direct_identifiers(job: JobFolder) -> None:
    job.save_count(COUNTED, REQUEST)
    again, expected = job.load_count(), COUNTED.forget(["name"])
    assert again.attributes == expected.attributes
    assert list(again.columns) == list(expected.columns)
    np.testing.assert_array_equal(again.table.codes, expected.table.codes)
    np.testing.assert_array_equal(again.table.counts, expected.table.counts)
    assert again.table.sizes == expected.table.sizes
    for name, column in expected.columns.items():
        found = again.columns[name]
        assert found.labels == column.labels
        assert found.counts.tolist() == column.counts.tolist()
        assert (found.kinds, found.distinct, found.missing) == (
            column.kinds,
            column.distinct,
            column.missing,
        )


def test_a_solution_is_given_back(job: JobFolder) -> None:
    solution = decide(plan(REQUEST, COUNTED))
    job.save_solution(solution)
    again = job.load_solution()
    assert (again.levels, again.proof) == (solution.levels, solution.proof)
    np.testing.assert_array_equal(again.classes, solution.classes)
    for found, expected in zip(again.generalized, solution.generalized, strict=True):
        assert (found.labels, found.leaves) == (expected.labels, expected.leaves)
        np.testing.assert_array_equal(found.codes, expected.codes)
        np.testing.assert_array_equal(found.covered, expected.covered)
        np.testing.assert_array_equal(found.heights, expected.heights)


def test_what_was_kept_of_the_same_table_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    jobs = [JobFolder(tmp_path, name) for name in ("one", "two")]
    for job in jobs:
        job.save_count(COUNTED, REQUEST)
    for name in ("count.npz", "count.parquet"):
        one, two = ((job.path / name).read_bytes() for job in jobs)
        assert one == two


def test_counts_beyond_a_floats_precision_stay_exact(job: JobFolder) -> None:
    statistics = pd.DataFrame({"release": [2**70 + 1, 0.1]}, index=["big", "small"], dtype=object)
    job.save_statistics("risk.json", statistics)
    assert job.load_statistics("risk.json")["release"].tolist() == [2**70 + 1, 0.1]


def test_files_of_another_job_are_taken_over_and_outlive_it(tmp_path: Path) -> None:
    one, two = JobFolder(tmp_path, "one"), JobFolder(tmp_path, "two")
    one.save_request(REQUEST)
    two.adopt(one, ["request.json"])
    one.delete()
    assert two.load_request() == REQUEST
    assert not one.path.exists()


def test_files_that_differ_are_not_mixed(tmp_path: Path) -> None:
    one, two = JobFolder(tmp_path, "one"), JobFolder(tmp_path, "two")
    one.save_document("request.json", {"a": 1})
    two.save_document("request.json", {"a": 2})
    with pytest.raises(JobError, match="different requests"):
        two.adopt(one, ["request.json"])


def test_a_file_that_was_not_finished_is_not_there(job: JobFolder) -> None:
    def fail(_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.write("half.json", fail)
    assert not list(job.path.iterdir())


@pytest.mark.parametrize("job_id", ["", "..", "../other", "a/b", ".hidden", "a\n"])
def test_an_id_never_leads_out_of_the_root(tmp_path: Path, job_id: str) -> None:
    with pytest.raises(JobError):
        JobFolder(tmp_path, job_id)


LOADS: dict[str, Callable[[JobFolder], object]] = {
    "request": JobFolder.load_request,
    "count": JobFolder.load_count,
    "solution": JobFolder.load_solution,
    "residual": JobFolder.load_residual,
    "application": JobFolder.load_application,
}


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS.keys())
def test_what_a_job_never_made_is_missing_by_name(
    job: JobFolder, load: Callable[[JobFolder], object]
) -> None:
    with pytest.raises(JobError, match=r"job one has no \w+\.\w+"):
        load(job)


@pytest.mark.parametrize("found", [FOUND, NOTHING, REFUSED, ATTACKED])
def test_what_a_release_tells_beside_its_promises_is_given_back(
    job: JobFolder, found: ResidualDisclosure
) -> None:
    path = job.save_residual(found)
    assert job.load_residual() == found
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "damaged",
    [
        '{"findings": [{}], "examined": 1, "k": 2}',
        '{"findings": [], "examined": 1, "k": 2, "of_the_future": 1, "format_version": 1}',
        '{"findings": 1, "examined": 1, "k": 2}',
        '{"findings"',
        '{"format_version": 2}',
        "{}",
    ],
)
def test_findings_that_cannot_be_read_are_refused_by_their_name(
    job: JobFolder, damaged: str
) -> None:
    job.save_residual(FOUND).write_text(damaged, encoding="utf-8")
    with pytest.raises(JobError, match=r"residual_disclosure\.json of job one") as caught:
        job.load_residual()
    assert caught.value.__cause__ is None


def test_the_newest_findings_of_each_file_are_found(tmp_path: Path) -> None:
    assert folders_of_files(tmp_path, frozenset({"a"})) == {}
    for moment, (run, key) in enumerate([("one", "a"), ("two", "a"), ("two", "b")]):
        file = JobFolder(tmp_path, run, key).save_residual(FOUND)
        os.utime(file, (moment, moment))
    JobFolder(tmp_path, "three", "a").save_document("risk.json", {})
    found = folders_of_files(tmp_path, frozenset({"a"}))
    assert found == {"a": JobFolder(tmp_path, "two", "a")}


def test_the_risk_of_every_record_is_readable_by_its_owner_alone_and_goes_with_the_job(
    job: JobFolder,
) -> None:
    with pytest.raises(JobKindError, match="records: true"):
        job.load_record_risks()
    asked = {"suda": {"largest": 2}, "contributions": True, "records": True}
    policy = {**REQUEST.model_dump()["policy"], "risk_analysis": asked, "population": 40}
    request = parse_request({"policy": policy})
    result = anonymize(request, frame=FRAME)
    assert result.df is not None
    released = count(open_frame(result.df), result.release.count.attributes)
    risks = record_risks(result.decision, released)
    job.save_record_risks(risks, (open_frame(FRAME), open_frame(result.df)))
    given = job.load_record_risks()
    expected = risk_per_record(result, frame=FRAME)
    pd.testing.assert_frame_equal(given.source, expected.source)
    pd.testing.assert_frame_equal(given.release, expected.release)
    job.save_risk_details(result.risk_details)
    tables = job.load_risk_details().tables
    assert set(tables) == {"suda", "suda_contributions", "contributions"}
    for name, frame in result.risk_details.tables.items():
        pd.testing.assert_frame_equal(tables[name], frame, check_index_type=False)
    files = list(job.path.iterdir())
    assert len(files) == 3
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    job.delete()
    assert not job.path.exists()


def test_what_tells_whose_a_job_was_goes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    job = JobFolder(tmp_path, "job")
    for name in ("a.json", "owner.json", "z.json"):
        job.save_document(name, {})
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)  # the last step
        with pytest.raises(KeyboardInterrupt):
            job.delete()
    assert [path.name for path in job.path.iterdir()] == ["owner.json"]
    job.delete()
    assert not job.path.exists()
