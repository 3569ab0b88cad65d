"""What runs in a process of a cluster: it never raises, since a cluster logs what failed and how.

Work that was called off stops at its next :func:`checkpoint`.
"""

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from anon_dagster.engine.sealed import Sealed
from anon_dagster.errors import AnonError

_WORK: ContextVar[str] = ContextVar("work", default="")
"""The token of the work that this thread does."""
_CALLED_OFF: set[str] = set()
_AT_WORK: Counter[str] = Counter()
"""How many threads of this process are at which work."""
_COUNTING = Lock()


class CalledOffError(Exception):
    """Nobody waits for the result any more."""


@dataclass(frozen=True, slots=True)
class Done:
    """The result of work."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is none."""

    error: AnonError | None
    """In our own words, if it was foreseen; else its kind alone is told."""
    kind: str


Outcome = Done | Failed


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a result that is kept."""

    value: Any
    bytes: int
    """What the result takes, sealed; 0 if there is none."""


def checkpoint() -> None:
    """Stop here, if the work of this thread was called off; it is asked for batch by batch."""
    if _WORK.get() in _CALLED_OFF:
        raise CalledOffError


def run(work: Sealed, job: Sealed, token: str) -> Sealed:
    """Do work on a job, and return its outcome."""
    with _at(token):
        return _outcome(lambda: work.content(job.content))


Kept = tuple[Sealed, Sealed | None]
"""What is told of a result, as :class:`Told`, or why there is none; and the result."""


def keep(works: Sealed, job: Sealed, token: str) -> Kept:
    """Do the first of two works on a job; its result is kept apart from what is told of it."""
    with _at(token):
        return _kept(lambda: works.content[0](job.content))


def join(works: Sealed, kept: Sequence[Kept], token: str) -> Kept:
    """Do the second of two works on results that are kept."""
    for outcome, _ in kept:
        if isinstance(outcome.content, Failed):
            return outcome, None
    with _at(token):
        return _kept(lambda: works.content[1]([own.unpacked() for _, own in kept if own]))


def tell(kept: Kept) -> Sealed:
    """Return what is told of a result."""
    return kept[0]


def _kept(act: Callable[[], tuple[Any, Any]]) -> Kept:
    kept: Sealed | None = None

    def told() -> Told:
        nonlocal kept
        value, result = act()
        kept = None if result is None else Sealed(result)
        return Told(value, 0 if kept is None else sys.getsizeof(kept))

    return _outcome(told), kept


@contextmanager
def _at(token: str) -> Iterator[None]:
    """Let this thread be at some work."""
    with _COUNTING:
        _AT_WORK[token] += 1
    beginning = _WORK.set(token)
    try:
        yield
    finally:
        _WORK.reset(beginning)
        with _COUNTING:
            _AT_WORK[token] -= 1


def call(work: Sealed) -> Sealed:
    """Do work that has no job, such as to look what there is on this machine."""
    return _outcome(lambda: work.content())  # noqa: PLW0108 (unpacking may fail, too)


def _outcome(act: Callable[[], Any]) -> Sealed:
    try:
        checkpoint()
        return Sealed(Done(act()))
    except AnonError as error:
        return Sealed(Failed(error, type(error).__name__))
    except Exception as error:  # noqa: BLE001 (what it says may quote a cell)
        return Sealed(Failed(None, type(error).__name__))


def call_off(token: str) -> None:
    """Let work stop at its next checkpoint."""
    _CALLED_OFF.add(token)


def at_work(token: str) -> int:
    """Return how many threads of this process are still at some work."""
    return _AT_WORK[token]


def digest_of_code() -> str:
    """Return the SHA-256 of all modules of this package: versions may be called the same."""
    digest = hashlib.sha256()
    root = Path(__file__).parent.parent
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
