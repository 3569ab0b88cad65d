"""Of whom records are: how many households a class has, and who has the same records in all."""

from collections import Counter

from vectors.exact.tables import Cell, Value, Vector

Trajectory = frozenset[tuple[tuple[Cell, ...], int]]
"""How the records of a person read, and how many of hers read so."""


def households(vector: Vector) -> list[int]:
    """Return of how many different households each class has records."""
    assert vector.household is not None, "the vector tells households"
    owners = vector.owners(vector.household, vector.column(vector.household))
    pairs = set(zip(vector.labels, owners, strict=True))
    return list(Counter(label for label, _ in pairs).values())


def trajectories(vector: Vector) -> Counter[Trajectory]:
    """Count the persons who have the same records in all: of each class as many."""
    records: dict[Value, Counter[tuple[Cell, ...]]] = {}
    for person, label in zip(vector.persons, vector.labels, strict=True):
        records.setdefault(person, Counter())[label] += 1
    return Counter(frozenset(own.items()) for own in records.values())
