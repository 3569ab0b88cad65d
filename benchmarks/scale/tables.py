"""Tables that are hard to count: nearly every tuple is another, beside ids and free texts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.random import Generator

_BLOCK = 500_000
_ROW_GROUP = 262_144
_TUPLES = 1_000
_WORDS = ("fever", "cough", "stable", "review", "chest", "pain", "acute", "mild", "severe")


def write_patients(path: Path, records: int, *, few: bool = False) -> None:
    """Write twelve columns: six quasi-identifiers, two sensitive, an id, a note, two numbers.

    Parameters
    ----------
    few
        Whether a thousand tuples of quasi-identifiers and sensitive values come again and again,
        of every half a million records.
    """
    _write(path, (_patients(rows, seed, few=few) for seed, rows in _blocks(records)))


def write_wide(path: Path, records: int, columns: int) -> None:
    """Write columns of numbers, categories and texts in turn, the first six of few values."""
    _write(path, (_wide(rows, seed, columns) for seed, rows in _blocks(records)))


def write_health(path: Path, records: int) -> None:
    """Write nine columns of few values each, as surveys of health have them."""
    _write(path, (_health(rows, seed) for seed, rows in _blocks(records)))


def request_for(kind: str, source: Path, target: Path, policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that a table is anonymized by."""
    attributes: dict[str, Any] = {
        "patients": _of_patients,
        "few": _of_patients,
        "wide": lambda: _of_wide(source),
        "health": _of_health,
    }[kind]()
    rules = {"privacy": {"k_anonymity": {"k": 5}}, "suppression_limit": 0.04, **policy}
    return {
        "source": {"path": str(source)},
        "target": {"path": str(target)},
        "policy": {"attributes": attributes, **rules},
    }


def _blocks(records: int) -> Iterator[tuple[int, int]]:
    for seed, first in enumerate(range(0, records, _BLOCK)):
        yield seed, min(_BLOCK, records - first)


def _write(path: Path, tables: Iterator[pa.Table]) -> None:
    writer: Any = None
    for table in tables:
        if writer is None and path.suffix == ".csv":
            options = pa.csv.WriteOptions(quoting_style="needed")
            writer = pa.csv.CSVWriter(str(path), table.schema, write_options=options)
        elif writer is None:
            writer = pq.ParquetWriter(str(path), table.schema, compression="zstd")
        sized = {} if path.suffix == ".csv" else {"row_group_size": _ROW_GROUP}
        writer.write_table(table, **sized)
    writer.close()


def _patients(rows: int, seed: int, *, few: bool) -> pa.Table:
    dice = np.random.default_rng(seed)
    born = np.datetime64("1930-01-01") + dice.integers(0, 850, rows) * 30
    postcode = 10_000 + dice.zipf(1.6, rows) % 2_000
    columns: dict[str, Any] = {
        "age": np.clip(dice.normal(45, 18, rows), 0, 99).astype(np.int64),
        "sex": _among(dice, ["f", "m"], rows),
        "zip": pa.array(postcode.astype(str)),
        "city": pa.array([f"city {n:03d}" for n in range(200)]).take(pa.array(postcode % 200)),
        "education": _among(dice, [f"education {n}" for n in range(16)], rows),
        "birth": pa.array(born.astype("datetime64[D]")),
        "diagnosis": _among(dice, [f"D{n // 5:02d}.{n % 5}" for n in range(150)], rows),
        "income": (np.round(dice.lognormal(10, 0.5, rows) / 1000) * 1000).astype(np.int64),
    }
    if few:
        thousand = pa.table(columns).slice(0, _TUPLES)
        again = thousand.take(pa.array(dice.integers(0, len(thousand), rows)))
        columns = dict(zip(again.column_names, again.columns, strict=True))
    told = [_among(dice, list(_WORDS), rows) for _ in range(3)]
    number = pa.array(dice.integers(0, 1_000_000, rows).astype(str))
    ids = np.char.zfill((seed * _BLOCK + np.arange(rows)).astype(str), 9)
    columns |= {
        "note": pc.binary_join_element_wise(*told, number, " "),
        "amount": np.round(dice.gamma(2, 50, rows), 2),
        "visits": dice.poisson(3, rows).astype(np.int64),
    }
    return pa.table({"id": pa.array(np.char.add("P", ids)), **columns})


def _among(dice: Generator, values: list[str], rows: int) -> pa.Array:
    return pa.array(values).take(pa.array(dice.integers(0, len(values), rows)))


def _wide(rows: int, seed: int, columns: int) -> pa.Table:
    dice = np.random.default_rng(seed)
    makers = (
        lambda: dice.integers(0, 1_000, rows),
        lambda: _among(dice, [f"answer {n}" for n in range(7)], rows),
        lambda: np.round(dice.normal(0, 1, rows), 3) + 0.0,  # without -0, which is another text
    )
    first = {f"q{n}": dice.integers(0, 6, rows) for n in range(6)}
    return pa.table(first | {f"c{n}": makers[n % 3]() for n in range(columns - 6)})


def _health(rows: int, seed: int) -> pa.Table:
    dice = np.random.default_rng(seed)
    sizes = (2, 13, 7, 6, 17, 52, 8, 9, 40)
    return pa.table({f"h{n}": dice.zipf(1.5, rows) % size for n, size in enumerate(sizes)})


# -- requests ------------------------------------------------------------------------------


def _quasi_identifier(**hierarchy: object) -> dict[str, Any]:
    return {"role": "quasi_identifier", **({"hierarchy": hierarchy} if hierarchy else {})}


def _of_patients() -> dict[str, Any]:
    return {
        "id": {"role": "direct_identifier"},
        "age": _quasi_identifier(type="interval", widths=[5, 10, 20]),
        "sex": _quasi_identifier(),
        "zip": _quasi_identifier(type="mask"),
        "city": _quasi_identifier(),
        "education": _quasi_identifier(),
        "birth": _quasi_identifier(type="date", levels=["month", "year", "decade"]),
        "diagnosis": {"role": "sensitive"},
        "income": {"role": "sensitive"},
        **{name: {"role": "non_sensitive"} for name in ("note", "amount", "visits")},
    }


def _of_wide(source: Path) -> dict[str, Any]:
    names = (
        source.open(encoding="utf-8").readline().strip().replace('"', "").split(",")
        if source.suffix == ".csv"
        else pq.read_schema(str(source)).names
    )
    return {
        name: _quasi_identifier() if name[0] == "q" else {"role": "non_sensitive"} for name in names
    }


def _of_health() -> dict[str, Any]:
    widths = (None, [2, 4], [2, 4], [2], [4, 8], [5, 10, 20], [2, 4], [3], [5, 10, 20])
    return {
        f"h{n}": _quasi_identifier(**({"type": "interval", "widths": each} if each else {}))
        for n, each in enumerate(widths)
    }
