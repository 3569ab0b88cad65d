"""The file that names whom to erase."""

import pyarrow as pa

from anon_dagster.continuous.erasing import require_keys, require_named
from anon_dagster.continuous.stream import Stream
from anon_dagster.errors import SourceError
from anon_dagster.request import Source, format_of
from anon_dagster.storage.listing import look_up
from anon_dagster.storage.sources import open_source


def read_keys(stream: Stream, path: str) -> pa.Table:
    """Read the attributes of ``policy.person`` from a file that is written as those of the dataset.

    Raises
    ------
    RequestError
        If the dataset names nobody, or the file lacks a column.
    SourceError
        If there is no such file, it cannot be read, or it names nobody.
    """
    person = require_named(stream)
    source = stream.request_of(path).source
    assert source is not None, "the request of a file has it as source"
    if look_up(path) is None:
        raise SourceError(f"there is no file {path}")
    keys = _read(source.model_copy(update={"format": format_of(path) or source.format}), person)
    require_keys(stream, keys)
    if not keys.num_rows:
        raise SourceError(f"{path} names nobody: it has no records")
    return keys.select(list(person))


def _read(source: Source, person: tuple[str, ...]) -> pa.Table:
    try:
        opened = open_source(source)
        batches = [batch for part in opened.parts for batch in opened.batches(part)]
    except SourceError:  # which may quote the first line, and that is a key if there is no header
        raise SourceError(
            f"{source.path} cannot be read as a table with the columns {', '.join(person)}, of "
            "which a CSV file tells in its first line"
        ) from None
    return pa.Table.from_batches(batches, opened.schema)
