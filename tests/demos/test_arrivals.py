"""The demo of files that arrive in a bucket, as a user starts it."""

import os
from pathlib import Path

import pytest

from anon_dagster.demos.arrivals import main

pytestmark = pytest.mark.slow


def test_files_that_are_dropped_are_released_and_everything_is_stopped(
    project_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANON_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(project_folder))
    assert main(project_folder) == 0
    printed, logged = capfd.readouterr()
    assert "patients_files_job" in printed
    for day in (1, 2, 3):
        assert f"s3://in-box/day-{day}.csv released" in " ".join(printed.split())
        assert f"s3://released/day-{day}.parquet" in printed
    assert not logged


def test_it_is_started_in_the_folder_of_the_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 2
    assert "dagster.yaml" in capsys.readouterr().out
