"""What runs in a process of a cluster: it never raises, since a cluster logs what failed and how.

Work that was called off stops at its next :func:`checkpoint`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
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


def checkpoint() -> None:
    """Stop here, if the work of this thread was called off; it is asked for batch by batch."""
    if _WORK.get() in _CALLED_OFF:
        raise CalledOffError


def run(work: Sealed, job: Sealed, token: str) -> Sealed:
    """Do work on a job, and return its outcome."""
    with _COUNTING:
        _AT_WORK[token] += 1
    beginning = _WORK.set(token)
    try:
        return _outcome(lambda: work.content(job.content))
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
