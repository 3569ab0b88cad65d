"""Numbers: half-open intervals, and rounding. Computed in whole units, hence exactly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders.arrangement import Arrangement
from anon_dagster.core.builders.domain import Domain, grow
from anon_dagster.core.builders.number import exact, plain, units
from anon_dagster.core.builders.numbers import Numbers, Units, readable
from anon_dagster.core.hierarchy import Hierarchy, Level
from anon_dagster.discreet import Discreet

Outside = Literal["error", "group", "clip"]


def by_interval(
    domain: Domain,
    *,
    widths: Sequence[float],
    lower: float | None = None,
    upper: float | None = None,
    outside: Outside = "error",
) -> Hierarchy:
    """Generalize numbers to half-open intervals ``[a, b)``, a width per level.

    The label of a value depends on nothing but the value and the rule. Labels use the decimal
    point, whatever mark the values use.

    Parameters
    ----------
    widths
        (levels - 2,); each a whole multiple of the one before it.
    lower, upper
        The first bound is where the intervals start; without it they start at the multiples of
        the width. The last interval ends at ``upper``, which lies outside.
    outside
        Beyond the bounds: values that the hierarchy lacks, a group of its own per side (``< 0``,
        ``>= 100``), or the outermost interval.

    Raises
    ------
    HierarchyError
        If values are no numbers or lie outside, and neither ``outside`` nor the domain's
        ``other`` says what becomes of them.
    """
    numbers = Numbers.of(domain.texts, decimal=domain.decimal)
    bounds = [None if b is None else exact(b) for b in (lower, upper)]
    steps = [exact(width) for width in widths]
    places = numbers.common_places([*steps, *filter(None, bounds)])
    low, high = (None if b is None else units(b, places) for b in bounds)
    sizes = [units(step, places) for step in steps]
    values = numbers.in_units(places, [*sizes, low or 0, high or 0])
    grid, known = _Grid(low, high, outside, places), numbers.known
    if outside == "error":
        inside = grid.holds(values)
        known, values = known.copy(), values[inside]
        known[numbers.known] = inside
    arranged = Arrangement.by(values)
    levels = [
        arranged.level(grid.cells(values, size), partial(grid.names, width=size)) for size in sizes
    ]
    return grow(domain, known, levels, remedy=_remedy(domain, numbers))


def _remedy(domain: Domain, numbers: Numbers) -> str:
    """Say what can be done about values that have no interval."""
    strays = int((~numbers.known).sum())
    if not strays:
        return "they lie outside the bounds: widen these, or say what happens outside"
    which = "these" if strays == len(domain.texts) else f"{strays} of the column's values"
    return (
        f"{which} are no numbers (with the decimal mark {domain.decimal}): take another type of "
        "hierarchy"
    )


@dataclass(frozen=True, slots=True)
class _Grid(Discreet):
    """Where intervals start and end, in units of 10⁻ᵖ, p being the places."""

    lower: int | None
    upper: int | None
    outside: Outside
    places: int

    def holds(self, values: Units) -> NDArray[np.bool_]:
        """Tell which values, (values,), lie between the bounds."""
        inside = np.ones(len(values), dtype=np.bool_)
        if self.lower is not None:
            inside &= values >= self.lower
        if self.upper is not None:
            inside &= values < self.upper
        return inside

    def cells(self, values: Units, width: int) -> Units:
        """Return the interval of each value, (values,), counted from the first bound.

        What lies outside is in a cell of its own per side, if it is a group.
        """
        if self.outside == "clip":
            values = values if self.lower is None else np.maximum(values, self.lower)
            values = values if self.upper is None else np.minimum(values, self.upper - 1)
        cells = (values - (self.lower or 0)) // width
        if self.outside == "group":
            if self.upper is not None:
                cells = np.where(values >= self.upper, self._behind(width, self.upper), cells)
            if self.lower is not None:
                cells = np.where(values < self.lower, -1, cells)
        return cells

    def names(self, cells: Units, *, width: int) -> list[str]:
        """Name cells, (cells,)."""
        starts = (self.lower or 0) + cells * width
        ends = starts + width if self.upper is None else np.minimum(starts + width, self.upper)
        pairs = zip(readable(starts, self.places), readable(ends, self.places), strict=True)
        names = [f"[{start}, {end})" for start, end in pairs]
        if self.outside == "group":
            for cell, name in self._sides(width):
                for at in np.flatnonzero(cells == cell).tolist():
                    names[at] = name
        return names

    def _behind(self, width: int, upper: int) -> int:
        """Return the cell of what lies above the last interval."""
        return (upper - 1 - (self.lower or 0)) // width + 1

    def _sides(self, width: int) -> Iterator[tuple[int, str]]:
        """Give the cells of what lies outside, and their names."""
        if self.lower is not None:
            yield -1, f"< {plain(self.lower, self.places)}"
        if self.upper is not None:
            yield self._behind(width, self.upper), f">= {plain(self.upper, self.places)}"


def by_rounding(domain: Domain, *, steps: Sequence[float]) -> Hierarchy:
    """Round numbers to the nearest multiple of a step per level.

    A number half-way between two multiples of the first step goes to the even one, and at the
    other levels where that one goes. So every label has one parent, and no number is farther than
    half a step from what it becomes. The label of a value depends on nothing but the value and the
    rule.

    Parameters
    ----------
    steps
        (levels - 2,); each an odd multiple of the one before it: then a middle between two
        multiples of the larger step is one of the smaller step as well, and no multiple of the
        smaller step lies half-way between two of the larger.

    Raises
    ------
    HierarchyError
        If values are no numbers and the domain has no branch ``other``.
    """
    numbers = Numbers.of(domain.texts, decimal=domain.decimal)
    exact_steps = [exact(step) for step in steps]
    ratios = [Fraction(str(b)) / Fraction(str(a)) for a, b in pairwise(steps)]
    assert all(r.denominator == 1 and r % 2 for r in ratios), "the request was checked"
    places = numbers.common_places(exact_steps)
    sizes = [units(step, places) for step in exact_steps]
    values = numbers.in_units(places, sizes)
    arranged, levels = Arrangement.by(values), list[Level]()
    for size in sizes:
        values = _rounded(values, size)
        levels.append(arranged.level(values, partial(_written, domain.decimal, places)))
    return grow(domain, numbers.known, levels, remedy=_remedy(domain, numbers))


def _rounded(values: Units, step: int) -> Units:
    whole = values // step
    rest = values - whole * step
    up = (2 * rest > step) | ((2 * rest == step) & (whole % 2 == 1))
    nearest: Units = (whole + up) * step
    return nearest


def _written(decimal: str, places: int, values: Units) -> list[str]:
    return [str(number).replace(".", decimal) for number in readable(values, places)]
