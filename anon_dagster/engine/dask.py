"""Parts that are worked on by the processes of a cluster, which read and write by themselves.

What a task is given and gives back is sealed, and a task never fails in the eyes of the cluster:
so no log, event or page of it shows more than what kind of work is done, and random names.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from anon_dagster.engine import on_worker
from anon_dagster.engine.local import LocalEngine
from anon_dagster.engine.on_worker import Failed
from anon_dagster.engine.sealed import Sealed
from anon_dagster.engine.sent import Sent, require_another_try
from anon_dagster.engine.settings import EngineSettings
from anon_dagster.engine.tree import Tree
from anon_dagster.errors import (
    ClusterError,
    ClusterUnavailableError,
    RequestError,
)

if TYPE_CHECKING:
    from distributed import Client, Future

_J = TypeVar("_J")
_R = TypeVar("_R")
_T = TypeVar("_T")
_BEAT = 0.5
"""Seconds between two questions."""
_ASKED = 20
"""How often workers are asked for an answer."""


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
        sending = _Sending(Sent(self.client, Sealed(work), kind, on_wait))
        with closing(sending):
            for number, job in enumerate(jobs):
                sending.begin(number, Sealed(job))
                if len(sending.waiting) > self.room * 2:
                    yield sending.next_result()
            while sending.waiting:
                yield sending.next_result()

    def reduce(
        self,
        work: Callable[[_J], tuple[_T, _R | None]],
        join: Callable[[Sequence[_R]], tuple[_T, _R]],
        jobs: Iterable[_J],
        *,
        kind: str,
        on_wait: Callable[[], None] = lambda: None,
    ) -> Generator[tuple[Sequence[_T], Sequence[_R]]]:
        """Join the results of jobs where they are, see :class:`~anon_dagster.engine.Engine`.

        Raises
        ------
        AnonError
            As :meth:`send` does.
        """
        tree = Tree(Sent(self.client, Sealed((work, join)), kind, on_wait))
        with closing(tree):
            for number, job in enumerate(jobs):
                tree.begin(number, Sealed(job))
                if len(tree.leaves) > self.room * 2:
                    yield tree.next_told()
            while tree.leaves or tree.joins:
                yield tree.next_told()
            yield from tree.remaining()

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
    """Jobs that are on a cluster, each by itself."""

    def __init__(self, sent: Sent) -> None:
        self.waiting: deque[_Job] = deque()
        self._sent = sent

    def begin(self, number: int, content: Sealed) -> None:
        self.waiting.append(_Job(number, content, self._sent.submit(on_worker.run, content)))

    def next_result(self) -> Any:  # noqa: ANN401 (of any work)
        """Wait for the first job that was begun, and begin it once more if need be."""
        job = self.waiting[0]
        while isinstance(outcome := self._outcome(job), Failed):
            require_another_try(outcome, job.tries, self._sent.kind, f"{job.number + 1:,}")
            job.tries += 1
            job.future = self._sent.submit(on_worker.run, job.content)
        self.waiting.popleft()
        return outcome.value

    def _outcome(self, job: _Job) -> on_worker.Outcome:
        result = self._sent.result(job.future)
        outcome: on_worker.Outcome = result if isinstance(result, Failed) else result.content
        return outcome

    def close(self) -> None:
        """Call off what is not done."""
        self._sent.close([job.future for job in self.waiting])
        self.waiting.clear()
