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
    without_person: str | None = None  # together or own: what records without one are taken for
    household: str | None = None
    count: str | None = None
    population: tuple[tuple[Cell, ...], ...] | None = None  # over the quasi-identifiers
    population_person: str | None = None
    """The column that tells whose a record of the population is, before the quasi-identifiers."""

    def column(self, name: str) -> list[Cell]:
        """Return the cells of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def values(self, name: str) -> list[Value]:
        """Return what the cells of a sensitive column mean."""
        kind = self.kinds.get(name, "text")
        return [value_of(cell, kind) for cell in self.column(name)]

    @property
    def persons(self) -> list[Value]:
        """Whose each record is."""
        assert self.person is not None, "the vector is about persons"
        return self.owners(self.person, self.column(self.person))

    def owners(self, name: str, cells: Sequence[Cell]) -> list[Value]:
        """Return the persons, or households, that cells of a column name.

        Blanks around a name are none of it: in doubt, two are one. Records that name nobody are all
        of one, or each of one of its own.
        """
        kind = self.kinds.get(name, "text")
        owners = [value_of(cell and cell.strip(), kind) for cell in cells]
        if self.without_person == "own":
            return [(MISSING, i) if who == MISSING else who for i, who in enumerate(owners)]
        assert self.without_person or MISSING not in owners, "a record names nobody"
        return owners

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
    classes: dict[tuple[Cell, ...], dict[Value, set[Value]]] = {}
    values = vector.values(attribute)
    for label, person, value in zip(vector.labels, vector.persons, values, strict=True):
        classes.setdefault(label, {}).setdefault(person, set()).add(value)
    return list(classes.values())


def sizes_by_label(vector: Vector) -> Counter[tuple[Cell, ...]]:
    """Return how many records, or persons, read so."""
    counted: Counter[tuple[Cell, ...]] = Counter()
    if vector.person is not None:
        counted.update(label for label, _ in set(zip(vector.labels, vector.persons, strict=True)))
    else:
        for label, weight in zip(vector.labels, vector.weights, strict=True):
            counted[label] += weight
    return counted


def sizes(vector: Vector) -> list[int]:
    """Return how many records, or persons, each class has."""
    return list(sizes_by_label(vector).values())


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
        without_person=document.get("without_person"),
        household=document.get("household"),
        count=document.get("count"),
        population=None if population is None else _read_table(path.parent / population)[1],
        population_person=document.get("population_person"),
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
