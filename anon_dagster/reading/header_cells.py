"""A header whose cells look like values of their columns: the first record of a file without one.

A name stands apart from the values below it: a word above numbers, dates or addresses. If no name
does, and some could be values themselves, the first line is a person, whose data must not become
the names of columns, which are shown everywhere.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders.number import read_number
from anon_dagster.discreet import Discreet
from anon_dagster.errors import SourceError
from anon_dagster.facts.vocabulary import family_names, folded, given_names, plain, words
from anon_dagster.request import Source

_LOOKED_AT = 400  # distinct values of a column
_NEARLY_ALL = 0.9  # share of the records that have a form, for it to be that of the column
_MOST = 0.6  # share of the records that a vocabulary knows
_SHAPES = 3  # how many ways codes of one kind are written in, at most
_SHORTEST_CODE = 6  # characters; shorter ones are names, too: Q1, V10
_TOLD = 5  # columns whose positions are told
_YEARS = (1900, 2100)
_MARGIN = 0.1  # share of the span; the first of numbers that follow each other is the least
_A_SERIES = 2  # columns: its index and its values
_FEWEST_ON_A_SCALE, _MANY_ON_A_SCALE = 3, 6

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    r"|\d{1,2}[ .-]*[^\W\d_]{3,9}\.?[ ,-]*\d{2,4}|[^\W\d_]{3,9}\.? \d{1,2}, ?\d{4})"
    r"(?:[T ,]+\d{1,2}:\d\d\S*(?: [AP]M)?)?",
    re.IGNORECASE,
)
_UNMISTAKABLE = (_MAIL, _LINK, _DATE)
_RUNS = (re.compile(r"[0-9]+"), re.compile(r"[^\W\d_]+"))


class _Vote(Enum):
    """What a name says of the question whether the header is a record."""

    unmistakable = auto()
    """An address or a date, above others."""
    number = auto()
    """A number above numbers, or a code above codes of its form."""
    value = auto()
    """A text that is among the values, or of their vocabulary."""
    apart = auto()
    """No value of its column."""
    open = auto()


@dataclass(frozen=True, slots=True)
class _Column(Discreet, shown=("name",)):
    """A header cell, and the values below it."""

    name: str
    values: tuple[str, ...]  # (values,): distinct
    shares: NDArray[np.float64]  # (values,): of the records that have one of them
    decimal: str

    @classmethod
    def of(
        cls, name: str, values: Sequence[str], counts: NDArray[np.int64], decimal: str
    ) -> "_Column":
        picked = np.linspace(0, len(values) - 1, min(len(values), _LOOKED_AT)).astype(int)
        shares = counts[picked] / max(int(counts[picked].sum()), 1)
        return cls(name.strip(), tuple(values[each].strip() for each in picked), shares, decimal)

    def share(self, marks: Sequence[object]) -> float:
        """Return the share of the records whose values are marked, (values,)."""
        return float(self.shares[np.array([bool(mark) for mark in marks], dtype=bool)].sum())

    def number(self, text: str) -> float | None:
        read = read_number(text, decimal=self.decimal)
        return None if read is None else read[0] / 10.0 ** read[1]

    def spans(self, number: float) -> bool:
        """Tell whether a number lies among those of the column, or next to them."""
        read = [each for value in self.values if (each := self.number(value)) is not None]
        low, high = min(read, default=number), max(read, default=number)
        margin = _MARGIN * (high - low)
        return low - margin <= number <= high + margin

    def vote(self) -> _Vote:
        """Judge the name by the values."""
        if not self.values or folded(self.name) in words("missing"):
            return _Vote.open
        for form in _UNMISTAKABLE:
            if self.share([form.fullmatch(value) for value in self.values]) >= _NEARLY_ALL:
                return _Vote.unmistakable if form.fullmatch(self.name) else _Vote.apart
        if self.share([self.number(v) is not None for v in self.values]) >= _NEARLY_ALL:
            return _Vote.number if self.number(self.name) is not None else _Vote.apart
        if self.share([_has_digit(value) for value in self.values]) >= _NEARLY_ALL:
            return self._vote_of_code()
        return _Vote.value if self._is_text_of_column() else _Vote.open

    def _vote_of_code(self) -> _Vote:
        if not _has_digit(self.name):
            return _Vote.apart
        shapes: dict[str, float] = {}
        for value, share in zip(self.values, self.shares.tolist(), strict=True):
            shapes[_shape(value)] = shapes.get(_shape(value), 0.0) + share
        usual = sorted(shapes, key=lambda shape: -shapes[shape])[:_SHAPES]
        alike = sum(shapes[shape] for shape in usual) >= _NEARLY_ALL and _shape(self.name) in usual
        return _Vote.number if alike and len(self.name) >= _SHORTEST_CODE else _Vote.open

    def _is_text_of_column(self) -> bool:
        """Tell whether the name is one of the texts, but not the only one: that of a tick box."""
        if self.name in self.values:
            return len(self.values) > 1
        return any(
            plain(self.name) in known
            and self.share([plain(value) in known for value in self.values]) >= _MOST
            for known in (given_names(), family_names())
        )


def cells_in_header(
    columns: Mapping[str, tuple[Sequence[str], NDArray[np.int64]]], *, decimal: str = "."
) -> tuple[int, ...]:
    """Return where names look like values of their columns, if the header seems to be a record.

    Parameters
    ----------
    columns
        By name: its distinct values, the missing one aside, and how many records have each.
    decimal
        The decimal mark of the values.

    Returns
    -------
    tuple of int
        Positions, counted from 1; none if the header is one.
    """
    read = [_Column.of(name, *content, decimal) for name, content in columns.items()]
    votes = [column.vote() for column in read]
    for place in _on_a_scale(read, votes):
        votes[place] = _Vote.open
    cells = tuple(
        place
        for place, vote in enumerate(votes, start=1)
        if vote in {_Vote.unmistakable, _Vote.number, _Vote.value}
    )
    against = votes.count(_Vote.apart)
    if _Vote.unmistakable in votes:
        return cells if len(cells) > against else ()
    undecided = votes.count(_Vote.open)
    telling = votes.count(_Vote.value) > undecided or _Vote.number in votes
    return cells if telling and not against else ()


def require_header_of_names(
    columns: Mapping[str, tuple[Sequence[str], NDArray[np.int64]]], source: Source | None
) -> None:
    """Refuse a table whose names seem to be its first record; not if the request gives the names.

    Parameters
    ----------
    columns
        See :func:`cells_in_header`.
    source
        ``None`` for records that were handed over.

    Raises
    ------
    SourceError
        By position, and how the names are given.
    """
    if source is not None and source.csv.names is not None:
        return
    decimal = "." if source is None else source.csv.decimal
    cells = cells_in_header(columns, decimal=decimal)
    if not cells:
        return
    which = "the table" if source is None else f"the header of {_first(source.path)}"
    shown = ", ".join(map(str, cells[:_TOLD])) + (" …" if len(cells) > _TOLD else "")
    raise SourceError(
        f"{which} seems to have a record for names: {len(cells)} of {len(columns)} names look like "
        f"values of their own columns (in position {shown}), and names are shown. {_cure(source)}"
    )


def _cure(source: Source | None) -> str:
    if source is None:
        return "Give the DataFrame names: pandas reads a file without a header with names=[…]"
    if source.format_found == "csv":
        return (
            "If the file has no header, say so in the source: {path: …, csv: {header: false, "
            "names: [a name for each column]}}; if this is its header, give the names as csv.names "
            "alone"
        )
    return "Write the file anew, with names"


def _first(path: str | Sequence[str]) -> str:
    return path if isinstance(path, str) else path[0]


def could_be_a_value(name: str) -> bool:
    """Tell whether a name has the form of an address, a date or a number of many digits."""
    name = name.strip()
    if any(form.fullmatch(name) for form in _UNMISTAKABLE):
        return True
    digits = sum(character.isdigit() for character in name)
    return digits >= _SHORTEST_CODE and not any(map(str.isalpha, name))


def _on_a_scale(columns: Sequence[_Column], votes: Sequence[_Vote]) -> Collection[int]:
    """Return the places of numbers that are names: of years, or of steps that rise or fall."""
    numbers = {
        place: number
        for place, (column, vote) in enumerate(zip(columns, votes, strict=True))
        if vote is _Vote.number and (number := column.number(column.name)) is not None
    }
    if _count_from_0([column.name for column in columns]):
        return numbers
    if _are_steps(list(numbers.values())):
        inside = sum(columns[place].spans(number) for place, number in numbers.items())
        if len(numbers) >= _MANY_ON_A_SCALE or 2 * inside <= len(numbers):
            return numbers
    return [p for p, n in numbers.items() if _is_year(n) and not _holds_years(columns[p])]


def _count_from_0(names: Sequence[str]) -> bool:
    """Tell whether those of the names that are numbers count the columns, as pandas does."""
    counted = [name for name in names if name.isdecimal()]
    enough = len(counted) > 1 or len(names) <= _A_SERIES
    return bool(counted) and enough and counted == [str(place) for place in range(len(counted))]


def _are_steps(scale: Sequence[float]) -> bool:
    """Tell whether numbers rise or fall."""
    steps = np.diff(scale)
    return len(scale) >= _FEWEST_ON_A_SCALE and bool((steps > 0).all() or (steps < 0).all())


def _is_year(number: float | None) -> bool:
    return number is not None and number.is_integer() and _YEARS[0] <= number <= _YEARS[1]


def _holds_years(column: _Column) -> bool:
    return column.share([_is_year(column.number(v)) for v in column.values]) > 1 - _NEARLY_ALL


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _shape(text: str) -> str:
    """Write a text as what it is made of: runs of digits as 0, of letters as a."""
    for run, sign in zip(_RUNS, "0a", strict=True):
        text = run.sub(sign, text)
    return text
