"""Counts of a table as they are kept: a table with a row per column of it, and numpy's arrays."""

import base64
from collections.abc import Mapping
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pyarrow as pa

from anon_dagster.core.codes import Codes
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.ordering import Meaning
from anon_dagster.core.sampling import Sampling
from anon_dagster.reading.columns import ColumnCount, Declared, Many, Spellings
from anon_dagster.reading.counting import Count
from anon_dagster.reading.persons import HOUSEHOLD, LINK, PERSON, CountedPersons
from anon_dagster.reading.shift_effect import ShiftEffect
from anon_dagster.reading.weights import CountedWeights
from anon_dagster.storage.values import Kinds

_PEOPLE = "\0population\0"
"""Sets the columns of the population apart from those of the source, which have no such names."""
_WRITTEN = "\0written\0"
"""Sets apart how a column is written from what its values are."""
_OWNERS = {PERSON: "person", HOUSEHOLD: "household", LINK: "link"}
"""What the arrays of each kind of owner begin with."""
_WEIGHTS = ("tuples", "weights", "records", "of_persons")
_LISTS = ("values", "counts", "categories", "declared", "spelled", "drawn")


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
    if count.shift is not None:
        arrays["shift"] = np.array(astuple(count.shift), dtype=np.int64)
    if count.weights is not None:
        held_weights = {key: getattr(count.weights, key) for key in _WEIGHTS}
        arrays |= {f"weights_{key}": each for key, each in held_weights.items() if each is not None}
    return columns, arrays


def unpacked(table: pa.Table, arrays: Mapping[str, Any], *, decimal: str) -> Count:
    """Return the count that :func:`packed` took apart.

    Parameters
    ----------
    decimal
        The decimal mark of the source, which the first version of the format does not tell.
    """
    columns = _columns_of(table, decimal)
    of_people = {
        name.removeprefix(_PEOPLE): columns.pop(name)
        for name in list(columns)
        if name.startswith(_PEOPLE)
    }
    population = _count_of(arrays, of_people, "people_") if of_people else None
    sampling = _sampling_of(*arrays["sampling"].tolist()) if "sampling" in arrays else None
    shift = ShiftEffect(*arrays["shift"].tolist()) if "shift" in arrays else None
    whole = _count_of(arrays, columns)
    return replace(
        whole,
        population=population,
        sampling=sampling,
        weights=_weights_of(arrays),
        shift=shift,
    )


def _arrays(count: Count) -> dict[str, Any]:
    table = count.table
    arrays: dict[str, Any] = {
        "codes": table.codes.array,
        "counts": table.counts,
        "sizes": np.array(table.sizes, dtype=np.int64),
        "attributes": np.array(count.attributes, dtype=np.str_),
    }
    for name, held in count.owners.items():
        kind = _OWNERS[name]
        arrays |= {f"{kind}_tuples": held.tuples, f"{kind}_owners": held.owners}
        arrays |= {f"{kind}_records": held.records, f"{kind}_hashes": held.hashes}
        arrays[f"{kind}_key"] = np.array(held.key)
    return arrays


def _owners_of(arrays: Mapping[str, Any], kind: str) -> CountedPersons:
    parts = ("tuples", "owners", "records", "hashes")
    tuples, owners, records, hashes = (arrays[f"{kind}_{part}"] for part in parts)
    return CountedPersons(tuples, owners, records, hashes, str(arrays[f"{kind}_key"]))


def _weights_of(arrays: Mapping[str, Any]) -> CountedWeights | None:
    held = {key: arrays[f"weights_{key}"] for key in _WEIGHTS if f"weights_{key}" in arrays}
    return CountedWeights(**held) if held else None


def _sampling_of(key: str, below: str, records: str) -> Sampling:
    return Sampling(bytes.fromhex(key), int(below), int(records))


def _count_of(
    arrays: Mapping[str, Any], columns: dict[str, ColumnCount], prefix: str = ""
) -> Count:
    codes, counts, sizes, attributes = (
        arrays[f"{prefix}{key}"] for key in ("codes", "counts", "sizes", "attributes")
    )
    table = FrequencyTable(Codes.of(codes), counts, tuple(sizes.tolist()))
    kinds = {name: f"{prefix}{kind}" for name, kind in _OWNERS.items()}
    owners = {n: _owners_of(arrays, k) for n, k in kinds.items() if f"{k}_tuples" in arrays}
    return Count(columns, tuple(attributes.tolist()), table, owners=owners)


