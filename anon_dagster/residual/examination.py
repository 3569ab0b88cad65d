"""The examination: both tables are looked at as they pass, and judged at the end."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, get_args

from anon_dagster.errors import counted
from anon_dagster.reading.scanning import Onlooker, Piece
from anon_dagster.residual.aloneness import MOST_IN_PAIRS, Aloneness
from anon_dagster.residual.given_back import given_back
from anon_dagster.residual.intersected import NOBODY_ELSE, OwnRecords, intersected
from anon_dagster.residual.intruder import attacks, intruder
from anon_dagster.residual.outcomes import Classes, outcomes
from anon_dagster.residual.pairs import Pairs, PairSample, Recode
from anon_dagster.residual.result import (
    Examination,
    Finding,
    ResidualDisclosure,
    TriedAttack,
    gravity,
)
from anon_dagster.residual.subject import Subject

MOST_RECORDS = 10_000
"""Records that are paired with what became of them, at most."""
_FEWEST_RECORDS = 4_096
_WORK = 2_000_000  # records times pairs of a protected and a published column
_MOST_FINDINGS = 100  # of each kind
_WITHOUT_PAIRS = {"alone", "intersected"}
"""What is examined on other things than the records that are drawn of the source."""


class Examiner:
    """Looks at a source and its release while they are read, and says what it found."""

    def __init__(
        self, subject: Subject, telling: Sequence[str], *, records: int, released: int
    ) -> None:
        """Prepare to look.

        Parameters
        ----------
        telling
            The harmless columns, those that tell most first.
        records, released
            How many records source and release have.
        """
        rule = subject.policy.residual
        self._subject, self._telling = subject, telling
        self._untold: dict[Examination, int] = {}
        self._examinations: tuple[Examination, ...] = tuple(
            each
            for each in get_args(Examination)
            if each != "repeated"  # which takes other releases
            and getattr(rule, each) != "ignore"
            and (each != "intersected" or subject.policy.person is not None)
        )
        self._aloneness = Aloneness(subject, telling, records=released)
        self._pairs = PairSample.of(
            (*subject.quasi_identifiers, *subject.identifiers),
            records=records,
            most=self._most_pairs(),
            seed=rule.seed,
        )

    @property
    def of_source(self) -> Onlooker:
        """Who looks at the records of the source, in their order."""
        asks = bool(set(self._examinations) - _WITHOUT_PAIRS)
        return _Look(self._pairs, needs_places=not self.is_whole) if asks else _Look(None)

    @property
    def of_release(self) -> Onlooker:
        """Who looks at the records of the stored release."""
        asks = "alone" in self._examinations and self._aloneness.is_needed
        return _Look(self._aloneness if asks else None)

    @property
    def subject(self) -> Subject:
        """The release, as its policy and its decision describe it."""
        return self._subject

    def pairs(self, recode: Recode) -> Pairs:
        """Return the records that were drawn of the source, paired with what becomes of them."""
        return self._pairs.pairs(recode)

    @property
    def is_whole(self) -> bool:
        """Whether these are all of them."""
        return self._pairs.places is None

    def disclosure(
        self,
        pairs: Pairs,
        classes: Classes | None,
        records: int,
        *,
        shifts: Sequence[Finding] = (),
        own: OwnRecords | None = None,
    ) -> ResidualDisclosure:
        """Judge what was seen.

        Parameters
        ----------
        pairs
            From :attr:`pairs`.
        classes
            What classes were formed of, if they are more than what follows from the values.
        records
            Of the release.
        shifts
            What is told of shifted dates, see :mod:`anon_dagster.residual.shifts`.
        own
            Which classes persons have records in, where persons are counted.
        """
        tried: tuple[TriedAttack, ...] = ()
        if "intruder" in self._examinations:
            tried = tuple(attacks(self._subject, pairs, self._telling))
        told: list[Finding] = []
        for each in self._examinations:
            of_kind = [*self._found(each, pairs, classes, tried, own)]
            of_kind += [finding for finding in shifts if finding.examination == each]
            found = self._in_order(of_kind, records)
            told += found[:_MOST_FINDINGS]
            self._untold[each] = max(len(found) - _MOST_FINDINGS, 0)
        return ResidualDisclosure(
            tuple(sorted(told, key=gravity)),
            pairs.records if set(self._examinations) - _WITHOUT_PAIRS else self._aloneness.counted,
            records,
            self._subject.policy.residual.seed,
            self._subject.k,
            self._examinations,
            tried,
            tuple(self._bounds(pairs.records, own)),
        )

    def _found(
        self,
        examination: Examination,
        pairs: Pairs,
        classes: Classes | None,
        tried: Sequence[TriedAttack],
        own: OwnRecords | None,
    ) -> Iterable[Finding]:
        if examination == "given_back":
            return given_back(self._subject, pairs)
        if examination == "alone":
            return self._aloneness.findings() if self._aloneness.is_needed else ()
        if examination == "outcome_in_pattern":
            return () if classes is None else outcomes(self._subject, classes)
        if examination == "intersected":
            return () if own is None else intersected(self._subject, own)
        return intruder(self._subject, tried)

    def _most_pairs(self) -> int:
        protected = len(self._subject.quasi_identifiers) + len(self._subject.identifiers)
        published = len(self._subject.released)
        return min(max(_WORK // max(protected * published, 1), _FEWEST_RECORDS), MOST_RECORDS)

    def _in_order(self, found: Iterable[Finding], records: int) -> list[Finding]:
        """Return findings, the gravest first, with counts, small ones hidden."""
        return sorted((self._counted(finding, records) for finding in found), key=gravity)

    def _counted(self, finding: Finding, records: int) -> Finding:
        many = round((finding.share or 0.0) * records)
        if finding.persons is not None:
            many, records = finding.persons, round(finding.persons / (finding.share or 1.0))
        refused = getattr(self._subject.policy.residual, finding.examination) == "refuse"
        if finding.guarded or finding.relation in {"fewer than k", NOBODY_ELSE}:
            refused = False  # nobody is alone then, or nothing is told of those who are
        finding = replace(finding, baseline=self._shown(finding.baseline, records), refused=refused)
        if many < self._subject.k:
            return replace(finding, records=None, share=None, persons=None)
        return finding if finding.persons is not None else replace(finding, records=many)

    def _shown(self, share: float | None, records: int) -> float | None:
        """Return a share unless it is of somebody, and of fewer than k records."""
        few = share is not None and 0 < round(share * records) < self._subject.k
        return None if few else share

    def _bounds(self, paired: int, own: OwnRecords | None) -> Iterator[str]:
        if len(self._telling) > MOST_IN_PAIRS and "alone" in self._examinations:
            yield f"pairs of the {MOST_IN_PAIRS} most telling of {len(self._telling)} columns"
        if self._aloneness.untold:
            yield f"{self._aloneness.untold} more columns that single out by themselves, not named"
        for examination, untold in self._untold.items():
            if untold:
                named = examination.replace("_", " ")
                yield f"{counted(untold, 'more finding')} of {named}, less grave, not named"
        if "alone" in self._examinations and not self._aloneness.is_whole:
            yield f"who is alone, counted for about {self._aloneness.counted:,} records"
        if "intersected" in self._examinations and own is not None:
            several, drawn = own.classes_of_persons.several, len(own.classes_of_persons.drawn)
            if drawn < several:
                yield f"own classes of {drawn:,} of {several:,} persons who are in several"
        if "intruder" in self._examinations and not self.is_whole:
            yield f"attacks on a sample of {counted(paired, 'record')}"


class _Collector(Protocol):
    @property
    def look(self) -> Callable[[Piece], Any]: ...

    def add(self, seen: Any, /) -> None: ...  # noqa: ANN401 (whatever `look` returned)


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks for a collector, if there is any."""

    collector: _Collector | None
    needs_places: bool = False

    @property
    def look(self) -> Callable[[Piece], Any]:
        return _nothing if self.collector is None else self.collector.look

    def add(self, seen: Any) -> None:  # noqa: ANN401 (whatever `look` returned)
        if self.collector is not None:
            self.collector.add(seen)


def _nothing(_: Piece) -> None:
    """See nothing."""
