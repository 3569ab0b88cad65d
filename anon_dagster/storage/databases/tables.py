"""A database seen as a store, whose files are its tables: what is asked of any target is, of these.

A path is the name of a table: ``database://clinic/public.patients``. Its bytes are those of a copy,
by which a release is known again; its version tells a table from others of the same name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from fsspec import AbstractFileSystem

from anon_dagster.errors import TargetError
from anon_dagster.request import Source
from anon_dagster.request.databases import SCHEME
from anon_dagster.storage.databases.connections import table_at
from anon_dagster.storage.databases.faults import translated
from anon_dagster.storage.databases.session import Session, SqlDatabase, quoted
from anon_dagster.storage.lakehouse.iceberg_catalogs import Snapshot, catalog_at
from anon_dagster.storage.lakehouse.iceberg_commits import bring_back
from anon_dagster.storage.lakehouse.joined import joined


class Tables(AbstractFileSystem):  # type: ignore[misc]  # fsspec publishes no types
    """The tables of all connections."""

    protocol: ClassVar[str] = "database"
    cachable = False

    def info(self, path: str, **_: object) -> dict[str, Any]:
        """Tell what a table is, by which it is known from others of its name.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        name = self.unstrip_protocol(path)
        if (lake := catalog_at(path)) is not None:
            return _of_snapshot(path, lake.existing())
        with at_work(name, changing=False) as (session, table):
            identity, records = session.identity(table), 0
            if identity is not None:
                records = int(session.rows(f"SELECT count(*) FROM {quoted(table)}")[0][0])
        if identity is None:
            raise FileNotFoundError(name)
        return {"name": path, "type": "file", "size": records, "ETag": identity}

    def ls(self, path: str, detail: bool = True, **_: object) -> list[Any]:  # noqa: FBT001, FBT002 (as fsspec has it)
        """List a table by itself."""
        found = self.info(path)
        return [found if detail else found["name"]]

    def isfile(self, path: str) -> bool:
        """Tell whether there is a table."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def open(self, path: str, mode: str = "rb", **_: object) -> Any:  # noqa: ANN401 (a file)
        """Open a copy of a table, to read its bytes."""
        assert mode == "rb", "a table is written by its own staging"
        if (lake := catalog_at(path)) is not None:
            return joined(lake.existing().files)
        from anon_dagster.storage.copies import bytes_of
        from anon_dagster.storage.databases.reading import open_database

        return bytes_of(open_database(Source(path=self.unstrip_protocol(path)), lambda _: True))

    def rm_file(self, path: str) -> None:
        """Remove a table; one of an Iceberg catalog becomes what it was before its release."""
        if (lake := catalog_at(path)) is not None:
            bring_back(lake)
            return
        with at_work(self.unstrip_protocol(path), changing=True) as (session, table):
            session.execute(f"DROP TABLE {quoted(table)}")

    def unstrip_protocol(self, path: str) -> str:
        """Return the name of a table."""
        return path if path.startswith(SCHEME) else f"{SCHEME}{path}"


def _of_snapshot(path: str, found: Snapshot) -> dict[str, Any]:
    size = sum(Path(file).stat().st_size for file in found.files)
    return {"name": path, "type": "file", "size": size, "ETag": found.identity}


@contextmanager
def at_work(name: str, *, changing: bool) -> Iterator[tuple[Session, str]]:
    """Begin a transaction with the database of a table.

    Raises
    ------
    RequestError
        If it is no name of a table, or the connection is not known.
    TargetError, StoreUnavailableError
        If something of it goes wrong; nothing is changed then.
    """
    database, table = table_at(name)
    assert isinstance(database, SqlDatabase), "a catalog has no transactions"
    with (
        translated(f"cannot use {name}", TargetError),
        database.session(changing=changing) as session,
    ):
        yield session, table
