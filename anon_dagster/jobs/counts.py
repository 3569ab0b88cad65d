"""Counts of a table as they are kept: a table with a row per column of it, and numpy's arrays."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.sampling import Sampling
from anon_dagster.reading.counting import ColumnCount, Count
from anon_dagster.storage.values import Kinds

_PEOPLE = "\0population\0"
"""Sets the columns of the population apart from those of the source, which have no such names."""


def packed(count: Count) -> tuple[pa.Table, dict[str, Any]]:
    """Return the columns of a count, and of its population, as rows; and the rest as arrays."""
    columns, arrays = _columns_table(count.columns), _arrays(count)
    if count.population is not None:
        people = _columns_table(count.population.columns)
        named = [f"{_PEOPLE}{label}" for label in people["name"].to_pylist()]
        people = people.set_column(0, "name", pa.array(named, pa.string()))
        columns = pa.concat_tables([columns, people])
        arrays |= {f"people_{key}": each for key, each in _arrays(count.population).items()}
    if count.sampling is not None:
        drawn = count.sampling
        arrays["sampling"] = np.array([drawn.key.hex(), str(drawn.below), str(drawn.records)])
    return columns, arrays


def unpacked(table: pa.Table, arrays: Mapping[str, Any]) -> Count:
    """Return the count that :func:`packed` took apart."""
    columns = _columns_of(table)
    of_people = {
        each.removeprefix(_PEOPLE): columns.pop(each)
        for each in list(columns)
        if each.startswith(_PEOPLE)
    }
    population = _count_of(arrays, of_people, "people_") if of_people else None
    sampling = _sampling_of(*arrays["sampling"].tolist()) if "sampling" in arrays else None
    return replace(_count_of(arrays, columns), population=population, sampling=sampling)


def _arrays(count: Count) -> dict[str, Any]:
    table = count.table
    return {
        "codes": table.codes,
        "counts": table.counts,
        "sizes": np.array(table.sizes, dtype=np.int64),
        "attributes": np.array(count.attributes, dtype=np.str_),
    }


def _sampling_of(key: str, below: str, records: str) -> Sampling:
    return Sampling(bytes.fromhex(key), int(below), int(records))


def _count_of(
    arrays: Mapping[str, Any], columns: dict[str, ColumnCount], prefix: str = ""
) -> Count:
    codes, counts, sizes, attributes = (
        arrays[f"{prefix}{key}"] for key in ("codes", "counts", "sizes", "attributes")
    )
    table = FrequencyTable(codes, counts, tuple(sizes.tolist()))
    return Count(columns, tuple(attributes.tolist()), table)


def _columns_table(columns: Mapping[str, ColumnCount]) -> pa.Table:
    """Return a row per column: its name, its values and how often each occurs, its types."""
    counted = columns.values()
    kinds = [each.kinds.types for each in counted]
    return pa.table(
        {
            "name": pa.array(columns, pa.string()),
            "values": _lists([each.values for each in counted], pa.string()),
            "counts": _lists([pa.array(each.counts) for each in counted], pa.int64()),
            "kinds": pa.array(
                [None if types is None else sorted(map(type_text, types)) for types in kinds],
                pa.list_(pa.string()),
            ),
            "distinct": pa.array([each.distinct for each in counted], pa.int64()),
            "missing": pa.array([each.missing for each in counted], pa.int64()),
        }
    )


def _lists(arrays: list[pa.Array], kind: pa.DataType) -> pa.LargeListArray:
    offsets = np.cumsum([0, *map(len, arrays)])
    joined = pa.concat_arrays([pa.array([], kind), *arrays])
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), joined)


def _columns_of(table: pa.Table) -> dict[str, ColumnCount]:
    """Return the columns that :func:`_columns_table` laid out."""
    lists = {name: table[name].combine_chunks() for name in ("values", "counts")}
    return {
        row["name"]: ColumnCount(
            values=lists["values"][position].values,
            counts=lists["counts"][position].values.to_numpy(),
            kinds=Kinds(
                None if row["kinds"] is None else frozenset(type_of(k) for k in row["kinds"])
            ),
            distinct=row["distinct"],
            missing=row["missing"],
        )
        for position, row in enumerate(table.drop(["values", "counts"]).to_pylist())
    }


def type_text(kind: pa.DataType) -> str:
    """Return an Arrow type as text that :func:`type_of` reads."""
    return base64.b64encode(pa.schema([("", kind)]).serialize()).decode()


def type_of(text: str) -> pa.DataType:
    """Return the Arrow type that a text stands for."""
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text))).field(0).type
