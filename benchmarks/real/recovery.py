"""Which generalized columns the published ones give back, by brute force.

It knows nothing of the project's own examination, and finds less: only relations that hold for
nearly all of the records that they speak of, and that chance does not bring about. What it finds is
beyond doubt, so an examination that does not tell it has missed something.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.real.joining import Joined

HOLDS = 0.99
"""The share of records for which a relation must hold."""
LEAVES = 0.9
"""A label that tells the values of more than this share of its records leaves nothing to tell."""
LEAST = 50
"""Records that a relation must speak of."""
MOST = 2_000
"""Records of a generalized column that are looked at, drawn from all."""
_CONTROLS = 10
_DICE = 7

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Published columns that tell of records what a generalized one does not."""

    protected: str
    columns: tuple[str, ...]
    relation: str
    records: int
    """Of which the label says less than the columns do."""


@dataclass(frozen=True, slots=True, eq=False)
class _Protected:
    """A generalized column: a relation must hold for all of its values, hidden ones or not."""

    name: str
    rows: NDArray[np.intp]  # those that are looked at, of all that have a value
    truth: Codes  # (rows,)
    labels: Codes  # (rows,)
    hidden: Flags  # (rows,), whether the label is not the value
    numbers: Floats | None  # (rows,); NaN where a value is none
    texts: pd.Series  # (rows,)
    weight: float
    """Records for a row."""

    def told_of(self, rows: Flags) -> int:
        """Count the records whose label leaves something open, of rows that a relation tells."""
        told = rows & self.hidden
        if told.sum() < max(LEAST, 0.01 * len(rows)):
            return 0
        if _told_by_mode(self.truth[told], self.labels[told]) > LEAVES:
            return 0
        return round(int(told.sum()) * self.weight)


def recoveries(joined: Joined) -> Iterator[Recovery]:
    """Look for every generalized column that others give back; the simplest relation is told."""
    numeric = {
        str(name): numbers
        for name in joined.release
        if (numbers := _numbers(joined.release[name])) is not None
    }
    for name in joined.generalized:
        protected = _protected(joined, name)
        if not protected.told_of(np.ones(len(protected.rows), np.bool_)):
            continue
        single = []
        for other in joined.release.columns.drop(name):
            found = _one_column(protected, joined.release[other], numeric.get(other))
            if found:
                single.append(Recovery(name, (str(other),), *found))
        yield from single
        left = {
            other: numbers[protected.rows]
            for other, numbers in numeric.items()
            if other != name and other not in {found.columns[0] for found in single}
        }
        yield from _two_columns(protected, left)


def _protected(joined: Joined, name: str) -> _Protected:
    """Return a generalized column, or so many of its rows as are looked at."""
    values, labels = joined.source[name], joined.release[name]
    known = np.flatnonzero(values != "")
    rows = known
    if len(rows) > MOST:
        rows = np.sort(np.random.default_rng(_DICE).choice(rows, MOST, replace=False))
    texts, own = values.iloc[rows], labels.iloc[rows]
    return _Protected(
        name,
        rows,
        _codes(texts),
        _codes(own),
        (texts != own).to_numpy(),
        _numbers(texts),
        texts,
        len(known) / max(len(rows), 1),
    )


# -- one column --------------------------------------------------------------------------------


def _one_column(
    protected: _Protected, labels: pd.Series, numbers: Floats | None
) -> tuple[str, int] | None:
    """Return the relation of a published column to a generalized one, and its records."""
    published = labels.iloc[protected.rows]
    if numbers is not None:
        own = numbers[protected.rows]
        if _is_monotone(protected, own):
            records = protected.told_of(_both_known(protected, own))
            return (_kind(protected, own), records) if records else None
    part = _date_part(protected, published)
    if part:
        return part
    records = _function(protected, _codes(published), (published != "").to_numpy())
    return ("one-column function", records) if records else None


def _function(protected: _Protected, given: Codes, told: Flags) -> int:
    """Count the records whose value follows from what they share with another one."""
    shared = told & (np.bincount(given)[given] >= 2)
    if shared.sum() < max(LEAST, 0.5 * told.sum()):
        return 0
    given, truth, labels = given[shared], protected.truth[shared], protected.labels[shared]
    if _told_by_mode(truth, given) < HOLDS:
        return 0
    dice = np.random.default_rng(_DICE)
    for _ in range(_CONTROLS):
        if _told_by_mode(_shuffled_within(truth, labels, dice), given) > LEAVES:
            return 0
    return protected.told_of(shared)


def _is_monotone(protected: _Protected, given: Floats) -> bool:
    """Tell whether values only rise, or only fall, as another column rises."""
    finite = _both_known(protected, given)
    if finite.sum() < max(LEAST, 0.5 * len(given)):
        return False
    given, truth = given[finite], protected.truth[finite]
    numbers = None if protected.numbers is None else protected.numbers[finite]
    if numbers is None and len(truth) < 5 * len(np.unique(truth)):
        return False  # words that differ in nearly every record can be put into any order
    dice = np.random.default_rng(_DICE)
    chance = []
    for _ in range(_CONTROLS):
        order = dice.permutation(len(given))
        chance.append(_disorder(given, truth[order], None if numbers is None else numbers[order]))
    expected = float(np.mean(chance))
    return expected >= 20 and _disorder(given, truth, numbers) <= (1 - HOLDS) * expected


def _disorder(given: Floats, truth: Codes, numbers: Floats | None) -> int:
    """Count what keeps values from only rising, or only falling, as another column rises."""
    rising = _ranked(truth, given) if numbers is None else numbers
    return min(_falls(given, rising), _falls(given, -rising))


