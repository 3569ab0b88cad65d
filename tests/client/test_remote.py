"""A deployment behind HTTP, before servers that answer in every way but as they should."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from anon_dagster.client import AnonClient
from anon_dagster.client.remote import RemoteDeployment
from anon_dagster.errors import DeploymentError, JobStateError, UnfinishedJobError


@dataclass
class Scripted(RemoteDeployment):
    """A Dagster whose run is in one state after the other."""

    url: str = "http://127.0.0.1:9"
    states: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refuses: bool = False

    def _answer(self, query: str, seconds: float, /, **variables: object) -> dict[str, Any]:
        del seconds, variables
        now = self.states[0]
        if "terminateRun" in query:
            self.asked.append(now)
            said = "TerminateRunFailure" if self.refuses else "TerminateRunSuccess"
            return {"terminateRun": {"__typename": said}}
        if len(self.states) > 1:
            self.states.pop(0)
        times: dict[str, object] = dict.fromkeys(("creationTime", "startTime", "endTime"))
        run: dict[str, object] = {
            "runId": "a-run",
            "jobName": "anonymize_job",
            "status": now,
            "tags": [],
            **times,
        }
        return {"runOrError": {"__typename": "Run", **run}}


@pytest.mark.parametrize(
    ("states", "asked"),
    [
        (["STARTED"], ["STARTED"]),
        (["STARTING", "STARTING", "STARTED"], ["STARTED"]),
        (["QUEUED", "CANCELED"], ["CANCELED"]),
        (["QUEUED", "CANCELED", "STARTING", "STARTING", "STARTED"], ["CANCELED", "STARTED"]),
    ],
)
def test_an_abort_is_asked_for_when_it_can_be_heard(states: list[str], asked: list[str]) -> None:
    deployment = Scripted(states=states)
    deployment.abort("a-run", timeout=30)
    assert deployment.asked == asked


def test_a_job_that_does_not_begin_cannot_be_aborted_in_time() -> None:
    deployment = Scripted(states=["STARTING"])
    with pytest.raises(UnfinishedJobError, match="being started"):
        deployment.abort("a-run", timeout=0.1)
    assert deployment.asked == []


@pytest.mark.parametrize("status", ["CANCELING", "CANCELED"])
def test_a_job_that_ends_already_by_an_earlier_question_is_not_refused(status: str) -> None:
    """A question that the deployment hears late ends a job before the next one arrives."""
    deployment = Scripted(states=["STARTING", status], refuses=True)
    deployment.abort("a-run", timeout=30)
    assert deployment.asked[-1] == status


def test_a_job_that_does_not_end_though_it_was_asked_to_is_told() -> None:
    deployment = Scripted(states=["STARTED"], refuses=True)
    with pytest.raises(JobStateError, match="cannot be aborted now"):
        deployment.abort("a-run", timeout=30)


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str | None]]]:
    """Serve nothing but a status; keep who asked."""
    asked: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["Authorization"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_a_proxy_is_told_who_asks_and_may_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANON_AUTHORIZATION", "Bearer of-the-environment")
    with answering(401) as (url, asked):
        for headers in (None, {"Authorization": "Bearer mine"}):
            client = AnonClient(url, headers=headers)
            with pytest.raises(DeploymentError, match="ANON_AUTHORIZATION") as caught:
                client.jobs()
            assert "Bearer" not in f"{caught.value}{client.deployment!r}"
    assert asked == ["Bearer of-the-environment", "Bearer mine"]


def test_what_is_not_dagster_is_said_not_to_be() -> None:
    with (
        answering(200) as (url, _),
        pytest.raises(DeploymentError, match="not as Dagster does"),
    ):
        AnonClient(url).job("an-id")
