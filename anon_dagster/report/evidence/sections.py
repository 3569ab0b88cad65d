"""The sections of a report, in the order in which it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from anon_dagster.discreet import Discreet
from anon_dagster.report.evidence.facts import (
    AssociationFact,
    Bin,
    ExampleFact,
    Figure,
    LabelCount,
    PointFact,
    PromiseFact,
    Remark,
    SizeCount,
    StoredFile,
    SuppressedShare,
    TableFact,
)

# -- 1. identity ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HoldFact(Discreet, shown=("state",)):
    """What became of a release that a person has to approve."""

    state: Literal["awaiting approval", "approved", "rejected", "discarded"]
    target: str
    """Where it is published once it is approved."""
    decided_by: str | None = None
    """``None``: nobody decided yet, or nobody knows who did."""
    decided: str | None = None
    """When: ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class IdentityOfRequest(Discreet, shown=("dataset", "job", "made")):
    """What was asked for, by whom and when."""

    dataset: str
    job: str | None
    """``None``: no job, but a call of the library."""
    made: str
    """When the report was made: ISO 8601, UTC."""
    requested_by: str | None
    approved_by: str | None
    """``None``: nobody, or nobody knows who did."""
    versions: Mapping[str, str]
    """Of the programs, by name."""
    fingerprint: str
    """SHA-256 of the request as canonical JSON."""
    request: str
    """As YAML; it may name values of the source, such as in trees, and paths."""
    table: str | None = None
    """Of linked tables the name of this one."""
    hold: HoldFact | None = None
    """``None``: nobody has to approve it."""


@dataclass(frozen=True, slots=True)
class IdentityOfRelease(Discreet, shown=("records",)):
    """Which release it is."""

    files: tuple[StoredFile, ...]
    """None: it is a table in memory."""
    records: int
    columns: tuple[str, ...]
    sha256: str | None
    """Over the files in their order."""


@dataclass(frozen=True, slots=True)
class IdentityOfSource(Discreet, shown=("records",)):
    """Which records it was made of."""

    files: tuple[StoredFile, ...]
    """None: it was a table in memory."""
    records: int
    sha256: str | None
    """Over the files in their order."""
    unknown: str = ""
    """Why no checksum is known."""


@dataclass(frozen=True, slots=True)
class Identity(Discreet, shown=("of_request",)):
    """Which release this report is about."""

    of_request: IdentityOfRequest
    of_release: IdentityOfRelease
    of_source: IdentityOfSource | None


