"""What came of the configurations that were tried, within a time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

import pandas as pd

from anon_dagster.assessment.comparison import Configuration, compare, risk_of, undominated
from anon_dagster.core.search import Budget
from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.operations.grid import PAIR
from anon_dagster.operations.rehearsal import Rehearsal
from anon_dagster.planning.deciding import decide, decide_soon
from anon_dagster.planning.plan import Plan
from anon_dagster.progress import Progress, ProgressSink
from anon_dagster.reading.counting import Count

_STEPS, _ROUNDS = 200, 0
"""How far a brief search goes: candidates of global recoding, rounds of local recoding."""
_SHARE_OF_GLOBAL, _SHARE_OF_LOCAL = 0.125, 0.75
"""How much of the time that is left one brief search may take, so that others get their turn; if
one local recoding takes longer, the others wait."""
_LEAST_SHARE = 0.25
"""How much of the time is left for configurations at least, when a table was read."""
_SHORTEST = 0.05  # seconds; a candidate or two of any table
_NEAR = 1.01
"""What loses at most so many times the least after a brief search is searched in full."""
_ROUNDING = 1e-12


class _TimeIsUp(Exception):  # noqa: N818 (no error: it ends a search)
    """Raised within a search whose time is up."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When no more is to be begun, by a clock that only goes forward."""

    end: float

    @classmethod
    def of(cls, seconds: float, *, begun: float) -> "Deadline":
        """Return when so many seconds are over, a part of which is left whatever came before."""
        now = monotonic()
        return cls(max(begun + seconds, now + _LEAST_SHARE * seconds))

    def earlier(self, seconds: float) -> "Deadline":
        """Return one that is so many seconds before."""
        return Deadline(self.end - seconds)

    @property
    def left(self) -> float:
        """The seconds until then, 0 if it passed."""
        return max(self.end - monotonic(), 0.0)


