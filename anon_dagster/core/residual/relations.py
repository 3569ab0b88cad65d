"""Which published columns give a protected one back, in what way, and for how many records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual.column import Column, Protected
from anon_dagster.core.residual.dates import (
    by_parts,
    days_of_digits,
    numbered,
    part_held,
    parts_of,
)
from anon_dagster.core.residual.lines import (
    FORMS,
    guess_by_line,
    guess_by_plane,
    likely_pairs,
)
from anon_dagster.core.residual.neighbours import Neighbours, middles_of_others
from anon_dagster.core.residual.rule import Evidence, cells_of, others_say, surprise
from anon_dagster.core.residual.spelling import some_rows
from anon_dagster.core.residual.texts import by_beginnings, by_coarser_code, by_texts
from anon_dagster.discreet import Discreet

Tells = Literal["value", "range"]
"""The value itself, or a quarter of what its label leaves."""
MOST_IN_PAIRS = 20
"""Numeric columns that sums of two are looked for among."""
_PAIRS = 10  # of them that are tried
_EXPLAINED = 0.3  # share of the variance that two columns must explain together
_CLOSE = 0.02  # shares that differ by less are as good; the simpler relation is told
_SMOOTH = 0.6  # share of the neighbours' guesses that must be near for a line to be looked for
_NEAR = 0.02  # … of the spread
_FIRST_LOOK = 2_048  # records that are enough to see that there is nothing to be seen
_DONE = 0.98  # share of the guesses of a line that are right, so that no other line is looked for
_MORE = 0.1  # share of the records that two columns must tell beyond one of them
_UNDONE_BY_NEIGHBOURS = 0.75  # of the label's mistakes: to be near is usual, to be equal is not
_MONOTONE = 0.95  # rank correlation
_SURPRISE = 20.0  # nats: a chance of 2e-9, in which thousands of relations are tried
_FEWEST = 6  # numbers that must differ on both sides of a line


@dataclass(frozen=True, slots=True)
class Relation:
    """How published columns tell of a protected one: a kind and shares, never what it is."""

    protected: int
    """Position of the protected column."""
    published: tuple[int, ...]
    """Positions of the published ones."""
    kind: str
    tells: Tells
    share: float
    """Of the records, that get it back."""
    baseline: float
    """Of the records, that get it back and of which the label tells as much already."""
    gained: float
    """Of the records, that get it back and of which the label does not tell as much."""


def one_by_one(
    find: Callable[[int], list[Relation]], positions: Sequence[int]
) -> list[list[Relation]]:
    """Find the relations of each protected column, one after the other."""
    return [find(position) for position in positions]


def relations(
    protected: Sequence[Protected],
    published: Sequence[Column],
    *,
    above: float = 0.01,
    each: Callable[
        [Callable[[int], list[Relation]], Sequence[int]], list[list[Relation]]
    ] = one_by_one,
) -> list[Relation]:
    """Find what gives protected columns back.

    Each record is guessed from the others, so that nothing is found in columns that have nothing
    to do with each other; and a guess counts against what the label tells, see
    :mod:`anon_dagster.core.residual.rule`. Relations may hold for a part of the records: noise,
    codes for a missing value and exceptions lower their share.

    Parameters
    ----------
    protected
        Columns with the labels that are, or would be, released in their place.
    published
        Columns that are, or would be, released as they are; over the same records.
    above
        The share of the records that must gain for a relation to be told.
    each
        Does the same for each protected column, one after the other or several at once.

    Returns
    -------
    Of each protected and each published column the relation that tells most, the simplest among
    equals; of two published columns together where they tell more than either; in this order.
    """
    sources = [_Published(column) for column in published]

    def relations_of(p: int) -> list[Relation]:
        return list(_relations_of(p, protected[p], sources, above))

    return list(chain.from_iterable(each(relations_of, range(len(protected)))))


def _relations_of(
    p: int, target: Protected, sources: Sequence["_Published"], above: float
) -> Iterator[Relation]:
    """Give what published columns tell of one protected column, at a position."""
    if target.shown is not None and (~target.shown).mean() <= above:
        return
    singles = {}
    dated = _Dated.of(target, sources)
    for v, source in enumerate(sources):
        best = _best(target, _ways(target, source, dated.told_by(v), above), above)
        if best is not None:
            singles[v] = best
    for v, told in singles.items():
        yield told.relation(p, (v,))
    for pair, told in _of_several(target, sources, singles, dated, above):
        yield told.relation(p, pair)


@dataclass(frozen=True, eq=False)
class _Published(Discreet):
    """A published column, with what is computed once for all protected ones."""

    column: Column

    @cached_property
    def neighbours(self) -> Neighbours:
        return Neighbours.of(self.column.numbers)

    @cached_property
    def some_neighbours(self) -> Neighbours:
        return Neighbours.of(self.column.numbers, most=_FIRST_LOOK)

    @cached_property
    def different(self) -> int:
        return _different(self.column.numbers)

    @cached_property
    def ranks(self) -> NDArray[np.float64]:
        return _ranks(self.column.numbers)

    @cached_property
    def parts(self) -> dict[str, NDArray[np.int64]]:
        return parts_of(self.column.numbers) if self.column.is_date else {}


@dataclass(frozen=True, slots=True, eq=False)
class _Told(Discreet, shown=("kind", "tells")):
    kind: str
    tells: Tells
    evidence: Evidence
    undone: float = 0.5
    """The share of the label's mistakes that must be gone."""
    groups: NDArray[np.int64] | None = None
    """(records,): of those that say the same, if it is the others of a group that tell."""

    def relation(self, protected: int, published: tuple[int, ...]) -> Relation:
        evidence = self.evidence
        return Relation(
            protected,
            published,
            self.kind,
            self.tells,
            share=evidence.share,
            baseline=evidence.baseline,
            gained=evidence.gained,
        )

    @property
    def weight(self) -> float:
        """How much is told: a value counts twice as much as a range."""
        return self.evidence.gained * (1.0 if self.tells == "value" else 0.5)

    def is_no_chance(self, target: Protected) -> bool:
        """Tell whether groups agree more than small ones do by chance."""
        if self.groups is None:
            return True
        return surprise(self.groups, target.column.codes, target.expected) >= _SURPRISE


