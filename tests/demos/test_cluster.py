"""The demo of a cluster, as a user starts it."""

from pathlib import Path

import pytest

from anon_dagster.demos.cluster import main


@pytest.mark.slow
def test_a_cluster_releases_the_bytes_that_one_process_does_and_is_stopped(
    project_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("ANON_ENGINE", "ANON_STORE", "ANON_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(project_folder))
    assert main(project_folder) == 0
    printed, logged = capfd.readouterr()
    assert "The bytes of the two releases are the same." in printed
    assert "dashboard  http://127.0.0.1:" in printed
    assert "(of workers: 2)" in printed
    assert not logged


def test_it_is_started_in_the_folder_of_the_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 2
    assert "dagster.yaml" in capsys.readouterr().out
