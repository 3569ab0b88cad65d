"""Which promises of a policy whoever has the release cannot measure, and what that would need."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from anon_dagster.core import wording
from anon_dagster.request import (
    AlphaKAnonymityRule,
    BetaLikenessRule,
    DeltaDisclosureRule,
    GuardingRule,
    LDiversityRule,
    Policy,
    TClosenessRule,
)
from anon_dagster.request.privacy import Privacy
from anon_dagster.request.strict import StrictModel

Needed = Literal[
    "source", "persons", "households", "population", "guarded values", "hierarchy", "linked table"
]
NEEDS: dict[Needed, str] = {
    "source": "the source",
    "persons": "whose each record is, which the release does not tell",
    "households": "of which household each record is, which the release does not tell",
    "population": "what is known of the population",
    "guarded values": "which values are guarded, which is not told",
    "hierarchy": "the hierarchy of the values, which is not told",
    "linked table": "whose the records of both tables are",
}
"""What measuring a promise needs, in words."""


class Beyond(StrictModel):
    """A promise that the release alone does not show."""

    name: str
    attribute: str | None = None
    asked: float
    needs: Needed


class Split(NamedTuple):
    """The promises of a policy, and those among them that the release shows."""

    shown: Privacy
    beyond: tuple[Beyond, ...]


def split(policy: Policy, *, is_linked: bool = False) -> Split:
    """Set the promises apart that whoever has the release can measure.

    Parameters
    ----------
    is_linked
        Whether another table of the same persons is released together with it.
    """
    if policy.person is not None and not shows(policy, policy.person):
        shown = Privacy(k_anonymity=policy.privacy.k_anonymity)  # of records, which are no fewer
        beyond = list(_all(policy, "persons"))
    else:
        kept = {rule: _hidden_by(rule) for rule in policy.privacy.guarding}
        hidden = {"k_map", "delta_presence", "population_uniqueness"}
        rest = policy.privacy.model_dump(exclude={*hidden, *_GUARDING.values()})
        guarding: dict[str, Any] = {}
        for rule, needs in kept.items():
            if needs is None:
                guarding.setdefault(_GUARDING[type(rule)], []).append(rule)
        shown = Privacy(**rest, **guarding)
        beyond = [_of_rule(rule, needs) for rule, needs in kept.items() if needs is not None]
        beyond += [*_of_population(policy.privacy), *_to_the_source(shown)]
    beyond += _of_the_job(policy)
    if is_linked:
        joined = _all(policy, "linked table")
        beyond += [each.model_copy(update={"name": f"{each.name} (joined)"}) for each in joined]
    return Split(shown, tuple(beyond))


def shows(policy: Policy, names: tuple[str, ...]) -> bool:
    """Tell whether a release tells records of one person from others: by her pseudonym."""
    return set(names) <= set(policy.pseudonyms)


_GUARDING: dict[type, str] = {
    AlphaKAnonymityRule: "alpha_k_anonymity",
    LDiversityRule: "l_diversity",
    TClosenessRule: "t_closeness",
    DeltaDisclosureRule: "delta_disclosure",
    BetaLikenessRule: "beta_likeness",
}


def _hidden_by(rule: GuardingRule) -> Needed | None:
    """Tell what a promise about values needs that is not told; None if the release is enough."""
    if isinstance(rule, AlphaKAnonymityRule) and rule.guarded is not None:
        return "guarded values"
    if isinstance(rule, TClosenessRule) and rule.distance == "hierarchical":
        return "hierarchy"
    return None


def _all(policy: Policy, needs: Needed) -> Iterator[Beyond]:
    """Tell all promises about classes, where each of them needs the same."""
    privacy = policy.privacy
    if privacy.k_anonymity is not None:
        k = privacy.k_anonymity.k
        yield Beyond(name=f"{wording.k_anonymity(k)} of persons", asked=k, needs=needs)
    if privacy.average_risk is not None:
        risk = privacy.average_risk.risk
        yield Beyond(name=wording.average_risk(risk), asked=risk, needs=needs)
    if privacy.sample_uniqueness is not None:
        share = privacy.sample_uniqueness.share
        yield Beyond(name=wording.sample_uniqueness(share), asked=share, needs=needs)
    yield from (_of_rule(rule, needs) for rule in privacy.guarding)
    yield from _of_population(privacy)


def _of_rule(rule: GuardingRule, needs: Needed, whose: str | None = None) -> Beyond:
    match rule:
        case AlphaKAnonymityRule():
            name, asked = wording.alpha_k_anonymity(rule.alpha, rule.k), rule.alpha
        case LDiversityRule():
            name, asked = wording.l_diversity(rule.variant, rule.l, rule.c), rule.l
        case TClosenessRule():
            name, asked = wording.t_closeness(rule.t, rule.distance, whose), rule.t
        case DeltaDisclosureRule():
            present = rule.compare == "present"
            name = wording.delta_disclosure(rule.delta, present_only=present, whose=whose)
            asked = rule.delta
        case BetaLikenessRule():
            name, asked = wording.beta_likeness(rule.variant, rule.beta, whose), rule.beta
    return Beyond(name=name, attribute=rule.attribute, asked=asked, needs=needs)


def _to_the_source(shown: Privacy) -> Iterator[Beyond]:
    """Tell the promises that compare with the source what they compare with the release, too."""
    for rule in shown.guarding:
        if isinstance(rule, TClosenessRule | DeltaDisclosureRule | BetaLikenessRule):
            yield _of_rule(rule, "source", "source")


def _of_population(privacy: Privacy) -> Iterator[Beyond]:
    if (k_map := privacy.k_map) is not None:
        estimated = k_map.estimator is not None
        name = wording.estimated_k_map(k_map.k) if estimated else wording.k_map(k_map.k)
        yield Beyond(name=name, asked=k_map.k, needs="population")
    if (presence := privacy.delta_presence) is not None:
        name = wording.delta_presence(presence.delta_min, presence.delta_max)
        yield Beyond(name=name, asked=presence.delta_max, needs="population")
    if (unique := privacy.population_uniqueness) is not None:
        name = wording.population_uniqueness(unique.share, unique.estimator)
        yield Beyond(name=name, asked=unique.share, needs="population")


def _of_the_job(policy: Policy) -> Iterator[Beyond]:
    """Tell what is promised of households, of trajectories, of the sample and of suppression."""
    if (household := policy.household) is not None and not shows(policy, household.by):
        name = wording.household_anonymity(household.k)
        yield Beyond(name=name, asked=household.k, needs="households")
    if policy.trajectory is not None and not shows(policy, policy.person or ("",)):
        k = policy.trajectory.k
        yield Beyond(name=wording.trajectories(k), asked=k, needs="persons")
    if (private := policy.privacy.differential_privacy) is not None:
        name = f"{wording.differential_privacy(private.epsilon, private.delta)}: random sample"
        yield Beyond(name=name, asked=private.epsilon, needs="source")
    limit = policy.suppression_limit if policy.suppressed_records == "drop" else 0.0
    yield Beyond(name=wording.SUPPRESSION, asked=limit, needs="source")
