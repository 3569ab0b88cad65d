"""What time it is, and how to wait: by the clock of this machine, unless another one is in use.

Whatever decides by the time asks here, so that a simulation may turn the hands. The clock passes
through no signature: it is that of the context, as the engine is.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and lets it pass."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds since some moment, which nobody sets back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class _MachineClock:
    """The clock of this machine."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


_MACHINE = _MachineClock()
_IN_USE: ContextVar[Clock] = ContextVar("clock", default=_MACHINE)


def now() -> float:
    """Return the seconds since the epoch."""
    return _IN_USE.get().now()


def monotonic() -> float:
    """Return the seconds since some moment, which nobody sets back."""
    return _IN_USE.get().monotonic()


def sleep(seconds: float) -> None:
    """Wait so many seconds."""
    _IN_USE.get().sleep(seconds)


@contextmanager
def using(clock: Clock) -> Iterator[None]:
    """Let a clock be in use for what is done meanwhile."""
    token = _IN_USE.set(clock)
    try:
        yield
    finally:
        _IN_USE.reset(token)
