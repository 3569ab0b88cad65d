"""What speaks for a domain, and how a share of values becomes a score."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from anon_dagster.detection.profile import Profile


@dataclass(frozen=True, slots=True)
class Evidence:
    """That the values of a column speak for a domain: a score of 0 to 1, and why in words."""

    domain: str
    score: float
    reason: str


Detector = Callable[[Profile], Iterator[Evidence]]
"""Looks at the values of a column, not at its name."""


def ramp(share: float, *, low: float = 0.5, high: float = 0.95) -> float:
    """Return 0 below ``low``, 1 above ``high``, and what lies between in proportion."""
    return min(max((share - low) / (high - low), 0.0), 1.0)


def percent(share: float) -> str:
    """Write a share of 0 to 1 for people; only all is 100 %, and only nothing is 0 %."""
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 0.99999:
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")
