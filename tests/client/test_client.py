"""What a client does before it talks to a deployment, and when none answers."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import anon_dagster
from anon_dagster import errors
from anon_dagster.cli import CODES, FAILED, code_of, main
from anon_dagster.client import AnonClient
from anon_dagster.client.deployment import Failure, Launch, RunRecord
from anon_dagster.client.handover import Handover, given, withheld
from anon_dagster.client.inputs import read_request
from anon_dagster.client.outcome import failure_of
from anon_dagster.client.submission import Submission
from anon_dagster.client.tasks import DetectTask, RequestTask
from anon_dagster.detection.domains import custom_document
from anon_dagster.errors import (
    AnonError,
    HandoverError,
    JobError,
    RequestError,
    SourceError,
    UnknownJobError,
)
from anon_dagster.request import Source
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.tables_in_memory import given_back

HEAVY = ("dagster", "numpy", "pandas", "pandera", "pyarrow", "fsspec")


def test_the_client_imports_nothing_that_takes_long() -> None:
    script = "import sys, anon_dagster.client, anon_dagster.cli; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {name.partition(".")[0] for name in run.stdout.split()} & set(HEAVY)


@pytest.mark.parametrize("request_", [42, None, ["source"], object()])
def test_what_is_no_request_is_refused_by_its_type(tmp_path: Path, request_: Any) -> None:
    client = AnonClient(store=tmp_path)
    for submit in (client.anonymize, client.measure, anon_dagster.anonymize):
        with pytest.raises(RequestError, match=f"not {type(request_).__name__}"):
            submit(request_)


def test_a_request_that_cannot_be_run_says_all_that_is_wrong_with_it(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        AnonClient(store=tmp_path).anonymize({"polcy": {}, "sorce": {}})
    assert {problem.path for problem in caught.value.problems} >= {"polcy", "sorce", "policy"}


def test_a_measurement_that_does_not_fit_is_refused_before_anything_is_queued(
    tmp_path: Path,
) -> None:
    request = {
        "source": {"path": "people.csv"},
        "policy": {
            "attributes": {"age": {"role": "quasi_identifier"}},
            "privacy": {"k_anonymity": {"k": 2}},
        },
    }
    store = tmp_path / "store"
    with pytest.raises(RequestError, match=r"measurement\.l"):
        AnonClient(store=store).measure(request, measurement={"l": [3]})
    assert not store.exists()


@pytest.mark.parametrize(
    "asked",
    [
        {"acceptable_risk": 7},
        {"acceptable_risk": 0},
        {"acceptable_risk": float("nan")},
        {"acceptable_risk": "low"},
        {"seconds": -1},
        {"seconds": None},
    ],
)
def test_a_proposal_that_cannot_be_is_refused_before_anything_is_queued(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    client = AnonClient(store=tmp_path / "store")
    (name,) = asked
    for propose in (client.auto_anonymize, anon_dagster.auto_anonymize):
        with pytest.raises(RequestError, match=f"{name} must be"):
            propose("people.csv", **asked)
    assert not client.store or not client.store.exists()


def test_an_option_that_does_not_exist_is_refused_before_anything_is_queued(
    tmp_path: Path,
) -> None:
    client: Any = AnonClient(store=tmp_path / "store")
    with pytest.raises(RequestError, match="full, classification, hierarchies, not x"):
        client.detect("people.csv", mode="x")
    with pytest.raises(RequestError, match="suppress, refuse, not x"):
        client.apply("a-job", source="people.csv", lacking="x")
    with pytest.raises(RequestError, match="limit must be at least 0, got -3"):
        client.jobs(-3)
    assert not client.store.exists()


def test_what_is_no_proposal_is_refused_in_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    for option in ("--acceptable-risk=7", "--seconds=-1"):
        assert main(["--store", str(store), "auto", "people.csv", option]) == 3
        assert "must be" in capsys.readouterr().err
    assert not store.exists()


@pytest.mark.parametrize("id_", [None, 42, ["a-job"]])
def test_what_is_no_id_is_of_no_job(tmp_path: Path, id_: Any) -> None:
    client = AnonClient(store=tmp_path / "store")
    for ask in (client.job, lambda job: client.apply(job, source="people.csv")):
        with pytest.raises(UnknownJobError, match=f"not {type(id_).__name__}"):
            ask(id_)


@pytest.mark.parametrize("frame", [[1, 2], {"age": [1]}, "people.csv"])
def test_what_is_no_frame_is_refused_by_its_type(tmp_path: Path, frame: Any) -> None:
    rules = {"age": {"role": "quasi_identifier"}}
    request = {"policy": {"attributes": rules, "privacy": {"k_anonymity": {"k": 2}}}}
    client = AnonClient(store=tmp_path / "store")
    for take in (client.anonymize, client.measure, anon_dagster.anonymize, anon_dagster.measure):
        with pytest.raises(RequestError, match=f", not {type(frame).__name__}"):
            take(request, frame=frame)
    for look in (client.detect, client.auto_anonymize):
        with pytest.raises(RequestError, match=f", not {type(frame).__name__}"):
            look(frame=frame)
    assert not client.store or not client.store.exists()


def test_two_tables_are_told_from_none(tmp_path: Path) -> None:
    client = AnonClient(store=tmp_path / "store")
    rules = {"age": {"role": "quasi_identifier"}}
    none: dict[str, Any] = {
        "policy": {"attributes": rules, "privacy": {"k_anonymity": {"k": 2}}},
    }
    both = none | {"source": {"path": "people.csv"}}
    frame = pd.DataFrame({"age": [1, 1]})
    for take in (client.anonymize, anon_dagster.anonymize):
        with pytest.raises(RequestError, match=r"a DataFrame that is handed over$"):
            take(none)
        with pytest.raises(RequestError, match=r"a DataFrame that is handed over, not both$"):
            take(both, frame=frame)
    with pytest.raises(RequestError, match=r"detection needs .* handed over$"):
        client.detect()
    with pytest.raises(RequestError, match=r"detection needs .* not both$"):
        client.detect("people.csv", frame=frame)


@pytest.mark.parametrize(
    ("largest", "told"),
    [(10, r"\d+ bytes, and 10 bytes"), (2**10, "2 KB, and 1 KB"), (2**20, "2 MB, and 1 MB")],
)
def test_a_frame_that_is_too_large_is_so_in_the_units_it_is_told_in(
    tmp_path: Path, largest: int, told: str
) -> None:
    frame = pd.DataFrame({"age": range(largest // 8 + 1)})
    with pytest.raises(HandoverError, match=f"takes {told} can be handed over"):
        Handover.new(tmp_path / "store").give_frame(frame, largest=largest)


HANDED: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": lambda table: table.to_pandas(),
    "polars": pl.from_arrow,
    "lazy": lambda table: pl.DataFrame(table).lazy(),
    "duckdb": duckdb.from_arrow,
    "arrow": lambda table: table,
    "batch": lambda table: table.to_batches()[0],
    "reader": lambda table: table.to_reader(),
}


@pytest.mark.parametrize("library", HANDED)
def test_a_table_that_was_handed_over_is_known_by_its_library_and_its_types(
    tmp_path: Path, library: str
) -> None:
    table = pa.table(
        {"n": pa.array([1, 2], pa.int16()), "c": pa.array(["x", "y"]).dictionary_encode()}
    )
    handed = Handover.new(tmp_path)
    assert handed.like() is None
    handed.give_frame(HANDED[library](table))
    like: Any = handed.like()
    wanted = HANDED[library.replace("lazy", "polars")](table)
    assert type(like) is type(wanted)
    back = given_back(table, like, ["c"]) if library != "pandas" else like
    assert type(back) is type(wanted)
    if library == "polars":
        assert back.schema == wanted.schema
    if library == "pandas":
        assert list(like.dtypes) == list(wanted.dtypes)
        assert like.empty


def test_a_column_of_lists_stays_here_and_is_still_one_for_the_job(tmp_path: Path) -> None:
    frame = pd.DataFrame({"phones": [["Zeisig-1"], None], "town": ["Ulm", "Bonn"]})
    handover = Handover.new(tmp_path / "store")
    with pytest.raises(SourceError, match=r"phones \(list\)"):
        handover.give_frame(frame)
    handed = handover.give_frame(frame, may_skip=lambda name: name == "phones")
    assert b"Zeisig" not in handed.read_bytes()
    with pytest.raises(SourceError, match=r"phones \(list\)"):
        open_source(Source(path=str(handed)))


def test_only_what_was_handed_over_is_read_back(tmp_path: Path) -> None:
    secret = {"password": "…"}
    handed = tmp_path / "handed" / "1" / "request.json"
    for path in (tmp_path / "secret.json", handed):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(secret), encoding="utf-8")
    assert given({"file": str(handed)}, tmp_path) == secret
    outside = {"file": str(tmp_path / "secret.json")}
    assert given(outside, tmp_path) == outside
    assert given({"file": str(handed)}, None) == {"file": str(handed)}


TREE = {"type": "tree", "nodes": {"north": ["Zeisig-town"]}}
ORDER = {"type": "order", "order": ["Zeisig-town", "Zeisig-city"], "sizes": [2]}
GUARDED = {"attribute": "ill", "alpha": 0.5, "k": 2, "guarded": ["Zeisig-ill"]}


def spelled(
    hierarchy: dict[str, Any] | None = None,
    missing: tuple[str, ...] = ("", "NA"),
    **privacy: Any,
) -> dict[str, Any]:
    rule = {"role": "quasi_identifier", **({"hierarchy": hierarchy} if hierarchy else {})}
    return {
        "source": {"path": "people.csv", "csv": {"missing": list(missing)}},
        "policy": {
            "attributes": {"town": rule, "ill": {"role": "sensitive"}},
            "privacy": {"k_anonymity": {"k": 2}, **privacy},
        },
    }


def test_a_request_that_spells_out_nothing_needs_no_store() -> None:
    asked, name = read_request(spelled())
    task = RequestTask(asked, "anonymize")
    assert "people.csv" in repr(Submission(task, name, None, None).launch().config)


@pytest.mark.parametrize(
    "document",
    [
        spelled(TREE),
        spelled(ORDER),
        spelled(alpha_k_anonymity=GUARDED),
        spelled(missing=("NA", "Zeisig")),
    ],
)
def test_values_that_a_request_spells_out_travel_through_the_store(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    asked, name = read_request(document)
    task = RequestTask(asked, "anonymize")
    launch = Submission(task, name, None, tmp_path).launch()
    assert "Zeisig" not in repr(launch.config)
    (handed,) = tmp_path.rglob("*.json")
    assert "Zeisig" in handed.read_text(encoding="utf-8")
    assert handed.stat().st_mode & 0o777 == 0o600
    assert "Zeisig" not in repr(withheld(asked.model_dump(mode="json")))
    with pytest.raises(HandoverError, match="ANON_STORE"):
        Submission(task, name, None, None).launch()


def test_values_of_a_domain_travel_through_the_store(tmp_path: Path) -> None:
    plain = {"project": {"names": ["project"], "description": "what is worked on"}}
    listed = {"project": {**plain["project"], "values": ["Zeisig", "Amsel"]}}

    def launch(domains: dict[str, Any], store: Path | None) -> Launch:
        task = DetectTask("people.csv", {"mode": "full", "domains": custom_document(domains)})
        return Submission(task, "people", None, store).launch()

    assert "project" in repr(launch(plain, None).config)
    assert "Zeisig" not in repr(launch(listed, tmp_path).config)
    (handed,) = tmp_path.rglob("*.json")
    assert custom_document(handed) == custom_document(listed)
    with pytest.raises(HandoverError, match="ANON_STORE"):
        launch(listed, None)


def test_an_error_that_a_job_names_is_one_of_ours() -> None:
    for name in ("UnreachableError", "SourceError", "Iterable", "Problem", "os", ""):
        error = failure_of("a-job", RunRecord(failure=Failure(name, "why")))
        assert isinstance(error, AnonError)
        assert (str(error), error.job_id) == ("why", "a-job")


def test_each_mistake_has_an_exit_code_of_its_own() -> None:
    shared = {
        errors.HierarchyError: errors.RequestError,
        errors.TargetError: errors.SourceError,
        errors.EvidenceError: errors.SourceError,
    }
    own = [code for kind, code in CODES.items() if kind not in shared]
    assert len(own) == len(set(own))
    assert {0, FAILED, 2}.isdisjoint(own)
    failed = RequestError("the job's own")
    failed.job_id = "a-job"
    assert code_of(failed) == FAILED != code_of(RequestError("mine"))


def test_a_deployment_that_does_not_answer_is_named_without_its_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--url", "http://ada:secret@127.0.0.1:9", "--json", "jobs"]) == 8
    told = json.loads(capsys.readouterr().err)
    assert told["error"] == "DeploymentError"
    assert "http://127.0.0.1:9" in told["message"]
    assert "secret" not in told["message"]
    assert main(["--url", "localhost:3000", "jobs"]) == 8


def test_whoever_looks_for_jobs_where_nothing_is_makes_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    for command in (["jobs"], ["status", "1234"]):
        assert main(["--home", str(gone), *command]) != 0
        assert f"there is no folder {gone}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_domains_are_listed_in_the_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "domains"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in listed} == set(AnonClient().data_domains().index)


def test_a_job_that_does_not_say_why_it_failed_failed_all_the_same() -> None:
    assert isinstance(failure_of("a-job", RunRecord()), JobError)


@pytest.mark.parametrize("seconds", ["nan", "-1", "inf", "soon"])
def test_what_is_no_number_of_seconds_is_no_timeout(
    seconds: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = str(tmp_path / "request.yaml")
    assert main(["anonymize", request, "--timeout", seconds]) == 2
    assert "must be a number of seconds from 0 on" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["", "  "])
def test_no_path_is_not_the_working_directory(path: str, tmp_path: Path) -> None:
    client = AnonClient(home=tmp_path)
    for submit in (client.detect, client.auto_anonymize):
        with pytest.raises(RequestError, match="is no path"):
            submit(path)
