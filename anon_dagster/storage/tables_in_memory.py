"""Tables that are handed over, whatever library they are of: taken over by Arrow, and given back.

Whatever shows its records by Arrow's PyCapsule interface is a table: Arrow's own tables, batches
and readers, frames of polars, relations of DuckDB. A lazy frame of polars is collected.
"""

import sys
import weakref
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd
import pyarrow as pa

from anon_dagster.errors import RequestError, SourceError

if TYPE_CHECKING:
    from typing_extensions import TypeIs


class ArrowStream(Protocol):
    """What shows its records as a stream of Arrow's batches."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Begin a stream."""


class LazyTable(Protocol):
    """A frame that has its records once they are collected."""

    def collect(self) -> Any:  # noqa: ANN401 (a frame of its library)
        """Compute the records."""


Tabular = pd.DataFrame | ArrowStream | LazyTable
"""A table in memory: a DataFrame of pandas or polars, a table of Arrow, a relation of DuckDB."""

_TAKEN: "weakref.WeakSet[pa.RecordBatchReader]" = weakref.WeakSet()
"""Readers whose records were read: another reading would find none, in silence."""


def is_table(candidate: object) -> "TypeIs[Tabular]":
    """Tell whether something is a table in memory."""
    shows = isinstance(candidate, pd.DataFrame) or _is_lazy(candidate)
    return shows or any(hasattr(candidate, f"__arrow_c_{n}__") for n in ("stream", "array"))


def require_frame(frame: object) -> None:
    """Raise a RequestError if what was handed over is no table."""
    if not is_table(frame):
        raise RequestError(
            "frame must be a pandas or polars DataFrame, an Arrow table or a relation of DuckDB, "
            f"not {type(frame).__name__}"
        )


def arrow_table(frame: Tabular) -> pa.Table:
    """Return the records of a table that is none of pandas.

    Raises
    ------
    SourceError
        If its library cannot compute them, or they were read before and are gone.
    """
    if isinstance(frame, pa.RecordBatchReader):
        _require_unread(frame)
    kind = type(frame).__name__
    try:
        collected: Any = frame.collect() if _is_lazy(frame) else frame
        if _is_of("polars", collected):
            collected = collected.to_arrow()  # without views, which Arrow computes less with
        table = pa.table(collected)
    except Exception as error:  # noqa: BLE001 (of any library, and its message may hold a cell)
        raise SourceError(
            f"the {kind} that was handed over cannot be read ({type(error).__name__}): see that "
            "its own library can compute it, and hand over the result"
        ) from None
    return table.unify_dictionaries()


def given_back(released: pa.Table, like: Tabular, kept: Collection[str]) -> Any:  # noqa: ANN401 (of any library)
    """Return a release as a table of the library that the records came of.

    Parameters
    ----------
    released
        As it is stored.
    like
        What was handed over, of any type but a DataFrame of pandas.
    kept
        Columns that are released as they stand; an enumeration of polars stays one, of the
        categories that a released record has.
    """
    if _is_of("polars", like):
        return _as_polars(released, like, kept)
    if _is_of("duckdb", like) or _is_of("_duckdb", like):
        import duckdb

        return duckdb.from_arrow(released)
    if isinstance(like, pa.RecordBatchReader):
        return released.to_reader()
    if isinstance(like, pa.RecordBatch):
        batches = released.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], released.schema)
    return released


def library_of(frame: Tabular) -> str:
    """Return the name under which :func:`empty_like` knows what a table is; of pandas, nothing."""
    if isinstance(frame, pd.DataFrame):
        return ""
    names = {"polars": "polars", "duckdb": "duckdb", "_duckdb": "duckdb"}
    found = next((name for package, name in names.items() if _is_of(package, frame)), None)
    if found is not None:
        return found
    kinds = {pa.RecordBatchReader: "reader", pa.RecordBatch: "batch"}
    return next((name for kind, name in kinds.items() if isinstance(frame, kind)), "arrow")


def empty_like(empty: pa.Table, library: str) -> Any:  # noqa: ANN401 (of any library)
    """Return a table without records of the library of a name; of Arrow, if that is not there."""
    with suppress(ImportError):
        if library == "polars":
            import polars as pl

            return pl.from_arrow(empty)
        if library == "duckdb":
            import duckdb

            return duckdb.from_arrow(empty)
    if library == "reader":
        return empty.to_reader()
    return pa.RecordBatch.from_pylist([], empty.schema) if library == "batch" else empty


def _as_polars(released: pa.Table, like: Any, kept: Collection[str]) -> Any:  # noqa: ANN401 (frames of polars)
    import polars as pl

    frame: Any = pl.from_arrow(released)
    for name, kind in like.collect_schema().items():
        if name in kept and isinstance(kind, pl.Enum):
            present = set(frame[name].cast(pl.String).unique().to_list())
            categories = [c for c in kind.categories.to_list() if c in present]
            column = pl.col(name).cast(pl.String).cast(pl.Enum(categories))
            frame = frame.with_columns(column)
        elif name in kept and frame.schema[name] != kind:
            frame = frame.with_columns(pl.col(name).cast(kind))
    return frame.lazy() if _is_lazy(like) else frame


def _require_unread(reader: pa.RecordBatchReader) -> None:
    if reader in _TAKEN:
        raise SourceError(
            "the RecordBatchReader was read already, and can be read once: hand over the table "
            "(reader.read_all())"
        )
    _TAKEN.add(reader)


def _is_lazy(candidate: object) -> "TypeIs[LazyTable]":
    return _is_of("polars", candidate) and type(candidate).__name__ == "LazyFrame"


def _is_of(package: str, candidate: object) -> bool:
    """Tell whether something is of a package, which is not imported for it."""
    return package in sys.modules and type(candidate).__module__.partition(".")[0] == package
