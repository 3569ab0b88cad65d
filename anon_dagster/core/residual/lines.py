"""Straight lines through most records, whatever the others are: of one column, and of two.

A line goes through as many points as it needs; of many such lines the one that most records agree
with wins [1]_. So a fifth of noise, or a code such as 999 among ages, moves nothing. The points are
taken in even steps from the sorted records: the same records give the same line in any order.

References
----------
.. [1] M. A. Fischler, R. C. Bolles, "Random sample consensus: a paradigm for model fitting",
   Communications of the ACM 24(6), 1981.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet

_POINTS = 18  # that lines are drawn through
_JUDGES = 384  # records that a line is judged by
_PLANES = 60  # planes that are tried

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Form:
    """A shape of a relation: a line between a function of one side and a function of the other."""

    kind: str
    """What the published column is of the protected one."""
    of_published: Callable[[_Floats], _Floats]
    of_protected: Callable[[_Floats], _Floats] = lambda y: y
    back: Callable[[_Floats], _Floats] = lambda y: y
    """Inverts ``of_protected``."""


def _positive(function: Callable[[_Floats], _Floats]) -> Callable[[_Floats], _Floats]:
    return lambda x: function(np.where(x > 0, x, np.nan))


FORMS = (
    Form("linear", lambda x: x),
    Form("square", lambda x: np.sqrt(np.where(x >= 0, x, np.nan))),
    Form("square root", np.square),
    Form("exponential", _positive(np.log)),
    Form("reciprocal", lambda x: 1 / np.where(x == 0, np.nan, x)),
    Form("logarithm", lambda x: x, _positive(np.log), np.exp),
    Form("power", _positive(np.log), _positive(np.log), np.exp),
)
"""The simplest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Aim(Discreet):
    """The numbers that lines are to hit."""

    numbers: _Floats  # (records,): NaN where one is missing
    tolerance: float
    """How far a guess may be off to agree."""
    judges: NDArray[np.int64]
    """Records in even steps of these numbers, equal ones by lot."""

    @classmethod
    def of(cls, numbers: _Floats, tolerance: float) -> "Aim":
        """Choose the records that judge a line."""
        counted = np.random.default_rng(0).permutation(np.flatnonzero(np.isfinite(numbers)))
        ordered = counted[np.argsort(numbers[counted], kind="stable")]
        return cls(numbers, tolerance, _even(ordered, 2 * _JUDGES))

    def hit(self, guesses: _Floats, rows: NDArray[np.int64] | slice) -> NDArray[np.bool_]:
        """Tell which guesses, (…, rows), of some records agree."""
        agreeing: NDArray[np.bool_] = np.abs(guesses - self.numbers[rows]) <= self.tolerance
        return agreeing


def guess_by_line(form: Form, x: _Floats, aim: Aim) -> _Floats:
    """Guess numbers, (records,), by the line that most records agree with; NaN where there is none.

    Parameters
    ----------
    x
        (records,): the published numbers; NaN where one is missing.
    """
    with np.errstate(all="ignore"):  # what cannot be computed is no guess
        seen, aimed = form.of_published(x), form.of_protected(aim.numbers)
        fit = _Fit(np.stack([seen, np.ones(len(seen))], axis=1), aimed, aim, form.back)
        points = fit.points
        first, second = np.triu_indices(len(points), 1)
        first, second = points[first], points[second]
        slopes = (aimed[second] - aimed[first]) / (seen[second] - seen[first])
        offsets = aimed[first] - slopes * seen[first]
        best = fit.best(np.stack([slopes, offsets], axis=1))
        return fit.nothing if best is None else fit.guesses(best)


def guess_by_plane(
    x: tuple[_Floats, _Floats], aim: Aim, *, multiplied: bool = False
) -> tuple[_Floats, _Floats]:
    """Guess numbers, (records,), by the sum of two columns that most records agree with.

    Parameters
    ----------
    multiplied
        By their product, or their quotient, in place of a sum.

    Returns
    -------
    The guesses, and the two factors, or exponents.
    """
    read: Callable[[_Floats], _Floats] = _positive(np.log) if multiplied else (lambda v: v)
    back: Callable[[_Floats], _Floats] = np.exp if multiplied else (lambda v: v)
    with np.errstate(all="ignore"):
        one, two, aimed = read(x[0]), read(x[1]), read(aim.numbers)
        fit = _Fit(np.stack([one, two, np.ones(len(one))], axis=1), aimed, aim, back)
        points = fit.points
        if len(points) < 3:
            return fit.nothing, np.zeros(2)
        chosen = points[np.random.default_rng(0).integers(len(points), size=(_PLANES, 3))]
        systems = fit.design[chosen]
        chosen = chosen[np.linalg.matrix_rank(systems) == 3]
        if not len(chosen):
            return fit.nothing, np.zeros(2)
        coefficients = np.linalg.solve(fit.design[chosen], aimed[chosen][..., None])[..., 0]
        best = fit.best(coefficients)
        return (fit.nothing, np.zeros(2)) if best is None else (fit.guesses(best), best[:2])


