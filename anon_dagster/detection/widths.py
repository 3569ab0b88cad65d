"""Widths of intervals, and where they end, from how the numbers of a column are spread."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet

_MOST_INTERVALS = 40
"""Of the first level, between the bounds; what lies beyond is joined."""
_IN_BULK = 12
"""Intervals of the first level that eight of ten records are spread over, about."""
_MOST_LEVELS = 3
_FEW_INTERVALS = 10
"""Up to so many the widths double, so that each level halves them."""
_CLOSE = 1e-9
"""Relative distance of floats that are meant to be equal."""
_TAIL = 0.05
"""Share of the records that may lie beyond the bounds on either side."""


@dataclass(frozen=True, slots=True)
class Spread(Discreet):
    """How the numbers of a column lie: codes of missing answers play no part."""

    least: float
    most: float
    bulk: float
    """The width of the middle eight tenths of the records."""
    low: float
    """Below it lies one record in twenty at most."""
    high: float
    """Above it lies one record in twenty at most."""
    step: float
    """The unit that they are written in: 1 of whole numbers, 0.01 of hundredths."""

    @classmethod
    def of(
        cls, numbers: NDArray[np.float64], counts: NDArray[np.int64], *, step: float
    ) -> "Spread":
        """Describe distinct numbers, (numbers,), each with its records, (numbers,)."""
        order = np.argsort(numbers)
        numbers, counts = numbers[order], counts[order]
        bulk = _between(numbers, counts, 0.1)
        if bulk == 0:  # most records have the same number: the others tell how far apart they lie
            bulk = _between(numbers, np.ones_like(counts), 0.1)
        low, high = _ends(numbers, counts, _TAIL)
        return cls(float(numbers[0]), float(numbers[-1]), bulk, low, high, step)

    @property
    def span(self) -> float:
        """From the least to the most."""
        return self.most - self.least


def _between(numbers: NDArray[np.float64], counts: NDArray[np.int64], tail: float) -> float:
    low, high = _ends(numbers, counts, tail)
    return high - low


def _ends(
    numbers: NDArray[np.float64], counts: NDArray[np.int64], tail: float
) -> tuple[float, float]:
    """Return the numbers below and above which a share of the records lies, at most."""
    running = np.cumsum(counts)
    low = int(np.searchsorted(running, tail * running[-1], side="right"))
    high = int(np.searchsorted(running, (1 - tail) * running[-1], side="left"))
    return float(numbers[min(low, len(numbers) - 1)]), float(numbers[high])


@dataclass(frozen=True, slots=True)
class Scale(Discreet):
    """Intervals of a column: a width per level, and what lies beyond them."""

    widths: tuple[float, ...]
    """Each a whole multiple of the one before it."""
    lower: float | None = None
    """Below it numbers are joined; ``None``: nowhere."""
    upper: float | None = None
    """From it on numbers are joined."""

    @property
    def bounded(self) -> bool:
        """Whether anything is joined beyond a bound."""
        return self.lower is not None or self.upper is not None


def nice_scale(spread: Spread) -> Scale:
    """Return intervals that a person would write: 1, 2 or 5 times a power of ten wide.

    Eight of ten records lie in about twelve of the first level, and at most forty lie between the
    bounds; beyond those there are few records, which are joined. Each width is a whole multiple of
    the one before it.
    """
    first = _first_width(spread)
    widths = tuple(_growing(first, spread.high - spread.low or spread.span))
    if _reaches((_MOST_INTERVALS - 1) * first, spread.span):
        return Scale(widths)
    return _bounded(spread, widths)


def scale_of(widths: Sequence[float], spread: Spread) -> Scale:
    """Return intervals of widths that a domain says, as many as numbers lie apart."""
    fitting = tuple(width for width in widths if not _reaches(width, spread.span))
    return Scale(fitting or tuple(widths[:1]))


def enclosing(spread: Spread, scale: Scale) -> tuple[float, float]:
    """Return bounds that all numbers lie between: multiples of the largest width that fits."""
    width = scale.widths[-1]
    low = scale.lower if scale.lower is not None else _floor(spread.least, width)
    high = scale.upper if scale.upper is not None else _floor(spread.most, width) + width
    return low, _rounded(high)


def _first_width(spread: Spread) -> float:
    """Return the first width: no label tells as much as the value, and two intervals are needed."""
    reach = (spread.high - spread.low) / (_MOST_INTERVALS - 2)
    wanted = max(spread.bulk / _IN_BULK, reach, 2 * spread.step)
    series = list(_series(wanted))
    nearest = next(width for width in series if _reaches(width, wanted))
    smaller = [w for w in series if _reaches(w, 2 * spread.step) and _reaches(spread.span, 2 * w)]
    return nearest if not _reaches(nearest, spread.span) or not smaller else smaller[-1]


def _series(about: float) -> Iterator[float]:
    """Yield 1, 2 and 5 times powers of ten, from two powers below a number to two above."""
    power = math.floor(math.log10(about))
    for exponent in range(power - 2, power + 3):
        for digit in (1, 2, 5):
            yield float(f"{digit}e{exponent}")


def _growing(first: float, span: float) -> Iterator[float]:
    """Yield widths below a span, each a multiple of the one before it."""
    width = first
    yield width
    few = _reaches(_FEW_INTERVALS * first, span)
    for _ in range(_MOST_LEVELS - 1):
        width = _rounded(2 * width) if few else _next(width)
        if _reaches(width, span):
            return
        yield width


def _next(width: float) -> float:
    """Return the next of 1, 2, 5, 10 … that is a whole multiple."""
    wider = (w for w in _series(width) if not _reaches(width, w))
    return next(w for w in wider if abs(w / width - round(w / width)) < _CLOSE)


def _bounded(spread: Spread, widths: tuple[float, ...]) -> Scale:
    """Set a bound on the side where the intervals are too many, or on both."""
    first, last = widths[0], widths[-1]
    least, most = _floor(spread.least, first), _floor(spread.most, first) + first
    low, high = _floor(spread.low, first), _floor(spread.high, first) + first
    room = _MOST_INTERVALS * first
    if _reaches(room, high - least):
        return Scale(widths, None, _inside(high, least + room, last))
    if _reaches(room, most - low):
        return Scale(widths, -_inside(-low, room - most, last), None)
    spare = (room - (high - low)) / 2
    return Scale(widths, -_inside(-low, spare - low, last), _inside(high, high + spare, last))


def _inside(low: float, high: float, width: float) -> float:
    """Return a multiple of a width between two numbers if there is one, or else the first."""
    multiple = _floor(high, width)
    return multiple if multiple >= low - _CLOSE * width else _rounded(low)


def _reaches(number: float, other: float) -> bool:
    """Tell whether a number is at least another one, but for what floats lack."""
    return number >= other * (1 - _CLOSE)


def _floor(number: float, width: float) -> float:
    return _rounded(math.floor(number / width + _CLOSE) * width)


def _rounded(number: float) -> float:
    """Return a number without what floats add behind its twelfth digit."""
    return float(f"{number:.12g}")
