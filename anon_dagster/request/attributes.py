"""What each attribute is, and what may become of it."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from anon_dagster.request.dates import ShiftRule
from anon_dagster.request.rules import HierarchyRule, MaskRule
from anon_dagster.request.strict import (
    KEY_VARIABLE,
    SUPPRESSED,
    Character,
    Flag,
    StrictModel,
    ValueText,
)

PSEUDONYM_PATTERN = "^[0-9a-f]{32}$"
"""How every pseudonym reads."""


class DeclaredAttribute(StrictModel):
    """What every attribute may say of its values."""

    missing: tuple[ValueText, ...] | None = None
    """Values that stand for none, in every format, beside those of ``csv.missing``: ``["-9", NA]``.
    Left out, an empty text is a missing value where the source or the target is a CSV file, whose
    readers cannot tell the two apart."""


class DirectIdentifier(DeclaredAttribute):
    """Names a person by itself; never released."""

    role: Literal["direct_identifier"]
    redaction: Literal["drop", "constant", "pseudonym", "mask"] = "drop"
    """A mask leaves a part, which can single people out: the attribute becomes a quasi-identifier
    that is masked from the first level on, see :meth:`masked`."""
    constant: ValueText = SUPPRESSED
    key_variable: Annotated[str, StringConstraints(pattern=KEY_VARIABLE)] = "ANON_KEY"
    """The environment variable that holds the key of pseudonyms; see
    :mod:`anon_dagster.releasing.pseudonyms`."""
    scope: str = ""
    """Sets pseudonyms apart that one key makes for different purposes."""
    keep: Annotated[int, Field(ge=0)] | None = None
    """How many characters a mask leaves; none if left out, but the length."""
    side: Annotated[Literal["left", "right"] | None, Field(alias="from")] = None
    """The side that is masked; the left one if left out."""
    character: Character = SUPPRESSED
    """What a masked character is replaced by."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.redaction != "mask" and (self.keep is not None or self.side is not None):
            raise ValueError("keep and from go with redaction: mask")
        return self

    def masked(self) -> "QuasiIdentifier":
        """Return what a masked identifier is: a quasi-identifier of which no value is released."""
        rule = MaskRule(side=self.side or "left", character=self.character, keep=self.keep or 0)
        return QuasiIdentifier(
            role="quasi_identifier", hierarchy=rule, lowest_level=1, missing=self.missing
        )


Aggregate = Literal["mean", "geometric_mean", "median", "mode", "range", "set"]


class QuasiIdentifier(DeclaredAttribute):
    """Singles people out together with others; transformed."""

    role: Literal["quasi_identifier"]
    importance: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    hierarchy: HierarchyRule | None = None
    """The obvious one for the values if left out."""
    lowest_level: Annotated[int, Field(ge=0)] = 0
    highest_level: Annotated[int, Field(ge=0)] | None = None
    transformation: Literal["generalization", "microaggregation"] = "generalization"
    aggregate: Aggregate | None = None
    """What a microaggregated group of values is replaced by."""
    groups: Literal["classes", "mdav"] = "classes"
    """Of microaggregation: the equivalence classes, or clusters of k near records, made by MDAV
    of all attributes that ask for it."""
    local_labels: Literal["nodes", "ranges", "sets"] = "nodes"
    """How ``recoding: local`` writes the values of a class: as a node of the hierarchy, as their
    range (numbers and dates), or one by one."""
    shift: ShiftRule | None = None
    """Dates are moved before anything else is done with them."""
    weight: Flag = False
    """It is the survey weight, too: what ``role: weight, release: generalize`` stands for."""

    @property
    def mask(self) -> MaskRule | None:
        """How a direct identifier is masked, if it is one; see :class:`DirectIdentifier`."""
        rule = self.hierarchy
        masked = isinstance(rule, MaskRule) and rule.keep is not None and self.lowest_level > 0
        return rule if isinstance(rule, MaskRule) and masked else None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.highest_level is not None and self.lowest_level > self.highest_level:
            raise ValueError("lowest_level must not be above highest_level")
        if (self.aggregate is None) != (self.transformation == "generalization"):
            raise ValueError("aggregate goes with transformation: microaggregation")
        if self.groups == "mdav" and self.aggregate is None:
            raise ValueError("groups: mdav goes with transformation: microaggregation")
        if self.local_labels != "nodes" and self.lowest_level:
            raise ValueError("lowest_level goes with local_labels: nodes")
        if self.weight and (not self.lowest_level or self.aggregate or self.shift):
            raise ValueError("a weight is generalized, from lowest_level: 1 on")
        return self


class Sensitive(DeclaredAttribute):
    """What nobody may learn of a person; kept, and guarded by a privacy model."""

    role: Literal["sensitive"]
    hierarchy: HierarchyRule | None = None
    """Needed by the hierarchical distance of t-closeness only."""
    shift: ShiftRule | None = None
    """Dates are moved before anything else is done with them."""


class NonSensitive(DeclaredAttribute):
    """Kept as it is."""

    role: Literal["non_sensitive"]


class Weight(DeclaredAttribute):
    """How many people of the population a record stands for, itself among them: at least 1.

    Estimates of the population are made of it; see :mod:`anon_dagster.statistics.survey`.
    """

    role: Literal["weight"]
    release: Literal["drop", "generalize"] = "drop"
    """A weight tells the stratum that a person was drawn from. So none is released, or only coarse
    bands: the attribute becomes a quasi-identifier then, see :meth:`generalized`."""
    hierarchy: HierarchyRule | None = None
    """Of the bands; the obvious one for the values if left out."""
    lowest_level: Annotated[int, Field(ge=1)] = 1
    """No weight is released as it is."""
    highest_level: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        levels = self.lowest_level > 1 or self.highest_level is not None
        if self.release == "drop" and (levels or self.hierarchy is not None):
            raise ValueError("hierarchy and levels go with release: generalize")
        if self.highest_level is not None and self.lowest_level > self.highest_level:
            raise ValueError("lowest_level must not be above highest_level")
        return self

    def generalized(self) -> QuasiIdentifier:
        """Return what a released weight is: a quasi-identifier of which no value is released."""
        return QuasiIdentifier(
            role="quasi_identifier",
            hierarchy=self.hierarchy,
            lowest_level=self.lowest_level,
            highest_level=self.highest_level,
            missing=self.missing,
            weight=True,
        )


Attribute = Annotated[
    DirectIdentifier | QuasiIdentifier | Sensitive | NonSensitive | Weight,
    Field(discriminator="role"),
]