def _best(target: Protected, told: Iterator[_Told], above: float) -> _Told | None:
    """Return what tells most, and of what tells about as much the first."""
    counting = [
        each
        for each in told
        if each.evidence.counts(above=above, undone=each.undone) and each.is_no_chance(target)
    ]
    most = max((each.weight for each in counting), default=0.0)
    return next((each for each in counting if each.weight >= most - _CLOSE), None)


# -- one published column --------------------------------------------------------------------


def _ways(
    target: Protected, source: _Published, by_part: Iterator[_Told], above: float
) -> Iterator[_Told]:
    """Give the ways in which a column may tell of another, the simplest first.

    Parameters
    ----------
    by_part
        What the column tells as a part of a protected date.
    """
    column = source.column
    both_numeric = target.column.is_numeric and column.is_numeric
    if both_numeric:
        yield _Told("copy", "value", target.value_by(column.numbers))
    yield from _by_words(target, column)
    yield from _by_calendar(target, source)
    yield from by_part
    if both_numeric:
        yield from _by_numbers(target, source)
    yield from _by_codes(target, column, above)


def _by_words(target: Protected, column: Column) -> Iterator[_Told]:
    if target.column.is_numeric and column.is_numeric:
        return
    for kind, evidence in by_texts(target, column):
        yield _Told(kind, "value", evidence)
    if not target.is_identifier and (fewer := by_beginnings(target, column)) is not None:
        yield _Told("part of a text", "range", fewer)


def _by_numbers(target: Protected, source: _Published) -> Iterator[_Told]:
    if not _is_smooth(target, source.some_neighbours.middles(target.column.numbers)):
        return
    if min(source.different, _different(target.column.numbers)) >= _FEWEST:
        yield from _by_lines(target, source)
    guesses = source.neighbours.middles(target.column.numbers)
    concordant = abs(source.neighbours.concordance(target.column.numbers)) >= _MONOTONE
    kind = "monotone function" if concordant else "function"
    yield _Told(kind, "value", target.value_by(guesses), undone=_UNDONE_BY_NEIGHBOURS)
    if not target.is_identifier:
        yield _Told("rounded copy", "range", target.range_by(source.column.numbers))
        yield _Told(kind, "range", target.range_by(guesses))


