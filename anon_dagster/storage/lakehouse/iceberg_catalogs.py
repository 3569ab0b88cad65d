"""Iceberg catalogs as connections: which snapshot a table of one has, and what its records are.

A catalog alone says which metadata of a table counts. Its address comes from the environment, as
that of a database does; what pyiceberg reads from files and variables of its own plays no part.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa

from anon_dagster.errors import (
    AnonError,
    RequestError,
    SourceError,
    StoreUnavailableError,
    TargetError,
)
from anon_dagster.request.databases import name_of_table
from anon_dagster.storage.extras import extra
from anon_dagster.storage.iceberg_tables import batches_of, require_here
from anon_dagster.storage.understanding import raising

MADE_BY: Final = "anon-job"
"""What the summary of a snapshot says that a release made: the job."""
_DIALECTS: Final = {
    "iceberg+sqlite": "sqlite",
    "iceberg+postgresql": "postgresql+psycopg2",
}
"""In which databases catalogs lie, and what SQLAlchemy calls them."""


def is_catalog(scheme: str) -> bool:
    """Tell whether an address with a scheme is that of a catalog."""
    return scheme in _DIALECTS


@dataclass(frozen=True)
class Snapshot:
    """What a table of a catalog is now."""

    table: Any = field(repr=False)
    """The table with its metadata, as pyiceberg has it."""

    @cached_property
    def current(self) -> Any:  # noqa: ANN401 (pyiceberg's)
        """The snapshot, as pyiceberg has it; none if nothing was ever written to the table."""
        return self.table.current_snapshot()

    @property
    def told(self) -> dict[str, str]:
        """What whoever made it said of it."""
        return {} if self.current is None else dict(self.current.summary.additional_properties)

    @property
    def job(self) -> str | None:
        """The job that made it, if a release did."""
        return self.told.get(MADE_BY)

    @property
    def identity(self) -> str:
        """What tells it from any other snapshot of any table of the name."""
        number = None if self.current is None else self.current.snapshot_id
        return identity_of(self.job, f"{number} of table {self.table.metadata.table_uuid}")

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Its data files, as paths of this machine, in their order."""
        if self.current is None:
            return ()
        wrong = SourceError("cannot tell the files of an Iceberg table: its metadata is damaged")
        with raising(wrong):
            found = [task.file.file_path for task in self.table.scan().plan_files()]
        return tuple(sorted(map(path_of, found)))


def identity_of(job: str | None, otherwise: str = "") -> str:
    """Return what tells a snapshot; that of a job is known before it is made."""
    return f"snapshot {otherwise}" if job is None else f"snapshot by {job}"


def path_of(location: str) -> str:
    """Return the path of a file of this machine, by that or by its address."""
    scheme, _, path = location.partition(":")
    return f"/{path.lstrip('/')}" if scheme == "file" else location


