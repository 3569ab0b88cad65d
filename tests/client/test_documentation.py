"""The session of the documentation, as it is written."""

import doctest
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from anon_dagster import cli
from anon_dagster.client import AnonClient
from tests.live import deployed_live
from tests.scripts import run


@pytest.fixture
def folder(project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    leave_out = shutil.ignore_patterns("out")
    shutil.copytree(project_folder / "data", tmp_path / "data", ignore=leave_out)
    shutil.copy(project_folder / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    AnonClient().close()


def blocks(project_folder: Path, language: str) -> str:
    page = (project_folder / "docs" / "client.md").read_text(encoding="utf-8")
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL))


@pytest.mark.slow
def test_the_session_in_python(project_folder: Path, folder: Path) -> None:
    test = doctest.DocTestParser().get_doctest(
        blocks(project_folder, "python"), {}, "client.md", "client.md", 0
    )
    report: list[str] = []
    with pd.option_context("display.width", 120):
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        runner.run(test, out=report.append)
    assert not report, "".join(report)
    assert not list(folder.glob("data/patients/out/*"))


@pytest.mark.slow
def test_the_session_in_the_shell(project_folder: Path, folder: Path) -> None:
    lines = blocks(project_folder, "console").splitlines()
    assert all(line.startswith("$ ") for line in lines)
    said = run("\n".join(line[2:] for line in lines), folder)
    assert '"status": "completed"' in said
    assert (folder / "out" / "values.csv").stat().st_size
    assert (folder / "out" / "grid.csv").stat().st_size
    assert (folder / "out" / "later.parquet").stat().st_size
    assert not (folder / "data" / "patients" / "out" / "patients.parquet").exists()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_session_by_curl(project_folder: Path, folder: Path) -> None:
    script = blocks(project_folder, "sh")
    with deployed_live(folder) as url:
        said = run(script.replace("http://127.0.0.1:3000", url), folder)
    assert "LaunchRunSuccess" in said.partition("runsOrError")[0]
    told = said.replace('": "', '":"')
    assert (
        told.count('"status":"SUCCESS"') >= 2 * 7 + 1
    )  # each when it was awaited, and in the list
    for each in ("exact_risk", "exact_utility", "out/patients.parquet", "TerminateRunSuccess"):
        assert each in told, each
    for label in ("configurations", "columns", "domains", "findings", "notes"):
        assert f'"label":"{label}"' in told, label
    assert told.count("DeletePipelineRunSuccess") == 9


def test_every_exit_code_is_documented(project_folder: Path) -> None:
    page = (project_folder / "docs" / "client.md").read_text(encoding="utf-8")
    told = set(map(int, re.findall(r"^\| (\d+) \|", page, re.MULTILINE)))
    assert told == {0, cli.FAILED, 2, cli.INTERRUPTED, cli.AUDIT_FAILED, *cli.CODES.values()}
    assert set(map(int, re.findall(r"[:;]\s(\d+)\s", cli.__doc__ or ""))) == told
