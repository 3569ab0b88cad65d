"""What an engine does, and which one is in use.

The engine is that of the running job, not of a function: it changes no result, and so it is passed
through no signature.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from anon_dagster.engine.local import LocalEngine
from anon_dagster.engine.settings import EngineSettings

_J = TypeVar("_J")
_R = TypeVar("_R")
_IN_USE: ContextVar["Engine | None"] = ContextVar("engine", default=None)


class Engine(Protocol):
    """Runs the same work on many jobs."""

    @property
    def memory(self) -> int:
        """Bytes that what grows with the records may take, where it can go into files."""

    def map(self, work: Callable[[_J], _R], jobs: Iterable[_J]) -> Iterator[_R]:
        """Give the result of each job, in their order.

        Jobs are asked for one by one, as there is room; an error of a job ends the work.
        """


def engine_of(settings: EngineSettings) -> Engine:
    """Return the engine that settings ask for."""
    return LocalEngine(settings.threads_found, settings.memory_found)


def in_use() -> Engine:
    """Return the engine of the running job: that of :func:`using`, or of the environment.

    Raises
    ------
    RequestError
        If the environment asks for none that there is.
    """
    return _IN_USE.get() or engine_of(EngineSettings.of_environment())


@contextmanager
def using(settings: EngineSettings | None) -> Iterator[None]:
    """Let an engine be in use for what is done meanwhile; that of the environment if left out."""
    token = _IN_USE.set(None if settings is None else engine_of(settings))
    try:
        yield
    finally:
        _IN_USE.reset(token)
