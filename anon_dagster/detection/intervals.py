"""Intervals for a column of numbers, as a rule of a request.

Codes of missing answers, such as 999 or -9, stretch nothing, and are no interval of their own, which
would tell who did not answer: like every value that is no number they go to the branch ``other``.
"""

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders.number import read_number
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.widths import Scale, Spread, enclosing, nice_scale, scale_of
from anon_dagster.request import IntervalRule

_NEARLY_ALL = 0.85  # share of the records whose value a rule must read as a number
_FEWEST = 3  # different numbers that are worth dividing
_OLDEST = 130  # years; what is more, an age is told in months or days
_OLDEST_IN_MONTHS = 12 * _OLDEST
_LIFE = 15  # years that ages span at least, if they are written in years
_AGES = (5, 10, 20, 40)  # years
_YEARS = (5, 10, 20)
_DEGREES = Scale((0.1, 1.0, 10.0))
_MONTHS = Scale((3.0, 6.0), lower=1.0, upper=13.0)


def propose_intervals(profile: Profile, domain: str, *, other: str) -> IntervalRule | None:
    """Return the intervals for a column; ``None`` if they cannot be read, or are hardly any.

    Parameters
    ----------
    domain
        What the column is taken for.
    other
        The label of what is no number, or beyond the bounds where codes of missing answers are.
    """
    written = _written(profile)
    coded = ~np.isnan(written) & np.isnan(profile.numbers)
    real = ~np.isnan(written) & ~coded
    answered = profile.counts[~coded].sum()
    if real.sum() < _FEWEST or profile.counts[real].sum() < _NEARLY_ALL * answered:
        return None
    step = 1.0 if profile.span.whole else 10.0**-profile.span.decimal_places
    spread = Spread.of(written[real], profile.counts[real], step=step)
    scale = _scale(spread, domain)
    if not coded.any():
        return _rule(scale, "group" if scale.bounded else "error", other)
    low, high = enclosing(spread, scale)
    codes = written[coded]
    apart = Scale(
        scale.widths,
        low if codes.min() < spread.least else scale.lower,
        high if codes.max() > spread.most else scale.upper,
    )
    return _rule(apart, "error", other)


def _rule(scale: Scale, outside: str, other: str) -> IntervalRule:
    document = {"lower": scale.lower, "upper": scale.upper, "outside": outside, "other": other}
    return IntervalRule.model_validate({"widths": scale.widths, **document})


def _written(profile: Profile) -> NDArray[np.float64]:
    """Return the values as a rule reads them, (values,); NaN where they are no numbers."""
    read = (read_number(value, decimal=profile.decimal) for value in profile.values)
    return np.array([np.nan if n is None else n[0] / 10.0 ** n[1] for n in read], dtype=float)


def _scale(spread: Spread, domain: str) -> Scale:
    if domain in {"latitude", "longitude"}:
        return _DEGREES
    if domain == "month" and spread.least >= 1 and spread.most <= 12:
        return _MONTHS
    if domain == "year":
        return scale_of(_YEARS, spread)
    if domain == "age" and spread.span >= _LIFE:
        return scale_of([years * _a_year(spread.most) for years in _AGES], spread)
    return nice_scale(spread)


def _a_year(oldest: float) -> int:
    """Return how many units of an age a year has, by the highest: years, months or days."""
    if oldest <= _OLDEST:
        return 1
    return 12 if oldest <= _OLDEST_IN_MONTHS else 365