def _by_lines(target: Protected, source: _Published) -> Iterator[_Told]:
    for form in FORMS:
        guesses = guess_by_line(form, source.column.numbers, target.aim)
        evidence = target.value_by(guesses)
        yield _Told(form.kind, "value", evidence)
        if evidence.share >= _DONE * evidence.guessed.mean() > 0:
            return


def _is_smooth(target: Protected, guesses: NDArray[np.float64]) -> bool:
    """Tell whether what neighbours say is often near, so that a closer look is worth its time."""
    guessed = np.isfinite(guesses) & target.column.counted
    if not guessed.any():
        return False
    errors = np.abs(guesses - target.column.numbers)[guessed]
    near = errors <= max(_NEAR * target.column.spread, target.tolerance)
    of_range = target.range_by(guesses).right[guessed]
    return bool(max(near.mean(), of_range.mean()) >= _SMOOTH)


def _different(numbers: NDArray[np.float64]) -> int:
    return len(np.unique(numbers[np.isfinite(numbers)]))


def _by_codes(target: Protected, column: Column, above: float) -> Iterator[_Told]:
    """Look up what others with the same value have, alone and together with the same label."""
    if column.distinct < 2 or column.repeated <= above * column.records:
        return
    several = bool(target.labels.any())
    joined = [column.codes, *([_joined(column.codes, target.labels)] if several else [])]
    if target.column.repeated > above * column.records:
        yield from (_by_groups("function", target, groups) for groups in joined)
    if target.is_identifier:
        return
    if target.column.is_numeric and not column.is_numeric:
        for groups in joined:
            guesses = middles_of_others(groups, target.column.numbers)
            yield _Told("function", "range", target.range_by(guesses))
    if (fewer := by_coarser_code(target, column)) is not None:
        yield _Told("coarser code", "range", fewer)


def _by_groups(
    kind: str,
    target: Protected,
    groups: NDArray[np.int64],
    *,
    told: NDArray[np.bool_] | bool = True,
) -> _Told:
    """Guess values as what most others of a group have, where there is a group to speak of."""
    said = others_say(groups, target.column.codes)
    right = said.right & ~target.column.missing
    return _Told(kind, "value", Evidence(said.clear & told, right, target.known), groups=groups)


def _joined(one: NDArray[np.int64], two: NDArray[np.int64]) -> NDArray[np.int64]:
    return cells_of(one, two)[1]


# -- dates -----------------------------------------------------------------------------------


def _by_calendar(target: Protected, source: _Published) -> Iterator[_Told]:
    """Look at parts of a published date, and at a protected date that is written as a number."""
    for part in source.parts.values():
        groups = np.unique(part, return_inverse=True)[1].reshape(-1)
        yield _by_groups("part of a date", target, groups, told=source.column.counted)
    if target.column.is_date and not source.column.is_date and source.column.is_numeric:
        for days in days_of_digits(source.column.numbers):
            yield _Told("copy", "value", target.value_by(days))


@dataclass(frozen=True, slots=True, eq=False)
class _Dated(Discreet):
    """The parts of a protected date, and which published columns hold one."""

    target: Protected
    parts: dict[str, NDArray[np.int64]]
    held: dict[int, str]
    """By the position of the column: which part it holds."""

    @classmethod
    def of(cls, target: Protected, sources: Sequence[_Published]) -> "_Dated":
        """Look which columns hold a part; none does if the protected column is no date."""
        if not target.column.is_date:
            return cls(target, {}, {})
        parts = parts_of(target.column.numbers)
        values = numbered(parts)
        held = {
            v: name
            for v, source in enumerate(sources)
            if not source.column.is_date
            and (name := part_held(target.column, values, source.column)) is not None
        }
        return cls(target, parts, held)

    def told_by(self, position: int) -> Iterator[_Told]:
        """Give what a column tells as a part of the date, if it holds one."""
        if position in self.held:
            yield from self.told([self.held[position]])

    def told(self, names: Sequence[str]) -> Iterator[_Told]:
        """Give what some parts tell together: the day, or few of those of its label."""
        kind = "part of a date" if len(names) == 1 else "parts of a date"
        yield _Told(kind, "value", by_parts(self.target, self.parts, names, exactly=True))
        yield _Told(kind, "range", by_parts(self.target, self.parts, names, exactly=False))