def _falls(given: Floats, values: Floats) -> int:
    """Count falls in the order of what is given, and records whose given has another value, too."""
    order = np.lexsort((values, given))
    given, values = given[order], values[order]
    begins = np.concatenate([[True], np.diff(given) > 0])
    lowest = values[np.maximum.accumulate(np.where(begins, np.arange(len(given)), 0))]
    return int((np.diff(values) < 0).sum() + (values != lowest).sum())


def _both_known(protected: _Protected, given: Floats) -> Flags:
    known = np.isfinite(given)
    return known if protected.numbers is None else known & np.isfinite(protected.numbers)


def _ranked(values: Codes, given: Floats) -> Floats:
    """Put words in the order of the numbers that go with them."""
    words, codes = np.unique(values, return_inverse=True)
    means = np.bincount(codes, given) / np.bincount(codes)
    ranks = np.empty(len(words))
    ranks[np.argsort(means, kind="stable")] = np.arange(len(words))
    return ranks[codes]


def _kind(protected: _Protected, given: Floats) -> str:
    """Name a relation that is known to hold by the simplest formula that fits."""
    values = protected.numbers
    if values is None:
        return "steps of a number"
    finite = _both_known(protected, given)
    values, given = values[finite], given[finite]
    if np.mean(values == given) >= HOLDS:
        return "copy"
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        forms = {
            "linear": given,
            "square": given**2,
            "root": np.sqrt(given),
            "logarithm": np.exp(given),
            "exponent": np.log(given),
        }
    for name, form in forms.items():
        usable = np.isfinite(form) & (np.abs(form) < 1e12)
        enough = usable.sum() >= LEAVES * len(form)
        if enough and _fits(values[usable], form[usable][:, None]):
            return name
    return "monotone function"


# -- two columns, dates ------------------------------------------------------------------------


def _two_columns(protected: _Protected, numeric: dict[str, Floats]) -> Iterator[Recovery]:
    """Look for sums and differences of two columns, with any weights."""
    values = protected.numbers
    if values is None or len(np.unique(values)) < 3:
        return
    for first, second in combinations(numeric, 2):
        both = np.column_stack([numeric[first], numeric[second]])
        finite = np.isfinite(both).all(axis=1) & np.isfinite(values)
        if finite.sum() < max(LEAST, 0.5 * len(values)):
            continue
        few = np.flatnonzero(finite)[:LEAST]  # most pairs are refuted by these
        if not _fits(values[few], both[few]) or not _fits(values[finite], both[finite]):
            continue
        records = protected.told_of(finite)
        if records:
            yield Recovery(protected.name, (first, second), "sum of two", records)


def _fits(values: Floats, given: Floats) -> bool:
    """Tell whether a linear form gives each value back, to less than half of their smallest gap."""
    if (np.ptp(given, axis=0) == 0).any():
        return False
    scaled = np.column_stack(
        [(given - given.mean(axis=0)) / given.std(axis=0), np.ones(len(given))]
    )
    weights = np.linalg.lstsq(scaled, values, rcond=None)[0]
    distinct = np.unique(values)
    gap = float(np.min(np.diff(distinct))) if len(distinct) > 1 else 1.0
    # Few values are easily met by chance: they must be met exactly.
    bound = gap * (0.5 if len(distinct) >= 20 else 0.01)
    bound = max(bound, 1e-6 * float(np.ptp(values)))
    return bool(np.mean(np.abs(scaled @ weights - values) < bound) >= HOLDS)


_PARTS = ("year", "month", "day", "day_of_week", "quarter", "day_of_year", "hour")


def _date_part(protected: _Protected, published: pd.Series) -> tuple[str, int] | None:
    """Return which part of a generalized date a column publishes, and of how many records."""
    if protected.numbers is not None:
        return None
    moments = pd.to_datetime(protected.texts, format="ISO8601", errors="coerce", utc=True)
    given = pd.to_numeric(published, errors="coerce").to_numpy(float)
    usable = moments.notna().to_numpy() & np.isfinite(given)
    if usable.sum() < max(LEAST, 0.5 * len(given)):
        return None
    for part in _PARTS:
        own = getattr(moments.dt, part).to_numpy(float)
        if np.mean(own[usable] == given[usable]) >= HOLDS:
            of_part = replace(protected, truth=_codes(pd.Series(own)))
            records = of_part.told_of(usable)
            return (f"{part} of a date", records) if records else None
    return None


# -- codes ---------------------------------------------------------------------------------------


def _codes(values: pd.Series) -> Codes:
    return np.asarray(pd.factorize(values)[0], np.int64)


def _numbers(texts: pd.Series) -> Floats | None:
    """Return a column whose values are mostly numbers, NaN for others; or nothing."""
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    told = (texts != "").to_numpy()
    return numbers if told.any() and np.isfinite(numbers[told]).mean() >= 0.5 else None


def _told_by_mode(values: Codes, given: Codes) -> float:
    """Return the share of records that have the commonest value of what is given of them."""
    pairs, counts = np.unique(np.column_stack([given, values]), axis=0, return_counts=True)
    highest = np.zeros(int(pairs[:, 0].max()) + 1, np.int64)
    np.maximum.at(highest, pairs[:, 0], counts)
    return float(highest.sum() / len(values))


def _shuffled_within(values: Codes, groups: Codes, dice: np.random.Generator) -> Codes:
    """Exchange the values of records that share a group."""
    by_group = np.argsort(groups, kind="stable")
    at_random = np.lexsort((dice.random(len(groups)), groups))
    shuffled = np.empty_like(values)
    shuffled[by_group] = values[at_random]
    return shuffled
