"""Where the records come from, and where the release goes."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from anon_dagster.request.databases import (
    ConnectionName,
    Query,
    TableName,
    named_by_connection,
    without_required_path,
)
from anon_dagster.request.lakehouse import address_of, is_of_lakehouse, named_by_address
from anon_dagster.request.strict import Character, Flag, Names, StrictModel, ValueText

ROWS_PER_FILE = 1_000_000


class CsvOptions(StrictModel):
    """How a CSV file is written."""

    separator: Character = ","
    decimal: Character = "."
    quote: Character = '"'
    escape: Character | None = None
    """Escapes a quote within quotes; without it a quote is doubled."""
    encoding: str = "utf-8"
    header: Flag = True
    names: tuple[ValueText, ...] | None = None
    """Names of the columns; with a header they replace it."""
    missing: tuple[ValueText, ...] = ("",)
    """Unquoted tokens that mean a missing value; the first one is written."""
    quoted_empty: Literal["missing", "text"] = "missing"
    """What an empty text in quotes is, where one without them is a missing value."""
    skip_lines: Annotated[int, Field(ge=0)] = 0
    """How many lines stand above the header, such as a title; of a source only."""
    skip_initial_space: bool = False
    """Whether blanks after a separator, or at the beginning of a line, are left out."""
    formulas: Literal["keep", "escape"] = "keep"
    """Whether an apostrophe is put before cells that a spreadsheet would take for formulas, and
    taken away where they are read."""

    @property
    def empty_is_missing(self) -> bool:
        """Whether an empty text is a missing value, in quotes or not."""
        return "" in self.missing and self.quoted_empty == "missing"

    @model_validator(mode="after")
    def _names_need_no_header(self) -> Self:
        if not self.header and self.names is None:
            raise ValueError("names are needed where there is no header")
        if self.names is not None and len(set(self.names)) < len(self.names):
            raise ValueError("names must differ from each other")
        if self.separator in (self.quote, self.decimal):
            raise ValueError("the separator must differ from the quote and the decimal mark")
        return self


TargetFormat = Literal["csv", "parquet", "delta"]
Format = Literal["csv", "parquet", "excel", "spss", "stata", "sas", "delta", "iceberg"]
TARGET_FORMATS = "csv, parquet or delta"
SOURCE_FORMATS = "csv, parquet, excel, spss, stata, sas, delta or iceberg"
Hold = Flag | Literal["two_people"]
_SECRET = re.compile(
    r"://[^/@:]*:(?!\d+/)[^@]*@|[?&](x-amz-[a-z-]+|sig|signature|token|key)=", re.IGNORECASE
)
_COPIES = re.compile(r"(^|::)(simplecache|filecache|blockcache)::")


def _without_secrets(paths: Any) -> Any:
    for path in (paths,) if isinstance(paths, str) else paths or ():
        if not path.strip() or "\0" in path or not _encodable(path):
            raise ValueError("is no path")
        if _SECRET.search(path):
            raise ValueError(
                "credentials do not belong into a path: the environment, a profile or the role of "
                "the machine has them"
            )
        if _COPIES.search(path):
            raise ValueError("a cache would keep the records in temporary files; leave it out")
    return paths


def _encodable(path: str) -> bool:
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeError:
        return False
    return True


Safe = AfterValidator(_without_secrets)


class Source(StrictModel):
    """Where the records are: files, or a table or a query of a database.

    Files are a file, a list of files, a glob, or a folder of part files.
    """

    model_config = ConfigDict(json_schema_extra=without_required_path)

    path: Annotated[str | Annotated[tuple[str, ...], Field(min_length=1)], Safe]
    """Where it lies; a relative path starts at the folder of the YAML file. Left out if there is a
    connection: it is a name for what is read of it then."""
    format: Format | None = None
    """Told by the ending of the first file if left out."""
    csv: CsvOptions = CsvOptions()
    sheet: ValueText | None = None
    """Of a workbook: the name of a sheet, or which one it is, such as 2; needed if there are
    several."""
    skip_lines: Annotated[int, Field(ge=0)] = 0
    """Of a workbook: how many rows stand above the header; of a CSV file, see ``csv``."""
    labels: bool = False
    """Of SPSS, Stata and SAS: whether the labels of values are read in place of their codes."""
    version: Annotated[int, Field(ge=0)] | None = None
    """Of a Delta table: which version is read; of an Iceberg table, which snapshot; left out, the
    latest one."""
    query: Query | None = Field(default=None, repr=False)
    """A single ``SELECT`` statement, whose records are read."""
    table: TableName | None = None
    """A table of a database, such as ``patients`` or ``clinic.patients``."""
    connection: ConnectionName | None = None
    """Of a query or a table: its address is in the variable ``ANON_CONNECTION_…`` of the
    environment, with this name in capitals."""

    @model_validator(mode="before")
    @classmethod
    def _name_of_database(cls, document: Any) -> Any:
        return named_by_connection(document, queries=True)

    @model_validator(mode="after")
    def _options_of_format(self) -> Self:
        for name, formats in _OPTIONS.items():
            asked = getattr(self, name) != type(self).model_fields[name].default
            if asked and self.format_found not in formats:
                raise ValueError(f"{name} goes with the format {' or '.join(formats)} only")
        return self

    @property
    def format_found(self) -> Format | None:
        """The format, named or told by the ending."""
        return self.format or format_of(self.path if isinstance(self.path, str) else self.path[0])


_OPTIONS: dict[str, tuple[Format, ...]] = {
    "sheet": ("excel",),
    "skip_lines": ("excel",),
    "labels": ("spss", "stata", "sas"),
    "version": ("delta", "iceberg"),
}


class PopulationSource(Source):
    """A table of the population that the records were drawn from."""

    person: Names | None = None
    """The column that tells whose a record of it is, or several that do together; who has several
    records counts once then. Left out, each record is of another person."""


class Target(StrictModel):
    """Where the release goes, a file or a table; it appears there whole or not at all."""

    model_config = ConfigDict(json_schema_extra=without_required_path)

    path: Annotated[str, Safe]
    """Where it goes; a relative path starts at the folder of the YAML file. Left out if there is a
    connection: it is a name for its table then."""
    format: TargetFormat | None = None
    compression: Literal["none", "snappy", "zstd", "gzip"] | None = None
    single_file: Flag = True
    rows_per_file: Annotated[int, Field(ge=1)] = ROWS_PER_FILE
    """How many records a part file holds at most if ``single_file`` is false."""
    hold: Hold = False
    """Whether the release waits in the store of its job until a person approves it; with
    ``two_people`` one who did not ask for it."""
    csv: CsvOptions = CsvOptions()
    table: TableName | None = None
    """A table of a database, which the release replaces."""
    connection: ConnectionName | None = None
    """Of a table, see :attr:`Source.connection`."""

    @model_validator(mode="before")
    @classmethod
    def _name_of_database(cls, document: Any) -> Any:
        return named_by_connection(document, queries=False)

    @model_validator(mode="before")
    @classmethod
    def _address_of_lakehouse(cls, document: Any) -> Any:
        return named_by_address(document)

    @model_validator(mode="after")
    def _require_file_to_hold(self) -> Self:
        if self.hold and self.is_table:
            raise ValueError("hold goes with files: a table is replaced when its release is proven")
        return self

    @model_validator(mode="after")
    def _require_lakehouse_here(self) -> Self:
        if self.format == "delta" and "://" in self.path:
            raise ValueError(
                "a Delta table is written on this machine only: name a folder, or write Parquet"
            )
        return self

    @model_validator(mode="after")
    def _require_parts(self) -> Self:
        if self.single_file and self.rows_per_file != ROWS_PER_FILE:
            raise ValueError("rows_per_file goes with part files: add single_file: false")
        return self

    @property
    def format_found(self) -> TargetFormat | None:
        """The format, named or told by the ending."""
        return self.format or target_format_of(self.path)

    @property
    def is_table(self) -> bool:
        """Whether it is a table that has files or pages of its own, whatever they are."""
        return self.connection is not None or self.format == "delta"

    @property
    def address(self) -> str:
        """Where it goes, in a word that tells a Delta table from a folder of files."""
        return address_of(self.path) if self.format == "delta" else self.path


_PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip")
_OF_PROGRAMS: dict[Format, tuple[str, ...]] = {
    "excel": (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"),
    "spss": (".sav", ".zsav", ".por"),
    "stata": (".dta",),
    "sas": (".sas7bdat", ".xpt"),
}
_EXPORTED = {
    "a file of R": (".rds", ".rdata", ".rda"),
    "a JSON file": (".json", ".jsonl", ".ndjson"),
    "a Feather file": (".feather", ".arrow", ".ipc"),
    "an ORC file": (".orc",),
    "an Avro file": (".avro",),
    "a database": (".mdb", ".accdb"),
    "a pickle": (".pkl", ".pickle"),
    "an HDF5 file": (".h5", ".hdf5"),
    "an XML file": (".xml",),
}


_DATABASES = (".sqlite", ".sqlite3", ".db", ".duckdb", ".ddb")
BY_CONNECTION = (
    "put its address into the variable ANON_CONNECTION_… of the environment, and name a table and "
    "that connection, such as {table: patients, connection: clinic}"
)
"""What to do with a file of a database that is read as one."""


def format_of(path: str) -> Format | None:
    """Tell the format from the ending of a path; ``None`` if it does not."""
    name = path.lower()
    if is_of_lakehouse(path):
        return "delta"
    if name.endswith(_PACKED):
        name = name.rpartition(".")[0]
    if name.endswith((".csv", ".tsv", ".txt")):
        return "csv"
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    if name != path.lower():  # these are not unpacked
        return None
    return next((f for f, endings in _OF_PROGRAMS.items() if name.endswith(endings)), None)


def target_format_of(path: str) -> TargetFormat | None:
    """Tell the format of a target from the ending of its path; ``None`` if it does not."""
    found = format_of(path)
    return found if found in {"csv", "parquet", "delta"} else None


def requires_export(path: str) -> str | None:
    """Say what a file is that is not read, by its ending, and what to do; None of any other."""
    name = path.lower()
    if name.endswith(_PACKED):
        name = name.rpartition(".")[0]
    if name.endswith(_DATABASES):
        return f"{path} is a database: {BY_CONNECTION}"
    for what, endings in _EXPORTED.items():
        if name.endswith(endings):
            return f"{path} is {what}: export it as CSV or Parquet, and name that file"
    return None
