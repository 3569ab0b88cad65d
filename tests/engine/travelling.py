"""A cluster without one: what travels is packed and unpacked, and done out of order."""

import pickle
from collections.abc import Callable, Generator, Iterable
from contextvars import Context
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from anon_dagster.engine.local import LocalEngine

_J = TypeVar("_J")
_R = TypeVar("_R")
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class TravellingEngine(LocalEngine):
    """Does the last of some jobs first, and knows nothing of the process that asks."""

    kinds: list[str] = field(default_factory=list)
    """Of the work that was sent."""
    called_off: list[str] = field(default_factory=list)
    """Of the work that was not wanted to its end."""

    @property
    def is_cluster(self) -> bool:
        return True

    def send(
        self,
        work: Callable[[_J], _R],
        jobs: Iterable[_J],
        *,
        kind: str = "",
        on_wait: Callable[[], None] = lambda: None,
    ) -> Generator[_R]:
        self.kinds.append(kind)
        packed, remaining = pickle.dumps(work), iter(jobs)
        try:
            while some := [pickle.dumps(job) for job in islice(remaining, _AT_ONCE)]:
                on_wait()
                done = [Context().run(_done, packed, job) for job in reversed(some)]
                yield from map(pickle.loads, reversed(done))
        except GeneratorExit:
            self.called_off.append(kind)
            raise

    def everywhere(self, work: Callable[[], _R]) -> list[_R]:
        return [pickle.loads(pickle.dumps(work))() for _ in range(2)]  # noqa: S301 (our own)


def _done(work: bytes, job: bytes) -> bytes:
    return pickle.dumps(pickle.loads(work)(pickle.loads(job)))  # noqa: S301 (our own)
