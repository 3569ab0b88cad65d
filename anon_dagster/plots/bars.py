"""Pairs of bars, source above release, each pair under its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from anon_dagster.plots import style
from anon_dagster.plots.canvas import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAME, _BAR, _GAP, _HEAD, _FOOT = 16, 11, 2, 56, 8
_RIGHT = 92  # for what is written behind the bars


@dataclass(frozen=True, slots=True)
class Pair:
    """A name, a bar for the source and one for the release, and what is written behind each."""

    name: str
    source: float | None
    """``None``: there is none beside the release."""
    release: float
    shown: tuple[str, str]
    is_share: bool = False
    """Whether the release is compared with the whole width, if there is no source."""

    @property
    def height(self) -> float:
        """How much room it takes."""
        return _NAME + (1 if self.source is None else 2) * (_BAR + _GAP) + 5


def height_of(pairs: Sequence[Pair], *, rest: str = "") -> float:
    """Return how high a sheet with such pairs is."""
    return _HEAD + sum(pair.height for pair in pairs) + (18 if rest or not pairs else 0) + _FOOT


def paint(
    sheet: Sheet,
    pairs: Sequence[Pair],
    *,
    longest: float,
    limit: float | None = None,
    rest: str = "",
) -> None:
    """Draw pairs of bars.

    Parameters
    ----------
    longest
        The number that fills the width.
    limit
        What should not be exceeded, a number: a dashed line.
    rest
        What is said below of those that have no bars.
    """
    axes = sheet.pixels()
    if not pairs or any(pair.source is not None or pair.is_share for pair in pairs):
        legend(sheet, axes, 34)
    width = style.WIDTH - style.MARGIN - _RIGHT
    top: float = _HEAD
    for pair in pairs:
        sheet.write(axes, style.MARGIN, top + 11, pair.name)
        aside = limit is not None or (pair.source is None and pair.is_share)
        _bars(sheet, axes, pair, _Where(top + _NAME, width, longest or 1, aside=aside))
        if limit is not None and limit <= longest:
            at = style.MARGIN + width * limit / (longest or 1)
            ends = [top + _NAME - 2, top + pair.height - 3]
            axes.plot([at, at], ends, color=style.LIMIT, dashes=(3, 2), linewidth=1.2)
        top += pair.height
    said = rest if pairs else "nothing to show"
    sheet.write(axes, style.MARGIN, top + 11, said, color=style.QUIET)


@dataclass(frozen=True, slots=True)
class _Where:
    """Where a pair of bars is, and how wide a bar of which number."""

    top: float
    width: float
    longest: float
    aside: bool
    """Whether the numbers stand in a column beside all bars."""


def _bars(sheet: Sheet, axes: "Axes", pair: Pair, where: "_Where") -> None:
    """Draw the bars of a pair, and what they stand for."""
    y, width, longest = where.top, where.width, where.longest
    if pair.source is None and pair.is_share:
        axes.barh(y, width, _BAR, left=style.MARGIN, align="edge", **style.WHOLE_STYLE)
    numbers = zip((pair.source, pair.release), pair.shown, style.TABLES.values(), strict=True)
    for number, shown, look in numbers:
        if number is not None:
            long = _length(number, width / longest)
            if long:
                axes.barh(y, long, _BAR, left=style.MARGIN, align="edge", **look)
            at = style.MARGIN + (width if where.aside else long) + 5
            sheet.write(axes, at, y + _BAR - 2, shown, fontsize=style.SMALL)
            y += _BAR + _GAP


def _length(number: float, scale: float) -> float:
    """Return how long a bar is: what is little is more than nothing."""
    return max(number * scale, 1.0) if isfinite(number) and number > 0 else 0.0


def legend(sheet: Sheet, axes: "Axes", y: float, *, left: float = style.MARGIN) -> None:
    """Say which bars are whose."""
    for place, (name, look) in enumerate(style.TABLES.items()):
        at = left + 90 * place
        axes.barh(y, 18, _BAR, left=at, align="edge", **look)
        sheet.write(axes, at + 24, y + _BAR - 2, name, fontsize=style.SMALL)
