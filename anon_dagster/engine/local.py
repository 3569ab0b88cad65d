"""Parts that are worked on by threads of this process.

Arrow and numpy let other threads run while they compute, so that threads use all processors.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

_J = TypeVar("_J")
_R = TypeVar("_R")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """So many threads beside the one that reads and writes; with one, that one does all."""

    threads: int
    memory: int
    """Bytes that what grows with the records may take."""

    @property
    def shown(self) -> Mapping[str, str | int]:
        """What a person may want to know of it."""
        return {"type": "local", "threads": self.threads, "memory": self.memory}

    def map(self, work: Callable[[_J], _R], jobs: Iterable[_J]) -> Generator[_R]:
        """Give the result of each job, in their order; few jobs are held at a time."""
        if self.threads == 1:
            yield from map(work, jobs)
            return
        with ThreadPoolExecutor(self.threads, thread_name_prefix="anon-part") as pool:
            waiting: deque[Future[_R]] = deque()
            try:
                for job in jobs:
                    # A thread begins without what is in use; a context is entered by one at a time.
                    waiting.append(pool.submit(copy_context().run, work, job))
                    if len(waiting) > self.threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def gather(self, work: Callable[[_J], _R], jobs: Sequence[_J]) -> list[_R]:
        """Return the result of each job, in their order, where all are at hand."""
        threads = min(self.threads, len(jobs))
        if threads <= 1:
            return [work(job) for job in jobs]
        with ThreadPoolExecutor(threads, thread_name_prefix="anon-column") as pool:
            futures = [pool.submit(copy_context().run, work, job) for job in jobs]
            try:
                return [future.result() for future in futures]
            finally:
                for future in futures:  # after an error none is begun that has not
                    future.cancel()

    @property
    def is_cluster(self) -> bool:
        """No: all is done by this process."""
        return False

    def send(
        self,
        work: Callable[[_J], _R],
        jobs: Iterable[_J],
        *,
        kind: str = "",  # noqa: ARG002 (threads have no names that anybody sees)
        on_wait: Callable[[], None] = lambda: None,  # noqa: ARG002 (nobody waits for long)
    ) -> Generator[_R]:
        """Give the result of each job, in their order."""
        return self.map(work, jobs)

    def reduce(
        self,
        work: Callable[[_J], tuple[_T, _R | None]],
        join: Callable[[Sequence[_R]], tuple[_T, _R]],  # noqa: ARG002 (results are here at once)
        jobs: Iterable[_J],
        *,
        kind: str = "",  # noqa: ARG002 (threads have no names that anybody sees)
        on_wait: Callable[[], None] = lambda: None,  # noqa: ARG002 (nobody waits for long)
    ) -> Generator[tuple[Sequence[_T], Sequence[_R]]]:
        """Give what is told of each job, and its result, in their order."""
        with closing(self.map(work, jobs)) as done:
            for told, result in done:
                yield [told], [] if result is None else [result]

    def everywhere(self, work: Callable[[], _R]) -> list[_R]:
        """Give what this process finds."""
        return [work()]
