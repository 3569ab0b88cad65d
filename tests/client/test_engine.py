"""What the environment of a client says of the engine holds for its embedded jobs."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster.client import AnonClient
from anon_dagster.client.deployment import Launch
from anon_dagster.client.embedded import EmbeddedDeployment
from anon_dagster.errors import RequestError
from anon_dagster.jobs.tags import ENGINE_TAG, KIND_TAG

LAUNCH = Launch("anonymize_job", {"ops": {}}, {KIND_TAG: "anonymize"}, "one")
REQUEST = {
    "source": {"path": "people.csv"},
    "policy": {
        "attributes": {"age": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 2}},
    },
}


@pytest.mark.parametrize(
    ("told", "settings"),
    [
        ("", {"type": "local"}),
        ("threads: 3", {"type": "local", "threads": 3}),
        (
            "dask, address: tcp://scheduler:8786",
            {"type": "dask", "address": "tcp://scheduler:8786"},
        ),
    ],
)
def test_a_job_is_launched_with_the_engine_of_the_client_not_of_the_host(
    told: str, settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def ask(_: EmbeddedDeployment, method: str, **arguments: Any) -> str:
        asked.update(arguments, method=method)
        return "id"

    monkeypatch.setattr(EmbeddedDeployment, "_ask", ask)
    monkeypatch.setenv("ANON_ENGINE", told)
    assert EmbeddedDeployment(tmp_path, tmp_path).launch(LAUNCH) == "id"
    assert asked["config"] == {"ops": {}, "resources": {"anon_engine": {"config": settings}}}
    assert LAUNCH.config == {"ops": {}}


def test_an_engine_that_there_is_not_is_told_before_a_host_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANON_ENGINE", "dask, workers: 2, address: tcp://a:1")
    with pytest.raises(RequestError, match=r"^ANON_ENGINE: engine has an address and workers"):
        EmbeddedDeployment(tmp_path, tmp_path).launch(LAUNCH)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_jobs_of_one_host_have_the_engines_of_those_who_submit_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"age": ["20", "21"] * 5}).to_csv("people.csv", index=False)
    client = AnonClient(home=tmp_path)
    try:
        jobs = []
        for told in ("threads: 1", "threads: 2"):
            monkeypatch.setenv("ANON_ENGINE", told)
            jobs.append(client.measure(REQUEST))
        assert [job.wait(timeout=300) for job in jobs] == ["completed", "completed"]
        tags = [client.deployment.record(job.id()).tags[ENGINE_TAG] for job in jobs]
    finally:
        client.close()
    assert tags == ["local, 1 thread", "local, 2 threads"]