@dataclass(frozen=True)
class IcebergCatalog:
    """A catalog in a database, which is reached when it is asked something."""

    connection: str
    address: str = field(repr=False)
    name: str
    """What the catalog is called in its database, where several may lie."""
    warehouse: str = field(repr=False)
    """The folder below which new tables are made."""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What else the address asks of the database, such as ``sslmode``."""

    @classmethod
    def at(cls, connection: str, address: str, variable: str) -> "IcebergCatalog":
        """Return the catalog that an address names.

        Raises
        ------
        RequestError
            If it is none, or does not say where the files of new tables go, or not as addresses of
            files can, or the database is no whole path.
        """
        try:
            parts = urlsplit(address)
        except ValueError:  # it may quote a password
            raise RequestError(
                f"{variable} holds no address: brackets in a user or password are written as "
                "%5B and %5D"
            ) from None
        told = {key: values[0] for key, values in parse_qs(parts.query).items()}
        warehouse, name = told.pop("warehouse", ""), told.pop("catalog", connection)
        if not warehouse.startswith("/"):
            raise RequestError(
                f"{variable} does not say where the files of tables go: it ends with ?warehouse= "
                "and the whole path of a folder of this machine"
            )
        if "?" in warehouse or "#" in warehouse:
            raise RequestError(
                f"{variable} names a folder with a question mark or a number sign after "
                "?warehouse=, where addresses of files would end: rename it"
            )
        place = unquote(parts.path)
        if _DIALECTS[parts.scheme] == "sqlite":
            if parts.netloc:
                raise RequestError(f"{variable} does not name a whole path: it has three slashes")
            place = f"//{place.lstrip('/')}"  # SQLAlchemy wants it after a third slash
        database = f"{_DIALECTS[parts.scheme]}://{parts.netloc}{place}"
        return cls(connection, database, name, warehouse.rstrip("/"), told)

    @property
    def mark(self) -> str:
        """What tells its tables from those of other catalogs that lie in the same folder."""
        scheme, _, rest = self.address.partition("://")
        apart = f"{scheme}://{rest.rpartition('@')[2]} {self.name}"
        return hashlib.sha256(apart.encode()).hexdigest()[:8]

    def reading(self, query: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """Refuse: a catalog has tables only.

        Raises
        ------
        SourceError
            Always.
        """
        del query
        raise SourceError(
            f"the connection {self.connection} is an Iceberg catalog, which answers no queries: "
            "name a table"
        )

    @contextmanager
    def reading_table(self, table: str) -> Iterator[pa.RecordBatchReader]:
        """Begin to read the snapshot that a table has now."""
        lake = CatalogTable(self, table)
        found = lake.snapshot()
        if found is None or found.current is None:
            raise SourceError(
                f"cannot read {lake.name}: there is no such table, or it has no snapshot"
            )
        yield batches_of(found.table, found.current, lake.name)

    def identity(self, table: str) -> str | None:
        """Return what tells the snapshot of a table from any other; none if there is no table."""
        found = CatalogTable(self, table).snapshot()
        return None if found is None else found.identity

    @cached_property
    def opened(self) -> Any:  # noqa: ANN401 (pyiceberg's)
        """The catalog, as pyiceberg has it."""
        what = f"the connection {self.connection}, an Iceberg catalog,"
        package = extra("pyiceberg.catalog.sql", "iceberg", what, RequestError)
        if (
            self.address.startswith("sqlite:")
            and not Path(self.address.removeprefix("sqlite:///")).is_file()
        ):
            raise SourceError(f"the catalog of the connection {self.connection} is no file")
        try:
            return package.SqlCatalog(
                self.name,
                uri=self._uri(),
                warehouse=f"file://{self.warehouse}",
                init_catalog_tables="false",
            )
        except ImportError:
            raise RequestError(
                f"{what} needs a package that is not installed: pip install psycopg2-binary"
            ) from None

    def _uri(self) -> str:
        """Return the address with the name of the database as SQLAlchemy has it in one."""
        scheme, _, rest = self.address.partition("://")
        server, _, database = rest.partition("/")
        package = extra("sqlalchemy.engine", "iceberg", f"the connection {self.connection}")
        url = package.make_url(f"{scheme}://{server}").set(database=database, query=self.options)
        return str(url.render_as_string(hide_password=False))

    @contextmanager
    def calls(self, what: str, kind: type[AnonError] = SourceError) -> Iterator[None]:
        """Turn whatever the libraries raise into an error that holds neither cells nor credentials.

        Parameters
        ----------
        what
            What was tried, such as ``cannot read database://lake/clinic.patients``.

        Raises
        ------
        StoreUnavailableError
            If the catalog does not answer.
        """
        errors = extra("sqlalchemy.exc", "iceberg", f"the connection {self.connection}", kind)
        wrong = kind(
            f"{what}: its catalog or its metadata is damaged, or of a kind that is not known here"
        )
        with raising(wrong):
            try:
                yield
            except errors.OperationalError:
                raise StoreUnavailableError(f"{what}: its catalog does not answer") from None


@dataclass(frozen=True)
class CatalogTable:
    """A table of a catalog, whether it is there or not."""

    catalog: IcebergCatalog
    table: str

    @property
    def name(self) -> str:
        """What it is called in a request and in errors."""
        return name_of_table(self.catalog.connection, self.table)

    @property
    def identifier(self) -> tuple[str, ...]:
        """Its namespace and its name, as the catalog has them.

        Raises
        ------
        RequestError
            If there is no namespace.
        """
        steps = tuple(self.table.split("."))
        if len(steps) == 1:
            raise RequestError(
                f"a table of the connection {self.catalog.connection}, an Iceberg catalog, has a "
                f"namespace: name both, such as clinic.{self.table}"
            )
        return steps

    def snapshot(self) -> Snapshot | None:
        """Return what it is now; none if there is no such table.

        Raises
        ------
        SourceError, StoreUnavailableError
            If it cannot be told.
        """
        errors = extra("pyiceberg.exceptions", "iceberg", f"{self.name}, an Iceberg table,")
        identifier = self.identifier
        with self.catalog.calls(f"cannot read {self.name}"):
            try:
                found = self.catalog.opened.load_table(identifier)
            except errors.NoSuchTableError:
                return None
        require_here([found.location(), found.metadata_location], self.name)
        return Snapshot(found)

    def existing(self) -> Snapshot:
        """Return what it is now.

        Raises
        ------
        FileNotFoundError
            If there is no such table.
        """
        found = self.snapshot()
        if found is None:
            raise FileNotFoundError(self.name)
        return found

    def not_ours(self) -> TargetError:
        """Say that somebody else wrote to it."""
        return TargetError(f"somebody else wrote to {self.name} meanwhile: it is left as it is")


def catalog_at(path: str) -> CatalogTable | None:
    """Return the table that a name is of, if that is one of a catalog.

    Raises
    ------
    RequestError
        If it is no name of a table, or the connection is not known.
    """
    from anon_dagster.storage.databases.connections import table_at

    found, table = table_at(path)
    return CatalogTable(found, table) if isinstance(found, IcebergCatalog) else None