@dataclass(slots=True)
class Trials(Discreet):
    """Configurations, and those of them that were measured so far.

    Each is searched briefly, in their order; then the best ones in full, as a request is.
    """

    counted: Count
    made: Plan
    """Any plan of the source: all configurations share its hierarchies."""
    acceptable: float
    deadline: Deadline
    on_progress: ProgressSink
    measured: dict[int, pd.DataFrame] = field(default_factory=dict)
    """By place among all that were to be tried: a row each."""
    planned: list[Configuration] = field(default_factory=list)
    """All that were to be tried."""
    hopeless: set[int] = field(default_factory=set)
    """By place, those that promise more than others that cannot be kept."""
    kept: Rehearsal | None = None
    """What came of the best one so far."""

    def run(self, grid: Sequence[Configuration]) -> None:
        """Measure the configurations of a grid for as long as there is time.

        However late it is, global recoding is tried until something is acceptable. If the first
        pair is not, nothing else is. Where one local recoding takes too long, the others wait until
        all of global recoding is through.
        """
        first = len(self.planned)
        self.planned += grid
        places = range(first, len(self.planned))
        slow: set[str] = set()
        for place in places:
            if place == first + PAIR and not self.found:
                self.hopeless |= {*places[PAIR:]}
                return
            recoding = self.planned[place].policy.recoding
            if recoding not in slow and not self._search_briefly(place, share=True):
                slow.add(recoding)
        for place in places:
            if place not in self.measured:
                self._search_briefly(place, share=False)
        self._search_best_in_full(places[:PAIR])

    @property
    def found(self) -> bool:
        """Whether anything is acceptable."""
        return any(bool(row["acceptable"].item()) for row in self.measured.values())

    @property
    def best(self) -> int:
        """The place of the configuration that the objective prefers; of equal ones the first."""
        figures = self._figures()
        return min(figures, key=lambda place: (figures[place], place))

    @property
    def tried(self) -> list[Configuration]:
        """The configurations that were measured, in the order of :attr:`rows`."""
        return [self.planned[place] for place in sorted(self.measured)]

    @property
    def left(self) -> list[Configuration]:
        """The configurations that there was no time for."""
        gone = self.measured.keys() | self.hopeless
        return [each for place, each in enumerate(self.planned) if place not in gone]

    @property
    def rows(self) -> pd.DataFrame:
        """A row for each configuration that was measured."""
        rows = pd.concat([self.measured[place] for place in sorted(self.measured)])
        rows = rows.reset_index(drop=True)
        rows["frontier"] = undominated(rows) if rows["reachable"].any() else False
        return rows

    # -- one configuration -------------------------------------------------------------------

    def _search_briefly(self, place: int, *, share: bool) -> bool:
        """Measure a configuration soon; tell whether there was time for it."""
        local = self.planned[place].policy.recoding == "local"
        if not self.deadline.left and (self.found or local):
            return False
        part = (_SHARE_OF_LOCAL if local else _SHARE_OF_GLOBAL) if share else 1.0
        seconds = max(self.deadline.left * part, _SHORTEST)
        until = monotonic() + seconds if local else self.deadline.end if self.found else math.inf
        budget, sink = Budget(_STEPS, seconds), self._sink(until)
        return self._measure(
            place,
            "brief",
            lambda plan: [decide_soon(plan, budget, rounds=_ROUNDS, on_progress=sink)],
        )

    def _search_best_in_full(self, first: Sequence[int]) -> None:
        """Measure the best configurations as a request is searched, the best one first.

        Parameters
        ----------
        first
            The places of those that promise least: in full they lose no more than the others.
        """
        sink = self._sink(self.deadline.end)
        while self.deadline.left and (place := self._next_in_full(first)) is not None:
            if not self._measure(place, "full", lambda plan: [decide(plan, on_progress=sink)]):
                return

    def _next_in_full(self, first: Sequence[int]) -> int | None:
        """Return the best of those that were searched briefly and may be the best of all.

        What has the figures of one that was searched in full would hardly end elsewhere.
        """
        figures = self._figures()
        full = {place for place in figures if self.measured[place]["search"].item() == "full"}
        limit = _NEAR * min((loss for loss, *_ in figures.values()), default=0.0) + _ROUNDING
        known = {figures[place] for place in full}
        near = [p for p in figures if figures[p][0] <= limit and figures[p] not in known]
        near += [p for p in first if p in figures and p not in full]
        return min(near, key=lambda place: figures[place], default=None)

    def _measure(self, place: int, search: str, find: Callable[[Plan], list[Solution]]) -> bool:
        """Put the figures of a configuration into its row; tell whether there was time."""
        found: list[Rehearsal] = []

        def find_and_keep(plan: Plan) -> list[Solution]:
            (solution,) = find(plan)
            found.append(Rehearsal(plan, solution))
            return [solution]

        self._tell(0.0)
        try:
            row = compare(iter([self.planned[place]]), self.counted, self.made, find_and_keep)
        except _TimeIsUp:
            return False
        risk = row.get(risk_of(row), pd.Series([math.inf]))
        row["acceptable"] = row["reachable"] & (risk <= self.acceptable + _ROUNDING)
        row["search"] = search
        self.measured[place] = row
        if row["acceptable"].item() and self.best == place:
            self.kept = found[0]
        return True

    def _figures(self) -> dict[int, tuple[float, ...]]:
        """Return what those that are acceptable are ranked by, by their place.

        The first figure decides, the others where it ties.
        """
        acceptable = {p: row for p, row in self.measured.items() if row["acceptable"].item()}
        return {
            place: tuple(row[["infoLoss", risk_of(row), "suppressed"]].iloc[0])
            for place, row in acceptable.items()
        }

    def _sink(self, until: float) -> ProgressSink:
        """Return what passes progress on, and ends a search that is late."""

        def pass_on(progress: Progress) -> None:
            self._tell(progress.share or 0.0)
            if monotonic() > until:
                raise _TimeIsUp

        return pass_on

    def _tell(self, within: float) -> None:
        """Tell how far all of it is, and how far the search at hand."""
        total = len(self.planned)
        done = min(len(self.measured), total - 1)
        self.on_progress(Progress("measure", done, guess=total, within=within))
