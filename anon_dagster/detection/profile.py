"""What a sample tells of a column before anything is guessed: counts, numbers, shapes."""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet
from anon_dagster.facts.vocabulary import folded, forms_of, words
from anon_dagster.reading.counting import encode
from anon_dagster.storage.values import NUMBERS, Kinds

_SHOWN = 400
"""Distinct values that detectors look at, at most."""
_LONGEST = 300  # characters of a value that detectors look at
_LONGEST_NUMBER = 40
_NEVER_AN_ANSWER = frozenset(
    {"", "na", "n/a", "nan", "null", "?", ".", "-", "--", "#n/a", "<na>", "(null)"}
)
_MOST_PLACEHOLDERS = 0.5  # share of the records beyond which "none" is rather an answer
_FEWEST_NUMBERS = 2
_LONG_CODES = [digit * (10**power - 1) // 9 for power in range(2, 10) for digit in (7, 8, 9)]
_MISSING_CODES = [*range(1, 10), *_LONG_CODES]
"""Numbers, their sign aside, that code missing answers: 8, 99, 777, 99999."""
_MOST_CODED = 0.4  # share of the records that may have such a code
_MONEY = re.compile(r"[\s$€£¥₹']|(?:USD|EUR|GBP|CHF|Rs\.?|R\$)")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")


@dataclass(frozen=True)
class Profile(Discreet):
    """A column of a sample: its distinct values, placeholders for missing ones aside."""

    name: str
    records: int
    """Records of the sample."""
    values: tuple[str, ...]  # (values,): distinct
    counts: NDArray[np.int64]  # (values,)
    codes: NDArray[np.int64]  # (records,): position of the value, len(values) if missing
    decimal: str = "."
    placeholders: bool = False
    """Whether some of what is missing is written as a text, such as ``n/a``."""
    ranked: bool = False
    """Whether the table itself declares an order of the values."""

    @property
    def content(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """The distinct values, and how many records of the sample have each."""
        return self.values, self.counts

    @property
    def present(self) -> int:
        """Records of the sample with a value."""
        return int(self.counts.sum())

    @property
    def missing_share(self) -> float:
        """Share of the records of the sample that have no value, placeholders included."""
        return 1 - self.present / self.records if self.records else 0.0

    @property
    def distinct(self) -> int:
        """Distinct values in the sample."""
        return len(self.values)

    @property
    def distinct_share(self) -> float:
        """Distinct values per record that has one, 0 to 1."""
        return self.distinct / self.present if self.present else 0.0

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The values that detectors look at: the most frequent ones and an even choice of others.

        Stripped of blanks around them, and of what is beyond the first few hundred characters.
        """
        return tuple(self.values[position].strip()[:_LONGEST] for position in self._shown_positions)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """How much each shown value counts, (shown,); sums to 1.

        By their records where there are few values, so that a few slips weigh little; up to
        halfway a vote per value where there are many, so that no frequent one decides alone.
        """
        counts = self.counts[self._shown_positions].astype(float)
        if not len(counts):
            return counts
        even = min(0.5, len(counts) / _SHOWN)
        shares: NDArray[np.float64] = (1 - even) * counts / counts.sum() + even / len(counts)
        return shares

    @cached_property
    def _shown_positions(self) -> NDArray[np.int64]:
        if self.distinct <= _SHOWN:
            return np.arange(self.distinct)
        frequent = np.argsort(-self.counts, kind="stable")[: _SHOWN // 8]
        others = np.setdiff1d(np.arange(self.distinct), frequent)
        even = others[np.linspace(0, len(others) - 1, _SHOWN - len(frequent)).astype(int)]
        return np.sort(np.concatenate([frequent, even]))

    def share(self, holds: Callable[[str], object]) -> float:
        """Return the weight of the shown values that satisfy a predicate, 0 to 1."""
        marks = [bool(holds(value)) for value in self.shown]
        return float(self.weights[marks].sum()) if marks else 0.0

    def matched(self, pattern: str | re.Pattern[str]) -> float:
        """Return the weight of the shown values that match a pattern whole, 0 to 1."""
        return self.share(re.compile(pattern).fullmatch)

    def within(self, known: Container[str]) -> float:
        """Return the weight of the shown values that are in a set of folded words, 0 to 1."""
        marks = [word is not None for word in self.words_in(known)]
        return float(self.weights[marks].sum()) if marks else 0.0

    def words_in(self, known: Container[str]) -> list[str | None]:
        """Return what each shown value is called in a set of folded words."""
        return [next((f for f in forms if f in known), None) for forms in self._forms]

    @cached_property
    def _forms(self) -> tuple[tuple[str, ...], ...]:
        return tuple(forms_of(value) for value in self.shown)

    # -- numbers ---------------------------------------------------------------------------

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The values as numbers, (values,); NaN where they are none, or code a missing answer."""
        return np.where(self._coded, np.nan, self._parsed)

    @cached_property
    def _coded(self) -> NDArray[np.bool_]:
        return _missing_codes(self._parsed, self.counts)

    @cached_property
    def _parsed(self) -> NDArray[np.float64]:
        # What is longer than any number would only cost time.
        values = ["" if len(value) > _LONGEST_NUMBER else value for value in self.values]
        series = pd.Series(values, dtype="object")
        plain = series.str.strip()
        if self.decimal != ".":
            plain = plain.str.replace(self.decimal, ".", regex=False)
        numbers = pd.to_numeric(plain, errors="coerce").to_numpy(float)
        if np.isnan(numbers).mean() > 0.3 if len(numbers) else False:
            cleaned = pd.Series([_bare_number(value) for value in values], dtype="object")
            numbers = pd.to_numeric(cleaned, errors="coerce").to_numpy(float)
        return np.where(np.isfinite(numbers), numbers, np.nan)

    @cached_property
    def numeric_share(self) -> float:
        """Share of the present records whose value is a number, codes of no answer aside, 0 to 1."""
        answered = self.present - self.counts[self._coded].sum()
        held = self.counts[~np.isnan(self.numbers)].sum()
        return float(held / answered) if answered else 0.0

    @property
    def numeric(self) -> bool:
        """Whether nearly all values are numbers."""
        return self.numeric_share >= 0.85

    @cached_property
    def ordered(self) -> bool:
        """Whether a release compares the values by size: they are numbers, and nothing else."""
        kind = Kinds.of(self.values, decimal=self.decimal).kind
        return kind in NUMBERS and not self.placeholders

    @cached_property
    def span(self) -> "Span":
        """Where the numbers lie, outliers aside."""
        return Span.of(self.numbers, self.counts)

    # -- texts -----------------------------------------------------------------------------

    @cached_property
    def mean_words(self) -> float:
        """Mean count of words of the shown values."""
        counts = [len(value.split()) for value in self.shown]
        return float(np.dot(counts, self.weights)) if counts else 0.0

    @cached_property
    def lengths(self) -> dict[int, float]:
        """The weight of each length among the shown values."""
        weight_of_length: dict[int, float] = {}
        for value, weight in zip(self.shown, self.weights.tolist(), strict=True):
            weight_of_length[len(value)] = weight_of_length.get(len(value), 0.0) + weight
        return weight_of_length

    @property
    def one_length(self) -> float:
        """The largest weight of one length, 0 to 1."""
        return max(self.lengths.values(), default=0.0)


@dataclass(frozen=True, slots=True)
class Span(Discreet):
    """Where the numbers of a column lie."""

    low: float
    """The first percentile of the records."""
    high: float
    """The last percentile of the records."""
    least: float
    most: float
    mean: float
    whole: bool
    """Whether nearly all numbers are whole."""
    decimal_places: int
    """Decimal places of most numbers, none if they are whole."""
    evenness: float
    """Share of the records whose value stands for less than a hundredth of them."""

    @classmethod
    def of(cls, numbers: NDArray[np.float64], counts: NDArray[np.int64]) -> "Span":
        """Describe numbers, each with its count."""
        real = ~np.isnan(numbers)
        numbers, counts = numbers[real], counts[real]
        if not len(numbers):
            return cls(0, 0, 0, 0, 0, whole=False, decimal_places=0, evenness=0)
        order = np.argsort(numbers)
        numbers, counts = numbers[order], counts[order]
        running = np.cumsum(counts) / counts.sum()
        low = float(numbers[np.searchsorted(running, 0.01)])
        high = float(numbers[min(int(np.searchsorted(running, 0.99)), len(numbers) - 1)])
        whole = bool(counts[numbers == np.round(numbers)].sum() >= 0.97 * counts.sum())
        return cls(
            low,
            high,
            float(numbers[0]),
            float(numbers[-1]),
            float(np.average(numbers, weights=counts)),
            whole,
            0 if whole else _decimal_places(numbers),
            float(counts[counts < 0.01 * counts.sum()].sum() / counts.sum()),
        )


def _decimal_places(numbers: NDArray[np.float64]) -> int:
    """Return the decimal places that nine of ten numbers get by with."""
    picked = numbers[np.linspace(0, len(numbers) - 1, min(len(numbers), 200)).astype(int)]
    for decimals in range(1, 9):
        if np.mean(np.isclose(picked, np.round(picked, decimals), rtol=0, atol=1e-9)) >= 0.9:
            return decimals
    return 9


def _missing_codes(numbers: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Find numbers that stand for a missing answer: 999 or -9 far from all that are none."""
    real = ~np.isnan(numbers)
    like_codes = real & (np.isin(numbers, _LONG_CODES) | np.isin(-numbers, _MISSING_CODES))
    others = np.flatnonzero(real & ~like_codes)
    marked = np.zeros(len(numbers), dtype=bool)
    if real.sum() < _FEWEST_NUMBERS or not len(others):
        return marked
    order = others[np.argsort(numbers[others])]
    running = np.cumsum(counts[order]) / counts[order].sum()
    low, high = (numbers[order[np.searchsorted(running, share)]] for share in (0.05, 0.9))
    far = (numbers > high + 5 * (high - low + 1)) | ((numbers < 0) & (low >= 0))
    marked = real & far & np.isin(np.abs(numbers), _MISSING_CODES)
    few = counts[marked].sum() < _MOST_CODED * counts[real].sum()
    return marked if few else np.zeros_like(marked)


def _bare_number(value: str) -> str:
    """Write a number without currency, blanks and separators of thousands."""
    text = _MONEY.sub("", value.strip()).rstrip("%")
    if _GROUPED.fullmatch(text):
        return text.replace(",", "")
    if _COMMA.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    return text


def profile(name: str, column: pa.ChunkedArray, *, decimal: str = ".") -> Profile:
    """Describe a column of a sample."""
    ranked = pa.types.is_dictionary(column.type) and column.type.ordered
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    distinct, text_codes = encode(array)
    texts: list[str | None] = distinct.to_pylist()
    counts = np.bincount(text_codes, minlength=len(texts)).astype(np.int64)
    placeholders = _placeholders(texts, counts)
    values: dict[str, int] = {}
    value_codes = np.zeros(len(texts), dtype=np.int64)
    for code, text in enumerate(texts):
        if text is not None and counts[code] and code not in placeholders:
            value_codes[code] = values.setdefault(text, len(values))
        else:
            value_codes[code] = -1
    codes = value_codes[text_codes]
    codes = np.where(codes < 0, len(values), codes)
    value_counts = np.bincount(codes, minlength=len(values) + 1)[: len(values)].astype(np.int64)
    return Profile(
        name,
        len(text_codes),
        tuple(values),
        value_counts,
        codes,
        decimal,
        bool(placeholders),
        ranked,
    )


def _placeholders(texts: list[str | None], counts: NDArray[np.int64]) -> frozenset[int]:
    """Return the positions of texts that stand for a missing value: ``n/a``, ``?``, a blank."""
    marks = words("missing")
    longest = 2 * max(map(len, marks))
    positions = [
        position
        for position, text in enumerate(texts)
        if text is not None
        and (not text.strip() or (len(text) <= longest and folded(text) in marks))
    ]
    present = sum(int(counts[p]) for p, text in enumerate(texts) if text is not None)
    others = sum(1 for p, t in enumerate(texts) if t is not None and counts[p]) - len(positions)
    blank = [p for p in positions if not str(texts[p]).strip()]
    held = sum(int(counts[position]) for position in positions)
    # In a column of codes of two letters, NA is Namibia; a column of few answers may say "none".
    kept_out = {str(texts[position]) for position in positions}
    alike = sum(
        1 for t in texts if t is not None and len(t) == 2 and t.isalpha() and t not in kept_out
    )
    if others < 1:
        return frozenset(blank)
    if held > _MOST_PLACEHOLDERS * present:
        positions = [
            position for position in positions if folded(str(texts[position])) in _NEVER_AN_ANSWER
        ]
    kept = {"na"} if alike > 0.5 * others else set()
    return frozenset(position for position in positions if folded(str(texts[position])) not in kept)
