"""How long a job takes with 2 to 200 workers, by replaying part times that were measured here.

A job of many parts is done on this machine as a cluster does it, part by part and in one process,
so that nothing waits for a processor. The CPU seconds of each part, and what the process of the job
does meanwhile and in between, are replayed for many workers: parts are sent one by one, the next
worker that is free takes the next, and results are taken in their order, as
:class:`anon_dagster.engine.dask.DaskEngine` does it. Parts read from and write to storage at no
cost but their CPU seconds, however many workers there are.
"""

import heapq
import pickle
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import mean
from typing import TypeVar

import pyarrow.parquet as pq

from anon_dagster import anonymize
from anon_dagster.engine import EngineSettings, keeping, opened
from benchmarks.scale.tables import request_for, write_patients

_J = TypeVar("_J")
_R = TypeVar("_R")
_T = TypeVar("_T")

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 200)
NETWORK = 1e9
"""Bytes a second that reach the process of the job from all workers together: 10 Gbit/s."""
_ROWS_OF_PART = 262_144
_PROBES = 200


@dataclass(frozen=True, slots=True)
class Phase:
    """Parts that were sent to workers, one after another."""

    kind: str
    parts: tuple[float, ...]
    """CPU seconds of each part."""
    taking: tuple[float, ...]
    """CPU seconds of the process of the job for each result that it takes."""
    sizes: tuple[int, ...]
    """Bytes of each result."""

    def of(self, parts: int) -> "Phase":
        """Return the same with another number of parts, which are those measured, again."""
        longer = [
            tuple(islice(cycle(each), parts)) for each in (self.parts, self.taking, self.sizes)
        ]
        return Phase(self.kind, *longer)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Recording:
    """A job as it was measured."""

    records: int
    phases: tuple[Phase, ...]
    alone: Mapping[str, float]
    """CPU seconds of what no worker does, by what the job was at: search, statistics, and so on."""

    def seconds(self, workers: int, *, sending: float) -> float:
        """Return how long the job takes; see :func:`finish`."""
        sent = sum(finish(phase, workers, sending=sending) for phase in self.phases)
        return sum(self.alone.values()) + sent


def extended(small: Recording, large: Recording, factor: int) -> Recording:
    """Return a job of so many times the parts of the larger of two that were measured.

    What no worker does grows from the larger one on as it grew from the smaller one to it.
    """
    more = large.records * (factor - 1)
    alone = {
        name: seconds
        + more * max(0.0, seconds - small.alone.get(name, 0.0)) / (large.records - small.records)
        for name, seconds in large.alone.items()
    }
    phases = tuple(phase.of(len(phase.parts) * factor) for phase in large.phases)
    return Recording(large.records + more, phases, alone)


def finish(phase: Phase, workers: int, *, sending: float) -> float:
    """Return after how many seconds the last result of a phase is taken.

    Parameters
    ----------
    sending
        Seconds that it takes the process of the job, and the scheduler, to send a part.
    """
    free = [0.0] * workers
    waiting: deque[tuple[float, float]] = deque()
    now = 0.0

    def take() -> float:
        done, effort = waiting.popleft()
        return max(now, done) + effort

    for seconds, effort, size in zip(phase.parts, phase.taking, phase.sizes, strict=True):
        now += sending
        begun = max(now, heapq.heappop(free))
        heapq.heappush(free, begun + seconds)
        waiting.append((begun + seconds, effort + size / NETWORK))
        if len(waiting) > 2 * workers:
            now = take()
    while waiting:
        now = take()
    return now


# -- measuring -----------------------------------------------------------------------------


@dataclass(slots=True)
class Recorder:
    """An engine that does in this process what a cluster does in others, and measures it."""

    memory: int
    phases: list[Phase] = field(default_factory=list)
    sent: float = 0.0
    """CPU seconds of all parts, and of taking their results."""

    @property
    def shown(self) -> Mapping[str, str | int]:
        """Say that it is none that a user has."""
        return {"type": "recorder"}

    @property
    def is_cluster(self) -> bool:
        """Yes: parts are read as on a cluster."""
        return True

    def map(self, work: Callable[[_J], _R], jobs: Iterable[_J]) -> Generator[_R]:
        """Do what the process of the job does by itself."""
        yield from map(work, jobs)

    def gather(self, work: Callable[[_J], _R], jobs: Sequence[_J]) -> list[_R]:
        """Do what the process of the job does by itself."""
        return [work(job) for job in jobs]

    def send(
        self,
        work: Callable[[_J], _R],
        jobs: Iterable[_J],
        *,
        kind: str,
        on_wait: Callable[[], None] = lambda: None,
    ) -> Generator[_R]:
        """Do each job as a worker does, and measure it."""
        del on_wait
        parts: list[float] = []
        taking: list[float] = []
        sizes: list[int] = []
        for job in jobs:
            begun = time.process_time()
            result = work(job)
            packed = pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)
            done = time.process_time()
            yield pickle.loads(packed)  # noqa: S301 (our own)
            ended = time.process_time()
            parts.append(done - begun)
            taking.append(ended - done)
            sizes.append(len(packed))
            self.sent += ended - begun
        self.phases.append(Phase(kind, tuple(parts), tuple(taking), tuple(sizes)))

    def reduce(
        self,
        work: Callable[[_J], tuple[_T, _R | None]],
        join: Callable[[Sequence[_R]], tuple[_T, _R]],
        jobs: Iterable[_J],
        *,
        kind: str,
        on_wait: Callable[[], None] = lambda: None,
    ) -> Generator[tuple[Sequence[_T], Sequence[_R]]]:
        """Take each result by itself, as where none is small enough to be joined by a worker."""
        del join
        for told, result in self.send(work, jobs, kind=kind, on_wait=on_wait):
            yield [told], [] if result is None else [result]

    def everywhere(self, work: Callable[[], _R]) -> list[_R]:
        """Do it once."""
        return [work()]


