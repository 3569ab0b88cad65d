"""Tables and queries of databases as a request names them: by a connection, not its address."""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

SCHEME = "database://"
"""What the name of a table or query begins with: ``database://clinic/public.patients``."""
_QUERY = "query-"
_DIGITS = 16  # of the fingerprint of a query
_NAME = re.compile(r"[A-Za-z0-9_]+")
_TABLE = re.compile(r"[^\W\d][\w$-]*(\.[^\W\d][\w$-]*)?")
_KEYS = ("query", "table", "connection")
_NOT_WITH_TABLES = ("format", "csv", "compression", "single_file", "rows_per_file")


def _connection(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "is a name of letters, digits and underscores; its address stands in the "
            "environment alone"
        )
    return name


def _table(name: str) -> str:
    if not _TABLE.fullmatch(name):
        raise ValueError("is the name of a table, or of its schema and it, such as public.patients")
    return name


def _query(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("is empty; give a SELECT statement")
    return text.strip().rstrip(";").rstrip()


ConnectionName = Annotated[str, AfterValidator(_connection)]
TableName = Annotated[str, AfterValidator(_table)]
Query = Annotated[str, AfterValidator(_query)]


def is_of_database(path: str) -> bool:
    """Tell whether a path is the name of a table or a query of a database."""
    return path.startswith(SCHEME)


def name_of_table(connection: str, table: str) -> str:
    """Return the name of a table of a connection."""
    return f"{SCHEME}{connection}/{table}"


def place_of(path: str) -> tuple[str, str]:
    """Return the connection and the table that a name is of."""
    connection, _, table = path.removeprefix(SCHEME).partition("/")
    return connection, table


def is_well_named(path: str) -> bool:
    """Tell whether a name is of a connection and a table, and of nothing else that SQL reads."""
    connection, table = place_of(path)
    return bool(_NAME.fullmatch(connection) and _TABLE.fullmatch(table))


def named_by_connection(document: Any, *, queries: bool) -> Any:
    """Give the document of a source or a target of a database the name that it has as a path.

    The text of a query may hold values of records; its name has a fingerprint of it.

    Raises
    ------
    ValueError
        If keys do not go together.
    """
    if not isinstance(document, Mapping):
        return document
    given, told = document.get("path"), {k: document[k] for k in _KEYS if document.get(k)}
    path = given[0] if isinstance(given, list | tuple) and len(given) == 1 else given
    if isinstance(path, list | tuple) and any(is_of_database(str(each)) for each in path):
        raise ValueError("a table of a database is named alone: make a view of several")
    if isinstance(path, str) and is_of_database(path) and set(told) <= {"query"}:
        told |= _told_by(path, told)
    if not told:
        return document
    _require_together(told, document, queries=queries)
    if not all(isinstance(each, str) for each in told.values()):
        return document  # which is said of each by itself
    name = name_of_table(told["connection"], told.get("table") or _name_of(told["query"]))
    if path not in (None, name):
        raise ValueError("a path does not go with a connection: leave it out")
    return {**document, **told, "path": name if given is None else given}


def without_required_path(schema: dict[str, Any]) -> None:
    """Let a document do without a path where a connection stands in for it."""
    schema["required"] = [name for name in schema.get("required", ()) if name != "path"]
    if not schema["required"]:
        del schema["required"]


def _told_by(path: str, told: Mapping[str, Any]) -> dict[str, str]:
    connection, table = place_of(path)
    if told:
        return {"connection": connection}
    if table.startswith(_QUERY):
        raise ValueError("names a query without its text: give it as query")
    return {"connection": connection, "table": table}


def _require_together(
    told: Mapping[str, Any], document: Mapping[str, Any], *, queries: bool
) -> None:
    if "query" in told and not queries:
        raise ValueError("a release goes into a table: say table, not query")
    if "query" in told and "table" in told:
        raise ValueError("say query or table, not both")
    if "connection" not in told:
        raise ValueError(
            "connection is missing: the name of the database, whose address stands in "
            "the variable ANON_CONNECTION_… of the environment"
        )
    if not {"query", "table"} & set(told):
        raise ValueError("a connection needs a table" + (" or a query" if queries else ""))
    if given := [key for key in _NOT_WITH_TABLES if _is_set(document.get(key))]:
        raise ValueError(f"{', '.join(given)} is of files, and does not go with a connection")


def _is_set(value: Any) -> bool:
    """Tell whether an option of files is given; whatever a stored request has by default is not."""
    return value not in (None, True, 1_000_000) and not isinstance(value, Mapping | BaseModel)


def _name_of(query: str) -> str:
    return _QUERY + hashlib.sha256(_query(query).encode()).hexdigest()[:_DIGITS]