# -- several published columns ---------------------------------------------------------------


def _of_several(
    target: Protected,
    sources: Sequence[_Published],
    singles: dict[int, _Told],
    dated: _Dated,
    above: float,
) -> Iterator[tuple[tuple[int, ...], _Told]]:
    """Give what several columns tell together, and none of them alone."""
    found: dict[tuple[int, ...], _Told] = {}
    names = list(dict.fromkeys(dated.held.values()))
    if len(names) > 1 and (told := _best(target, dated.told(names), above)) is not None:
        found[tuple(dated.held)] = told
    if target.column.is_numeric:
        found = {**dict(_of_sums(target, sources, singles, above)), **found}
    for columns, told in found.items():
        alone = (singles[v] for v in columns if v in singles)
        as_good = (
            one.evidence.gained + _MORE > told.evidence.gained
            for one in alone
            if one.tells == told.tells or one.kind == "rounded copy"
        )
        if not any(as_good):
            yield columns, told


def _of_sums(
    target: Protected, sources: Sequence[_Published], singles: dict[int, _Told], above: float
) -> Iterator[tuple[tuple[int, ...], _Told]]:
    """Look for a sum or a difference, a product or a quotient of two that is the protected one."""
    numeric = {
        v: source
        for v, source in enumerate(sources)
        if source.column.is_numeric and source.different > 1 and not _tells_most(singles.get(v))
    }
    chosen = _nearest(target.column.numbers, numeric)
    if _different(target.column.numbers) < _FEWEST or len(chosen) < 2:
        return
    done: set[tuple[int, int]] = set()
    rows = some_rows(target.column.records, _FIRST_LOOK)
    for multiplied in (False, True):
        aim, *columns = _read(
            [target.column.numbers[rows], *(sources[v].column.numbers[rows] for v in chosen)],
            multiplied=multiplied,
        )
        for one, two in likely_pairs(np.stack(columns), aim, most=_PAIRS, least=_EXPLAINED):
            pair = (chosen[one], chosen[two])
            x = (sources[pair[0]].column.numbers, sources[pair[1]].column.numbers)
            guesses, factors = guess_by_plane(x, target.aim, multiplied=multiplied)
            evidence = target.value_by(guesses)
            if factors.all() and pair not in done and evidence.counts(above=above):
                done.add(pair)
                yield pair, _Told(_kind_of_pair(factors, multiplied=multiplied), "value", evidence)


def _tells_most(told: _Told | None) -> bool:
    """Tell whether a column gives the values of most records back by itself."""
    return told is not None and told.tells == "value" and told.evidence.share >= 1 - _MORE


def _read(
    columns: Sequence[NDArray[np.float64]], *, multiplied: bool
) -> Sequence[NDArray[np.float64]]:
    """Return numbers, or their logarithms where they are multiplied."""
    if not multiplied:
        return columns
    with np.errstate(all="ignore"):
        return [np.log(np.where(column > 0, column, np.nan)) for column in columns]


def _kind_of_pair(factors: NDArray[np.float64], *, multiplied: bool) -> str:
    if multiplied:
        return "product of two" if factors[0] * factors[1] > 0 else "quotient of two"
    return "sum of two" if factors[0] * factors[1] > 0 else "difference of two"


def _nearest(y: NDArray[np.float64], columns: Mapping[int, _Published]) -> list[int]:
    """Return the columns that have most to do with some numbers, and of few all."""
    if len(columns) <= MOST_IN_PAIRS:
        return [*columns]
    own = _ranks(y)
    strength = {v: abs(float(column.ranks @ own)) for v, column in columns.items()}
    best = sorted(strength, key=lambda v: -strength[v])[:MOST_IN_PAIRS]
    return sorted(best)


def _ranks(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks of some of the numbers, of mean 0 and length 1; 0 where one is missing.

    The product of two is Spearman's rank correlation.
    """
    looked_at = numbers[some_rows(len(numbers), _FIRST_LOOK)]
    counted = np.isfinite(looked_at)
    ranks = np.zeros(len(looked_at))
    order = np.argsort(looked_at[counted], kind="stable")
    ranks[np.flatnonzero(counted)[order]] = np.arange(len(order)) - (len(order) - 1) / 2
    length = float(np.linalg.norm(ranks))
    return ranks / length if length else ranks
