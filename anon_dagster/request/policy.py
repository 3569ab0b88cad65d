"""The whole: what each attribute is, what must hold, what is read and written."""

import hashlib
import json
from fractions import Fraction
from math import floor
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from anon_dagster.request.analysis import RiskAnalysis
from anon_dagster.request.arrivals import Arrivals
from anon_dagster.request.attributes import (
    Attribute,
    DirectIdentifier,
    QuasiIdentifier,
    Sensitive,
    Weight,
)
from anon_dagster.request.dates import DeriveRule, ShiftRule
from anon_dagster.request.locations import PopulationSource, Source, Target
from anon_dagster.request.objective import Objective, ObjectiveRule
from anon_dagster.request.paths import input_paths
from anon_dagster.request.privacy import Privacy
from anon_dagster.request.release import NumberColumn, ReleaseRule, number_columns
from anon_dagster.request.residual import ResidualRule
from anon_dagster.request.schedules import ScheduleLike
from anon_dagster.request.strict import Names, Share, StrictModel
from anon_dagster.request.target_use import TargetUse


def _as_counted(attribute: Attribute) -> Attribute:
    """Return what a part of an identifier or of a weight is, where that is released."""
    if isinstance(attribute, DirectIdentifier) and attribute.redaction == "mask":
        return attribute.masked()
    if isinstance(attribute, Weight) and attribute.release == "generalize":
        return attribute.generalized()
    return attribute


class SearchBudget(StrictModel):
    """What the search may spend; the same seed and steps give the same release.

    Of local recoding steps bound the search before it. Seconds are for both, half and half: classes
    are improved until they are over, whatever the size of the table, so that more lose less.

    It stops then with the best that it found, and says how much better another might be.
    """

    steps: Annotated[int, Field(ge=1)] = 5_000
    """Candidates to evaluate."""
    seconds: Annotated[float, Field(gt=0)] | None = None
    """A release that depends on the speed of the machine; left out, there is no such limit."""
    seed: Annotated[int, Field(ge=0)] = 0