class Alone:
    """Adds up what no worker does, by what the job is at."""

    def __init__(self, recorder: Recorder) -> None:
        self.seconds: dict[str, float] = {}
        self._recorder = recorder
        self._phase, self._begun = "open", self._now

    @property
    def _now(self) -> float:
        return time.process_time() - self._recorder.sent

    def enter(self, phase: str) -> None:
        """Let something else begin."""
        now = self._now
        self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + now - self._begun
        self._phase, self._begun = phase, now


def record(kind: str, records: int) -> Recording:
    """Anonymize a table in parts, and measure it."""
    recorder = Recorder(EngineSettings().memory_found)
    alone = Alone(recorder)
    with tempfile.TemporaryDirectory(prefix="anon-bench-") as folder:
        source = Path(folder) / "source"
        source.mkdir()
        _write_parts(kind, source, records)
        request = request_for(kind, source, Path(folder) / "released", {})
        request["source"] = {"path": f"{source}/*.parquet"}
        request["target"] |= {
            "format": "parquet",
            "single_file": False,
            "rows_per_file": _ROWS_OF_PART,
        }
        alone.enter("open")
        alone.seconds.clear()
        with keeping(recorder):
            result = anonymize(request, on_progress=lambda progress: alone.enter(progress.phase))
            alone.enter("statistics")
            assert result.release.verification.holds
            assert len(result.risk)
            assert len(result.utility)
        alone.enter("end")
    phases = tuple(phase for phase in recorder.phases if phase.parts)
    return Recording(records, phases, alone.seconds)


def _write_parts(kind: str, folder: Path, records: int) -> None:
    """Write a table as files of one row group each."""
    whole = folder.with_suffix(".parquet")
    write_patients(whole, records, few=kind == "few")
    table = pq.read_table(str(whole))
    whole.unlink()
    for number, first in enumerate(range(0, records, _ROWS_OF_PART)):
        part = table.slice(first, _ROWS_OF_PART)
        pq.write_table(part, str(folder / f"part-{number:04d}.parquet"), compression="zstd")


def sending_seconds() -> float:
    """Measure how long it takes to send a part that is no work to a worker, and to hear of it."""
    with opened(EngineSettings("dask", workers=1)) as engine:
        list(engine.send(abs, range(20), kind="probe"))
        begun = time.monotonic()
        list(engine.send(abs, range(_PROBES), kind="probe"))
        return (time.monotonic() - begun) / _PROBES


# -- in words ------------------------------------------------------------------------------


def print_simulation(
    records: int, sending: float, *, kind: str, factors: Sequence[int] = (1, 10, 333)
) -> None:
    """Measure a job, and print how long it takes with more workers and more parts."""
    small, large = record(kind, records // 3), record(kind, records)
    print(f"\n{kind}, measured: {records:,} records in parts of {_ROWS_OF_PART:,}")
    for phase in large.phases:
        print(
            f"  {phase.kind:<10} {len(phase.parts):>4} parts of {mean(phase.parts):.3f} CPU s, "
            f"taken in {mean(phase.taking):.3f} s, {mean(phase.sizes) / 1e6:.2f} MB"
        )
    told = ", ".join(f"{name} {seconds:.2f}" for name, seconds in large.alone.items())
    print(f"  by the process of the job alone, CPU s: {told}")
    print(f"  to send a part and hear of it {sending * 1000:.1f} ms")
    for factor in factors:
        _print_job(extended(small, large, factor), sending)


def _print_job(job: Recording, sending: float) -> None:
    alone = sum(job.alone.values())
    with_one = job.seconds(1, sending=sending)
    print(f"\n{job.records:,} records, simulated; the process of the job alone {alone:,.1f} s")
    print(f"{'workers':>8} {'seconds':>10} {'times':>6} {'alone':>6}")
    for workers in WORKERS:
        seconds = job.seconds(workers, sending=sending)
        print(f"{workers:>8} {seconds:>10,.1f} {with_one / seconds:>6.1f} {alone / seconds:>6.0%}")
