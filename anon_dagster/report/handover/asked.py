"""What of a request goes with a release: enough to measure it again, and nothing that tells more.

A request may name values of the source, such as those of trees and guarded ones, files, variables
that hold keys, and the seeds by which somebody who has the source learns who was drawn. So what is
told is built anew from what is known to be harmless; what a request may say one day and nobody
thought of here is not told.
"""

import hashlib
from typing import Any, Self

from anon_dagster.report.canonical import canonical, written
from anon_dagster.report.explanation import explain_attribute
from anon_dagster.report.handover.beyond import Beyond, shows, split
from anon_dagster.request import (
    Attribute,
    DateRule,
    DirectIdentifier,
    FrequencyRule,
    HierarchyRule,
    IntervalRule,
    Policy,
    QuasiIdentifier,
    Request,
    RoundingRule,
    Sensitive,
    Weight,
)
from anon_dagster.request.attributes import NonSensitive
from anon_dagster.request.locations import CsvOptions, TargetFormat
from anon_dagster.request.privacy import Privacy
from anon_dagster.request.strict import StrictModel
from anon_dagster.request.yaml_writing import block


class Reading(StrictModel):
    """How the files of a release are read."""

    format: TargetFormat | None = None
    csv: CsvOptions = CsvOptions()


class Sample(StrictModel):
    """How much of the source was to be drawn; not by which seed."""

    fraction: float | None = None
    records: int | None = None


class Asked(StrictModel):
    """What was asked for, as far as whoever has the release is told."""

    policy: Policy
    """What can be measured on the release alone."""
    beyond: tuple[Beyond, ...] = ()
    """What was promised besides."""
    treatments: dict[str, str]
    """What was to be done to each attribute, in words."""
    reading: Reading = Reading()
    sample: Sample | None = None
    counts_persons: bool = False
    has_population: bool = False
    is_linked: bool = False
    """Whether another table of the same persons is released together with it."""
    is_limited: bool = True
    """Whether the limit of suppression is all by which records of the source may be missing."""

    @classmethod
    def of(cls, request: Request, *, is_linked: bool = False) -> Self:
        """Tell of a request what is harmless."""
        policy, target, drawn = request.policy, request.target, request.policy.sampling
        shown, beyond = split(policy, is_linked=is_linked)
        draws = policy.privacy.differential_privacy is not None
        return cls(
            policy=_told(policy, shown),
            beyond=beyond,
            treatments={n: explain_attribute(n, policy) for n in policy.attributes},
            reading=_reading(request) if target else Reading(),
            sample=None if drawn is None else Sample(**drawn.model_dump(exclude={"seed"})),
            counts_persons=policy.person is not None,
            has_population=policy.population is not None,
            is_linked=is_linked,
            is_limited=not (policy.shifted or is_linked or drawn or draws),
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what is told as canonical JSON; that of the request could be tried out."""
        return hashlib.sha256(canonical(self.to_document())).hexdigest()

    @property
    def yaml(self) -> str:
        """What is told, for people."""
        return block(self.to_document())

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON can hold it, without what goes without saying."""
        return written(self)


def _reading(request: Request) -> Reading:
    target = request.target
    assert target is not None, "there is one"
    return Reading(format=target.format_found, csv=target.csv)


def _told(policy: Policy, shown: Privacy) -> Policy:
    """Return what is told of a policy, with those of its promises that the release shows."""
    numbers = {column.attribute for column in policy.number_columns}
    by_person = policy.person is not None and shows(policy, policy.person)
    household = policy.household
    return Policy(
        attributes={
            name: _told_attribute(each, has_numbers=name in numbers)
            for name, each in policy.attributes.items()
        },
        privacy=shown,
        person=policy.person if by_person else None,
        trajectory=policy.trajectory if by_person else None,
        household=household if household and shows(policy, household.by) else None,
        without_person=policy.without_person,
        suppression_limit=policy.suppression_limit,
        suppressed_records=policy.suppressed_records,
        recoding=policy.recoding,
        risk_threshold=policy.risk_threshold,
        release=policy.release,
    )


def _told_attribute(attribute: Attribute, *, has_numbers: bool) -> Attribute:
    """Return what is told of an attribute; not what stands for a missing value in the source.

    Parameters
    ----------
    has_numbers
        Whether numbers stand beside its labels, which follow from these and the rule.
    """
    match attribute:
        case DirectIdentifier():
            redaction, constant = attribute.redaction, attribute.constant
            return DirectIdentifier(role=attribute.role, redaction=redaction, constant=constant)
        case QuasiIdentifier():
            kept = attribute.mask is not None or attribute.weight
            rule = attribute.hierarchy
            return QuasiIdentifier(
                role=attribute.role,
                hierarchy=rule if attribute.mask or (has_numbers and _is_plain(rule)) else None,
                lowest_level=attribute.lowest_level if kept else 0,
                transformation=attribute.transformation,
                aggregate=attribute.aggregate,
                local_labels=attribute.local_labels,
                weight=attribute.weight,
            )
        case Sensitive():
            return Sensitive(role=attribute.role)
        case NonSensitive():
            return NonSensitive(role=attribute.role)
        case Weight():
            return Weight(role=attribute.role)


def _is_plain(rule: HierarchyRule | None) -> bool:
    """Tell whether a rule is made of numbers alone, and reading its labels needs them."""
    return isinstance(rule, IntervalRule | RoundingRule | DateRule | FrequencyRule)
