"""Columns as the examination sees them: which records agree, and the numbers behind values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual.lines import Aim
from anon_dagster.core.residual.rule import Evidence, most_have
from anon_dagster.core.residual.spelling import FIRST_LOOK, Spelling, some_rows
from anon_dagster.discreet import Discreet

_NARROW = 8  # a guess within an eighth of a label's width, on either side, leaves a quarter of it
_PLAIN = 1000  # what is told to a thousandth of its spread counts as told
_FEW = 6  # numbers that a label must stand for to have a width


@dataclass(frozen=True, eq=False)
class Column(Discreet):
    """The values of a column, record by record."""

    codes: NDArray[np.int64]  # (records,): the same for equal values; dense from 0 on
    numbers: NDArray[np.float64]
    """(records,): a number, or the days since 1970; NaN for texts and missing values."""
    missing: NDArray[np.bool_]  # (records,)
    is_date: bool = False
    texts: Sequence[str | None] | None = None
    """(values,): how the value of each code reads; left out, no text is compared."""

    @classmethod
    def of(
        cls,
        values: NDArray[np.integer],
        *,
        numbers: NDArray[np.float64] | None = None,
        missing: NDArray[np.bool_] | None = None,
        is_date: bool = False,
    ) -> "Column":
        """Take any numbering of the values, (records,).

        Parameters
        ----------
        numbers
            (records,); NaN where there is none. Left out, there are none at all.
        missing
            (records,); left out, no value is.
        """
        codes = np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
        if numbers is None:
            numbers = np.full(len(codes), np.nan)
        if missing is None:
            missing = np.zeros(len(codes), dtype=np.bool_)
        return cls(codes, numbers, missing, is_date)

    @property
    def records(self) -> int:
        """How many records there are."""
        return len(self.codes)

    def spelling(self, most: int) -> Spelling:
        """Return how at most so many records read; see :func:`.spelling.some_rows`."""
        return self._first_look if most == FIRST_LOOK else self._spelled(most)

    @cached_property
    def _first_look(self) -> Spelling:
        return self._spelled(FIRST_LOOK)

    def _spelled(self, most: int) -> Spelling:
        assert self.texts is not None, "the column has texts"
        codes = self.codes[some_rows(self.records, most)]
        return Spelling(self.texts[code] for code in codes.tolist())

    @cached_property
    def distinct(self) -> int:
        """How many values there are, a missing one among them."""
        return int(self.codes.max(initial=-1)) + 1

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """Which records, (records,), have a number."""
        return np.isfinite(self.numbers)

    @cached_property
    def is_numeric(self) -> bool:
        """Whether at least half of the values that are not missing are numbers or dates."""
        present = int((~self.missing).sum())
        return bool(present and 2 * int(self.counted.sum()) >= present)

    @cached_property
    def repeated(self) -> int:
        """How many records share their value with another."""
        sizes = np.bincount(self.codes, minlength=1)
        return int(sizes[sizes > 1].sum())

    @cached_property
    def spread(self) -> float:
        """How far the numbers lie apart, the extreme tenth of the records aside."""
        return _spread(self.numbers[self.counted])

    @cached_property
    def step(self) -> float:
        """How far neighbouring numbers lie apart: the tenth percentile of their distances."""
        return float(np.quantile(self._steps, 0.1)) if len(self._steps) else 0.0

    @cached_property
    def smallest_step(self) -> float:
        """How far the nearest numbers lie apart."""
        return float(self._steps.min()) if len(self._steps) else 0.0

    @cached_property
    def _steps(self) -> NDArray[np.float64]:
        return np.diff(np.unique(self.numbers[self.counted]))


@dataclass(frozen=True, eq=False)
class Protected(Discreet):
    """A column that is not released as it is, and the labels that stand in its place."""

    column: Column
    labels: NDArray[np.int64]
    """(records,): the same for equal labels; dense from 0 on, all 0 if nothing is released."""
    shown: NDArray[np.bool_] | None = None
    """(records,): where the label is the value itself; left out, nowhere."""
    is_identifier: bool = False
    """Whether it names people: most values are a person's own, so that no narrower range counts."""

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which records, (records,), have a value that their label tells: the usual one of it."""
        told = most_have(self.labels, self.column.codes) & ~self.column.missing
        return told | self.stated

    @cached_property
    def expected(self) -> NDArray[np.float64]:
        """How likely another record of the same label has the value of each, (records,)."""
        width = self.column.distinct
        keys = self.labels * width + self.column.codes
        _, of_record, counts = np.unique(keys, return_inverse=True, return_counts=True)
        sizes = np.bincount(self.labels, minlength=1)[self.labels]
        expected: NDArray[np.float64] = counts[of_record.reshape(-1)] / sizes
        return expected

    @cached_property
    def widths(self) -> NDArray[np.float64]:
        """How wide the label of each record is, (records,), the extreme tenth aside.

        0 where that is not known.
        """
        return self._of_labels[0][self.labels]

    @cached_property
    def stated(self) -> NDArray[np.bool_]:
        """Which records, (records,), are released with the value itself."""
        return np.zeros(len(self.labels), dtype=np.bool_) if self.shown is None else self.shown

    @cached_property
    def known_range(self) -> NDArray[np.bool_]:
        """Which records, (records,), lie in the middle quarter of their label."""
        middles = self._of_labels[1][self.labels]
        near = np.abs(self.column.numbers - middles) <= self.widths / _NARROW
        narrow = self.column.counted & (near | (self.widths <= 0))
        return narrow | self.stated

    @cached_property
    def _of_labels(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the width and the median of each label, (labels,)."""
        counted = np.flatnonzero(self.column.counted)
        order = counted[np.argsort(self.labels[counted], kind="stable")]
        labels, starts = np.unique(self.labels[order], return_index=True)
        size = int(self.labels.max(initial=-1)) + 1
        widths, medians = np.zeros(size), np.zeros(size)
        for label, own in zip(
            labels, np.split(self.column.numbers[order], starts[1:]), strict=True
        ):
            medians[label] = np.median(own)
            widths[label] = _spread(own) if len(np.unique(own)) >= _FEW else 0.0
        return widths, medians

    @cached_property
    def aim(self) -> Aim:
        """The numbers of the column, for lines to hit."""
        return Aim.of(self.column.numbers, self.tolerance)

    @property
    def tolerance(self) -> float:
        """How far a guess may be off and still tell the value.

        Of an amount a thousandth of the spread is plain enough; of a date it is the day that
        counts, and a number that names somebody is told from all others.
        """
        if self.column.is_date:
            return 0.5
        if self.is_identifier:
            return self.column.smallest_step / 2
        return max(self.column.step / 2 * (1 + 1e-9), self.column.spread / _PLAIN)

    def value_by(self, guesses: NDArray[np.float64]) -> Evidence:
        """Weigh guesses, (records,), of the value; NaN is no guess."""
        errors = np.abs(guesses - self.column.numbers)
        right = errors <= self.tolerance
        return Evidence(np.isfinite(guesses), right, self.known)

    def range_by(self, guesses: NDArray[np.float64]) -> Evidence:
        """Weigh guesses, (records,), of a range of a quarter of the label; NaN is no guess."""
        errors = np.abs(guesses - self.column.numbers)
        right = (errors <= self.widths / _NARROW) & (self.widths > 0)
        return Evidence(np.isfinite(guesses), right, self.known_range)


def _spread(numbers: NDArray[np.float64]) -> float:
    if not len(numbers):
        return 0.0
    low, high = np.quantile(numbers, (0.05, 0.95))
    return float(high - low)
