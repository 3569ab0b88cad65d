"""Evidence in the shell."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from anon_dagster import anonymize
from anon_dagster.cli import AUDIT_FAILED, evidence, main
from tests.operations.test_evidence import POLICY, made_of, people

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Release a table, and let every id be that of the job that did it."""
    target = {"path": str(tmp_path / "release.parquet")}
    result = anonymize({"policy": POLICY, "target": target}, frame=people(120))
    shared = made_of(result)

    def given(*, share: bool, sign_with: Path | None, table: str | None) -> dict[str, Any]:
        from anon_dagster.report.handover import signed

        assert share
        assert table is None
        return signed(shared, sign_with)

    job = SimpleNamespace(evidence=given)
    monkeypatch.setattr(evidence, "job_of", lambda _: job)
    return tmp_path


def test_evidence_is_signed_written_and_checked(folder: Path, capsys: Capture) -> None:
    key, written = folder / "key.pem", folder / "evidence.json"
    assert main(["evidence", "keygen", str(key)]) == 0
    command = ["evidence", "write", "a-job", "--share", "--sign-with", str(key)]
    assert main([*command, "--output", str(written)]) == 0
    capsys.readouterr()
    checking = ["evidence", "check", str(written), str(folder / "release.parquet")]
    assert main([*checking, "--public-key", str(folder / "key.pub.pem")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["holds", "signature"]
    assert said[-1] == "it holds, as far as it can be told"


def test_what_does_not_fit_has_an_exit_code_of_its_own(folder: Path, capsys: Capture) -> None:
    written = folder / "evidence.json"
    assert main(["evidence", "write", "a-job", "--share", "--output", str(written)]) == 0
    document = json.loads(written.read_text(encoding="utf-8"))
    document["facts"]["identity"]["of_release"]["records"] += 1
    written.write_text(json.dumps(document), encoding="utf-8")
    capsys.readouterr()
    command = ["--json", "evidence", "check", str(written), str(folder / "release.parquet")]
    assert main(command) == AUDIT_FAILED
    told = json.loads(capsys.readouterr().out)
    assert not told["holds"]
    assert [c["name"] for c in told["checks"] if c["found"] == "fails"] == ["figures and facts"]


def test_what_cannot_be_read_says_so_in_a_line(tmp_path: Path, capsys: Capture) -> None:
    assert main(["evidence", "check", str(tmp_path / "none.json"), "release.parquet"]) == 10
    (line,) = capsys.readouterr().err.splitlines()
    assert "none.json cannot be read" in line
