"""Sources: tables that are read part by part, batch by batch, as often as need be.

A CSV file is read as a stream, every column as the text that stands there; a large one has a part
for every range of bytes, if it can be told where records end. A Parquet file has a part for every
few row groups and keeps its types. A DataFrame is a part.

::

    opened           what an open table is
    csv_source       CSV files, by csv_reading: text columns as written; csv_ranges cuts them
    parquet_source   Parquet files, by unions: one type for the values of all
    frame_source     records that are handed over; tables_in_memory tells of which libraries
    copies           what has no cheap second reading
    readers          what is read once and copied: workbooks, statistical_files, delta_tables
    partitions       columns that stand in the names of folders
    foreign          files of other formats, and of tables that are more than their files
"""

from anon_dagster.errors import SourceError
from anon_dagster.request import Source, format_of
from anon_dagster.request.locations import SOURCE_FORMATS
from anon_dagster.storage.copies import copied
from anon_dagster.storage.csv_source import open_csv
from anon_dagster.storage.fingerprints import fingerprint
from anon_dagster.storage.foreign import requires_export
from anon_dagster.storage.frame_source import open_table_of
from anon_dagster.storage.listing import resolve
from anon_dagster.storage.opened import ROWS, MaySkip, OpenSource, Part, never
from anon_dagster.storage.parquet_source import open_parquet
from anon_dagster.storage.partitions import partitions
from anon_dagster.storage.readers import READERS, reader_of
from anon_dagster.storage.tables_in_memory import Tabular, require_frame

__all__ = ["ROWS", "OpenSource", "Part", "open_frame", "open_source", "require_frame"]


def open_source(source: Source, *, may_skip: MaySkip = never) -> OpenSource:
    """Find the files of a source and read what columns they have.

    Parameters
    ----------
    may_skip
        Which columns may be left unread if their values have no text, such as lists.

    Raises
    ------
    SourceError
        If there are no files, they cannot be read, or their columns differ.
    """
    if source.connection is not None:
        from anon_dagster.storage.databases.reading import open_database

        return open_database(source, may_skip)
    if (asked := source.format_found) is not None and asked in READERS:
        return copied(source.model_dump_json(), reader_of(source), may_skip=may_skip)
    files = resolve(source.path)
    kind = source.format or format_of(files[0])
    if kind is None:
        told = requires_export(files[0])
        raise SourceError(
            told or f"the format of {files[0]} is not told by its ending: say {SOURCE_FORMATS}"
        )
    if kind in READERS:
        raise SourceError(
            f"{files[0]} is a file of its own: name it alone, not by a folder or with others"
        )
    marks = tuple(fingerprint(file) for file in files)
    folders = partitions(source.path, files, text=kind == "csv")
    if kind == "csv":
        return open_csv(marks, source.csv, folders)
    return open_parquet(marks, folders, may_skip)


def open_frame(frame: Tabular, *, may_skip: MaySkip = never) -> OpenSource:
    """Take over the records of a table in memory, which is not changed; an index plays no part.

    Parameters
    ----------
    may_skip
        Which columns may be left unread if their values have no text, such as lists.

    Raises
    ------
    RequestError
        If it is no table.
    SourceError
        If a column holds values of several types or of one that has no text.
    """
    return open_table_of(frame, may_skip)
