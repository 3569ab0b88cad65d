"""How an error of the library ends a step: in words that hold no cell."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from anon_dagster.errors import AnonError

KIND = "error"
"""Which error of the library it was, for those who raise it again."""


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turn every error into a failure that says what to do, without its cause or context.

    Dagster stores an exception with its text, its cause and its context, and any of them may
    quote a cell. A failure raised ``from None`` has its description alone.
    """
    try:
        yield
    except dg.Failure:
        raise
    except dg.DagsterExecutionInterruptedError:  # maybe while another error was looked at
        raise dg.DagsterExecutionInterruptedError from None
    except AnonError as error:
        kind = {KIND: type(error).__name__}
        raise dg.Failure(str(error), metadata=kind, allow_retries=error.transient) from None
    except MemoryError:
        raise dg.Failure("the machine ran out of memory", allow_retries=False) from None
    except Exception as error:  # noqa: BLE001 (whatever it is, its text may quote a cell)
        raise dg.Failure(unexpected(error), allow_retries=False) from None


def unexpected(error: BaseException) -> str:
    """Say where an error of our own making came from, without its text."""
    origin = ""
    trace = error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "?")
        if module.startswith("anon_dagster."):
            origin = f" at {module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return (
        f"{type(error).__name__}{origin}: a defect of anon-dagster, not of the request; its text "
        "is withheld, since it may quote the data"
    )
