"""From the name of a connection to its database; its address is read from the environment alone."""

import os
from typing import Final

from anon_dagster.errors import RequestError
from anon_dagster.request.databases import SCHEME, is_well_named, place_of
from anon_dagster.storage.databases.session import Database
from anon_dagster.storage.lakehouse.iceberg_catalogs import IcebergCatalog, is_catalog

VARIABLE: Final = "ANON_CONNECTION_"
"""What the name of a variable begins with; the name of the connection follows, in capitals."""


def table_at(path: str) -> tuple[Database, str]:
    """Return the database and the table that a name is of.

    Raises
    ------
    RequestError
        If it is no name of a table, or the connection is not known.
    """
    name = path if path.startswith(SCHEME) else f"{SCHEME}{path}"
    if not is_well_named(name):
        raise RequestError("what follows database:// is a connection and a table of it, no more")
    connection, table = place_of(name)
    return database_of(connection), table


def database_of(connection: str) -> Database:
    """Return the database of a connection; nothing is opened yet.

    Raises
    ------
    RequestError
        If the environment does not tell its address, it is of no database that is known here, or a
        package is missing.
    """
    variable = f"{VARIABLE}{connection.upper()}"
    address = os.environ.get(variable, "").strip()
    if not address:
        raise RequestError(
            f"the connection {connection} is not known: whoever runs the jobs puts its address "
            f"into the variable {variable} of their environment"
        )
    scheme, has_scheme, rest = address.partition("://")
    if not has_scheme:
        raise RequestError(f"{variable} holds no address: {_BEGINS}")
    if is_catalog(scheme):
        return IcebergCatalog.at(connection, address, variable)
    if scheme in {"postgresql", "postgres"}:
        from anon_dagster.storage.databases.postgresql import PostgreSQL

        return PostgreSQL.at(connection, address)
    if scheme in {"sqlite", "duckdb"} and (not rest or rest.startswith(":")):
        raise RequestError(f"{variable} names no file: {_BEGINS}")
    if scheme == "sqlite":
        from anon_dagster.storage.databases.sqlite import SQLite

        return SQLite(connection, rest)
    if scheme == "duckdb":
        from anon_dagster.storage.databases.duck import DuckDB

        return DuckDB(connection, rest)
    raise RequestError(f"{variable} holds an address of an unknown kind: {_BEGINS}")


_BEGINS = (
    "it begins with postgresql://, or with sqlite:// or duckdb:// and the path of a file, such as "
    "sqlite:///data/clinic.db; that of an Iceberg catalog with iceberg+sqlite:// or "
    "iceberg+postgresql://"
)
