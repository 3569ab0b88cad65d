"""Continuous release from the shell: what each command says, where, and its exit code."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anon_dagster.cli import main
from anon_dagster.request.yaml_writing import document as written
from tests.continuous.streams import ATTRIBUTES, people

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Declare a dataset into which a file came that is one of its, and another that is none."""
    folder = tmp_path / "data" / "clinic"
    (folder / "in").mkdir(parents=True)
    target = {"path": "out/{delta}.parquet"}
    request = {
        "source": {"path": "in/*.csv"},
        "arrivals": {"mode": "append", "target": target, "settle_seconds": 0},
        "policy": {
            "attributes": ATTRIBUTES,
            "person": "id",
            "privacy": {"k_anonymity": {"k": 3}},
        },
    }
    (folder / "request.yaml").write_text(written(request))
    people(np.random.default_rng(1), 4711, 60).to_csv(folder / "in" / "a.csv", index=False)
    (folder / "in" / "b.csv").write_text("no,such\ncolumns,here\n")
    monkeypatch.chdir(tmp_path)
    for name in ("ANON_STORE", "ANON_DATA", "DAGSTER_HOME", "ANON_URL"):
        monkeypatch.delenv(name, raising=False)
    return folder


def asked(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_the_way_of_a_dataset_from_its_files_to_its_audit(
    clinic: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["append", "clinic"]) == 10  # a file was set aside
    read, aside = capsys.readouterr().out.splitlines()
    assert f"{clinic}/in/a.csv: read 60 records, released " in read
    assert f"{clinic}/in/b.csv is set aside: " in aside
    assert main(["append", str(clinic)]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "no file came in that was not read yet\n")
    asked(monkeypatch, "4711\n4712\n999999\n")
    assert main(["erase", "clinic", "--keys", "-"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("3 people were asked for: ")
    assert "of 1 nothing was kept" in told.out
    assert "471" not in told.out + told.err
    assert main(["audit", "clinic"]) == 0
    assert capsys.readouterr().out.startswith("clinic: every claim holds\n")
    (clinic / "out" / "000001.parquet").unlink()
    assert main(["--json", "audit", "clinic"]) == 13
    document = json.loads(capsys.readouterr().out)
    assert (document["dataset"], document["holds"]) == ("clinic", False)
    assert [c["name"] for c in document["claims"] if not c["holds"]] == [
        "every delta is as it was released"
    ]


@pytest.mark.usefixtures("clinic")
def test_everything_is_said_as_documents_too(capsys: Capture, tmp_path: Path) -> None:
    assert main(["--json", "append", "clinic", "--name", "other"]) == 10
    lines: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [line["kind"] for line in lines] == ["file", "set aside"]
    assert lines[0]["read"] == 60 == lines[0]["released"] + lines[0]["waiting"]
    keys = tmp_path / "keys.txt"
    keys.write_text("id\n4711\n")
    assert main(["--json", "erase", "clinic", "--name", "other", "--keys", str(keys)]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["asked"], done["unknown"]) == (1, 0)


@pytest.mark.usefixtures("clinic")
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["audit"], 2, "name either a dataset or --versions"),
        (["erase", "clinic"], 2, "required: --keys"),
        (["erase", "clinic", "4711", "--keys", "k"], 2, "unrecognized arguments"),
        (["--url", "http://127.0.0.1:1", "append", "clinic"], 2, "name that of the deployment"),
        (["append", "nowhere"], 3, "there is no request nowhere"),
        (["append", "clinic", "--name", "a b"], 3, "letters, digits and _ only"),
        (["append", "clinic", "gone.csv"], 10, "there is no file"),
        (["audit", "clinic"], 3, "no file of clinic was read into"),
        (["erase", "clinic", "--keys", "gone.txt"], 10, "cannot read gone.txt: No such file"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(
    capsys: Capture, arguments: list[str], code: int, told: str
) -> None:
    assert main(["--json", *arguments]) == code
    said = capsys.readouterr()
    document = json.loads(said.err)
    assert (document["code"], said.out) == (code, "")
    assert told in document["message"]