@dataclass(frozen=True, slots=True, eq=False)
class _Fit(Discreet):
    """What is fitted to what."""

    design: _Floats  # (records, terms)
    aimed: _Floats  # (records,)
    aim: Aim
    back: Callable[[_Floats], _Floats]
    """From what is fitted to what is aimed at."""

    @property
    def judges(self) -> NDArray[np.int64]:
        of_all = self.aim.judges
        usable = np.isfinite(self.design[of_all]).all(axis=1) & np.isfinite(self.aimed[of_all])
        return _even(of_all[usable], _JUDGES)

    @property
    def points(self) -> NDArray[np.int64]:
        return _even(self.judges, _POINTS)

    @property
    def nothing(self) -> _Floats:
        return np.full(len(self.aimed), np.nan)

    def guesses(self, coefficients: _Floats) -> _Floats:
        return self.back(self.design @ coefficients)

    def best(self, coefficients: _Floats) -> _Floats | None:
        """Return of coefficients, (candidates, terms), those that most judges agree with.

        They are made exact by all records that agree.
        """
        coefficients = coefficients[np.isfinite(coefficients).all(axis=1)]
        judges = self.judges
        if not len(coefficients) or not len(judges):
            return None
        agreeing = self.aim.hit(self.back(coefficients @ self.design[judges].T), judges)
        best: _Floats = coefficients[int(np.argmax(agreeing.sum(axis=1)))]
        inside = self.aim.hit(self.guesses(best), slice(None))
        if int(inside.sum()) <= self.design.shape[1]:
            return best
        scale = np.abs(self.design[inside]).max(axis=0)
        scale[scale == 0] = 1.0
        fitted = np.linalg.lstsq(self.design[inside] / scale, self.aimed[inside], rcond=None)[0]
        again = self.aim.hit(self.guesses(fitted / scale), slice(None))
        return fitted / scale if int(again.sum()) >= int(inside.sum()) else best


def _even(records: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most so many of some records, in even steps."""
    if len(records) <= most:
        return records
    return records[np.linspace(0, len(records) - 1, most).astype(np.int64)]


def likely_pairs(
    columns: _Floats, y: _Floats, *, most: int, least: float
) -> Iterator[tuple[int, int]]:
    """Give the pairs of columns, (columns, records), that a sum may follow, the likeliest first.

    Parameters
    ----------
    most
        How many pairs.
    least
        Share of the variance that the two must explain together.
    """
    rows = np.isfinite(y)
    if rows.sum() < 3 or len(columns) < 2:
        return
    standard = np.stack([_standardized(column[rows]) for column in columns])
    aim = _standardized(y[rows])
    between, with_aim = standard @ standard.T / rows.sum(), standard @ aim / rows.sum()
    one, two = np.triu_indices(len(columns), 1)
    r1, r2, r12 = with_aim[one], with_aim[two], np.clip(between[one, two], -0.9999, 0.9999)
    explained = (r1**2 + r2**2 - 2 * r1 * r2 * r12) / (1 - r12**2)
    for best in np.argsort(-explained, kind="stable")[:most]:
        if explained[best] >= least:
            yield int(one[best]), int(two[best])


def _standardized(numbers: _Floats) -> _Floats:
    """Return numbers with mean 0 and deviation 1, extreme ones moved in, missing ones at 0."""
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return np.zeros(len(numbers))
    low, high = np.quantile(finite, (0.02, 0.98))
    clipped = np.clip(numbers, low, high) if low < high else numbers
    centred = clipped - np.nanmean(clipped)
    deviation = float(np.nanstd(clipped)) or 1.0
    return np.nan_to_num(centred / deviation)
