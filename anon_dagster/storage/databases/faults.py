"""What goes wrong with a database, in own words: its messages quote cells and credentials."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from anon_dagster.errors import AnonError, SourceError, StoreUnavailableError

_STATES = (
    ("28", "it does not accept the user or the password of the connection"),
    ("3D", "there is no such database"),
    ("42P01", "there is no such table: see its name, and its schema"),
    ("42703", "it names a column that there is not"),
    ("42501", "the user of the connection lacks a right that this needs"),
    ("42601", "it is no single SELECT statement"),
    ("0A", "it is no single SELECT statement, or asks for what the database does not offer"),
    ("42", "the statement does not fit the tables: try it in the database's own shell"),
    ("22", "a value cannot be converted to the type that is asked for"),
    ("25", "it would change the database, and a source is read only"),
    (
        "2BP01",
        "other objects depend on the table, such as views: drop them before, or name another table",
    ),
    ("23", "a rule of the table does not allow a value"),
    ("53", "the database has no room or no connections left"),
    ("55P03", "somebody else has the table locked"),
    ("57", "the database ended the statement"),
)
"""By the beginning of an SQLSTATE; the first one that fits."""
_PASSING = ("08", "53", "57", "40", "55P03")
"""SQLSTATEs of what may be gone when it is tried again."""
_KINDS = (
    ("Conversion", "a value cannot be converted to the type that is asked for"),
    ("OutOfRange", "a value cannot be converted to the type that is asked for"),
    ("InvalidInput", "a value does not fit the statement"),
    ("Catalog", "it names a table or a function that there is not"),
    ("Binder", "it names a column that there is not, or what does not fit together"),
    ("Connection", "this process has it open in another way: close that connection"),
    ("Parser", "it is no single SELECT statement"),
    ("Syntax", "it is no single SELECT statement"),
    ("Permission", "it asks for files or settings outside of the database, which is refused"),
    ("OutOfMemory", "the database has no memory left"),
    ("Constraint", "a rule of the table does not allow a value"),
    (
        "Dependency",
        "other objects depend on the table, such as views: drop them before, or name another table",
    ),
)
"""By the beginning of the name of an exception of DuckDB."""
_FAILED = "the statement failed: try it in the database's own shell"
_STREAMING = (
    "it failed while its records were read: a value does not fit the type asked for, or the "
    "connection was lost; try it in the database's own shell"
)


_OF_SQLITE = (
    ("BUSY", "somebody else has it locked"),
    ("LOCKED", "somebody else has it locked"),
    ("CANTOPEN", "its file cannot be opened"),
    ("NOTADB", "its file is no database of SQLite"),
    ("CORRUPT", "its file is damaged"),
    ("READONLY", "its file may not be written"),
    ("FULL", "there is no room for its file"),
    ("IOERR", "its file cannot be read or written"),
    ("CONSTRAINT", "a rule of the table does not allow a value"),
    ("TOOBIG", "a value is too large"),
    ("INTERRUPT", "the database ended the statement"),
)
"""By the beginning of the name of an error of SQLite."""
_REFUSED = (
    ("authentication failed", _STATES[0][1]),
    ("no password supplied", _STATES[0][1]),
    ("does not exist", "there is no such database or user"),
)
"""By words of a server that refuses a connection: there is no SQLSTATE then."""
_SILENT = "it does not answer, or refuses the connection"
_IN_USE = "its file cannot be opened, or another process writes to it"


@contextmanager
def translated(what: str, kind: type[AnonError] = SourceError) -> Iterator[None]:
    """Turn whatever a database raises into an error that holds neither cells nor credentials.

    Parameters
    ----------
    what
        What was tried, such as ``cannot read the query 3f… of the connection clinic``.
    """
    try:
        yield
    except AnonError:
        raise
    except Exception as error:
        if not _is_of_database(error):
            raise
        raise _error(what, error, kind) from None


def _is_of_database(error: Exception) -> bool:
    package = type(error).__module__.partition(".")[0]
    return package in {"adbc_driver_manager", "_duckdb", "duckdb", "sqlite3"} or isinstance(
        error, pa.ArrowException | OSError | UnicodeError | ValueError
    )


def _error(what: str, error: Exception, kind: type[AnonError]) -> AnonError:
    state = getattr(error, "sqlstate", None) or ""
    told = f" (SQLSTATE {state})" if state else ""
    if state.startswith(_PASSING) or _is_unreachable(error):
        reason = _of_state(state) or _of_sqlite(error) or _of_file(error) or _SILENT
        return StoreUnavailableError(f"{what}: {reason}{told}")
    return kind(f"{what}: {_of_state(state) or _of_kind(error) or _FAILED}{told}")


def _of_state(state: str) -> str:
    return next((words for begin, words in _STATES if state and state.startswith(begin)), "")


def _of_kind(error: Exception) -> str:
    if isinstance(error, pa.ArrowException | OSError):  # as which drivers tell it on the way
        return _STREAMING
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error) or (
            "it is no single SELECT statement of the tables and columns that there are"
        )
    name = type(error).__name__
    return next((words for begin, words in _KINDS if name.startswith(begin)), "") or _refusal(error)


def _of_sqlite(error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_")
    return next((words for begin, words in _OF_SQLITE if name.startswith(begin)), "")


def _of_file(error: Exception) -> str:
    return _IN_USE if type(error).__name__ == "IOException" else ""


def _refusal(error: Exception) -> str:
    """Return why a server refuses a connection; only words of its driver are looked at."""
    message = str(error)
    if "Failed to connect" not in message:
        return ""
    return next((why for words, why in _REFUSED if words in message), "")


def _is_unreachable(error: Exception) -> bool:
    """Tell whether a database may be reached later."""
    name = getattr(error, "sqlite_errorname", "")
    return (
        name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
        or type(error).__name__ == "IOException"
        or ("Failed to connect" in str(error) and not _refusal(error))
    )
