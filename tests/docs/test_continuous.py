"""What the page of continuous release shows is so."""

import doctest
import re
from pathlib import Path

import pytest

from anon_dagster import append, audit
from anon_dagster.request import Arrivals, load_request
from tests.pages import texts

PAGE = Path(__file__).resolve().parents[2] / "docs" / "continuous.md"
OF_OTHER_MODES = {"mode", "source", "solution", "lacking", "enforce", "suppress_at_most"}
OF_RUNS = {"every_seconds", "files_per_run", "files_per_tick"}


@pytest.fixture
def hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Declare the dataset that the page shows."""
    monkeypatch.chdir(tmp_path)
    for name in ("ANON_STORE", "ANON_DATA", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "hospital"
    (folder / "in").mkdir(parents=True)
    (snippet,) = texts("docs/continuous.md", "yaml")
    (folder / "request.yaml").write_text(snippet, encoding="utf-8")
    return folder


@pytest.mark.usefixtures("hospital")
def test_the_example_runs_as_shown() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert tried
    assert not failed


def test_the_request_is_one_of_this_mode(hospital: Path) -> None:
    arrivals = load_request(hospital / "request.yaml").arrivals
    assert arrivals is not None
    assert (arrivals.mode, arrivals.longest_wait) == ("append", 30 * 86_400)


def test_every_setting_of_this_mode_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Settings")[2]
    told = set(re.findall(r"^\| `(\w+)", text, re.MULTILINE))
    assert told == set(Arrivals.model_fields) - OF_OTHER_MODES - OF_RUNS


def test_the_claims_are_those_of_the_audit(hospital: Path) -> None:
    (hospital / "in" / "one.csv").write_text("patient,age,sex,illness\n1,30,f,flu\n")
    append("hospital", hospital / "in" / "one.csv")
    told = PAGE.read_text(encoding="utf-8").partition("## The audit")[2]
    claims = [claim.name for claim in audit("hospital").claims]
    assert re.findall(r"^\| ([a-z][^|]+) \| [^|]+\|$", told, re.MULTILINE)[1:] == claims
