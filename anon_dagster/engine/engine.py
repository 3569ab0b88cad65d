"""What an engine does, and which one is in use.

The engine is that of the running job, not of a function: it changes no result, and so it is passed
through no signature. Threads that the project starts, and tasks and threads of asyncio, have the
engine of whoever started them.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from anon_dagster.engine.local import LocalEngine
from anon_dagster.engine.settings import LOCAL, EngineSettings

_J = TypeVar("_J")
_R = TypeVar("_R")
_T = TypeVar("_T")
_IN_USE: ContextVar["Engine | None"] = ContextVar("engine", default=None)

EngineLike = EngineSettings | Mapping[str, Any] | str
"""Settings, their mapping, or a text as ``ANON_ENGINE`` has it."""


class Engine(Protocol):
    """Runs the same work on many jobs."""

    @property
    def memory(self) -> int:
        """Bytes that what grows with the records may take, where it can go into files."""

    @property
    def shown(self) -> Mapping[str, str | int]:
        """What a person may want to know of it: its type, threads or workers, its dashboard."""

    def map(self, work: Callable[[_J], _R], jobs: Iterable[_J]) -> Generator[_R]:
        """Give the result of each job, in their order.

        Jobs are asked for one by one, as there is room; an error of a job ends the work.
        """

    def gather(self, work: Callable[[_J], _R], jobs: Sequence[_J]) -> list[_R]:
        """Return the result of each job, in their order, where all are at hand in this process.

        None waits for one that takes longer: for jobs of unequal size, such as columns.
        """

    @property
    def is_cluster(self) -> bool:
        """Whether :meth:`send` lets other processes work, which see nothing of this one."""

    def send(
        self,
        work: Callable[[_J], _R],
        jobs: Iterable[_J],
        *,
        kind: str,
        on_wait: Callable[[], None] = lambda: None,
    ) -> Generator[_R]:
        """Give the result of each job, in their order, where work and jobs can travel.

        Parameters
        ----------
        work
            A function of a module, or a partial one of plain data.
        kind
            The name of the work, which may be shown to anybody.
        on_wait
            Called every now and then while nothing comes; may raise to stop.

        Returns
        -------
        generator
            Closed, it calls off what is not done; whoever may fail between two results closes it.
        """

    def reduce(
        self,
        work: Callable[[_J], tuple[_T, _R | None]],
        join: Callable[[Sequence[_R]], tuple[_T, _R]],
        jobs: Iterable[_J],
        *,
        kind: str,
        on_wait: Callable[[], None] = lambda: None,
    ) -> Generator[tuple[Sequence[_T], Sequence[_R]]]:
        """Join the results of jobs where they are, as far as they become few and small by it.

        Parameters
        ----------
        work
            As for :meth:`send`; returns what is told of a job, which is little, and its result, if
            there is one.
        join
            A function alike; returns what is told of results, one at least, and them joined. It
            may join any, in any order.

        Returns
        -------
        generator
            What is told, of jobs in their order, and results that are left to be joined. It may be
            closed as that of :meth:`send`.
        """

    def everywhere(self, work: Callable[[], _R]) -> list[_R]:
        """Give what each process finds that does the same work."""


@contextmanager
def opened(settings: EngineSettings) -> Iterator[Engine]:
    """Open the engine that settings ask for, until it is no longer needed.

    Raises
    ------
    RequestError
        If it needs a package that is not there.
    """
    if settings.type == LOCAL:
        yield LocalEngine(settings.threads_found, settings.memory_found)
        return
    from anon_dagster.engine.dask import opened_cluster

    with opened_cluster(settings) as engine:
        yield engine


def in_use() -> Engine:
    """Return the engine of the running job, see :func:`using`.

    Where there is none, a job's result is looked at: threads do, whatever the environment says.

    Raises
    ------
    RequestError
        If the environment asks for none that there is.
    """
    if engine := _IN_USE.get():
        return engine
    settings = EngineSettings.of_environment()
    return LocalEngine(settings.threads_found, settings.memory_found)


@contextmanager
def using(settings: EngineLike | None) -> Iterator[Engine]:
    """Let an engine be in use for what is done meanwhile.

    Parameters
    ----------
    settings
        Left out, the one in use stays; where there is none, it is that of the environment.

    Raises
    ------
    RequestError
        If there is no such engine.
    """
    if settings is None and (engine := _IN_USE.get()):
        yield engine
        return
    asked = EngineSettings.of_environment() if settings is None else EngineSettings.of(settings)
    with opened(asked) as engine, keeping(engine):
        yield engine


@contextmanager
def keeping(engine: Engine) -> Iterator[None]:
    """Let an engine that is open be in use for what is done meanwhile."""
    token = _IN_USE.set(engine)
    try:
        yield
    finally:
        _IN_USE.reset(token)
