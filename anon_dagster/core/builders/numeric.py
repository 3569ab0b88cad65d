"""Numbers: half-open intervals, and rounding. Computed in whole units, hence exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from anon_dagster.core.builders.domain import Domain, grow
from anon_dagster.core.builders.number import Number, common_places, exact, plain, units
from anon_dagster.core.hierarchy import Hierarchy

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
    numbers = domain.numbers()
    bounds = [None if b is None else exact(b) for b in (lower, upper)]
    steps = [exact(width) for width in widths]
    places = common_places([*numbers.values(), *steps, *filter(None, bounds)])
    low, high = (None if b is None else units(b, places) for b in bounds)
    grid = _Grid(low, high, outside, places)
    readings = {text: units(number, places) for text, number in numbers.items()}
    if outside == "error":
        readings = {text: unit for text, unit in readings.items() if grid.holds(unit)}
    return grow(
        domain,
        readings,
        lambda values: [grid.labels(values, units(step, places)) for step in steps],
        remedy=_remedy(domain, numbers),
    )


def _remedy(domain: Domain, numbers: Mapping[str, Number]) -> str:
    """Say what can be done about values that have no interval."""
    strays = len(domain.texts) - len(numbers)
    if not strays:
        return "they lie outside the bounds: widen these, or say what happens outside"
    which = "these" if strays == len(domain.texts) else f"{strays} of the column's values"
    return (
        f"{which} are no numbers (with the decimal mark {domain.decimal}): take another type of "
        "hierarchy"
    )


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where intervals start and end, in units of 10⁻ᵖ, p being the places."""

    lower: int | None
    upper: int | None
    outside: Outside
    places: int

    def holds(self, value: int) -> bool:
        return not (self._below(value) or self._above(value))

    def labels(self, values: list[int], width: int) -> list[str]:
        """Name the interval of each value, (values,)."""
        start = self.lower or 0
        cells = [(self._moved(value) - start) // width for value in values]
        names = {cell: self._name(start + cell * width, width) for cell in set(cells)}
        return [
            names[cell] if self.outside != "group" else self._group(value) or names[cell]
            for value, cell in zip(values, cells, strict=True)
        ]

    def _below(self, value: int) -> bool:
        return self.lower is not None and value < self.lower

    def _above(self, value: int) -> bool:
        return self.upper is not None and value >= self.upper

    def _moved(self, value: int) -> int:
        if self.outside != "clip":
            return value
        raised = value if self.lower is None else max(value, self.lower)
        return raised if self.upper is None else min(raised, self.upper - 1)

    def _name(self, start: int, width: int) -> str:
        end = start + width if self.upper is None else min(start + width, self.upper)
        return f"[{plain(start, self.places)}, {plain(end, self.places)})"

    def _group(self, value: int) -> str | None:
        if self.lower is not None and value < self.lower:
            return f"< {plain(self.lower, self.places)}"
        if self.upper is not None and value >= self.upper:
            return f">= {plain(self.upper, self.places)}"
        return None


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
    numbers = domain.numbers()
    exact_steps = [exact(step) for step in steps]
    ratios = [Fraction(str(b)) / Fraction(str(a)) for a, b in pairwise(steps)]
    assert all(r.denominator == 1 and r % 2 for r in ratios), "the request was checked"
    places = common_places([*numbers.values(), *exact_steps])

    def levels(values: list[int]) -> list[list[str]]:
        rows = []
        for step in exact_steps:
            values = [_rounded(value, units(step, places)) for value in values]
            names = {value: _written(value, places, domain.decimal) for value in set(values)}
            rows.append([names[value] for value in values])
        return rows

    readings = {text: units(number, places) for text, number in numbers.items()}
    return grow(domain, readings, levels, remedy=_remedy(domain, numbers))


def _rounded(value: int, step: int) -> int:
    whole, rest = divmod(value, step)
    up = 2 * rest > step or (2 * rest == step and whole % 2 == 1)
    return (whole + up) * step


def _written(value: int, places: int, decimal: str) -> str:
    return plain(value, places).replace(".", decimal)
