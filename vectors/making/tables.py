"""Tables of classes, and bounds a hair's breadth above and below what they reach."""

import random
from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

from vectors.exact.tables import Cell, Promise, Vector

_DIGITS = 15
"""What a float of 64 bits holds of any decimal number."""


def of_classes(
    name: str,
    why: str,
    classes: Sequence[Sequence[Cell]],
    promises: Iterable[Promise],
    **rest: Any,
) -> Vector:
    """Make a vector of classes, given by the sensitive values of their records."""
    rows = tuple((f"c{i}", value) for i, held in enumerate(classes) for value in held)
    return Vector(name, why, ("group", "value"), rows, ("group",), tuple(promises), **rest)


def of_persons(
    name: str,
    why: str,
    classes: Sequence[Sequence[tuple[Cell, Cell]]],
    promises: Iterable[Promise],
    **rest: Any,
) -> Vector:
    """Make a vector of classes, given by the person and the sensitive value of each record."""
    rows = tuple((who, f"c{i}", value) for i, held in enumerate(classes) for who, value in held)
    columns = ("person", "group", "value")
    kinds = {"person": "text"} | rest.pop("kinds", {})
    told = tuple(promises)
    return Vector(name, why, columns, rows, ("group",), told, kinds=kinds, person="person", **rest)


def of_counts(
    name: str,
    why: str,
    classes: Sequence[dict[str, int]],
    promises: Iterable[Promise],
    **rest: Any,
) -> Vector:
    """Make a vector whose rows stand for many records: a class says how many have each value."""
    rows = tuple(
        (f"c{i}", value, str(count))
        for i, held in enumerate(classes)
        for value, count in held.items()
    )
    columns = ("group", "value", "records")
    return Vector(name, why, columns, rows, ("group",), tuple(promises), count="records", **rest)


def of_sizes(
    name: str, why: str, sizes: Sequence[int], promises: Iterable[Promise], **rest: Any
) -> Vector:
    """Make a vector of classes of so many records, without a sensitive value."""
    rows = tuple((f"c{i}", "x") for i, size in enumerate(sizes) for _ in range(size))
    return Vector(name, why, ("group", "other"), rows, ("group", "other"), tuple(promises), **rest)


def around(bound: Fraction, least: float = 0.0, most: float = float("inf")) -> list[float]:
    """Return the decimal numbers of 15 digits next to a bound: not above it, and not below it."""
    exact = Decimal(bound.numerator), Decimal(bound.denominator)
    near = [
        float(Context(prec=_DIGITS, rounding=rounding).divide(*exact))
        for rounding in (ROUND_FLOOR, ROUND_CEILING)
    ]
    return [b for b in dict.fromkeys(near) if least <= b <= most]


def below(bound: float) -> float:
    """Return the decimal number of 15 digits next below one."""
    return float(Context(prec=_DIGITS).next_minus(Decimal(str(bound))))


def above(bound: float) -> float:
    """Return the decimal number of 15 digits next above one."""
    return float(Context(prec=_DIGITS).next_plus(Decimal(str(bound))))


def random_classes(dice: random.Random, values: Sequence[str]) -> list[list[str]]:
    """Draw two to five classes of one to twelve values, some of them twice, so that there are ties."""
    classes = [dice.choices(values, k=dice.randint(1, 12)) for _ in range(dice.randint(2, 4))]
    if dice.random() < 0.5:
        classes.append(list(dice.choice(classes)))
    return classes


def random_owned(
    dice: random.Random, values: Sequence[str], persons: int
) -> list[list[tuple[str, str]]]:
    """Draw classes of records of few persons, who may be in several classes and have several values."""
    return [
        [(f"p{dice.randrange(persons)}", value) for value in held]
        for held in random_classes(dice, values)
    ]
