"""Every builder value by value, with a label for each at each level: slow, and plain to follow.

What the builders make has to be the same: leaves, levels, labels, their order, and what is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import accumulate, pairwise
from operator import mul
from typing import Any

import numpy as np

from anon_dagster.core.builders import Domain, Mask, read_moment
from anon_dagster.core.builders.number import (
    Number,
    common_places,
    exact,
    plain,
    read_number,
    units,
)
from anon_dagster.core.hierarchy import Hierarchy, Label

Row = tuple[Label, ...]
Rows = list[list[Label]]  # (levels,) of (leaves,)


class Refused(Exception):  # noqa: N818 (no error of the plain builders, but what they find)
    """Raised where a builder has to refuse values."""


# -- from labels to a tree -----------------------------------------------------------------


def grow(
    domain: Domain, readings: Mapping[str, Any], levels: Callable[[list[Any]], Sequence[list[str]]]
) -> Hierarchy:
    rows: Rows = [list(readings)]
    rows += [[*row] for row in levels(list(readings.values()))]
    return complete(domain, rows)


def complete(domain: Domain, rows: Rows) -> Hierarchy:
    leaves = set(rows[0])
    lacking: list[Label] = [v for v in domain.values if v not in leaves and v is not None]
    if lacking and domain.other is None:
        raise Refused
    if len(lacking) > 1 and domain.other in lacking:
        raise Refused
    added: list[tuple[list[Label], list[Label]]] = []
    if lacking:
        added.append((lacking, branch(rows, domain.other)))
    if None in domain.values and None not in leaves:
        added.append(([None], branch(rows, None)))
    values = [*rows[0], *(value for more, _ in added for value in more)]
    above = [
        [*row, *(labels[level] for more, labels in added for _ in more)]
        for level, row in enumerate(rows[1:], start=1)
    ]
    return tree_of([values, *above, ["*"] * len(values)])


def branch(rows: Rows, label: Label) -> list[Label]:
    for level, row in enumerate(rows):
        if label in row:
            leaf = row.index(label)
            return [*[label] * level, *[above[leaf] for above in rows[level:]]]
    return [label] * len(rows)


def tree_of(rows: Rows) -> Hierarchy:
    if len(rows) > 1 and len(set(rows[-1])) == 1:
        rows = rows[:-1]
    if len(set(rows[0])) < len(rows[0]):
        raise Refused
    for nodes, parents in pairwise(rows):
        if len(set(zip(nodes, parents, strict=True))) > len(set(nodes)):
            raise Refused
    labels = [{label: node for node, label in enumerate(dict.fromkeys(row))} for row in rows]
    codes = [[own[label] for label in row] for own, row in zip(labels, rows, strict=True)]
    codes.append([0] * len(rows[0]))
    return Hierarchy(
        np.array(codes, dtype=np.int32).reshape(len(codes), len(rows[0])),
        (*map(tuple, labels), ("*",)),
    )


# -- numbers -------------------------------------------------------------------------------


def numbers_of(domain: Domain) -> dict[str, Number]:
    read = {text: read_number(text, decimal=domain.decimal) for text in domain.texts}
    return {text: number for text, number in read.items() if number is not None}


def by_interval(
    domain: Domain,
    *,
    widths: Sequence[float],
    lower: float | None = None,
    upper: float | None = None,
    outside: str = "error",
) -> Hierarchy:
    numbers = numbers_of(domain)
    bounds = [None if b is None else exact(b) for b in (lower, upper)]
    steps = [exact(width) for width in widths]
    places = common_places([*numbers.values(), *steps, *filter(None, bounds)])
    low, high = (None if b is None else units(b, places) for b in bounds)

    def label(value: int, width: int) -> str:
        if outside == "group" and low is not None and value < low:
            return f"< {plain(low, places)}"
        if outside == "group" and high is not None and value >= high:
            return f">= {plain(high, places)}"
        if outside == "clip":
            value = value if low is None else max(value, low)
            value = value if high is None else min(value, high - 1)
        start = (low or 0) + (value - (low or 0)) // width * width
        end = start + width if high is None else min(start + width, high)
        return f"[{plain(start, places)}, {plain(end, places)})"

    readings = {text: units(number, places) for text, number in numbers.items()}
    if outside == "error":
        readings = {
            text: value
            for text, value in readings.items()
            if (low is None or value >= low) and (high is None or value < high)
        }
    return grow(
        domain,
        readings,
        lambda values: [[label(value, units(step, places)) for value in values] for step in steps],
    )


def by_rounding(domain: Domain, *, steps: Sequence[float]) -> Hierarchy:
    numbers = numbers_of(domain)
    exact_steps = [exact(step) for step in steps]
    places = common_places([*numbers.values(), *exact_steps])

    def levels(values: list[int]) -> list[list[str]]:
        rows = []
        for step in (units(step, places) for step in exact_steps):
            values = [round(Fraction(value, step)) * step for value in values]
            rows.append([plain(value, places).replace(".", domain.decimal) for value in values])
        return rows

    readings = {text: units(number, places) for text, number in numbers.items()}
    return grow(domain, readings, levels)


# -- dates ---------------------------------------------------------------------------------


def by_period(
    domain: Domain, *, levels: Sequence[str], written: str | None = None, until: int | None = None
) -> Hierarchy:
    read = {text: read_moment(text, written, until=until) for text in domain.texts}
    readings = {text: day for text, day in read.items() if day is not None}
    return grow(domain, readings, lambda days: [[*map(PERIODS[each], days)] for each in levels])


def years(day: date, count: int) -> str:
    first = day.year // count * count
    return f"{first:04d}/{first + count - 1:04d}"


PERIODS: dict[str, Callable[[date], str]] = {
    "day": date.isoformat,
    "month": lambda day: f"{day.year:04d}-{day.month:02d}",
    "quarter": lambda day: f"{day.year:04d}-Q{(day.month + 2) // 3}",
    "half_year": lambda day: f"{day.year:04d}-H{(day.month + 5) // 6}",
    "year": lambda day: f"{day.year:04d}",
    "5_years": lambda day: years(day, 5),
    "decade": lambda day: years(day, 10),
    "century": lambda day: years(day, 100),
}


# -- texts ---------------------------------------------------------------------------------


def by_mask(
    domain: Domain,
    *,
    mask: Mask,
    levels: int | None = None,
    per_level: int = 1,
    keep: int | None = None,
) -> Hierarchy:
    readings = {text: mask.pieces(text) for text in domain.texts}
    longest = max(map(len, readings.values()), default=0)
    count = max(longest - 1, 0) // per_level if levels is None else levels
    sizes = range(per_level, per_level * count + 1, per_level)

    def masked(values: list[Sequence[str]]) -> list[list[str]]:
        if keep is not None:
            return [[mask.hide(v, len(v) - (keep if len(v) > keep else 0)) for v in values]]
        return [[mask.hide(value, min(size, len(value))) for value in values] for size in sizes]

    return grow(domain, readings, masked)


# -- groups --------------------------------------------------------------------------------


def by_order(
    domain: Domain, *, sizes: Sequence[int], order: Sequence[str] | None = None
) -> Hierarchy:
    ordered = domain.in_order if order is None else list(order)
    places = {text: place for place, text in enumerate(ordered)}

    def span(start: int, size: int) -> str:
        first, last = ordered[start], ordered[min(start + size, len(ordered)) - 1]
        return first if first == last else f"{first} .. {last}"

    def groups(of_values: list[int]) -> list[list[str]]:
        return [
            [span(rank - rank % size, size) for rank in of_values]
            for size in accumulate(sizes, mul)
        ]

    return grow(domain, {text: places[text] for text in domain.texts if text in places}, groups)


def by_frequency(domain: Domain, *, keep: Sequence[int], rest: str = "other") -> Hierarchy:
    assert domain.counts is not None
    counts = dict(zip(domain.values, domain.counts.tolist(), strict=True))
    ranked = sorted(domain.texts, key=lambda text: (-counts[text], text))
    ranks = {text: rank for rank, text in enumerate(ranked)}
    if rest in ranks and any(text != rest for text in ranked[min(keep) :]):
        raise Refused

    def joined(texts: list[str]) -> list[list[str]]:
        return [[text if ranks[text] < kept else rest for text in texts] for kept in keep]

    return grow(domain, {text: text for text in domain.texts}, joined)


# -- trees ---------------------------------------------------------------------------------


def from_rows(domain: Domain, rows: Sequence[Row], *, numeric: bool = False) -> Hierarchy:
    if "" not in domain.values:
        rows = [tuple(label or None for label in row) for row in rows]
    ended = [without_root(row) for row in rows]
    depth = max(map(len, ended), default=1)
    root = ("*",) if any(row[1:] and row[-1] == "*" for row in rows) else ()
    rows = [row[:1] * (depth - len(row)) + row + root for row in ended]
    refuse_faults(rows, ragged=len(set(map(len, ended))) > 1)
    rows = matched(domain, rows) if numeric else rows
    levels: Rows = [list(level) for level in zip(*rows, strict=True)] or [[]]
    if len(levels) > 1 and len(set(levels[-1])) == 1:
        levels.pop()
    return complete(domain, levels)


def without_root(row: Row) -> Row:
    while len(row) > 1 and row[-1] in {"*", None}:
        row = row[:-1]
    return row


def refuse_faults(rows: Sequence[Row], *, ragged: bool) -> None:
    levels = [*zip(*rows, strict=True)]
    if levels and len(set(levels[0])) < len(rows):
        raise Refused
    for labels, parents in pairwise(levels[1:]):
        if len(set(zip(labels, parents, strict=True))) > len(set(labels)):
            raise Refused
    above: dict[Label, Row] = {}
    for row in rows if ragged else ():
        for level, label in enumerate(row[1:], 1):
            repeated = label == row[0] or row[level + 1 : level + 2] == (label,)
            if not repeated and above.setdefault(label, row[level + 1 :]) != row[level + 1 :]:
                raise Refused


def matched(domain: Domain, rows: Sequence[Row]) -> list[Row]:
    exactly = {row[0] for row in rows}
    written: dict[Fraction, list[str]] = {}
    for text, (count, places) in numbers_of(domain).items():
        if text not in exactly:
            written.setdefault(Fraction(count) / Fraction(10) ** places, []).append(text)
    spelled = []
    for row in rows:
        number = None if row[0] is None else read_number(row[0])
        leaves: Sequence[Label] = [row[0]]
        if row[0] not in domain.values and number is not None:
            value = Fraction(number[0]) / Fraction(10) ** number[1]
            leaves = written.get(value, leaves)
        spelled += [(leaf, *row[1:]) for leaf in leaves]
    return spelled


# -- labels that read like values ----------------------------------------------------------


def confused(domain: Domain, hierarchy: Hierarchy) -> set[Label]:
    """Return the values that a label reads like without covering them."""
    present, leaves = set(domain.values), {v: leaf for leaf, v in enumerate(hierarchy.labels[0])}
    return {
        label
        for codes, labels in zip(hierarchy.codes[1:-1], hierarchy.labels[1:-1], strict=True)
        for node, label in enumerate(labels)
        if label in present and codes[leaves[label]] != node
    }
