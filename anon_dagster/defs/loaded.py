"""The table that another asset of a project gives: kept with the job, and read as its source."""

from typing import IO, TYPE_CHECKING

from anon_dagster.errors import SourceError
from anon_dagster.jobs import file_names
from anon_dagster.request import Source

if TYPE_CHECKING:
    import pyarrow as pa

    from anon_dagster.jobs.folder import JobFolder


def keep_loaded(job: "JobFolder", table: object) -> None:
    """Keep a table in the private folder of a job, and name it as the source of its request.

    Raises
    ------
    SourceError
        If it is no table, or has columns that cannot be read.
    """
    reader = _batches_of(table)
    path = job.write(file_names.GIVEN, lambda file: _write(reader, file))
    source = Source(path=str(path), format="parquet")
    job.save_request(job.load_request().model_copy(update={"source": source}))


def _batches_of(table: object) -> "pa.RecordBatchReader":
    """Return the records of a DataFrame as the library reads them, of other tables by Arrow."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(table, pd.DataFrame):
        from anon_dagster.storage.sources import open_frame

        opened = open_frame(table)
        batches = (batch for part in opened.parts for batch in opened.batches(part))
        return pa.RecordBatchReader.from_batches(opened.schema, batches)
    if hasattr(table, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(table)
    raise SourceError(
        f"the asset that the source is loaded from gives a {type(table).__name__}, which is no "
        "table: let it return a DataFrame, or anything with Arrow's interface"
    )


def _write(reader: "pa.RecordBatchReader", file: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    with reader, pq.ParquetWriter(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