def _columns_table(columns: Mapping[str, ColumnCount]) -> pa.Table:
    """Return a row per column, and one more for each that the table writes in another way."""
    rows = dict(columns)
    for name, column in columns.items():
        if column.spellings is not None:
            rows[f"{_WRITTEN}{name}"] = column.spellings.written
    counted = rows.values()
    kinds = [column.kinds.types for column in counted]
    nothing = pa.array([], pa.string())
    spelled = [np.zeros(0) if c.spellings is None else c.spellings.values for c in counted]
    return pa.table(
        {
            "name": pa.array(rows, pa.string()),
            "values": _lists([column.values for column in counted], pa.string()),
            "counts": _lists([pa.array(column.counts) for column in counted], pa.int64()),
            "kinds": pa.array(
                [None if types is None else sorted(map(type_text, types)) for types in kinds],
                pa.list_(pa.string()),
            ),
            "distinct": pa.array([column.distinct for column in counted], pa.int64()),
            "missing": pa.array([column.missing for column in counted], pa.int64()),
            "decimal": pa.array([column.decimal for column in counted], pa.string()),
            "meaning": pa.array(
                [None if c.meaning is None else c.meaning.value for c in counted], pa.string()
            ),
            "categories": _lists(
                [nothing if c.categories is None else c.categories for c in counted], pa.string()
            ),
            "declared": _lists(
                [nothing if order is None else order for order in map(_order_of, counted)],
                pa.string(),
            ),
            "has_order": pa.array(
                [None if c.declared is None else not c.is_order_open for c in counted], pa.bool_()
            ),
            "spelled": _lists([pa.array(codes, pa.int64()) for codes in spelled], pa.int64()),
            "drawn": _lists([c.many.drawn if c.many else nothing for c in counted], pa.string()),
            "mode": pa.array([c.many.mode if c.many else None for c in counted], pa.int64()),
            "many": pa.array([c.many.records if c.many else None for c in counted], pa.int64()),
            "misfits": pa.array([column.misfits for column in counted], pa.int64()),
        }
    )


def _order_of(column: ColumnCount) -> pa.StringArray | None:
    return None if column.declared is None else column.declared.order


def _lists(arrays: list[pa.Array], kind: pa.DataType) -> pa.LargeListArray:
    offsets = np.cumsum([0, *map(len, arrays)])
    joined = pa.concat_arrays([pa.array([], kind), *arrays])
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), joined)


def _columns_of(table: pa.Table, decimal: str) -> dict[str, ColumnCount]:
    lists = {n: table[n].combine_chunks() for n in _LISTS if n in table.column_names}
    rows = {
        row["name"]: (position, row)
        for position, row in enumerate(table.drop(list(lists)).to_pylist())
    }
    plain = {
        name: _plain_column({n: values[at].values for n, values in lists.items()}, row, decimal)
        for name, (at, row) in rows.items()
    }
    columns = {name: column for name, column in plain.items() if not name.startswith(_WRITTEN)}
    for name, (at, _) in rows.items():
        if f"{_WRITTEN}{name}" in plain:
            codes = lists["spelled"][at].values.to_numpy().astype(np.int32)
            spellings = Spellings(plain[f"{_WRITTEN}{name}"], codes)
            columns[name] = replace(plain[name], spellings=spellings)
    return columns


def _plain_column(
    lists: Mapping[str, pa.Array], row: Mapping[str, Any], decimal: str
) -> ColumnCount:
    """Return a column as its values stand; of the first version they are as the source has them."""
    types = row["kinds"]
    meaning = row.get("meaning")
    categories = lists.get("categories", ())
    has_order = row.get("has_order")
    return ColumnCount(
        values=lists["values"],
        counts=lists["counts"].to_numpy(),
        kinds=Kinds(None if types is None else frozenset(type_of(text) for text in types)),
        distinct=row["distinct"],
        missing=row["missing"],
        decimal=row.get("decimal", decimal),
        meaning=None if meaning is None else Meaning(meaning),
        categories=categories if len(categories) else None,
        declared=None if has_order is None else Declared(lists["declared"] if has_order else None),
        many=None if row.get("many") is None else Many(lists["drawn"], row["mode"], row["many"]),
        misfits=row.get("misfits"),
    )


def type_text(kind: pa.DataType) -> str:
    """Return an Arrow type as text that :func:`type_of` reads."""
    return base64.b64encode(pa.schema([("", kind)]).serialize()).decode()


def type_of(text: str) -> pa.DataType:
    """Return the Arrow type that a text stands for."""
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text))).field(0).type
