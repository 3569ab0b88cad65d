"""The promises that a request asks for, as the search weighs them."""

from collections.abc import Iterator
from fractions import Fraction

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.ordering import Meaning
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
    OfPresentValues,
    OrderedTCloseness,
    PopulationUniqueness,
    PrivacyModel,
    RecursiveLDiversity,
    SampleUniqueness,
    TableModel,
)
from anon_dagster.errors import Complaint, RequestError
from anon_dagster.planning.declared_orders import open_order
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count
from anon_dagster.reading.population import people_of
from anon_dagster.request import (
    AlphaKAnonymityRule,
    BetaLikenessRule,
    KMapRule,
    LDiversityRule,
    Policy,
    Request,
    TClosenessRule,
)

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


def require_told_missing(request: Request, count: Count) -> None:
    """Refuse guarded values that a reader of the CSV file cannot tell from missing ones."""
    target, problems = request.target, []
    if target is None or target.format_found != "csv":
        return
    alike = {"", *target.csv.missing}
    for name in dict.fromkeys(rule.attribute for rule in request.policy.privacy.guarding):
        column = count.columns[name]
        confused = sum(label in alike for label in column.labels) + bool(column.missing)
        if confused > 1:
            problems.append(
                Complaint(
                    "target.csv.missing",
                    f"{confused} values of {name} read alike in a CSV file, where quotes alone "
                    "tell an empty text, or a text that stands for none, from a missing value; "
                    f"write them to Parquet, or name them in policy.attributes.{name}.missing",
                )
            )
    if problems:
        raise RequestError(problems)


def require_ordered_values(policy: Policy, count: Count) -> None:
    """Refuse a distance along the order of texts: nothing tells it, and the alphabet means none."""
    problems = []
    for index, rule in enumerate(policy.privacy.t_closeness):
        column = count.columns[rule.attribute]
        if rule.distance == "ordered" and column.distinct and not column.ordering.is_ordered:
            path = f"policy.privacy.t_closeness.{index}.distance"
            problems.append(Complaint(path, f"{_unordered(rule.attribute, column)}: {_INSTEAD}"))
    if problems:
        raise RequestError(problems)


def _unordered(name: str, column: ColumnCount) -> str:
    ordering = column.ordering
    if column.is_order_open:
        return open_order(name)
    if ordering.meaning in {Meaning.text, Meaning.category}:
        return f"the values of {name} are neither all numbers nor all dates"
    odd, kind = int(ordering.odd.sum()), ordering.meaning.value
    return (
        f"{odd} of the {column.distinct} values of {name} {'is' if odd == 1 else 'are'} no {kind}"
    )


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
    policy: Policy, count: Count, hierarchies: dict[str, Hierarchy]
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
        lower, upper = (Fraction(str(bound)) for bound in bounds)
        yield DeltaPresence(lower, upper, overlapping=count.counts_several_of_people)
    for alpha in privacy.alpha_k_anonymity:
        yield KAnonymity(alpha.k)
        yield _alpha_deassociation(alpha, sensitive.index(alpha.attribute), count)
    for diversity in privacy.l_diversity:
        yield _l_diversity(diversity, sensitive.index(diversity.attribute), count)
    for closeness in privacy.t_closeness:
        yield _t_closeness(closeness, sensitive, count, hierarchies)
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


def _l_diversity(rule: LDiversityRule, sensitive: int, count: Count) -> PrivacyModel:
    model: DistinctLDiversity | EntropyLDiversity | RecursiveLDiversity = DistinctLDiversity(
        sensitive, int(rule.l)
    )
    if rule.variant == "entropy":
        model = EntropyLDiversity(sensitive, Fraction(str(rule.l)))
    elif rule.variant == "recursive":
        model = RecursiveLDiversity(sensitive, Fraction(str(rule.c)), int(rule.l))
    labels = count.columns[rule.attribute].labels
    if rule.missing_counts or None not in labels:
        return model
    return OfPresentValues(sensitive, model, labels.index(None))


def _t_closeness(
    rule: TClosenessRule,
    sensitive: tuple[str, ...],
    count: Count,
    hierarchies: dict[str, Hierarchy],
) -> PrivacyModel:
    """Return the model of a distance: between values, along their order, or in their hierarchy."""
    index, column = sensitive.index(rule.attribute), count.columns[rule.attribute]
    t = Fraction(str(rule.t))
    if rule.distance == "ordered":
        return OrderedTCloseness(index, t, column.ordering.ranks_with_missing_last())
    if rule.distance == "hierarchical":
        hierarchy = hierarchies[rule.attribute]
        return HierarchicalTCloseness(index, t, hierarchy, hierarchy.locate(column.labels))
    return EqualTCloseness(index, t)
