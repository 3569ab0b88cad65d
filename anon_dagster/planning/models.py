"""The promises that a request asks for, as the search weighs them."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    AverageRisk,
    BetaLikeness,
    DeltaDisclosure,
    DeltaPresence,
    DifferentialPrivacy,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    EstimatedKMap,
    HierarchicalTCloseness,
    KAnonymity,
    KMap,
    OrderedTCloseness,
    PopulationUniqueness,
    PrivacyModel,
    RecursiveLDiversity,
    SampleUniqueness,
    TableModel,
)
from anon_dagster.errors import Complaint, RequestError
from anon_dagster.reading.counting import Count
from anon_dagster.reading.population import people_of
from anon_dagster.request import (
    AlphaKAnonymityRule,
    BetaLikenessRule,
    KMapRule,
    LDiversityRule,
    Policy,
    TClosenessRule,
)
from anon_dagster.storage.values import TextKind

_INSTEAD = (
    "name in csv.missing what stands for none, write them as numbers in their order, or ask for "
    "distance: equal or hierarchical"
)


def require_guarded_values(policy: Policy, count: Count) -> None:
    """Refuse a list of guarded values of which none occurs: it is likely to be misspelt."""
    problems = []
    for index, rule in enumerate(policy.privacy.alpha_k_anonymity):
        labels = count.columns[rule.attribute].labels
        if rule.guarded is not None and not set(rule.guarded) & set(labels) and count.records:
            path = f"policy.privacy.alpha_k_anonymity.{index}.guarded"
            complaint = f"none of the {len(rule.guarded)} values occurs in {rule.attribute}"
            problems.append(Complaint(path, f"{complaint}; write them as the source does"))
    if problems:
        raise RequestError(problems)


def require_ordered_values(policy: Policy, count: Count) -> None:
    """Refuse a distance along the order of texts: nothing tells it, and the alphabet means none."""
    problems = []
    for index, rule in enumerate(policy.privacy.t_closeness):
        column = count.columns[rule.attribute]
        unordered = column.kinds.kind is TextKind.text and any(label for label in column.labels)
        if rule.distance == "ordered" and unordered:
            path = f"policy.privacy.t_closeness.{index}.distance"
            complaint = f"the values of {rule.attribute} are neither all numbers nor all dates"
            problems.append(Complaint(path, f"{complaint}: {_INSTEAD}"))
    if problems:
        raise RequestError(problems)


def table_models(policy: Policy, count: Count) -> Iterator[TableModel]:
    """Yield the promises of the whole release."""
    privacy = policy.privacy
    if privacy.population_uniqueness is not None:
        people = people_of(policy, count.population)
        assert people is not None, "a validated request tells of its population"
        asked = privacy.population_uniqueness
        yield PopulationUniqueness(Fraction(str(asked.share)), people, asked.estimator)
    if privacy.average_risk is not None:
        yield AverageRisk(Fraction(str(privacy.average_risk.risk)))
    if privacy.sample_uniqueness is not None:
        yield SampleUniqueness(Fraction(str(privacy.sample_uniqueness.share)))


def class_models(
    policy: Policy, count: Count, hierarchies: dict[str, Hierarchy], decimal: str
) -> Iterator[PrivacyModel]:
    """Yield the promises of every class, for the values that were counted."""
    privacy, sensitive = policy.privacy, policy.names("sensitive")
    if privacy.k_anonymity is not None:
        yield KAnonymity(privacy.k_anonymity.k)
    if privacy.k_map is not None:
        yield _k_map(privacy.k_map, policy, count)
    if privacy.differential_privacy is not None:
        asked = privacy.differential_privacy
        yield DifferentialPrivacy(Fraction(str(asked.epsilon)), Fraction(str(asked.delta)))
    if privacy.delta_presence is not None:
        bounds = privacy.delta_presence.delta_min, privacy.delta_presence.delta_max
        yield DeltaPresence(*(Fraction(str(bound)) for bound in bounds))
    for alpha in privacy.alpha_k_anonymity:
        yield KAnonymity(alpha.k)
        yield _alpha_deassociation(alpha, sensitive.index(alpha.attribute), count)
    for diversity in privacy.l_diversity:
        yield _l_diversity(diversity, sensitive.index(diversity.attribute))
    for closeness in privacy.t_closeness:
        yield _t_closeness(closeness, sensitive, count, hierarchies, decimal)
    for disclosure in privacy.delta_disclosure:
        place, delta = sensitive.index(disclosure.attribute), Fraction(str(disclosure.delta))
        yield DeltaDisclosure(place, delta, present_only=disclosure.compare == "present")
    for likeness in privacy.beta_likeness:
        yield _beta_likeness(likeness, sensitive.index(likeness.attribute))


def _k_map(rule: KMapRule, policy: Policy, count: Count) -> PrivacyModel:
    """Return the model that counts people in the table of the population, or estimates them."""
    if rule.estimator is None:
        return KMap(rule.k)
    people = people_of(policy, count.population)
    fraction = Fraction(str(rule.sampling_fraction)) if rule.sampling_fraction else None
    if fraction is None:
        assert people is not None, "a validated request tells of its population"
        fraction = Fraction(max(count.records, 1), max(people, 1))
    truncated = rule.estimator == "zero_truncated_poisson"
    return EstimatedKMap(
        rule.k, min(fraction, Fraction(1)), Fraction(str(rule.significance)), truncated
    )


def _alpha_deassociation(
    rule: AlphaKAnonymityRule, sensitive: int, count: Count
) -> AlphaDeassociation:
    alpha = Fraction(str(rule.alpha))
    if rule.guarded is None:
        return AlphaDeassociation(sensitive, alpha)
    labels = count.columns[rule.attribute].labels
    guarded = tuple(code for code, label in enumerate(labels) if label in rule.guarded)
    return AlphaDeassociation(sensitive, alpha, guarded)


def _beta_likeness(rule: BetaLikenessRule, sensitive: int) -> PrivacyModel:
    model = EnhancedBetaLikeness if rule.variant == "enhanced" else BetaLikeness
    return model(sensitive, Fraction(str(rule.beta)))


def _l_diversity(rule: LDiversityRule, sensitive: int) -> PrivacyModel:
    if rule.variant == "entropy":
        return EntropyLDiversity(sensitive, Fraction(str(rule.l)))
    if rule.variant == "recursive":
        return RecursiveLDiversity(sensitive, Fraction(str(rule.c)), int(rule.l))
    return DistinctLDiversity(sensitive, int(rule.l))


def _t_closeness(
    rule: TClosenessRule,
    sensitive: tuple[str, ...],
    count: Count,
    hierarchies: dict[str, Hierarchy],
    decimal: str,
) -> PrivacyModel:
    """Return the model of a distance: between values, along their order, or in their hierarchy."""
    index, column = sensitive.index(rule.attribute), count.columns[rule.attribute]
    t = Fraction(str(rule.t))
    if rule.distance == "ordered":
        return OrderedTCloseness(index, t, value_ranks(column.labels, column.kinds.kind, decimal))
    if rule.distance == "hierarchical":
        hierarchy = hierarchies[rule.attribute]
        return HierarchicalTCloseness(index, t, hierarchy, hierarchy.locate(column.labels))
    return EqualTCloseness(index, t)


def value_ranks(labels: list[str | None], kind: TextKind, decimal: str) -> NDArray[np.int64]:
    """Return the place of each value in its order, (values,): numbers by size, missing last.

    What is no number among numbers, such as a label of a release, comes after them.
    """
    numbers = kind in {TextKind.integer, TextKind.decimal}

    def sort_key(code: int) -> tuple[bool, bool, Decimal, str]:
        text = labels[code] or ""
        number = _number(text.replace(decimal, ".")) if numbers and text else Decimal(0)
        return labels[code] is None, number is None, number or Decimal(0), text

    ranks = np.zeros(len(labels), dtype=np.int64)
    ranks[sorted(range(len(labels)), key=sort_key)] = np.arange(len(labels))
    return ranks


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
