"""What goes wrong while another library reads a file, in words that hold no cell."""

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
    try:
        with reading(path):
            yield
    except (AnonError, AssertionError, MemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        raise SourceError(f"cannot read {path}: it is damaged or encrypted, or no {what}") from None
