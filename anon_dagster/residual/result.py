"""What an examination of a release found: names of columns, kinds of relations, and counts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import pandas as pd

Examination = Literal["given_back", "alone", "outcome_in_pattern", "intruder"]
Severity = Literal["high", "medium", "low"]


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
    """How many records it concerns; ``None``: fewer than k, and not said how many."""
    share: float | None
    """Of the examined records, 0 to 1; ``None`` as ``records``."""
    baseline: float | None
    """The share that the released labels alone tell; ``None``: not defined."""
    cure: str
    """What to do about it, in words."""
    refused: bool = False
    """Whether it is a reason to publish nothing, by the request."""

    def __str__(self) -> str:
        return f"{self.relation}: {', '.join(self.columns)}"


@dataclass(frozen=True, slots=True)
class ResidualDisclosure:
    """Every finding, the gravest first, and on how many records they were looked for."""

    findings: tuple[Finding, ...]
    examined: int
    """Records that were looked at."""
    records: int
    """Of the release."""
    seed: int
    """Of the sample, where ``examined`` is fewer than ``records``."""
    k: int
    """Counts below it are not told."""

    @property
    def table(self) -> pd.DataFrame:
        """A row per finding, in the order of their severity."""
        rows = [asdict(finding) for finding in self.findings]
        names = list(Finding.__dataclass_fields__)
        return pd.DataFrame(rows, columns=names)

    def to_document(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_document` wrote."""
        lists = ("columns", "protected")
        findings = tuple(
            Finding(**{**found, **{name: tuple(found[name]) for name in lists}})
            for found in document["findings"]
        )
        return cls(**{**document, "findings": findings})
