"""The same counting by databases: distinct tuples with their counts, distinct values of columns.

They read Parquet with its types, and CSV as text, as a job does. What is timed is the reading and
counting alone; that the counts are equal to those of a job is told by :class:`Tally`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.reading.counting import Count
from anon_dagster.storage.text_hashes import text_hashes

RIVALS = ("duckdb", "polars")


@dataclass(frozen=True, slots=True)
class Tally:
    """What two counts of one table have in common if they are equal."""

    tuples: int
    records: int
    digest: int
    """A sum over all tuples, of a hash of what each reads as together with its count."""
    distinct: Mapping[str, int]
    """Different values of each column, missing ones aside."""


def is_installed(rival: str) -> bool:
    """Tell whether a database is there to be asked."""
    return find_spec(rival) is not None


def count_by(rival: str, source: Path, attributes: Sequence[str]) -> tuple[float, str, Tally]:
    """Count a table by one thread of a database; return CPU seconds, its version, and the counts.

    For polars, which asks only when it is imported, the environment must say
    ``POLARS_MAX_THREADS=1``.
    """
    library = import_module(rival)
    begun = time.process_time()
    tuples, distinct = _COUNTING[rival](library, source, attributes)
    seconds = time.process_time() - begun
    texts = [column.combine_chunks().cast(pa.string()) for column in tuples.columns[:-1]]
    counts = tuples.columns[-1].cast(pa.int64()).to_numpy()
    return seconds, library.__version__, _tally(texts, counts, distinct)


def tally_of(count: Count) -> Tally:
    """Return what is compared of a count of ours."""
    codes = count.table.codes.array
    texts = [
        count.columns[name].values.take(pa.array(codes[:, a]))
        for a, name in enumerate(count.attributes)
    ]
    distinct = {name: column.distinct for name, column in count.columns.items()}
    return _tally(texts, count.table.counts, distinct)


def _tally(
    texts: Sequence[pa.StringArray], counts: NDArray[np.int64], distinct: Mapping[str, int]
) -> Tally:
    written = [pc.fill_null(pc.binary_join_element_wise("=", each, ""), "-") for each in texts]
    number = pa.array(counts).cast(pa.string())
    hashes = text_hashes(pc.binary_join_element_wise(*written, number, "\x1f"))
    digest = int(hashes.sum(dtype=np.uint64))
    return Tally(len(counts), int(counts.sum()), digest, dict(distinct))


def _by_duckdb(
    duckdb: Any,  # noqa: ANN401 (it need not be there)
    source: Path,
    attributes: Sequence[str],
) -> tuple[pa.Table, dict[str, int]]:
    with duckdb.connect(config={"threads": 1}) as database:
        if source.suffix == ".csv":
            read = "create temp table source as from read_csv($1, all_varchar = true)"
        else:
            read = "create temp table source as from read_parquet($1)"
        database.execute(read, [str(source)])
        names = ", ".join(f'"{name}"' for name in attributes)
        counted = f"select {names}, count(*) as times from source group by {names}"  # noqa: S608
        tuples = database.sql(counted).to_arrow_table()
        columns = database.table("source").columns
        each = ", ".join(f'count(distinct "{name}")' for name in columns)
        distinct = database.execute(f"select {each} from source").fetchone()  # noqa: S608
    return tuples, dict(zip(columns, distinct, strict=True))


def _by_polars(
    polars: Any,  # noqa: ANN401 (it need not be there)
    source: Path,
    attributes: Sequence[str],
) -> tuple[pa.Table, dict[str, int]]:
    if source.suffix == ".csv":
        frame = polars.read_csv(str(source), infer_schema=False)
    else:
        frame = polars.read_parquet(str(source))
    tuples = frame.group_by(list(attributes)).agg(polars.len().alias("times"))
    distinct = frame.select(polars.all().drop_nulls().n_unique()).row(0, named=True)
    return tuples.to_arrow(), distinct


_COUNTING: Mapping[str, Callable[..., tuple[pa.Table, dict[str, int]]]] = {
    "duckdb": _by_duckdb,
    "polars": _by_polars,
}
