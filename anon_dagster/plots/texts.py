"""Texts in pictures: short, on one line, and of letters that XML can hold."""

import unicodedata
from collections.abc import Sequence
from math import isfinite

MISSING = "(missing)"
"""How a missing value reads."""
_JOINERS = "\u200c\u200d"  # by which letters and emoji are made
_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Controls, half letters and what turns the direction of all that follows."""
_LONGEST = 50
_LARGE = 100_000
_SCALES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def readable(text: object, letters: int = _LONGEST) -> str:
    """Return a text as a picture shows it; what is no letter becomes ``�``."""
    whole = str(text)
    short = whole if len(whole) <= letters else whole[: letters - 1] + "…"
    return "".join(map(_shown, short))


def _shown(letter: str) -> str:
    if letter in "\t\n\r":
        return " "
    hidden = letter not in _JOINERS and unicodedata.category(letter) in _UNSHOWN
    return "\ufffd" if hidden else letter


def percent(share: float) -> str:
    """Return a share in percent, with three digits where it is small."""
    if not isfinite(share):
        return "n/a"
    if share in {0, 1}:
        return f"{share:.0%}"
    return f"{100 * share:.3g} %".replace(" ", "") if 0 < share < 0.9995 else f"{share:.2%}"


def brief(numbers: Sequence[float]) -> list[str]:
    """Return numbers as texts that stand side by side: short, and different if these are."""
    if max(map(abs, numbers), default=0) < _LARGE:
        return [f"{number:.5g}" for number in numbers]
    for scale, letter in _SCALES:
        texts = [f"{number / scale:.4g}{letter}" for number in numbers]
        if max(map(abs, numbers)) >= scale and len({*texts}) == len({*numbers}):
            return texts
    return [f"{number:.3g}" for number in numbers]


def count(number: float) -> str:
    """Return how many; a mark where nobody knows."""
    return f"{int(number):,}" if isfinite(number) else "n/a"
