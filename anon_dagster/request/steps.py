"""Which widths of intervals, and which steps of rounding, make a tree; what to write otherwise."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise


def require_nested_widths(widths: Sequence[float]) -> None:
    """Raise a ValueError unless each width is a whole multiple of the one before it."""
    for narrow, wide in pairwise(widths):
        if not _nests(narrow, wide):
            raise ValueError(
                "each width must be a whole multiple of the one before it, so that no interval is "
                f"cut in two: {_plain(wide)} is none of {_plain(narrow)}; "
                f"{_instead(widths, narrow, wide)}"
            )


def require_nested_steps(steps: Sequence[float]) -> None:
    """Raise a ValueError unless each step is an odd multiple of the one before it.

    Numbers that one step rounds alike must not be rounded apart by a larger one. The middle
    between two multiples of the larger step is where they part, so it has to be a middle between
    two multiples of the smaller step as well: their ratio is an odd number.
    """
    for small, large in pairwise(steps):
        ratio = _exact(large) / _exact(small)
        if ratio <= 1 or ratio.denominator != 1 or ratio % 2 == 0:
            raise ValueError(
                f"each step must be an odd multiple of the one before it: {_plain(large)} is none "
                f"of {_plain(small)}, so that numbers with the same nearest multiple of "
                f"{_plain(small)} have several of {_plain(large)}; write {_odd_multiples(small)} "
                "after it, or a single step, or intervals (type: interval)"
            )


def _nests(narrow: float, wide: float) -> bool:
    ratio = _exact(wide) / _exact(narrow)
    return ratio > 1 and ratio.denominator == 1


def _instead(widths: Sequence[float], narrow: float, wide: float) -> str:
    """Name the widths that may stay together with either of two that do not nest."""
    growing = sorted(set(widths))
    kept = []
    for first in (narrow, wide):
        chosen: list[float] = []
        before = [width for width in growing if width < first and _nests(width, first)]
        for width in [*before, first, *(width for width in growing if width > first)]:
            if not chosen or _nests(chosen[-1], width):
                chosen.append(width)
        shown = f"[{', '.join(map(_plain, chosen))}]"
        if shown not in kept:
            kept.append(shown)
    return f"write {' or '.join(kept)}"


def _odd_multiples(step: float) -> str:
    exact = Decimal(str(step))
    return f"{_text(exact * 3)}, {_text(exact * 5)} or {_text(exact * 7)}"


def _exact(number: float) -> Fraction:
    return Fraction(str(number))


def _plain(number: float) -> str:
    return _text(Decimal(str(number)))


def _text(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
