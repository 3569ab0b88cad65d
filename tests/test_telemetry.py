"""What an operator's monitoring is told: counts, and nothing that names anybody."""

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from anon_dagster import telemetry
from anon_dagster.defs import endings, housekeeping
from anon_dagster.defs.endings import close
from anon_dagster.defs.housekeeping import show_queue
from anon_dagster.defs.ownership import _KINDS
from anon_dagster.defs.resources import JobStore
from anon_dagster.jobs.tags import DATASET_TAG, KIND_TAG, USER_TAG
from anon_dagster.telemetry import KINDS, EndedRun, Metrics

NAME = "Zeisig"


class Told:
    """What a monitoring was told so far."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.metrics = Metrics(MeterProvider([self.reader]).get_meter("tests"))

    def points(self, name: str) -> dict[tuple[str, ...], Any]:
        data = self.reader.get_metrics_data()
        found = [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]
        return {tuple(map(str, (p.attributes or {}).values())): p for p in found}

    def values(self, name: str) -> dict[tuple[str, ...], Any]:
        return {about: point.value for about, point in self.points(name).items()}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    told = Told()
    for module in (endings, housekeeping):
        monkeypatch.setattr(module, "metrics", lambda: told.metrics)
    yield told
    told.reader.shutdown()


def test_runs_and_records_add_up(told: Told) -> None:
    runs = [
        EndedRun("anonymize", "completed", 3.0, 100, 97, 3),
        EndedRun("anonymize", "completed", 5.0, 50, 50, 0),
        EndedRun("anonymize", "failed", None, 10),
        EndedRun("measure", "aborted", 1.0),
    ]
    for run in runs:
        told.metrics.count(run)
    assert told.values("anon.runs") == {
        ("anonymize", "completed"): 2,
        ("anonymize", "failed"): 1,
        ("measure", "aborted"): 1,
    }
    assert told.values("anon.records") == {
        ("anonymize", "read"): 160,
        ("anonymize", "released"): 147,
        ("anonymize", "suppressed"): 3,
    }
    seconds = told.points("anon.run.duration")[("anonymize", "completed")]
    assert (seconds.count, seconds.sum) == (2, 8.0)


def test_what_somebody_calls_a_run_is_not_passed_on(told: Told) -> None:
    told.metrics.count(EndedRun(NAME, NAME))
    assert told.values("anon.runs") == {("other", "other"): 1}
    assert set(_KINDS.values()) <= KINDS


@dg.job
def idle() -> None:
    """Do nothing."""


def test_a_run_is_counted_once_and_its_names_are_not_told(told: Told, tmp_path: Path) -> None:
    tags = {KIND_TAG: "anonymize", DATASET_TAG: NAME, USER_TAG: NAME}
    store = JobStore(tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(idle, status=dg.DagsterRunStatus.FAILURE, tags=tags)
        close(instance, store, run.run_id)
        close(instance, store, run.run_id)
        show_queue(instance)
    assert told.values("anon.runs") == {("anonymize", "failed"): 1}
    data = told.reader.get_metrics_data()
    told.metrics.count(EndedRun("anonymize", "failed"))
    assert NAME not in str(data)


def queued(instance: dg.DagsterInstance) -> None:
    """Queue a run as a code location that is deployed has it."""
    origin = RemoteJobOrigin(
        RemoteRepositoryOrigin(
            RegisteredCodeLocationOrigin("anon_dagster"), SINGLETON_REPOSITORY_NAME
        ),
        "idle",
    )
    instance.create_run_for_job(
        idle,
        status=dg.DagsterRunStatus.QUEUED,
        remote_job_origin=origin,
        job_code_origin=dg.reconstructable(idle).get_python_origin(),
    )


def test_the_queue_is_shown_as_it_is(told: Told) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            instance.create_run_for_job(idle, status=dg.DagsterRunStatus.STARTED)
        for _ in range(3):
            queued(instance)
        show_queue(instance)
    assert told.values("anon.queue") == {("waiting",): 3, ("working",): 2}


SCRIPT = """
import sys
from anon_dagster import telemetry
found = telemetry.metrics()
if found is not None:
    found.count(telemetry.EndedRun("anonymize", "completed", 1.0, 10, 9, 1))
print("on" if found else "off", "opentelemetry" in sys.modules)
"""
WITHOUT = "import sys; sys.modules['opentelemetry.sdk'] = None\n"
IMPORTED = "import opentelemetry.sdk.metrics as sdk\n"
PROVIDED = IMPORTED + "from opentelemetry.metrics import set_meter_provider\n"
PROVIDED += "set_meter_provider(sdk.MeterProvider([]))\n"


def test_a_program_that_imports_the_sdk_and_provides_nothing_counts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(telemetry.EXPORTER, raising=False)
    assert "opentelemetry.sdk.metrics" in sys.modules, "as in whatever else runs in this process"
    telemetry.metrics.cache_clear()
    assert telemetry.metrics() is None
    telemetry.metrics.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "exporter", "printed", "said"),
    [
        ("", None, "off False", ""),
        ("", "none", "off False", ""),
        ("", "console", "on True", ""),
        ("", "nothing-like-it", "on True", "names an exporter that is not installed"),
        (IMPORTED, None, "off True", ""),
        (PROVIDED, None, "on True", ""),
        (WITHOUT, "console", "off True", "pip install 'anon-dagster[telemetry]'"),
    ],
)
def test_the_environment_says_whether_anything_is_counted_and_where_it_goes(
    project_folder: Path, before: str, exporter: str | None, printed: str, said: str
) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    asked = kept | {"PYTHONPATH": str(project_folder)}
    if exporter is not None:
        asked[telemetry.EXPORTER] = exporter
    done = subprocess.run(
        [sys.executable, "-c", before + SCRIPT],
        env=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed in done.stdout
    assert said in done.stderr
    assert ("anon.records" in done.stdout) == (printed == "on True" and exporter == "console")
    assert "nothing-like-it" not in done.stderr


@pytest.mark.slow
def test_a_collector_is_sent_the_counts_by_http(project_folder: Path) -> None:
    """By the exporter that the extra brings; what it sends is asked of its own protocol."""
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

    came: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_packed = self.headers.get("Content-Encoding") == "gzip"
            came.append((self.path, gzip.decompress(body) if is_packed else body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        asked = kept | {
            "PYTHONPATH": str(project_folder),
            telemetry.EXPORTER: "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "NO_PROXY": "127.0.0.1",
        }
        subprocess.run([sys.executable, "-c", SCRIPT], env=asked, check=True)
        server.shutdown()
    ((path, body), *_) = came
    assert path == "/v1/metrics"
    told = service.ExportMetricsServiceRequest.FromString(body)
    metrics = {m.name: m for r in told.resource_metrics for s in r.scope_metrics for m in s.metrics}
    assert {"anon.runs", "anon.records", "anon.run.duration"} <= set(metrics)
    records = {
        tuple(sorted(each.value.string_value for each in point.attributes)): point.as_int
        for point in metrics["anon.records"].sum.data_points
    }
    assert records[("anonymize", "released")] == 9
