"""What goes wrong while another library reads or writes, in words that hold no cell."""

from collections.abc import Iterator
from contextlib import contextmanager

from anon_dagster.errors import AnonError, SourceError
from anon_dagster.storage.failures import reading

_PANIC = "PanicException"
"""What a library written in Rust raises where it stops; it is no ``Exception`` to Python."""


@contextmanager
def understanding(path: str, what: str) -> Iterator[None]:
    """Turn whatever a library raises into an error that holds no cell.

    Parameters
    ----------
    what
        What the file is held to be, in words.

    Raises
    ------
    SourceError
        If the file cannot be read, or is none of this kind.
    """
    wrong = SourceError(f"cannot read {path}: it is damaged or encrypted, or no {what}")
    with raising(wrong), reading(path):
        yield


@contextmanager
def raising(wrong: AnonError) -> Iterator[None]:
    """Raise an error in place of whatever a library raises, which may quote cells.

    Parameters
    ----------
    wrong
        The error; those of ours pass, and what says that this process is to end.
    """
    try:
        yield
    except (AnonError, AssertionError, MemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        raise wrong from None
