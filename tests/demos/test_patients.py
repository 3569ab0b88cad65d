"""The demo runs the main job through Dagster and prints what came out, and nothing else."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from anon_dagster.demos.patients import main


@pytest.fixture
def folder(project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(project_folder / "dagster.yaml", tmp_path)
    shutil.copytree(
        project_folder / "data", tmp_path / "data", ignore=shutil.ignore_patterns("out")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANON_STORE", raising=False)
    return tmp_path


def test_the_demo_prints_statistics_levels_and_places(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main() == 0
    printed, logged = capfd.readouterr()
    for word in ("source", "release", "k", "maxProbabilityIdentification", "infoLoss", "zip_code"):
        assert word in printed
    assert str(folder / "data" / "patients" / "out" / "patients.parquet") in printed
    assert "make dev" in printed
    assert not logged
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        (run,) = instance.get_runs()
    assert run.job_name == "patients_anonymize_job"
    assert str(folder / ".anon" / "jobs" / run.run_id) in printed


def test_a_demo_that_fails_says_why(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "data" / "patients" / "patients.csv").unlink()
    assert main() == 1
    printed, logged = capfd.readouterr()
    assert "patients.csv does not exist" in printed
    assert not logged


def test_a_demo_outside_the_project_says_where_to_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 2
    assert "no dagster.yaml" in capfd.readouterr().out
