"""What an examination of a release found: names of columns, kinds of relations, and counts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import pandas as pd

from anon_dagster.discreet import table_html
from anon_dagster.errors import DisclosureError, counted

Examination = Literal[
    "given_back", "alone", "outcome_in_pattern", "intersected", "intruder", "repeated"
]
Severity = Literal["high", "medium", "low"]
AttackName = Literal["singling_out", "linkability", "inference"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
"""The gravest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a release tells and that nobody asked about. No cell is in it."""

    examination: Examination
    severity: Severity
    columns: tuple[str, ...]
    """The published columns that tell it."""
    protected: tuple[str, ...]
    """What they tell of: the columns that are given back, or the outcome; else none."""
    relation: str
    """The kind of it, never its coefficients or values: ``copy``, ``square``, ``sum of two`` …"""
    records: int | None
    """How many records of the release it concerns, about how many where a sample was examined;
    ``None``: fewer than k, and not said how many."""
    share: float | None
    """Of the examined records, 0 to 1; ``None`` as ``records``."""
    baseline: float | None
    """The share that gets it by the released labels alone; ``None``: not defined, or that of
    fewer than k records."""
    cure: str
    """What to do about it, in words."""
    refused: bool = False
    """Whether it is a reason to publish nothing, by the request."""
    tells: Literal["value", "range", ""] = ""
    """What is given back: the value, or a quarter at most of what its label leaves."""
    guarded: bool = False
    """Whether it tells only by what a promise guards, so that nobody is to know it of others:
    nothing is to be done then."""
    persons: int | None = None
    """How many persons it concerns, where persons are counted instead of records: ``share`` and
    ``baseline`` are of the persons of the release then. ``None``: not so, or fewer than k."""

    def __str__(self) -> str:
        told = f" tells of {', '.join(self.protected)}" if self.protected else ""
        return f"{', '.join(self.columns)}{told} ({self.relation})"


@dataclass(frozen=True, slots=True)
class TriedAttack:
    """An attack that was carried out on a sample of the records, beside its control."""

    attack: AttackName
    columns: tuple[str, ...]
    """What the intruder may know; the last one is what an inference is of."""
    known: int
    """How many of them she knows of a person."""
    records: int
    """Records that were attacked."""
    success: float
    control: float
    """The success against people who are not in the release."""
    risk: float
    """What the release adds, 0 to 1; with the interval of it."""
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ResidualDisclosure:
    """Every finding, the gravest first, and on how many records they were looked for."""

    findings: tuple[Finding, ...]
    examined: int
    """Records that were looked at."""
    records: int
    """Of the release."""
    seed: int
    """Of the sample, where ``examined`` is fewer than ``records``, and of the attacks."""
    k: int
    """Counts below it are not told."""
    examinations: tuple[Examination, ...] = ()
    """What was examined."""
    attacks: tuple[TriedAttack, ...] = ()
    """What came of the attacks, if they were asked for."""
    bounds: tuple[str, ...] = ()
    """What was left out to stay within the time, in words."""
    former: int = 0
    """How many former releases of the same people it was held against."""
    drawn: bool = False
    """Whether only some of the people were looked for in these."""

    @property
    def refused(self) -> tuple[Finding, ...]:
        """The findings that are a reason to publish nothing."""
        return tuple(finding for finding in self.findings if finding.refused)

    @property
    def table(self) -> pd.DataFrame:
        """A row per finding, in the order of their severity."""
        rows = [asdict(finding) for finding in self.findings]
        names = list(Finding.__dataclass_fields__)
        return pd.DataFrame(rows, columns=names)

    def findings_html(self) -> str:
        """Return a row per finding, for notebooks: names, kinds, counts and cures."""
        columns = ("severity", "found", "columns", "protected", "relation", "records", "cure")
        rows = [
            (
                *(each.severity, each.examination.replace("_", " ")),
                *(", ".join(each.columns), ", ".join(each.protected)),
                *(each.relation, self.how_many(each), each.cure),
            )
            for each in self.findings
        ]
        of = f"{self.examined:,} of {self.records:,} records were looked at"
        found = counted(len(rows), "finding") if rows else "nothing was found"
        return table_html(
            f"What the release tells although promises hold: {found}; {of}", columns, rows
        )

    def _repr_html_(self) -> str:
        return self.findings_html()

    def with_findings(
        self,
        found: tuple[Finding, ...],
        examination: Examination,
        *,
        former: int,
        drawn: bool = False,
        bounds: tuple[str, ...],
    ) -> Self:
        """Add what a further examination found, with former releases of the same people."""
        return replace(
            self,
            findings=tuple(sorted((*self.findings, *found), key=gravity)),
            examinations=(*self.examinations, examination),
            former=former,
            drawn=drawn,
            bounds=bounds,
        )

    def with_repeated_of(self, earlier: "ResidualDisclosure") -> Self:
        """Keep what was found with former releases when this one was published.

        They may be gone by now.
        """
        if not earlier.former:
            return self
        return self.with_findings(
            earlier.of("repeated"),
            "repeated",
            former=earlier.former,
            drawn=earlier.drawn,
            bounds=self.bounds,
        )

    def of(self, examination: Examination) -> tuple[Finding, ...]:
        """Return the findings of one examination."""
        return tuple(each for each in self.findings if each.examination == examination)

    @property
    def to_be_mended(self) -> tuple[Finding, ...]:
        """The findings that something is to be done about."""
        return tuple(finding for finding in self.findings if not finding.guarded)

    def how_many(self, finding: Finding) -> str:
        """Say how many records, or persons, a finding concerns."""
        whom = "person" if finding.examination == "intersected" else "record"
        number = finding.persons if whom == "person" else finding.records
        if number is None or finding.share is None:
            return f"fewer than {self.k} {whom}s"
        sampled = self.examined < self.records
        about = "about " if (self.drawn if finding.examination == "repeated" else sampled) else ""
        return f"{about}{counted(number, whom)} ({finding.share:.1%})"

    def require(self) -> None:
        """Refuse a release that tells what the request refuses to tell.

        Raises
        ------
        DisclosureError
            Naming the columns of every such finding, its kind, its figure and its cure.
        """
        if self.refused:
            told = "; ".join(f"{f}: {self.how_many(f)}; {f.cure}" for f in self.refused)
            raise DisclosureError(f"nothing is published, by policy.residual: {told}")

    def to_document(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_document` wrote."""
        findings = [Finding(**_with_tuples(found)) for found in document["findings"]]
        attacks = [TriedAttack(**_with_tuples(tried)) for tried in document["attacks"]]
        whole = {**document, "findings": findings, "attacks": attacks}
        return cls(**_with_tuples(whole))


def gravity(finding: Finding) -> tuple[bool, int, float]:
    """Return what findings are sorted by, the gravest first."""
    return not finding.refused, SEVERITIES.index(finding.severity), -(finding.share or 0)


def severity_of(share: float, *, high: float, medium: float) -> Severity:
    """Return how grave a share is, by those from which it is grave."""
    if share >= high:
        return "high"
    return "medium" if share >= medium else "low"


def _with_tuples(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with tuples for its lists."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in document.items()}
