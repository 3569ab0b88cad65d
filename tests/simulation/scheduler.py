"""Processes that run one at a time, in an order that a seed draws, and end at any step.

Each is a thread that goes on only while it has the turn. It may lose the turn before each of its
steps: whatever it does that another process could notice. One that is killed does nothing more,
whatever its code would do to clean up: each further step raises :class:`Killed` again.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from random import Random

import dagster as dg

from anon_dagster import clock
from anon_dagster.engine import using
from anon_dagster.errors import AnonError

EPOCH = 1_000_000_000.0
"""When simulations begin, in seconds since the epoch: Dagster's own times are all later."""
_LONGEST = 60_000
"""Steps of a simulation that is taken to go round in circles."""

_CURRENT: ContextVar["Process | None"] = ContextVar("process", default=None)


class Killed(BaseException):
    """The process is no more."""


class EndlessError(AssertionError):
    """The simulation does not come to an end."""


@dataclass(eq=False)
class Process:
    """A process, as its operating system sees it."""

    name: str
    scheduler: "Scheduler"
    body: Callable[[], object]
    dies_in: int | None = None
    """After so many steps."""
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    back: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Where the one waits who gave it the turn."""
    wakes: float = 0.0
    is_dead: bool = False
    is_interrupted: bool = False
    """Whether a signal is on its way that asks it to end."""
    has_ended: bool = False
    on_end: list[Callable[[], None]] = field(default_factory=list)
    """What its operating system does once it is gone."""

    def run(self) -> None:
        """Live, once it is its turn."""
        self.turn.acquire()
        _CURRENT.set(self)
        try:
            with clock.using(self.scheduler), using("local, threads: 1"):
                self.require_alive()
                self.body()
        except (Killed, dg.DagsterExecutionInterruptedError):  # also while it tells how it ended
            pass
        except (dg.Failure, AnonError, OSError) as error:
            self.scheduler.trace.append(f"  {self.name} ends: {error}")
        except BaseException as error:  # noqa: BLE001 (told by the one who gives the turns)
            self.scheduler.broken = self.scheduler.broken or error
        finally:
            _CURRENT.set(None)
            self.has_ended = True
            for each in self.on_end:
                each()
            self.back.release()

    def require_alive(self) -> None:
        """End here if the process is no more.

        Raises
        ------
        Killed
            If it is not.
        """
        if self.is_dead:
            raise Killed

    def give_way(self) -> None:
        """Let others have the turn for a while."""
        self.back.release()
        self.turn.acquire()
        self.require_alive()


@dataclass(eq=False)
class Scheduler:
    """Gives processes their turns, kills them, and is the clock of all of them."""

    random: Random
    restlessness: float = 0.1
    """How often a process loses its turn at a step."""
    processes: list[Process] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    """The steps, in their order."""
    time: float = 0.0
    on_step: Callable[[], None] = lambda: None
    """Looks whether what the last step did may be so."""
    on_death: Callable[[], None] = lambda: None
    broken: BaseException | None = None
    """What it found."""

    # -- processes -------------------------------------------------------------------------

    def start(
        self, name: str, body: Callable[[], object], *, dies_in: int | None = None
    ) -> Process:
        """Start a process, which waits for its first turn."""
        process = Process(name, self, body, dies_in)
        self.processes.append(process)
        threading.Thread(target=Context().run, args=(process.run,), daemon=True).start()
        return process

    def run(self) -> None:
        """Give turns until every process has ended.

        Raises
        ------
        EndlessError
            If they do not end.
        """
        turns = 0
        while living := [each for each in self.processes if not each.has_ended]:
            ready = [each for each in living if each.wakes <= self.time]
            if not ready:
                self.time = min(each.wakes for each in living)
                continue
            self._resume(self.random.choice(ready))
            turns += 1
            if self.broken is not None:
                self.stop()
                raise self.broken
            if len(self.trace) > _LONGEST or turns > _LONGEST:
                self.stop()
                raise EndlessError(f"the simulation did not end within {_LONGEST:,} steps")
        self.processes.clear()

    def kill(self, process: Process) -> None:
        """Let a process be no more, from this moment on."""
        if process.has_ended or process.is_dead:
            return
        self.trace.append(f"  {process.name} is killed")
        self.on_death()
        process.is_dead = True
        if process is not current():
            self._resume(process)

    def stop(self) -> None:
        """End all processes: what the simulation was for is known."""
        for process in self.processes:
            process.is_dead = True
        for process in self.processes:
            if not process.has_ended:
                self._resume(process)
        self.processes.clear()

    def _resume(self, process: Process) -> None:
        process.turn.release()
        process.back.acquire()

    # -- steps -----------------------------------------------------------------------------

    def step(self, what: str) -> None:
        """Come to a step of the process that has the turn; nothing happens outside of any.

        Raises
        ------
        Killed
            If the process is no more; it does not take the step then.
        """
        process = current()
        if process is None:
            return
        process.require_alive()
        self._look()
        self.time += self.random.randrange(1, 20) / 1_000
        if process.dies_in is not None:
            process.dies_in -= 1
            if process.dies_in < 0:
                self.kill(process)
                raise Killed
        if self.random.random() < self.restlessness:
            process.give_way()
        self.trace.append(f"{self.time:10.3f} {process.name}: {what}")
        if process.is_interrupted:
            process.is_interrupted = False
            self.trace.append(f"  {process.name} is interrupted")
            raise dg.DagsterExecutionInterruptedError

    def _look(self) -> None:
        """Look at what the last step did, as nobody whose own steps count."""
        process = _CURRENT.get()
        try:
            with unwatched():
                self.on_step()
        except Exception as error:  # noqa: BLE001 (told by the one who gives the turns)
            self.broken = self.broken or error
        if self.broken is not None and process is not None:
            process.is_dead = True
            raise Killed

    # -- the clock -------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the epoch."""
        return EPOCH + self.time

    def monotonic(self) -> float:
        """Seconds since the simulation began."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let others have their turns until then."""
        process = current()
        if process is None:
            self.time += seconds
            return
        process.require_alive()
        process.wakes = self.time + seconds
        process.give_way()


@contextmanager
def unwatched() -> Iterator[None]:
    """Let what is done meanwhile be no steps of anybody."""
    token = _CURRENT.set(None)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Process | None:
    """Return the process that has the turn; none if what runs is no part of the simulation."""
    return _CURRENT.get()
