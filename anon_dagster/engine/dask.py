"""Parts that are worked on by the processes of a cluster, which read and write by themselves.

What a task is given and gives back is sealed, and a task never fails in the eyes of the cluster:
so no log, event or page of it shows more than what kind of work is done, and random names.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any, TypeVar

from anon_dagster.engine import on_worker
from anon_dagster.engine.local import LocalEngine
from anon_dagster.engine.on_worker import Failed
from anon_dagster.engine.sealed import Sealed
from anon_dagster.engine.settings import EngineSettings
from anon_dagster.errors import (
    AnonError,
    ClusterError,
    ClusterUnavailableError,
    RequestError,
    SourceChangedError,
    SourceError,
    TargetError,
)

if TYPE_CHECKING:
    from distributed import Client, Future

_J = TypeVar("_J")
_R = TypeVar("_R")
_TRIES = 2
_BEAT = 0.5
"""Seconds after which whoever waits is asked whether to go on."""
_ASKED = 20
"""How often workers are asked for an answer."""
_PATIENCE = 60.0
"""Seconds without any worker, after which there will be none."""
_UNTIL_STOPPED = 20.0
"""Seconds that work is given to stop, once it was called off."""


@contextmanager
def opened_cluster(settings: EngineSettings) -> Iterator["DaskEngine"]:
    """Reach a cluster, or start one of this machine's processes until it is no longer needed.

    Raises
    ------
    RequestError
        If the package for it is not installed.
    ClusterUnavailableError
        If the scheduler cannot be reached, or has no workers.
    ClusterError
        If its workers have other versions than this process.
    """
    try:
        from anon_dagster.engine import cluster
    except ModuleNotFoundError:
        raise RequestError(
            "engine: dask needs a package that is not installed: pip install 'anon-dagster[dask]'"
        ) from None
    with cluster.connected(settings) as client:
        cluster.require_same_versions(client)
        workers = client.nthreads()
        here = LocalEngine(settings.threads_found, settings.memory_found)
        yield DaskEngine(client, here, len(workers), sum(workers.values()))


@dataclass(frozen=True, slots=True)
class DaskEngine:
    """The processes of a cluster, and threads of this one for what cannot travel."""

    client: "Client"
    here: LocalEngine
    workers: int
    """How many there are at the beginning."""
    room: int
    """How many parts they work on at once."""

    @property
    def memory(self) -> int:
        """Bytes that what grows with the records may take in this process."""
        return self.here.memory

    @property
    def is_cluster(self) -> bool:
        """Yes: other processes do the work."""
        return True

    @property
    def shown(self) -> Mapping[str, str | int]:
        """What a person may want to know of it."""
        link = self.client.dashboard_link
        shown: dict[str, str | int] = {"type": "dask", "workers": self.workers}
        return shown | {"threads": self.room} | ({"dashboard": link} if link else {})

    def map(self, work: Callable[[_J], _R], jobs: Iterable[_J]) -> Generator[_R]:
        """Give the result of each job, in their order, by threads of this process."""
        return self.here.map(work, jobs)

    def gather(self, work: Callable[[_J], _R], jobs: Sequence[_J]) -> list[_R]:
        """Return the result of each job, in their order, by threads of this process."""
        return self.here.gather(work, jobs)

    def send(
        self,
        work: Callable[[_J], _R],
        jobs: Iterable[_J],
        *,
        kind: str,
        on_wait: Callable[[], None] = lambda: None,
    ) -> Generator[_R]:
        """Give the result of each job, in their order, by processes of the cluster.

        Parameters
        ----------
        work
            A function of a module, or a partial one of plain data.
        jobs
            Plain data; asked for one by one, as there is room.
        kind
            The name of the work, as the cluster shows it: ``count``, ``write`` …
        on_wait
            Called several times a minute; may raise to stop.

        Raises
        ------
        AnonError
            Of a job, twice.
        SourceError, TargetError
            If a job failed twice in another way, with its number.
        ClusterUnavailableError
            If no worker is left, or the scheduler.
        """
        sending = _Sending(self.client, Sealed(work), kind, on_wait)
        with closing(sending):
            for number, job in enumerate(jobs):
                sending.begin(number, Sealed(job))
                if len(sending.waiting) > self.room * 2:
                    yield sending.next_result()
            while sending.waiting:
                yield sending.next_result()

    def everywhere(self, work: Callable[[], _R]) -> list[_R]:
        """Give what each process of the cluster finds when it does the same."""
        sealed = Sealed(work)
        for _ in range(_ASKED):
            with suppress(Exception):  # a worker that ends just now is soon known to be gone
                outcomes = self.client.run(on_worker.call, sealed)
                break
            time.sleep(_BEAT)
        else:
            raise ClusterUnavailableError("the workers of the cluster do not answer")
        return [_value(outcome.content) for outcome in outcomes.values()]


def _value(outcome: on_worker.Outcome) -> Any:  # noqa: ANN401 (of any work)
    if isinstance(outcome, Failed):
        raise outcome.error or ClusterError(f"a worker failed by {outcome.kind}") from None
    return outcome.value


@dataclass(slots=True)
class _Job:
    number: int
    content: Sealed
    future: "Future[Any]"
    tries: int = 1


class _Sending:
    """Jobs that are on a cluster."""

    def __init__(
        self, client: "Client", work: Sealed, kind: str, on_wait: Callable[[], None]
    ) -> None:
        self.waiting: deque[_Job] = deque()
        self._client, self._work, self._kind, self._on_wait = client, work, kind, on_wait
        self._token = token_hex(8)
        self._scattered = self._scatter()
        self._alive = time.monotonic()

    def begin(self, number: int, content: Sealed) -> None:
        self.waiting.append(_Job(number, content, self._submit(content)))

    def next_result(self) -> Any:  # noqa: ANN401 (of any work)
        """Wait for the first job that was begun, and begin it once more if need be."""
        job = self.waiting[0]
        while isinstance(outcome := self._outcome(job), Failed):
            if job.tries >= _TRIES or isinstance(outcome.error, SourceChangedError | RequestError):
                raise self._error(job, outcome) from None
            job.tries += 1
            job.future = self._submit(job.content)
        self.waiting.popleft()
        return outcome.value

    def close(self) -> None:
        """Call off what is not done, and wait until it is left alone."""
        futures = [job.future for job in self.waiting]
        with suppress(Exception):  # a cluster that is gone does nothing any more
            if futures:
                self._client.cancel(futures, force=True)
                self._client.run(on_worker.call_off, self._token)
                self._until_stopped()
        self.waiting.clear()
        with suppress(Exception):
            self._scattered.release()

    def _until_stopped(self) -> None:
        last = time.monotonic() + _UNTIL_STOPPED
        while time.monotonic() < last:
            if not any(self._client.run(on_worker.at_work, self._token).values()):
                return
            time.sleep(_BEAT / 5)

    def _scatter(self) -> "Future[Any]":
        with self._reaching():
            scattered: Future[Any] = self._client.scatter(
                self._work, broadcast=True, hash=False, timeout=int(_PATIENCE)
            )
            return scattered

    def _submit(self, content: Sealed) -> "Future[Any]":
        if self._scattered.status != "finished":
            self._scattered = self._scatter()
        key = f"anon-{self._kind}-{token_hex(8)}"
        with self._reaching():
            return self._client.submit(
                on_worker.run, self._scattered, content, self._token, key=key, pure=False
            )

    def _outcome(self, job: _Job) -> on_worker.Outcome:
        while True:
            try:
                outcome: on_worker.Outcome = job.future.result(timeout=_BEAT).content
            except TimeoutError:
                self._on_wait()
                self._require_workers()
            except Exception as error:  # noqa: BLE001 (of the cluster, which knows keys alone)
                self._require_workers()
                return Failed(None, type(error).__name__)
            else:
                self._alive = time.monotonic()
                return outcome

    def _require_workers(self) -> None:
        with self._reaching():
            if self._client.nthreads():
                self._alive = time.monotonic()
        if time.monotonic() - self._alive > _PATIENCE:
            raise ClusterUnavailableError("the cluster has no worker left; see why they ended")

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Say that the scheduler is gone, in words of our own."""
        try:
            yield
        except AnonError:
            raise
        except Exception as error:  # noqa: BLE001 (of whatever carries messages)
            raise ClusterUnavailableError(
                f"the scheduler of the cluster does not answer ({type(error).__name__})"
            ) from None
        if self._client.status not in {"running", "connecting"}:
            raise ClusterUnavailableError("the scheduler of the cluster is gone")

    def _error(self, job: _Job, outcome: Failed) -> AnonError:
        unit, kind = _UNITS.get(self._kind, ("part", SourceError))
        named = f"{unit} {job.number + 1:,}"
        if outcome.error is None:
            return kind(
                f"{named} failed {_TRIES} times on the cluster ({outcome.kind}): if its worker "
                "ended, it may need more memory"
            )
        if type(outcome.error) in {SourceError, TargetError}:
            return type(outcome.error)(f"{named}: {outcome.error}")
        return outcome.error


_UNITS: Mapping[str, tuple[str, type[AnonError]]] = {
    "order": ("block", TargetError),
    "file": ("file", TargetError),
}
"""What the jobs of a kind are called, if not parts of a source."""
