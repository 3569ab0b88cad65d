"""Linked tables as a job of a client and in the shell."""

import json
from pathlib import Path

import pandas as pd
import pytest

from anon_dagster import RequestError, check_evidence
from anon_dagster.cli import main
from anon_dagster.client import AnonClient
from tests.linked import request, tables


@pytest.mark.slow
def test_a_job_releases_both_tables_and_takes_both_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = request(suppression_limit=0.1)
    for name, frame in tables().items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        document["tables"][name]["source"] = {"path": str(tmp_path / f"{name}.csv")}
    client = AnonClient(home=tmp_path / "home")
    try:
        kept = client.anonymize(document).result(timeout=300)
        assert kept.df is not None
        assert {n: each.df is not None for n, each in kept.tables.items()} == {
            "patients": True,
            "visits": True,
        }
        for name, table in document["tables"].items():
            table["target"] = {"path": str(tmp_path / "out" / f"{name}.csv")}
        (tmp_path / "request.yaml").write_text(json.dumps(document))
        command = ["--json", "--home", str(tmp_path / "home"), "anonymize"]
        assert main([*command, str(tmp_path / "request.yaml"), "--wait"]) == 0
        said = json.loads(capsys.readouterr().out)
        job = client.job(said["id"])
        result = job.result()
        assert set(result.tables) == {"patients", "visits"}
        for name, each in result.tables.items():
            assert each.paths == (str(tmp_path / "out" / f"{name}.csv"),)
            assert each.residual is not None
            in_the_job = kept.tables[name].df
            assert in_the_job is not None
            assert len(pd.read_csv(each.paths[0])) == len(in_the_job)
        assert not job.risk_statistics().empty
        for name, table in document["tables"].items():
            shared = job.evidence(share=True, table=name)
            assert shared["facts"]["identity"]["of_request"]["table"] == name
            assert check_evidence(shared, table["target"]["path"]).holds
        removed = job.delete(target=True)
        assert len(removed["targets_removed"]) == 2
        assert not list((tmp_path / "out").iterdir())
    finally:
        client.close()


def test_a_client_says_what_linked_tables_lack(tmp_path: Path) -> None:
    client = AnonClient(home=tmp_path)
    with pytest.raises(RequestError, match="patients, visits has no source"):
        client.anonymize(request())
    with pytest.raises(RequestError, match="tables: linked tables go with anonymize alone"):
        client.measure(request())
