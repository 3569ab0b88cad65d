"""Findings: records that untouched columns single out, once they join the released labels."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from anon_dagster.core.residual import Crowding, KeyDraw, KeySample, within
from anon_dagster.core.residual.alone import Keys
from anon_dagster.reading.scanning import Piece
from anon_dagster.residual.cells import cell_keys
from anon_dagster.residual.result import Finding, severity_of
from anon_dagster.residual.subject import Subject

MOST_IN_PAIRS = 20
"""Columns whose pairs are examined: those that tell most."""
_DRAWN = 2**16  # records, about, whose keys are drawn of each combination
_FEWEST_DRAWN = 2**13
_WORK = 4_000_000  # keys of all combinations, about
_TOLD = 20  # single columns that are named, those that single out most
_PAIRS_TOLD = 10
_HIGH, _MEDIUM = 0.5, 0.2  # shares of the records from which a finding is grave


@dataclass(frozen=True, slots=True)
class Combination:
    """Columns that join the labels."""

    names: tuple[str, ...]
    kind: str
    """``labels``, ``one``, ``pair``, ``first`` (of those that tell most), ``all``; or
    ``sensitive``, ``everything``."""


class Aloneness:
    """Counts who is alone in a stored release, in one reading of it."""

    def __init__(self, subject: Subject, telling: Sequence[str], *, records: int) -> None:
        """Prepare to count.

        Parameters
        ----------
        telling
            The harmless columns, those that tell most first.
        records
            How many records there will be.
        """
        self._subject = subject
        self.untold = 0
        """Single columns that are findings, too, and are not named."""
        self._columns = (*telling, *subject.sensitive)
        self.combinations = list(_combinations(telling, subject.sensitive))
        most = min(max(_WORK // len(self.combinations), _FEWEST_DRAWN), _DRAWN)
        self.counted = min(most, records)
        """How many records are counted for each combination, about so many if not all are."""
        positions = {name: n for n, name in enumerate(self._columns)}
        self._sample = KeySample(
            [tuple(positions[name] for name in each.names) for each in self.combinations],
            rows=records,
            most=most,
            seed=subject.policy.residual.seed,
        )

    @property
    def is_whole(self) -> bool:
        """Whether every record is counted."""
        return self._sample.is_whole

    @property
    def is_needed(self) -> bool:
        """Whether any column joins the labels."""
        return bool(self._columns)

    @property
    def look(self) -> Callable[[Piece], list[list[Keys]]]:
        """What counts records of the stored release, for :meth:`add`."""
        names = self._subject.quasi_identifiers, self._columns
        return partial(_drawn_of, *names, self._sample.drawing)

    def add(self, seen: Sequence[Sequence[Keys]]) -> None:
        """Count further records of the stored release."""
        for drawn in seen:
            self._sample.take(drawn)

    def findings(self) -> Iterator[Finding]:
        """Give what was counted where too many are alone."""
        counted = dict(zip(self.combinations, self._sample.crowdings(self._subject.k), strict=True))
        above = self._subject.policy.residual.alone_above
        by_labels = counted[self.combinations[0]]
        most_first = sorted(counted, key=lambda each: -counted[each].share_alone)
        telling = [each for each in most_first if counted[each].share_alone > above]
        ones = [each for each in telling if each.kind == "one"]
        alone = {each.names[0] for each in ones}
        pairs = [each for each in telling if each.kind == "pair" and not alone & {*each.names}]
        for each in (*ones[:_TOLD], *pairs[:_PAIRS_TOLD]):
            yield self._finding(each, counted[each], by_labels)
        self.untold = max(len(ones) - _TOLD, 0)
        yield from self._of_all(counted, by_labels, told=bool(ones or pairs))
        yield from self._of_sensitive(counted, by_labels)

    def _of_all(
        self, counted: dict[Combination, Crowding], by_labels: Crowding, *, told: bool
    ) -> Iterator[Finding]:
        above = self._subject.policy.residual.alone_above
        harmless = [each for each in counted if each.kind in {"one", "pair", "all"}]
        if not harmless:
            return
        everything = max(harmless, key=lambda each: len(each.names))
        crowding = counted[everything]
        if everything.kind == "all" and crowding.share_alone > above:
            firsts = (e for e in counted if e.kind == "first" and counted[e].share_alone > above)
            smallest = None if told else next(firsts, None)
            yield self._finding(everything, crowding, by_labels, smallest=smallest)
        elif crowding.share_alone <= above and crowding.share_few > max(above, by_labels.share_few):
            yield self._finding(everything, crowding, by_labels, few=True)

    def _of_sensitive(
        self, counted: dict[Combination, Crowding], by_labels: Crowding
    ) -> Iterator[Finding]:
        above = self._subject.policy.residual.alone_above
        for each, crowding in counted.items():
            if each.kind == "sensitive" and crowding.share_alone > above:
                yield self._finding(each, crowding, by_labels)

    def _finding(
        self,
        each: Combination,
        crowding: Crowding,
        by_labels: Crowding,
        *,
        few: bool = False,
        smallest: Combination | None = None,
    ) -> Finding:
        share = crowding.share_few if few else crowding.share_alone
        baseline = by_labels.share_few if few else by_labels.share_alone
        guarded = set(each.names) <= self._subject.guarded
        return Finding(
            "alone",
            "low" if few or guarded else severity_of(share, high=_HIGH, medium=_MEDIUM),
            each.names,
            (),
            "fewer than k" if few else "alone",
            records=None,
            share=share,
            baseline=baseline,
            cure=_cure(self._subject, each, smallest),
            guarded=guarded,
        )


def _drawn_of(
    labels: Sequence[str], columns: Sequence[str], drawing: KeyDraw, piece: Piece
) -> list[list[Keys]]:
    """Draw the keys of the records of a piece, (batches,) of (combinations,)."""
    return [_drawn(labels, columns, drawing, batch) for batch in piece.table.to_batches()]


def _drawn(
    labels: Sequence[str], columns: Sequence[str], drawing: KeyDraw, batch: pa.RecordBatch
) -> list[Keys]:
    keys = {
        name: cell_keys(batch.column(name)) + np.uint64(salt)
        for salt, name in enumerate((*labels, *columns), start=1)
    }
    joined = np.zeros(batch.num_rows, dtype=np.uint64)
    for name in labels:
        joined = joined * np.uint64(0x100000001B3) + keys[name]
    return drawing.draw(joined, [keys[name] for name in columns])


def _combinations(telling: Sequence[str], sensitive: Sequence[str]) -> Iterator[Combination]:
    yield Combination((), "labels")
    for name in telling:
        yield Combination((name,), "one")
    for one, two in within(len(telling), MOST_IN_PAIRS):
        yield Combination((telling[one], telling[two]), "pair")
    for most in range(3, min(len(telling), MOST_IN_PAIRS + 1)):
        yield Combination(tuple(telling[:most]), "first")
    if len(telling) > 2:
        yield Combination(tuple(telling), "all")
    for name in sensitive:
        yield Combination((name,), "sensitive")


def _cure(subject: Subject, each: Combination, smallest: Combination | None) -> str:
    if each.kind == "sensitive":
        if set(each.names) <= subject.guarded:
            return f"none, as long as nobody knows `{each.names[0]}` of others; it is guarded"
        return f"guard `{each.names[0]}` by a promise such as l-diversity, or drop it"
    if smallest is not None:
        told = ", ".join(f"`{name}`" for name in smallest.names)
        return f"{told} are enough: make some of them quasi-identifiers, or drop them"
    if len(each.names) == 1:
        return f"make `{each.names[0]}` a quasi-identifier, or drop it"
    if len(each.names) == 2:
        return f"make `{each.names[0]}` or `{each.names[1]}` a quasi-identifier, or drop it"
    return "make those that tell most quasi-identifiers, or drop them"
