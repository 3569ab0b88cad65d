"""A cluster without one: what travels is packed and unpacked, and done out of order."""

import pickle
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from contextvars import Context
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from anon_dagster.engine.local import LocalEngine

_J = TypeVar("_J")
_R = TypeVar("_R")
_T = TypeVar("_T")
_AT_ONCE = 4
_JOINED = 3


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

    def reduce(
        self,
        work: Callable[[_J], tuple[_T, _R | None]],
        join: Callable[[Sequence[_R]], tuple[_T, _R]],
        jobs: Iterable[_J],
        *,
        kind: str = "",
        on_wait: Callable[[], None] = lambda: None,
    ) -> Generator[tuple[Sequence[_T], Sequence[_R]]]:
        packed, kept = pickle.dumps(join), []
        with closing(self.send(work, jobs, kind=kind, on_wait=on_wait)) as sent:
            for told, result in sent:
                yield [told], []
                kept += [] if result is None else [pickle.dumps(result)]
                if len(kept) == _JOINED:
                    of_join, joined = Context().run(_done_with, packed, kept[::-1])
                    kept = [pickle.dumps(joined)]
                    yield [of_join], []
        yield [], list(map(pickle.loads, kept))

    def everywhere(self, work: Callable[[], _R]) -> list[_R]:
        return [pickle.loads(pickle.dumps(work))() for _ in range(2)]  # noqa: S301 (our own)


def _done_with(join: bytes, kept: list[bytes]) -> Any:
    return pickle.loads(pickle.dumps(pickle.loads(join)(list(map(pickle.loads, kept)))))  # noqa: S301 (our own)


def _done(work: bytes, job: bytes) -> bytes:
    return pickle.dumps(pickle.loads(work)(pickle.loads(job)))  # noqa: S301 (our own)
