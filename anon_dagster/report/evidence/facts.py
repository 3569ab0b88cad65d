"""The kinds of facts that sections are made of: values that JSON can hold, and never NaN."""

from dataclasses import dataclass
from typing import Literal

from anon_dagster.discreet import Discreet

Number = int | float
Cell = str | int | float | bool | None
Severity = Literal["high", "medium", "low"]
RemarkKind = Literal[
    "unguarded", "records_not_persons", "linked", "differential_privacy", "appended", "finding",
    "formulas", "caution", "no_promise", "threshold", "fairness",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure(Discreet, shown=("name",)):
    """A statistic by its name, as :mod:`anon_dagster.statistics` calls it."""

    name: str
    value: Number | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredFile(Discreet, shown=("size",)):
    """A file as it was when it was read or published."""

    address: str
    """Where it lies, without credentials."""
    size: int
    """In bytes."""
    sha256: str | None
    """``None``: not known, since the file changed or is not there any more."""


@dataclass(frozen=True, slots=True)
class PromiseFact(Discreet, shown=("name", "attribute", "holds")):
    """A promise: what was asked, what was reached, and how that was found out."""

    name: str
    attribute: str | None
    asked: Number
    reached: Number | None
    holds: bool
    how: str
    """How it was measured, in words."""
    untold: str | None = None
    """Why nobody can tell whether it holds."""
    classes_failing: int = 0
    records_failing: int = 0


@dataclass(frozen=True, slots=True)
class Remark(Discreet, shown=("kind", "severity")):
    """What nobody asked for and should be looked at before a release is signed."""

    kind: RemarkKind
    severity: Severity
    text: str
    cure: str
    """What to do about it; empty: nothing."""


@dataclass(frozen=True, slots=True)
class SizeCount(Discreet, shown=("size", "classes")):
    """How many equivalence classes have so many records."""

    size: int
    classes: int


@dataclass(frozen=True, slots=True)
class LabelCount(Discreet, shown=("records",)):
    """How many records have a label; ``None`` is a missing value."""

    label: str | None
    records: int


@dataclass(frozen=True, slots=True)
class Bin(Discreet, shown=("records",)):
    """How many records have a number from ``low`` on and below ``high``; the last bin has it."""

    low: float
    high: float
    records: int


@dataclass(frozen=True, slots=True)
class ExampleFact(Discreet):
    """A value of the source, and what became of it; ``None`` is a missing value."""

    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class SuppressedShare(Discreet, shown=("attribute",)):
    """How often a value occurs among all records, and among those that were suppressed."""

    attribute: str
    value: str | None
    records: int
    suppressed: int


@dataclass(frozen=True, slots=True)
class AssociationFact(Discreet, shown=("left", "right", "measure")):
    """How strongly two columns go together."""

    left: str
    right: str
    measure: Literal["pearson", "cramers_v", "correlation_ratio"]
    value: float | None
    """``None``: not defined, since one of the two is constant."""


@dataclass(frozen=True, slots=True)
class PointFact(Discreet, shown=("configuration",)):
    """A configuration that was measured, by its settings."""

    configuration: str
    risk: float
    loss: float
    is_frontier: bool
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class TableFact(Discreet, shown=("name",)):
    """A table of names and numbers."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_off: int = 0
    """Rows that are not here."""
