"""Commands that need no job: what they write, say and refuse."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.cli import _parser, main
from anon_dagster.cli.examples import EXAMPLES
from anon_dagster.cli.submitting import target_of
from anon_dagster.cli.suggesting import job_named
from anon_dagster.errors import UnknownJobError
from anon_dagster.request import load_request

Capture = pytest.CaptureFixture[str]
CANARY = "Zeisig"
PEOPLE = pd.DataFrame(
    {
        "name": [f"{CANARY} {number}" for number in range(40)],
        "age": [20 + number % 10 for number in range(40)],
        "sex": ["f", "m"] * 20,
        "illness": [f"{CANARY}itis {number % 5}" for number in range(40)],
    }
)
COMMANDS = _parser().commands


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    PEOPLE.to_csv("people.csv", index=False)
    PEOPLE.to_parquet("people.parquet")
    return tmp_path


# -- init ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["people.parquet", pytest.param("people.csv", marks=pytest.mark.slow)]
)
def test_a_request_is_written_that_can_be_run_and_holds_no_cell(
    folder: Path, capsys: Capture, name: str
) -> None:
    assert main(["init", name]) == 0
    said = capsys.readouterr().out
    assert CANARY not in said
    assert said.startswith("# Detected on 40 of 40 records. Check it before use:")
    Path("request.yaml").write_text(said, "utf-8")
    assert load_request("request.yaml").policy.attributes["name"].role == "direct_identifier"
    assert main(["validate", "request.yaml", "--source"]) == 0
    assert str(folder) not in said


def test_paths_of_a_request_are_as_seen_from_its_file(folder: Path, capsys: Capture) -> None:
    Path("deep/er").mkdir(parents=True)
    asked = ["init", "people.csv", "--target", "out.csv", "--output", "deep/er/request.yaml"]
    assert main(asked) == 0
    request = load_request("deep/er/request.yaml")
    assert request.source is not None
    assert request.target is not None
    paths = (request.source.path, request.target.path)
    assert [Path(str(path)).resolve() for path in paths] == [
        folder / "people.csv",
        folder / "out.csv",
    ]
    assert Path("deep/er/request.yaml").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in Path("deep/er").iterdir()] == ["request.yaml"]
    assert "columns by role" in capsys.readouterr().out


def test_a_table_without_a_header_is_described_as_in_a_request(capsys: Capture) -> None:
    PEOPLE.to_csv("bare.csv", index=False, header=False)
    assert main(["init", "bare.csv"]) == 10
    assert CANARY not in capsys.readouterr().err
    asked = "{path: bare.csv, csv: {header: false, names: [name, --x, sex, illness]}}"
    Path("deep").mkdir()
    assert main(["init", asked, "--output", "deep/request.yaml"]) == 0
    assert main(["validate", "deep/request.yaml", "--source"]) == 0
    assert CANARY not in capsys.readouterr().out
    assert list(load_request("deep/request.yaml").policy.attributes)[1] == "--x"


def test_a_request_for_programs_is_a_document(capsys: Capture) -> None:
    assert main(["--json", "init", "people.csv"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["roles"]["direct_identifier"] == 1
    Path("request.yaml").write_text(told["yaml"], "utf-8")
    assert load_request("request.yaml").policy.attributes["name"].role == "direct_identifier"


def test_a_file_that_is_there_stays(capsys: Capture) -> None:
    Path("request.yaml").write_text("mine", "utf-8")
    assert main(["init", "people.csv", "--output", "request.yaml"]) == 10
    assert "there is a file at request.yaml already" in capsys.readouterr().err
    assert Path("request.yaml").read_text("utf-8") == "mine"
    Path("link.yaml").symlink_to("nowhere")
    assert main(["init", "people.csv", "--output", "link.yaml"]) == 10
    assert main(["init", "people.csv", "--output", "nowhere/request.yaml"]) == 10
    assert main(["init", "nowhere.csv"]) == 10
    assert CANARY not in capsys.readouterr().err


# -- validate ------------------------------------------------------------------------------


def test_every_problem_is_told_with_its_place(capsys: Capture) -> None:
    Path("request.yaml").write_text(
        "sorce: {path: people.csv}\npolicy:\n  attributes: {age: {role: quasi}}\n"
        "  privacy: {k_anonymty: {k: 1}}\n",
        "utf-8",
    )
    assert main(["--json", "validate", "request.yaml"]) == 3
    told = json.loads(capsys.readouterr().err)["message"]
    assert "sorce" in told
    assert "did you mean source?" in told
    assert "policy.attributes.age: role must be one of" in told
    assert "did you mean k_anonymity?" in told


def test_a_source_that_lacks_a_column_is_told_if_that_is_asked_for(capsys: Capture) -> None:
    assert main(["init", "people.csv", "--output", "request.yaml"]) == 0
    PEOPLE.rename(columns={"age": "years"}).to_csv("people.csv", index=False)
    assert main(["validate", "request.yaml"]) == 0
    capsys.readouterr()
    assert main(["validate", "request.yaml", "--source"]) == 10
    said = capsys.readouterr().err
    assert "the source has no column age" in said
    assert CANARY not in said
    Path("people.csv").unlink()
    assert main(["validate", "request.yaml", "--source"]) == 10


def test_a_request_without_a_source_has_none_to_look_at(capsys: Capture) -> None:
    text = (
        "policy:\n  attributes: {age: {role: quasi_identifier}}\n  privacy: {k_anonymity: {k: 2}}"
    )
    Path("request.yaml").write_text(text, "utf-8")
    assert main(["--json", "validate", "request.yaml"]) == 0
    assert json.loads(capsys.readouterr().out)["valid"] is True
    assert main(["validate", "request.yaml", "--source"]) == 3
    assert main(["validate", "nowhere.yaml"]) == 3


# -- verify --------------------------------------------------------------------------------


def test_a_release_is_measured_by_its_request(capsys: Capture) -> None:
    assert main(["init", "people.csv", "--target", "out.csv", "--output", "request.yaml"]) == 0
    anonymize("request.yaml")
    capsys.readouterr()
    assert main(["--json", "verify", "out.csv", "--request", "request.yaml"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] is True
    assert all(each["holds"] for each in told["promises"])
    assert main(["verify", "people.csv", "--request", "request.yaml"]) == 13
    said = capsys.readouterr().out
    assert "people.csv breaks a promise:" in said
    assert CANARY not in said


def test_what_a_table_does_not_tell_is_not_said_to_be_broken(capsys: Capture) -> None:
    PEOPLE.drop(columns="name").to_csv("out.csv", index=False)
    roles = {"name": "direct_identifier", "age": "quasi_identifier", "sex": "quasi_identifier"}
    attributes = {name: {"role": role} for name, role in (roles | {"illness": "sensitive"}).items()}
    policy = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}, "person": "name"}
    Path("request.yaml").write_text(json.dumps({"policy": policy}))
    assert main(["verify", "out.csv", "--request", "request.yaml"]) == 13
    said = capsys.readouterr().out
    assert "out.csv does not tell whether a promise holds:" in said
    assert "untold  the promises about persons cannot be told" in said
    assert "BROKEN" not in said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--k 2 --quasi-identifiers age,sex", 0),
        ("--k 2 --quasi-identifiers age sex", 0),
        ("--k 5 --quasi-identifiers age,sex", 13),
        ("--k 2 --quasi-identifiers sex --sensitive illness --l 5 --t 0.5", 0),
        ("--k 2 --quasi-identifiers age --sensitive illness --l 2", 13),
        ("--k 2 --quasi-identifiers Age", 10),
        ("--k 2", 2),
        ("--quasi-identifiers age", 2),
        ("--k 2 --quasi-identifiers age --l 2", 2),
        ("--k 2 --quasi-identifiers age --sensitive illness --t 0", 13),
        ("--k 2 --quasi-identifiers sex --sensitive illness --l 0", 3),
        ("--k 2 --quasi-identifiers sex --sensitive illness", 2),
        ("--k 5 --quasi-identifiers age --sensitive age --l 2", 2),
        ("--k 0 --quasi-identifiers age", 3),
        ("--k 2 --quasi-identifiers age --request request.yaml", 2),
        ("", 2),
    ],
)
def test_a_table_is_measured_by_what_a_command_says(
    capsys: Capture, arguments: str, code: int
) -> None:
    assert main(["verify", "people.csv", *arguments.split()]) == code
    said = capsys.readouterr()
    assert CANARY not in said.out + said.err
    if code == 10:
        assert "did you mean age?" in said.err


# -- apply -----------------------------------------------------------------------------------


def test_what_stays_with_its_job_has_nothing_to_wait_for(capsys: Capture) -> None:
    assert main(["apply", "ID", "people.csv", "--hold", "true"]) == 2
    assert "--hold needs --target" in capsys.readouterr().err


@pytest.mark.parametrize(("said", "hold"), [("true", True), ("two_people", "two_people")])
def test_later_records_wait_for_whom_a_command_says(said: str, hold: object) -> None:
    asked = _parser().parse_args(["apply", "ID", "a.csv", "--target", "b.csv", "--hold", said])
    assert target_of(asked) == {"path": "b.csv", "hold": hold}


# -- help, and what was meant --------------------------------------------------------------


def test_nothing_alone_shows_the_help(capsys: Capture) -> None:
    assert main([]) == 0
    assert "anonymize a table" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["anonymise", "r.yaml"], "anonymize"),
        (["stats", "ID"], "status"),
        (["anonymize", "r.yaml", "--wiat"], "--wait"),
        (["detect", "p.csv", "--mode", "clasification"], "classification"),
        (["--urll", "http://x", "jobs"], "--url"),
    ],
)
def test_what_is_nearly_right_is_answered_by_what_was_meant(
    capsys: Capture, given: list[str], meant: str
) -> None:
    assert main(given) == 2
    assert capsys.readouterr().err.rstrip().endswith(f"did you mean {meant}?")


class Known:
    """A client that knows two jobs."""

    def job(self, job_id: str) -> None:
        raise UnknownJobError(f"there is no job {job_id}")

    def job_ids(self, limit: int) -> list[str]:
        return ["4d0a712e-4724-4735", "a1a3e509-30c1-4df3"][:limit]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("4d0a712e", "; did you mean 4d0a712e-4724-4735?"),
        ("a1a3e509-30c1-4df4", "; did you mean a1a3e509-30c1-4df3?"),
        ("4d", ""),
        ("nothing like it", ""),
    ],
)
def test_an_id_that_is_nearly_one_is_answered_by_the_one(given: str, told: str) -> None:
    with pytest.raises(UnknownJobError) as failed:
        job_named(Known(), given)  # type: ignore[arg-type]
    assert str(failed.value) == f"there is no job {given}{told}"


def test_the_findings_of_a_table_are_not_those_of_a_job(capsys: Capture) -> None:
    assert main(["residual", "people.csv"]) == 2
    assert "takes the id of a job" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_shows_examples_that_are_understood(capsys: Capture, command: str) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = capsys.readouterr().out
    assert EXAMPLES[command]
    for line in EXAMPLES[command]:
        assert f"  $ {line}\n" in said
        program, *arguments = shlex.split(line)
        assert program == "anon"
        assert _parser().parse_args(arguments).command == command


# -- the page ------------------------------------------------------------------------------


def test_the_page_has_every_command(project_folder: Path) -> None:
    page = (project_folder / "docs" / "shell.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z]+)` \|.*\| `(anon .*)` \|$", page, re.MULTILINE)
    assert {command for command, _ in rows} == {*COMMANDS}
    for command, line in rows:
        assert _parser().parse_args(shlex.split(line)[1:]).command == command


@pytest.mark.slow
def test_the_session_of_the_page_runs(folder: Path, project_folder: Path, capsys: Capture) -> None:
    page = (project_folder / "docs" / "shell.md").read_text("utf-8")
    (folder / "data" / "patients").mkdir(parents=True)
    shutil.copy(project_folder / "data/patients/patients.csv", folder / "data" / "patients")
    session = "".join(re.findall(r"```console\n(.*?)```", page, re.DOTALL))
    for line in session.splitlines():
        assert main(shlex.split(line.removeprefix("$ "))[1:]) == 0, line
    said = capsys.readouterr()
    assert "request.yaml is valid, and its sources have the columns" in said.out
    assert said.err == ""
