"""Databases of tests: PostgreSQL as a server, SQLite and DuckDB as files."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.databases.postgresql import served


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL."""
    with served() as address:
        yield address


class Opened:
    """A database, and what the environment calls it."""

    def __init__(self, kind: str, address: str) -> None:
        self.kind = kind
        self.address = address

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Execute statements as somebody else would; return what the last one answers."""
        with closing(self._connected()) as opened:
            cursor = opened if self.kind == "duckdb" else opened.cursor()
            found: list[tuple[Any, ...]] = []
            for statement in statements:
                answer = cursor.execute(statement)
                if statement.lstrip().upper().startswith("SELECT"):
                    found = (answer if self.kind == "duckdb" else cursor).fetchall()
            if self.kind != "duckdb":
                cursor.close()
                opened.commit()
            return found

    def _connected(self) -> Any:
        path = self.address.partition("://")[2]
        if self.kind == "postgresql":
            from adbc_driver_postgresql import dbapi

            return dbapi.connect(self.address)
        if self.kind == "sqlite":
            import sqlite3

            return sqlite3.connect(path)
        import duckdb

        return duckdb.connect(path)


KINDS = [
    "sqlite",
    "duckdb",
    pytest.param("postgresql", marks=pytest.mark.slow),
]


@pytest.fixture(params=KINDS)
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opened]:
    """Each database with a table of patients, under the connection ``clinic``."""
    kind: str = request.param
    if kind == "postgresql":
        address = request.getfixturevalue("server")
    else:
        address = f"{kind}://{tmp_path / 'clinic.db'}"
    opened = Opened(kind, address)
    any_user = "?anon_superuser=yes" if kind == "postgresql" else ""  # who made the server
    monkeypatch.setenv("ANON_CONNECTION_CLINIC", f"{address}{any_user}")
    tables = ("patients", "released")
    opened.run(
        *(f"DROP TABLE IF EXISTS {name}" for name in tables),
        "CREATE TABLE patients (name TEXT, age INTEGER, city TEXT, cost DOUBLE PRECISION)",
        "INSERT INTO patients VALUES "
        + ", ".join(
            f"('Smith{n}', {20 + n % 4}, '{('Rome', 'Oslo')[n % 2]}', {n / 4})" for n in range(40)
        ),
    )
    yield opened
    if kind == "postgresql":
        opened.run(*(f"DROP TABLE IF EXISTS {name} CASCADE" for name in tables))
