"""Formats that are read once, into a private copy."""

from collections.abc import Callable
from typing import Final

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.storage.copies import Reader
from anon_dagster.storage.delta_tables import delta_reader
from anon_dagster.storage.iceberg_tables import iceberg_reader
from anon_dagster.storage.listing import list_files, resolve
from anon_dagster.storage.statistical_files import statistical_reader
from anon_dagster.storage.workbooks import workbook_reader

READERS: Final[dict[str, Callable[[str, Source], Reader]]] = {
    "excel": workbook_reader,
    "spss": statistical_reader,
    "stata": statistical_reader,
    "sas": statistical_reader,
    "delta": delta_reader,
    "iceberg": iceberg_reader,
}
"""What reads each format: the path of its file or folder, as its source says."""
_LOGS: Final = {"delta": "_delta_log", "iceberg": "metadata"}
"""Where tables that are folders keep what they are."""


def reader_of(source: Source) -> Reader:
    """Return what reads a source of one of these formats.

    Raises
    ------
    SourceError
        If it is not there, or is more than one file.
    """
    found = source.format_found
    assert found is not None, "the format is known"
    paths = [source.path] if isinstance(source.path, str) else list(source.path)
    files = paths if found in _LOGS else resolve(source.path)
    if len(files) != 1:
        raise SourceError(
            f"the source {paths[0]} has {len(files)} files, and of the format {found} one is read "
            "at a time: name it"
        )
    return READERS[found](files[0], source)


def files_that_tell(source: Source) -> list[str]:
    """Return the files whose times tell how old a source is: of a table with a log, its log.

    A database has none.
    """
    if source.connection is not None:
        return []
    if isinstance(source.path, str) and (log := _LOGS.get(source.format or "")):
        return [file.path for file in list_files(f"{source.path.rstrip('/')}/{log}")]
    return resolve(source.path)
