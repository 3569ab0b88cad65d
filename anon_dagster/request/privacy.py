"""The promises that can be asked for."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from anon_dagster.request.strict import Share, StrictModel, ValueText


class KAnonymityRule(StrictModel):
    """See :class:`anon_dagster.core.privacy.KAnonymity`."""

    k: Annotated[int, Field(ge=2)]


class KMapRule(StrictModel):
    """See :mod:`anon_dagster.core.privacy.k_map`."""

    k: Annotated[int, Field(ge=2, le=10_000)]
    estimator: Literal["poisson", "zero_truncated_poisson"] | None = None
    """How many people a class stands for is estimated from its records; left out, they are counted
    in the table of the population."""
    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """The probability of taking a class of fewer people for one of k."""
    sampling_fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    """The share of the population that is in the table; told by its size if left out."""


class LDiversityRule(StrictModel):
    """See :mod:`anon_dagster.core.privacy.l_diversity`."""

    attribute: str
    l: Annotated[float, Field(gt=1)]  # noqa: E741 (the name the model goes by)
    variant: Literal["distinct", "entropy", "recursive"] = "distinct"
    c: Annotated[float, Field(gt=0)] | None = None
    missing_counts: bool = True
    """Whether a missing value counts as a sensitive one; if not, the promise is about the records
    that have a value, and a class without any breaks it."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.c is None) == (self.variant == "recursive"):
            raise ValueError("c goes with variant: recursive")
        if self.variant != "entropy" and self.l != int(self.l):
            raise ValueError("l must be a whole number for this variant")
        return self


class TClosenessRule(StrictModel):
    """See :mod:`anon_dagster.core.privacy.t_closeness`."""

    attribute: str
    t: Share
    distance: Literal["equal", "ordered", "hierarchical"] = "equal"


class AlphaKAnonymityRule(StrictModel):
    """See :class:`anon_dagster.core.privacy.AlphaDeassociation`."""

    attribute: str
    alpha: Annotated[float, Field(gt=0, lt=1)]
    k: Annotated[int, Field(ge=2)]
    guarded: Annotated[tuple[ValueText, ...], Field(min_length=1)] | None = None
    """The values that are guarded, as the source writes them; all if left out."""


class DeltaDisclosureRule(StrictModel):
    """See :class:`anon_dagster.core.privacy.DeltaDisclosure`."""

    attribute: str
    delta: Annotated[float, Field(gt=0)]
    compare: Literal["all", "present"] = "all"
    """Whether every class must hold every value, or only those that it holds are compared."""


class BetaLikenessRule(StrictModel):
    """See :mod:`anon_dagster.core.privacy.beta_likeness`."""

    attribute: str
    beta: Annotated[float, Field(gt=0)]
    variant: Literal["basic", "enhanced"] = "basic"


GuardingRule = (
    AlphaKAnonymityRule | LDiversityRule | TClosenessRule | DeltaDisclosureRule | BetaLikenessRule
)
GUARDING = (
    "alpha_k_anonymity",
    "l_diversity",
    "t_closeness",
    "delta_disclosure",
    "beta_likeness",
)
"""The models that guard a sensitive attribute, by their names in a request."""


class AverageRiskRule(StrictModel):
    """See :class:`anon_dagster.core.privacy.AverageRisk`."""

    risk: Annotated[float, Field(gt=0, lt=1)]


class SampleUniquenessRule(StrictModel):
    """See :class:`anon_dagster.core.privacy.SampleUniqueness`."""

    share: Annotated[float, Field(ge=0, lt=1)]


class DeltaPresenceRule(StrictModel):
    """See :class:`anon_dagster.core.privacy.DeltaPresence`."""

    delta_min: Share = 0.0
    delta_max: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.delta_min > self.delta_max:
            raise ValueError("delta_min must not be above delta_max")
        return self


class DifferentialPrivacyRule(StrictModel):
    """See :class:`anon_dagster.core.privacy.DifferentialPrivacy`."""

    epsilon: Annotated[float, Field(ge=0.01, le=8)]
    delta: Annotated[float, Field(ge=1e-12, lt=1)]


class PopulationUniquenessRule(StrictModel):
    """See :class:`anon_dagster.core.privacy.PopulationUniqueness`."""

    share: Annotated[float, Field(ge=0, lt=1)]
    estimator: Literal["dankar", "pitman", "zayatz", "snb"] = "dankar"


class Privacy(StrictModel):
    """What the release must satisfy, all of it."""

    k_anonymity: KAnonymityRule | None = None
    k_map: KMapRule | None = None
    delta_presence: DeltaPresenceRule | None = None
    differential_privacy: DifferentialPrivacyRule | None = None
    average_risk: AverageRiskRule | None = None
    sample_uniqueness: SampleUniquenessRule | None = None
    population_uniqueness: PopulationUniquenessRule | None = None
    alpha_k_anonymity: tuple[AlphaKAnonymityRule, ...] = ()
    l_diversity: tuple[LDiversityRule, ...] = ()
    t_closeness: tuple[TClosenessRule, ...] = ()
    delta_disclosure: tuple[DeltaDisclosureRule, ...] = ()
    beta_likeness: tuple[BetaLikenessRule, ...] = ()

    @property
    def of_population(self) -> bool:
        """Whether a promise is about the population, not the table alone."""
        rules = (self.k_map, self.delta_presence, self.population_uniqueness)
        return any(rule is not None for rule in rules)

    @property
    def counts_people(self) -> bool:
        """Whether a promise needs the table of the population, not its size alone."""
        maps = self.k_map is not None and self.k_map.estimator is None
        return maps or self.delta_presence is not None

    @property
    def guarding(self) -> tuple[GuardingRule, ...]:
        """The rules that guard a sensitive attribute."""
        return tuple(rule for model in GUARDING for rule in getattr(self, model))

    @property
    def guarded(self) -> frozenset[str]:
        """The sensitive attributes that a promise is about."""
        return frozenset(rule.attribute for rule in self.guarding)

    @field_validator(*GUARDING, mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, Mapping) else value
