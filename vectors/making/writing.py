"""Vectors as files: the same bytes on every machine."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from vectors.exact.answers import holds
from vectors.exact.tables import Cell, Vector
from vectors.making.closeness import of_closeness
from vectors.making.diversity import of_diversity
from vectors.making.likeness import of_likeness
from vectors.making.people import of_people
from vectors.making.persons import of_several_records
from vectors.making.population import of_population
from vectors.making.shares import of_shares
from vectors.making.sizes import of_sizes_of_classes


def vectors() -> Iterator[Vector]:
    """Make all vectors."""
    yield from of_sizes_of_classes()
    yield from of_diversity()
    yield from of_shares()
    yield from of_closeness()
    yield from of_likeness()
    yield from of_population()
    yield from of_several_records()
    yield from of_people()


def files() -> dict[str, bytes]:
    """Return the bytes of each file, by its path below the folder of the data."""
    made: dict[str, bytes] = {}
    for vector in vectors():
        for path, text in _files_of(vector):
            assert path not in made, f"two vectors are called {path}"
            made[path] = text.encode("utf-8")
    return made


def _files_of(vector: Vector) -> Iterator[tuple[str, str]]:
    folder, _, stem = vector.name.rpartition("/")
    yield (
        f"{vector.name}.json",
        json.dumps(_document(vector, stem), indent=1, ensure_ascii=True) + "\n",
    )
    yield f"{folder}/{stem}.csv", _csv(vector.columns, vector.rows)
    if vector.population is not None:
        named = () if vector.population_person is None else (vector.population_person,)
        columns = (*named, *vector.quasi_identifiers)
        yield f"{folder}/{stem}.population.csv", _csv(columns, vector.population)


def _document(vector: Vector, stem: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": vector.name,
        "why": vector.why,
        "table": f"{stem}.csv",
        "quasi_identifiers": vector.quasi_identifiers,
    }
    optional = {
        "kinds": vector.kinds,
        "trees": vector.trees,
        "person": vector.person,
        "without_person": vector.without_person,
        "household": vector.household,
        "count": vector.count,
        "population": vector.population is not None and f"{stem}.population.csv",
        "population_person": vector.population_person,
    }
    document |= {key: value for key, value in optional.items() if value}
    promises = [{**promise, "holds": holds(vector, promise)} for promise in vector.promises]
    return document | {"promises": promises}


def _csv(columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell or "" for cell in row] for row in rows)
    return text.getvalue()


def write(folder: Path) -> int:
    """Write all files into a folder, and return how many vectors they are."""
    made = files()
    for path, content in made.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return sum(path.endswith(".json") for path in made)
