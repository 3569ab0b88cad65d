"""The demo of files that add up to one release, as a user starts it."""

from pathlib import Path

import pytest

from anon_dagster.demos.append import main


@pytest.mark.slow
def test_ten_files_arrive_people_are_erased_and_every_claim_holds(
    project_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("ANON_ENGINE", "ANON_STORE", "ANON_DATA"):
        monkeypatch.delenv(name, raising=False)
    assert main(project_folder) == 0
    printed, logged = capfd.readouterr()
    assert all(f"day-{day:02}.csv" in printed for day in range(1, 11))
    assert "000010.parquet" in printed
    assert "5 people were asked for: " in printed
    assert "hospital: every claim holds" in printed
    assert "docs/continuous.md" in printed
    assert not logged


def test_it_is_started_in_the_folder_of_the_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 2
    assert "dagster.yaml" in capsys.readouterr().out