# -- 2. verdict ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerdictOfRequest(Discreet):
    """What was asked for in plain words, and what was not."""

    asked: tuple[str, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class VerdictOfRelease(Discreet):
    """The promises that whoever has the release can measure."""

    promises: tuple[PromiseFact, ...]
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class VerdictOfSource(Discreet, shown=("examined",)):
    """The promises that compare with the source, and what the release tells besides."""

    promises: tuple[PromiseFact, ...]
    findings: tuple[Remark, ...]
    coverage: str
    bounds: tuple[str, ...] = ()
    attacks: TableFact | None = None


@dataclass(frozen=True, slots=True)
class Verdict(Discreet):
    """Whether the promises hold, and what is to be looked at."""

    of_request: VerdictOfRequest
    of_release: VerdictOfRelease
    of_source: VerdictOfSource | None


# -- 3. risk -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RiskOfRequest(Discreet, shown=("threshold", "is_stated")):
    """What risk is held against."""

    threshold: float
    is_stated: bool
    """Whether the request states the threshold."""
    population: int | None
    """Its size, if the request states that."""
    has_population_table: bool
    counts_persons: bool


@dataclass(frozen=True, slots=True)
class RiskOfRelease(Discreet):
    """The risk of a record of the release, as its classes tell it."""

    figures: tuple[Figure, ...]
    class_sizes: tuple[SizeCount, ...]
    """The smallest first; of the stored release, with the records that stay as ``*``."""


@dataclass(frozen=True, slots=True)
class RiskOfSource(Discreet):
    """The risk before; after, where that needs the source or a population; and in detail."""

    before: tuple[Figure, ...]
    class_sizes: tuple[SizeCount, ...]
    after: tuple[Figure, ...]
    details: tuple[TableFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Risk(Discreet):
    """How likely a record is given to its person."""

    of_request: RiskOfRequest
    of_release: RiskOfRelease
    of_source: RiskOfSource | None


# -- 4. attributes -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttributeOfRequest(Discreet, shown=("role",)):
    """What was asked for an attribute."""

    role: str
    treatment: str
    importance: float | None = None


@dataclass(frozen=True, slots=True)
class AttributeOfRelease(Discreet, shown=("distinct", "starred", "missing")):
    """How the column reads in the release."""

    distinct: int | None
    """Labels, ``*`` and missing values aside."""
    starred: int
    """Records that read ``*``."""
    missing: int
    labels: tuple[LabelCount, ...] = ()
    """The most frequent ones, the most frequent first."""
    labels_left_off: int = 0
    bins: tuple[Bin, ...] = ()
    """Of a column of numbers, equal ones from its least to its largest one in the release."""


@dataclass(frozen=True, slots=True)
class AttributeOfSource(Discreet, shown=("level", "levels", "distinct")):
    """What was lost of it, and the source counted at the labels of the release."""

    done: str
    """What was done to it, in words."""
    level: int | None = None
    levels: int | None = None
    """Of its hierarchy: 0 to ``levels - 1``."""
    distinct: int | None = None
    missing: int | None = None
    loss: float | None = None
    """Its mean normalized certainty penalty, 0 to 1; a suppressed record counts 1."""
    example: ExampleFact | None = None
    labels: tuple[LabelCount, ...] = ()
    """Of the source, at the labels of the release: as many records as were released with each, and
    those that were suppressed."""
    untold_labels: int = 0
    """Records of the source of which nobody can say which label they would have: local recoding
    gave equal values different ones."""
    bins: tuple[Bin, ...] = ()
    """Of a column of numbers, equal ones from its least to its largest one in the source …"""
    bins_after: tuple[Bin, ...] = ()
    """… and the release counted at the same."""


@dataclass(frozen=True, slots=True)
class AttributeEvidence(Discreet, shown=("name",)):
    """What became of an attribute."""

    name: str
    of_request: AttributeOfRequest
    of_release: AttributeOfRelease | None
    """``None``: it is not released."""
    of_source: AttributeOfSource | None


# -- 5. damage -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DamageOfRelease(Discreet):
    """How columns of the release go together."""

    records: int
    associations: tuple[AssociationFact, ...]


@dataclass(frozen=True, slots=True)
class DamageOfSource(Discreet, shown=("records", "suppressed")):
    """Who was suppressed, and what else was lost."""

    records: int
    suppressed: int
    utility: tuple[TableFact, ...]
    shares: tuple[SuppressedShare, ...] = ()
    shares_left_off: int = 0
    associations: tuple[AssociationFact, ...] = ()
    coefficients: TableFact | None = None
    left_off: tuple[str, ...] = ()
    """What is not compared, in words."""


@dataclass(frozen=True, slots=True)
class Damage(Discreet):
    """What the release cannot be used for any more."""

    of_release: DamageOfRelease | None
    of_source: DamageOfSource | None


# -- 6. choice -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChoiceOfRequest(Discreet):
    """How to see what else could have been chosen."""

    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChoiceOfSource(Discreet):
    """What else was measured."""

    points: tuple[PointFact, ...]


@dataclass(frozen=True, slots=True)
class Choice(Discreet):
    """What was chosen among, if that was measured."""

    of_request: ChoiceOfRequest
    of_source: ChoiceOfSource | None


# -- 7. conduct ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProofFact(Discreet, shown=("method", "optimal")):
    """How far the search got, as :class:`anon_dagster.core.solution.Proof` tells it."""

    method: str
    optimal: bool
    objective: str
    loss: float
    lower_bound: float
    gap_ratio: float | None
    candidates: int
    evaluated: int


@dataclass(frozen=True, slots=True)
class ConductOfRequest(Discreet, shown=("recoding",)):
    """How it was to be done."""

    recoding: str
    seeds: Mapping[str, int] = field(default_factory=dict)
    """By what they are of; whoever knows a seed and the source knows who was drawn."""
    checks: tuple[str, ...] = ()
    """Commands by which all of this can be checked later."""


@dataclass(frozen=True, slots=True)
class ConductOfRelease(Discreet, shown=("formulas",)):
    """What is to be known of the stored release."""

    formulas: tuple[str, ...] = ()
    """Columns with cells that a spreadsheet takes for formulas."""


@dataclass(frozen=True, slots=True)
class ConductOfSource(Discreet, shown=("tuples",)):
    """What was done with the records."""

    steps: tuple[str, ...]
    """In words, in their order."""
    tuples: int
    proof: ProofFact
    drawn_from: int | None = None
    shifted_out: int | None = None


@dataclass(frozen=True, slots=True)
class Conduct(Discreet):
    """What was done, step by step, and how to check it."""

    of_request: ConductOfRequest
    of_release: ConductOfRelease
    of_source: ConductOfSource | None


@dataclass(frozen=True, slots=True)
class Evidence(Discreet, shown=("identity",)):
    """Everything that a report tells."""

    identity: Identity
    verdict: Verdict
    risk: Risk
    attributes: tuple[AttributeEvidence, ...]
    damage: Damage
    choice: Choice
    conduct: Conduct
