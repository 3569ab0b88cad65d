"""The demo of a deployment, as a user starts it."""

import os
from pathlib import Path

import pytest

from anon_dagster.demos.deployment import main
from anon_dagster.demos.stack import lacking


@pytest.mark.slow
def test_a_deployment_stands_whatever_happens_to_it_and_everything_is_stopped(
    project_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if missing := lacking():
        pytest.skip(f"it needs {missing}")
    for name in [name for name in os.environ if name.startswith(("ANON_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    code = main(project_folder)
    printed, logged = capfd.readouterr()
    assert " NO " not in printed
    assert code == 0
    assert "it is the job of ann" in printed
    assert "the first is completed" in printed
    assert not logged


def test_it_is_started_in_the_folder_of_the_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 2
    assert "dagster.yaml" in capsys.readouterr().out
