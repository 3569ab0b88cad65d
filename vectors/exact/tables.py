"""A vector as it is stored, and its table as classes of records or of persons."""

import csv
import json
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

Cell = str | None  # None: missing
Value = Hashable
Promise = Mapping[str, Any]
Tree = Mapping[str, Any] | Sequence[str]

MISSING = "missing"
"""The sensitive value of who has none; values of a table are tuples, so it is none of them."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A table, and what somebody promises of it."""

    name: str
    why: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    quasi_identifiers: tuple[str, ...]
    promises: tuple[Promise, ...]
    kinds: Mapping[str, str] = field(default_factory=dict)  # of sensitive columns; else text
    trees: Mapping[str, Tree] = field(default_factory=dict)  # of sensitive columns
    person: str | None = None
    count: str | None = None
    population: tuple[tuple[Cell, ...], ...] | None = None  # over the quasi-identifiers

    def column(self, name: str) -> list[Cell]:
        """Return the cells of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def values(self, name: str) -> list[Value]:
        """Return what the cells of a sensitive column, or of the persons, mean.

        Blanks around the name of a person are none of it: in doubt, two are one.
        """
        kind, cells = self.kinds.get(name, "text"), self.column(name)
        if name == self.person:
            cells = [cell and cell.strip() for cell in cells]
        return [value_of(cell, kind) for cell in cells]

    @property
    def weights(self) -> list[int]:
        """How many records each row stands for."""
        if self.count is None:
            return [1] * len(self.rows)
        return [int(cell or "0") for cell in self.column(self.count)]

    @property
    def labels(self) -> list[tuple[Cell, ...]]:
        """How each row reads in its quasi-identifiers: as text, sign by sign."""
        columns = [self.column(name) for name in self.quasi_identifiers]
        return list(zip(*columns, strict=True)) if columns else [()] * len(self.rows)


def value_of(cell: Cell, kind: str) -> Value:
    """Return what a cell means: equal values are equal, and those of a kind have an order."""
    if cell is None:
        return MISSING
    if kind == "number":
        return (Fraction(cell.strip()),)
    if kind == "date":
        return (date.fromisoformat(cell),)
    return (cell,)


def in_order(values: set[Value]) -> list[Value]:
    """Put values into their order, the missing one last."""
    present: list[Any] = [value for value in values if value != MISSING]
    return [*sorted(present), *([MISSING] if MISSING in values else [])]


def classes_of_records(vector: Vector, attribute: str) -> list[Counter[Value]]:
    """Count the values of an attribute in each class."""
    classes: dict[tuple[Cell, ...], Counter[Value]] = {}
    cells = zip(vector.labels, vector.values(attribute), vector.weights, strict=True)
    for label, value, weight in cells:
        classes.setdefault(label, Counter())[value] += weight
    return list(classes.values())


def classes_of_persons(vector: Vector, attribute: str) -> list[dict[Value, set[Value]]]:
    """Return the values that each person has in each class."""
    assert vector.person is not None, "the vector is about persons"
    classes: dict[tuple[Cell, ...], dict[Value, set[Value]]] = {}
    persons = vector.values(vector.person)
    for label, person, value in zip(vector.labels, persons, vector.values(attribute), strict=True):
        classes.setdefault(label, {}).setdefault(person, set()).add(value)
    return list(classes.values())


def sizes(vector: Vector) -> list[int]:
    """Return how many records, or persons, each class has."""
    counted: Counter[tuple[Cell, ...]] = Counter()
    if vector.person is not None:
        persons = vector.values(vector.person)
        counted.update(label for label, _ in set(zip(vector.labels, persons, strict=True)))
    else:
        for label, weight in zip(vector.labels, vector.weights, strict=True):
            counted[label] += weight
    return list(counted.values())


# -- files ---------------------------------------------------------------------------------


def read_vector(path: Path) -> Vector:
    """Read a vector of its two or three files."""
    document = json.loads(path.read_text(encoding="utf-8"), parse_float=Fraction)
    columns, rows = _read_table(path.parent / document["table"])
    population = document.get("population")
    return Vector(
        name=document["name"],
        why=document["why"],
        columns=columns,
        rows=rows,
        quasi_identifiers=tuple(document["quasi_identifiers"]),
        promises=tuple(document["promises"]),
        kinds=document.get("kinds", {}),
        trees=document.get("trees", {}),
        person=document.get("person"),
        count=document.get("count"),
        population=None if population is None else _read_table(path.parent / population)[1],
    )


def _read_table(path: Path) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return tuple(header), tuple(tuple(cell or None for cell in row) for row in rows)


def leaves_of(tree: Tree, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Give each leaf of a tree with the nodes above it: from below the root down to the leaf."""
    if isinstance(tree, Mapping):
        for name, below in tree.items():
            yield from leaves_of(below, (*above, name))
    else:
        for leaf in tree:
            yield (*above, leaf)
