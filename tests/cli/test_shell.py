"""What the shell says, and where: of commands that need no deployment."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pandas as pd
import pytest

from anon_dagster.cli import exporting, inspecting, main
from anon_dagster.client import AnonJob, JobResult
from anon_dagster.core.builders import Form
from anon_dagster.errors import DisclosureError
from anon_dagster.residual import ResidualDisclosure
from tests.disclosures import ATTACKED, FOUND, GIVEN_BACK, NOTHING, REFUSED

Capture = pytest.CaptureFixture[str]
Give = Callable[..., None]


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Give:
    """Let every id be that of a job that does what is said."""

    def give(**does: Any) -> None:
        job = SimpleNamespace(job_id="a-job", **does)
        monkeypatch.setattr(inspecting, "job_of", lambda _: job)

    return give


# -- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["status"], "required: id"),
        (["jobs", "--limit", "-3"], "at least 1, got -3"),
        (["jobs", "--limit", "0"], "at least 1, got 0"),
        (["jobs", "--limit", "many"], "a whole number"),
        (["anonymize", "r.yaml", "--output", "x.csv"], "--output needs --wait; or say it later"),
        (["auto", "p.csv", "--output", "x.yaml"], "anon result ID --output"),
        (["detect", "p.csv", "--timeout", "5"], "--timeout needs --wait"),
        (["measure", "r.yaml", "--wait", "--output", "x.yaml"], ".csv, .parquet, .pq"),
        (["exploratory", "a-job", "--output", "x.xyz"], ".csv, .parquet, .pq"),
        (["result", "a-job", "--output", "x"], ".csv, .parquet, .pq, .yaml, .yml"),
        (["residual", "a-job", "--timeout", "5"], "--timeout needs --attacks"),
        (["residual", "a-job", "--output", "x.yaml"], ".csv, .parquet, .pq"),
    ],
)
def test_what_is_not_understood_is_said_in_the_form_that_was_asked_for(
    tmp_path: Path, capsys: Capture, arguments: list[str], told: str
) -> None:
    store = ["--store", str(tmp_path / "store")]
    assert main([*store, "--json", *arguments]) == 2
    said = capsys.readouterr()
    document = json.loads(said.err)
    assert (document["error"], document["code"], said.out) == ("UsageError", 2, "")
    assert told in document["message"]
    assert main([*store, *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("usage: anon")
    assert said.err.splitlines()[-1].endswith(document["message"])
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("command", ["anonymize", "measure", "detect", "auto", "apply"])
def test_the_help_says_that_an_output_needs_a_wait(capsys: Capture, command: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.count("with --wait") == 2


def test_the_version_is_that_of_the_package(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"anon {version('anon-dagster')}\n"


def test_a_store_that_cannot_be_made_is_named_in_one_line(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file").touch()
    assert main(["--store", str(tmp_path / "file" / "store"), "jobs"]) == 10
    assert capsys.readouterr().err.count("\n") == 1
    table = tmp_path / "people.csv"
    table.write_text("age\n1\n", encoding="utf-8")
    assert main(["--store", str(tmp_path / "file" / "store"), "detect", str(table)]) == 10


# -- where it is said ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["domains"], ["--help"], ["auto", "--help"]])
def test_a_reader_that_has_had_enough_is_no_mistake(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        [sys.executable, "-m", "anon_dagster.cli", *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_paths_are_all_that_stdout_has(give: Give, capsys: Capture, tmp_path: Path) -> None:
    made = JobResult(None, ("out/1.parquet", "out/2.parquet"), "a-sum")
    give(result=lambda _: made)
    assert main(["result", "a-job"]) == 0
    said = capsys.readouterr()
    assert said.out == "out/1.parquet\nout/2.parquet\n"
    assert said.err == "job a-job is completed\n"
    assert main(["--json", "result", "a-job"]) == 0
    said = capsys.readouterr()
    assert (json.loads(said.out)["paths"], said.err) == (list(made.paths), "")
    output = tmp_path / "out.csv"
    assert main(["result", "a-job", "--output", str(output)]) == 0
    assert "not written, as the release is in its target" in capsys.readouterr().err
    assert not output.exists()


def test_a_proposal_says_which_row_it_is_and_how_it_is_written(
    give: Give, capsys: Capture, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"k": [2, 5], "chosen": [False, True]})
    give(result=lambda _: JobResult(rows, proposal="policy: {}\n"))
    assert main(["result", "a-job"]) == 0
    said = capsys.readouterr()
    assert said.out.split() == ["k", "chosen", "0", "2", "False", "1", "5", "True"]
    assert "row 1 was chosen" in said.err
    assert "anon result a-job --output proposal.yaml" in said.err
    for name in ("proposal.yaml", "proposal.YML"):
        assert main(["result", "a-job", "--output", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text(encoding="utf-8") == "policy: {}\n"
        said = capsys.readouterr()
        assert (said.out, said.err) == ("", "job a-job is completed\n")


def test_notes_of_a_detection_are_told_beside_it(give: Give, capsys: Capture) -> None:
    made = JobResult(pd.DataFrame({"domain": ["age"]}), notes=("look at age first",))
    give(result=lambda _: made)
    assert main(["result", "a-job"]) == 0
    said = capsys.readouterr()
    assert "look at age first" not in said.out
    assert said.err.splitlines() == ["job a-job is completed", "note: look at age first"]
    assert main(["--json", "result", "a-job"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == ["look at age first"]


# -- what a release tells beside its promises ----------------------------------------------


def test_a_completed_job_warns_of_every_finding_with_its_cure(give: Give, capsys: Capture) -> None:
    give(result=lambda _: JobResult(None, ("out.parquet",), "a-sum", residual=FOUND))
    assert main(["result", "a-job"]) == 0
    said = capsys.readouterr()
    assert said.out == "out.parquet\n"
    _, first, second = said.err.splitlines()
    assert first.startswith("warning: high: age_again gives age back")
    assert first.endswith(GIVEN_BACK.cure)
    assert "fewer than 3 records" in second
    assert main(["--json", "result", "a-job"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["residual"] == json.loads(json.dumps(FOUND.to_document()))
    assert said.err == ""


def test_a_job_without_a_finding_warns_of_nothing(give: Give, capsys: Capture) -> None:
    give(result=lambda _: JobResult(None, ("out.parquet",), "a-sum", residual=NOTHING))
    assert main(["result", "a-job"]) == 0
    assert capsys.readouterr().err == "job a-job is completed\n"


def test_the_findings_of_a_job_are_told_in_words_as_a_document_and_as_a_table(
    give: Give, capsys: Capture, tmp_path: Path
) -> None:
    asked = []

    def residual(**options: Any) -> ResidualDisclosure:
        asked.append(options)
        return ATTACKED if options["attacks"] else FOUND

    give(residual=residual)
    assert main(["residual", "a-job"]) == 0
    assert "age_again gives age back" in capsys.readouterr().out
    assert main(["--json", "residual", "a-job", "--attacks", "--timeout", "9"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert ResidualDisclosure.from_document(told) == ATTACKED
    assert asked == [{"attacks": False, "timeout": None}, {"attacks": True, "timeout": 9.0}]
    for name, read in (("found.csv", pd.read_csv), ("found.parquet", pd.read_parquet)):
        assert main(["residual", "a-job", "--output", str(tmp_path / name)]) == 0
        assert list(read(tmp_path / name)["columns"]) == ["age_again", "seat, shift"]
    give(residual=lambda **_: NOTHING)
    assert main(["residual", "a-job", "--output", str(tmp_path / "found.csv")]) == 0
    assert pd.read_csv(tmp_path / "found.csv").empty


def test_a_job_that_refused_to_publish_has_an_exit_code_of_its_own(
    give: Give, capsys: Capture
) -> None:
    def refused(_: object) -> JobResult:
        try:
            REFUSED.require()
        except DisclosureError as error:
            error.job_id = "a-job"
            raise
        raise AssertionError

    give(result=refused)
    assert main(["result", "a-job"]) == 12
    said = capsys.readouterr()
    assert said.out == ""
    assert "nothing is published" in said.err
    assert GIVEN_BACK.cure in said.err
    assert main(["--json", "result", "a-job"]) == 12
    document = json.loads(capsys.readouterr().err)
    assert (document["error"], document["code"]) == ("DisclosureError", 12)


def test_where_nothing_was_proposed_no_proposal_is_written(
    give: Give, capsys: Capture, tmp_path: Path
) -> None:
    give(result=lambda _: JobResult(pd.DataFrame({"k": [2]})))
    assert main(["result", "a-job", "--output", str(tmp_path / "proposal.yaml")]) == 5
    assert "proposed no request" in capsys.readouterr().err
    assert not (tmp_path / "proposal.yaml").exists()


def test_the_picture_of_what_was_measured_is_written_where_there_is_one(
    give: Give, capsys: Capture, tmp_path: Path
) -> None:
    rows, drawn = pd.DataFrame({"k": [2], "chosen": [True]}), tmp_path / "frontier.svg"
    give(result=lambda _: JobResult(rows, proposal="policy: {}\n", picture="<svg/>"))
    assert main(["result", "a-job", "--output", str(drawn)]) == 0
    assert drawn.read_text(encoding="utf-8") == "<svg/>"
    assert "row 0 was chosen" in capsys.readouterr().err
    give(result=lambda _: JobResult(rows, proposal="policy: {}\n"))
    assert main(["result", "a-job", "--output", str(tmp_path / "none.svg")]) == 5
    assert "measured nothing for a proposal" in capsys.readouterr().err


def test_what_explored_values_are_called_is_all_that_their_columns_are(
    give: Give, tmp_path: Path
) -> None:
    values = pd.DataFrame({"attribute": ["age"], "value": ["1"], "source": [2], "release": [2]})
    give(exploratory_statistics=lambda: values, exploratory_summary=_summary)
    for name, read in (("ex.csv", pd.read_csv), ("ex.parquet", pd.read_parquet)):
        assert main(["exploratory", "a-job", "--output", str(tmp_path / name)]) == 0
        assert list(read(tmp_path / name).columns) == list(values.columns)


def _summary() -> pd.DataFrame:
    rows = pd.MultiIndex.from_tuples([("age", "source")], names=["attribute", "table"])
    columns = ["role", "kind", "records", "distinct", "missing"]
    return pd.DataFrame([["quasi_identifier", "integer", 2, 1, 0]], index=rows, columns=columns)


def test_the_index_of_a_summary_is_among_its_columns(give: Give, capsys: Capture) -> None:
    give(exploratory_statistics=lambda: None, exploratory_summary=_summary)
    assert main(["--json", "exploratory", "a-job"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["attribute"], row["table"]) == ("age", "source")


# -- ends ----------------------------------------------------------------------------------


def test_who_interrupts_the_waiting_is_told_which_job_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    context: Any = None
    monkeypatch.setattr(inspecting, "job_of", lambda _: AnonJob("a-job", context))
    monkeypatch.setattr(AnonJob, "wait", interrupted)
    assert main(["result", "a-job"]) == 130
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "job a-job goes on\n")
    assert main(["--json", "result", "a-job"]) == 130
    document = json.loads(capsys.readouterr().err)
    assert (document["id"], document["code"]) == ("a-job", 130)
    assert document["message"] == "job a-job goes on"


@pytest.mark.parametrize(("status", "code"), [("aborted", 0), ("completed", 11), ("failed", 11)])
def test_an_abort_that_came_too_late_is_none(
    give: Give, capsys: Capture, status: str, code: int
) -> None:
    done = {"id": "a-job", "was": "running", "status": status, "done": "was over before it could"}
    give(abort=lambda: {**done, "targets_removed": []})
    assert main(["abort", "a-job"]) == code
    assert "was over before it could" in capsys.readouterr().out


def test_a_target_that_is_gone_is_not_said_to_stay(
    give: Give, capsys: Capture, tmp_path: Path
) -> None:
    there, gone = tmp_path / "there.csv", tmp_path / "gone.csv"
    there.touch()
    kept = [str(there), str(gone)]
    done = {"id": "a-job", "files_removed": True, "targets_removed": [], "targets_kept": kept}
    give(delete=lambda *, target: done if target else {})
    assert main(["delete", "a-job", "--target"]) == 0
    said = capsys.readouterr().out
    assert f"{there} is not what it published, as seen from here, and stays" in said
    assert f"nothing is at {gone}, as seen from here" in said


def test_a_version_that_a_bucket_keeps_is_told(give: Give, capsys: Capture) -> None:
    gone = ["s3://b/t.csv"]
    done = {"id": "a-job", "files_removed": True, "targets_removed": gone, "targets_kept": []}
    give(delete=lambda *, target: {**done, "versions_kept": gone} if target else {})
    assert main(["delete", "a-job", "--target"]) == 0
    assert "the bucket of s3://b/t.csv keeps a version of it" in capsys.readouterr().out


def test_a_hierarchy_is_written_in_every_form_that_there_is() -> None:
    assert get_args(Form) == exporting.FORMS


# -- tables --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["detect", "auto"])
def test_a_table_may_be_described_as_in_a_request(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    asked: list[object] = []

    def take(_: object, source: object, **options: object) -> SimpleNamespace:
        asked.append(source)
        return SimpleNamespace(job_id="a-job", **options)

    for method in ("detect", "auto_anonymize"):
        monkeypatch.setattr(f"anon_dagster.client.AnonClient.{method}", take)
    text = "{path: people.csv, csv: {header: false, names: [age, sex]}}"
    assert main([command, text]) == 0
    assert main([command, "people.csv"]) == 0
    names = {"header": False, "names": ["age", "sex"]}
    assert asked == [{"path": "people.csv", "csv": names}, "people.csv"]
    assert main([command, "{path: people.csv"]) == 3
    assert "the source" in capsys.readouterr().err


# -- audits --------------------------------------------------------------------------------


def in_tens(start: int) -> pd.DataFrame:
    lows = [(age - start) // 10 * 10 + start for age in range(20, 60)]
    return pd.DataFrame(
        {"age": [f"[{low}, {low + 10})" for low in lows], "desk": [f"CANARY{n}" for n in range(40)]}
    )


def test_an_audit_counts_over_all_releases_and_says_whom(tmp_path: Path, capsys: Capture) -> None:
    paths = [str(tmp_path / f"{start}.csv") for start in (20, 25)]
    for path, start in zip(paths, (20, 25), strict=True):
        in_tens(start).to_csv(path, index=False)
    source = str(tmp_path / "staff.csv")
    pd.DataFrame({"age": range(20, 60), "desk": in_tens(20)["desk"]}).to_csv(source, index=False)
    asked = ["audit", "--versions", *paths, "--quasi-identifiers", "age", "-k"]

    assert main([*asked, "8", "--source", source]) == 13
    told = capsys.readouterr().out
    assert "fewer than 8 candidates" in told
    assert "in all classes that may hold her" in told
    assert main(["--json", *asked, "5", "--source", source]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["holds"], document["figures"][0]["people"]) == (True, 40)
    assert main([*asked, "8"]) == 13
    blind = capsys.readouterr().out
    assert "Nothing but its labels is known of them" in blind
    assert "CANARY" not in told + json.dumps(document) + blind


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--quasi-identifiers", "age"], 3, "say what the releases are held against"),
        (["--quasi-identifiers", "edge", "-k", "3"], 10, "lacks edge"),
        (["--request", "nowhere.yaml"], 3, "nowhere.yaml"),
    ],
)
def test_an_audit_that_cannot_be_made_says_why(
    options: list[str], code: int, told: str, tmp_path: Path, capsys: Capture
) -> None:
    path = str(tmp_path / "20.csv")
    in_tens(20).to_csv(path, index=False)
    assert main(["audit", "--versions", path, path, *options]) == code
    assert told in capsys.readouterr().err