class SamplingRule(StrictModel):
    """Draws the records that are released; see :mod:`anon_dagster.reading.sampled`."""

    fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    """The probability of each record."""
    records: Annotated[int, Field(ge=1)] | None = None
    """How many, in place of a probability."""
    seed: Annotated[int, Field(ge=0)] = 0
    """The same seed draws the same records; whoever knows it and the source knows who they are."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.fraction is None) == (self.records is None):
            raise ValueError("a sample needs either a fraction or a number of records")
        return self


_THRESHOLD = Fraction(1, 10)
"""The chance of being found that is acceptable where a request does not say."""
_WITHOUT_VALUES = {"drop", "constant"}


class HouseholdRule(StrictModel):
    """See :class:`anon_dagster.core.privacy.HouseholdAnonymity`."""

    by: Names
    """The attribute that tells which household a record is of, or several that do together."""
    k: Annotated[int, Field(ge=2)]
    """How many different households each class has at least."""


class TrajectoryRule(StrictModel):
    """See :class:`anon_dagster.core.trajectories.Trajectories`."""

    k: Annotated[int, Field(ge=2)]
    """How many persons at least have released records that read alike, all of them together."""


class Policy(StrictModel):
    """What each attribute is and what must hold; serves any source with these attributes."""

    attributes: Annotated[dict[str, Attribute], Field(min_length=1)]
    privacy: Privacy
    person: Names | None = None
    """The attribute that tells whose a record is, or several that do together: promises are about
    persons then, and who has several records counts once. Left out, each record is of another
    person."""
    without_person: Literal["refuse", "together", "own"] = "refuse"
    """What becomes of records without a person: they are refused, count as those of one person, or
    each as that of a person of its own. Of records without a household the same."""
    household: HouseholdRule | None = None
    """Each class has records of several households, beside what is asked of its persons."""
    trajectory: TrajectoryRule | None = None
    """Needed where the released records of one person stay linked, such as by a pseudonym."""
    derive: dict[str, DeriveRule] = Field(default_factory=dict)
    """Columns that are added to those of the source before anything else: ages, lengths of stays.
    Each has a role as every other one."""
    sampling: SamplingRule | None = None
    """The release is made of a random sample of the source, and knows of nothing else."""
    suppression_limit: Share = 0.0
    """Share of the records that may be suppressed: at most ⌊limit · records⌋ of them."""
    objective: Objective = ObjectiveRule()
    """What is to be lost least."""
    target_use: TargetUse | None = None
    """What the release is meant for; the utility statistics say how well it serves."""
    suppression_cost: Annotated[float, Field(ge=0, le=10)] = 1.0
    """What a suppressed record counts in the objective; 1: as much as a fully generalized one.
    Less prefers suppression to generalization, more avoids it. The reported loss counts 1."""
    suppressed_records: Literal["drop", "keep"] = "drop"
    """Left out of the release, or kept with every quasi-identifier at ``*``."""
    recoding: Literal["global", "local"] = "global"
    search: SearchBudget | None = None
    """Left out, up to five million candidates are searched until the optimum is proven, and
    more of them with the default budget."""
    risk_threshold: Annotated[float, Field(gt=0, le=1)] | None = None
    """The chance of being found that is acceptable; left out, 0.1, and reports say so."""
    population: Annotated[int, Field(ge=1)] | PopulationSource | None = None
    """Size of the population, or a table of it, see
    :class:`anon_dagster.request.locations.PopulationSource`: for the journalist's risk, for
    promises about it, and for estimates of who is unique in it."""
    risk_analysis: RiskAnalysis = Field(default_factory=RiskAnalysis)
    residual: ResidualRule = ResidualRule()
    """What is done about what the release tells and nobody asked about."""
    release: ReleaseRule = ReleaseRule()
    """What is written beside the labels."""

    @field_validator("attributes")
    @classmethod
    def _count_what_is_left(cls, attributes: dict[str, Attribute]) -> dict[str, Attribute]:
        return {name: _as_counted(attribute) for name, attribute in attributes.items()}

    def names(self, role: str) -> tuple[str, ...]:
        """Return the names of the attributes of one role, in the order of the request."""
        return tuple(name for name, a in self.attributes.items() if a.role == role)

    def ignores(self, name: str) -> bool:
        """Tell whether the values of an attribute play no part: it is dropped, or one constant."""
        attribute = self.attributes.get(name)
        if name in (self.person or ()) or any(
            name in {r.begin, r.at} for r in self.derive.values()
        ):
            return False
        return isinstance(attribute, DirectIdentifier) and attribute.redaction in _WITHOUT_VALUES

    @property
    def pseudonyms(self) -> tuple[str, ...]:
        """The attributes that are replaced by pseudonyms, in the order of the request."""
        return tuple(
            name
            for name, a in self.attributes.items()
            if isinstance(a, DirectIdentifier) and a.redaction == "pseudonym"
        )

    @property
    def weight(self) -> str | None:
        """The attribute that says how many people of the population a record stands for."""
        for name, attribute in self.attributes.items():
            if isinstance(attribute, Weight) or getattr(attribute, "weight", False):
                return name
        return None

    @property
    def shifted(self) -> dict[str, ShiftRule]:
        """How the attributes are shifted that are, in the order of the request."""
        return {
            name: attribute.shift
            for name, attribute in self.attributes.items()
            if isinstance(attribute, QuasiIdentifier | Sensitive) and attribute.shift is not None
        }

    @property
    def quasi_identifiers(self) -> dict[str, QuasiIdentifier]:
        """The attributes that are transformed, in the order of the request."""
        return {n: a for n, a in self.attributes.items() if isinstance(a, QuasiIdentifier)}

    @property
    def attributes_counted(self) -> tuple[str, ...]:
        """The attributes of the frequency table: what decides, and what is guarded."""
        return (*self.quasi_identifiers, *self.names("sensitive"))

    @property
    def number_columns(self) -> tuple[NumberColumn, ...]:
        """The columns of numbers beside labels, which the source does not have."""
        return number_columns(self.release, self.quasi_identifiers)

    @property
    def attributes_released(self) -> tuple[str, ...]:
        """The columns of a release that are counted together: those numbers beside labels, too."""
        return (*self.attributes_counted, *(column.name for column in self.number_columns))

    @property
    def threshold(self) -> Fraction:
        """The chance of being found that risks are held against, whether it is stated or not."""
        stated = self.risk_threshold
        return _THRESHOLD if stated is None else Fraction(str(stated))

    def most_suppressed(self, records: int) -> int:
        """Return how many of so many records may be suppressed."""
        return floor(Fraction(str(self.suppression_limit)) * records)


class Measurement(StrictModel):
    """Configurations to compare: every combination of the values that are given."""

    k: tuple[Annotated[int, Field(ge=2)], ...] = ()
    l: tuple[Annotated[float, Field(gt=1)], ...] = ()  # noqa: E741 (the name the model goes by)
    """For every l-diversity of the policy."""
    t: tuple[Share, ...] = ()
    """For every t-closeness of the policy."""
    alpha: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    """For every (alpha, k)-anonymity of the policy."""
    delta: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """For every delta-disclosure privacy of the policy."""
    beta: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """For every beta-likeness of the policy."""
    k_map: tuple[Annotated[int, Field(ge=2, le=10_000)], ...] = ()
    delta_min: tuple[Share, ...] = ()
    """Of delta-presence."""
    delta_max: tuple[Annotated[float, Field(gt=0, le=1)], ...] = ()
    """Of delta-presence."""
    average_risk: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    sample_uniqueness: tuple[Annotated[float, Field(ge=0, lt=1)], ...] = ()
    population_uniqueness: tuple[Annotated[float, Field(ge=0, lt=1)], ...] = ()
    suppression_limit: tuple[Share, ...] = ()
    suppression_cost: tuple[Annotated[float, Field(ge=0, le=10)], ...] = ()
    objective: tuple[Objective, ...] = ()
    recoding: tuple[Literal["global", "local"], ...] = ()
    lowest_level: dict[str, tuple[Annotated[int, Field(ge=0)], ...]] = Field(default_factory=dict)
    """By quasi-identifier."""
    highest_level: dict[str, tuple[Annotated[int, Field(ge=0)], ...]] = Field(default_factory=dict)
    """By quasi-identifier."""
    best: Annotated[int, Field(ge=1)] = 1
    """How many of the best candidates of each configuration; of local recoding there is one."""


class Request(StrictModel):
    """All of it: source, target, policy."""

    source: Source | None = None
    """Left out if the records are handed over as a DataFrame."""
    target: Target | None = None
    """Left out if the release stays with the job."""
    policy: Policy
    measurement: Measurement | None = None
    """What ``measure`` compares."""
    schedule: ScheduleLike | None = None
    """When a declared dataset is anonymized anew: ``0 3 * * *``, every day at 3, UTC; or ``{cron,
    timezone}``."""
    fresh_within_hours: Annotated[float, Field(gt=0)] | None = None
    """How old the release of a declared dataset may become before a check says so."""
    arrivals: Arrivals | None = None
    """What becomes of each new file of a declared dataset."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every path that is read: of the source, the trees and the population."""
        return tuple(input_paths(self.model_dump(include={"source", "policy"})))

    @property
    def decimal(self) -> str:
        """The decimal mark of numbers that the source holds as text."""
        return self.source.csv.decimal if self.source else "."

    @property
    def release_decimal(self) -> str:
        """The decimal mark of numbers that the target holds as text."""
        return self.target.csv.decimal if self.target else "."

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that tell one request from another."""
        return fingerprint_of(self)


def fingerprint_of(request: StrictModel) -> str:
    """Return twelve hexadecimal digits that tell one request from another."""
    document = request.model_dump(mode="json", by_alias=True)
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
