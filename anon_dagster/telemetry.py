"""Counts of runs for an operator's monitoring, by OpenTelemetry.

Counts and durations only: no name of a dataset, a column or a person, and no figure of a single
release. Where they go is said by OpenTelemetry's own variables; nothing is counted, and nothing of
it imported, unless ``OTEL_METRICS_EXPORTER`` names an exporter or the program has a provider.
"""

import logging
import os
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.metrics import Meter
    from opentelemetry.sdk.metrics.export import MetricExporter

EXPORTER = "OTEL_METRICS_EXPORTER"
_GROUP = "opentelemetry_metrics_exporter"
"""Under which OpenTelemetry's packages announce what exports metrics."""
_NONE = "none"
_NAME = "anon_dagster"
_ENDINGS = ("", "_proto_http", "_proto_grpc")
"""Of the names of exporters, such as ``otlp``, that several packages offer."""
_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600)
KINDS = frozenset(
    {
        *("anonymize", "apply", "approve", "auto_anonymize", "delta", "detect", "files"),
        *("materialize", "measure", "reject", "residual", "verify"),
    }
)
"""Of runs. Whoever launches one may set the tag, so another text is not passed on."""
OUTCOMES = frozenset({"completed", "failed", "aborted"})
OTHER = "other"


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that is over."""

    kind: str
    outcome: str
    seconds: float | None = None
    """How long it took; nothing if it never began."""
    read: int | None = None
    """Records, as the next two; nothing where a run has none."""
    released: int | None = None
    suppressed: int | None = None


class Metrics:
    """The instruments of a meter."""

    def __init__(self, meter: "Meter") -> None:
        self._runs = meter.create_counter("anon.runs", "{run}", "Runs that are over")
        self._seconds = meter.create_histogram(
            "anon.run.duration",
            "s",
            "How long runs took",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._records = meter.create_counter(
            "anon.records", "{record}", "Records that were read, released and suppressed"
        )
        self._queue = meter.create_gauge("anon.queue", "{run}", "Runs that wait, and that work")

    def count(self, run: EndedRun) -> None:
        """Count a run that is over, and its records."""
        kind = run.kind if run.kind in KINDS else OTHER
        outcome = run.outcome if run.outcome in OUTCOMES else OTHER
        about = {"kind": kind, "outcome": outcome}
        self._runs.add(1, about)
        if run.seconds is not None:
            self._seconds.record(max(run.seconds, 0.0), about)
        fates = {"read": run.read, "released": run.released, "suppressed": run.suppressed}
        for fate, records in fates.items():
            if records is not None:
                self._records.add(records, {"kind": kind, "fate": fate})

    def show_queue(self, *, waiting: int, working: int) -> None:
        """Show how many runs wait, and how many work."""
        self._queue.set(waiting, {"state": "waiting"})
        self._queue.set(working, {"state": "working"})


@cache
def metrics() -> Metrics | None:
    """Return the instruments of this process; none if nobody wants them."""
    said = os.environ.get(EXPORTER, "")
    if not (_names(said) or "opentelemetry.sdk.metrics" in sys.modules):
        return None
    try:
        from opentelemetry.metrics import get_meter, get_meter_provider
        from opentelemetry.sdk.metrics import MeterProvider
    except ImportError:
        logging.getLogger(__name__).warning(
            "%s is set, but nothing is counted: pip install 'anon-dagster[telemetry]'", EXPORTER
        )
        return None
    if not isinstance(get_meter_provider(), MeterProvider):
        if not _names(said):  # somebody imported it, and has no provider
            return None
        _provide(said)
    return Metrics(get_meter(_NAME))


def _names(said: str) -> list[str]:
    return [name for each in said.split(",") if (name := each.strip()) not in {"", _NONE}]


def _provide(said: str) -> None:
    """Let metrics go where the environment says; a name that nothing stands for is told."""
    from opentelemetry.metrics import set_meter_provider
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    exporters = [each for name in _names(said) for each in _exporter(name)]
    set_meter_provider(MeterProvider([PeriodicExportingMetricReader(each) for each in exporters]))


def _exporter(name: str) -> "Iterator[MetricExporter]":
    """Give the exporter of a name, if a package that is installed has one."""
    from importlib.metadata import entry_points

    for ending in _ENDINGS:
        for found in entry_points(group=_GROUP, name=f"{name}{ending}"):
            yield found.load()()
            return
    logging.getLogger(__name__).warning(
        "%s names an exporter that is not installed, %d characters long; otlp and console are "
        "installed by anon-dagster[telemetry]",
        EXPORTER,
        len(name),
    )
