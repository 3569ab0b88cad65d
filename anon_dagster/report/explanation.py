"""A policy and a decision in plain words: names, levels and numbers of the request alone."""

from collections.abc import Iterator

from anon_dagster.core import wording
from anon_dagster.core.solution import BY_INTEGER_PROGRAM, LOCAL, Proof
from anon_dagster.report.disclosure import explain_refusals
from anon_dagster.request import (
    AlphaKAnonymityRule,
    Attribute,
    DateRule,
    DirectIdentifier,
    FrequencyRule,
    HierarchyRule,
    IntervalRule,
    MaskRule,
    ObjectiveRule,
    OrderRule,
    Policy,
    Privacy,
    QuasiIdentifier,
    RoundingRule,
    Sensitive,
    Weight,
)


def explain_attribute(name: str, policy: Policy) -> str:
    """Say what is done to an attribute of a policy."""
    attribute = policy.attributes[name]
    done = _kept(name, policy.privacy) if isinstance(attribute, Sensitive) else _done(attribute)
    if isinstance(attribute, QuasiIdentifier | Sensitive) and attribute.shift is not None:
        return f"shifted by up to {attribute.shift.weeks} weeks, then {done}"
    return done


def _kept(name: str, privacy: Privacy) -> str:
    """Say whether a promise is about a sensitive attribute, and about which of its values."""
    rules = [rule for rule in privacy.guarding if rule.attribute == name]
    if not rules:
        return "kept; no promise guards it"
    some = all(isinstance(rule, AlphaKAnonymityRule) and rule.guarded for rule in rules)
    return "kept, and some of its values guarded" if some else "kept and guarded"


def _done(attribute: Attribute) -> str:
    if isinstance(attribute, DirectIdentifier):
        replaced = {"constant": "replaced by a constant", "pseudonym": "replaced by a pseudonym"}
        return replaced.get(attribute.redaction, "left out")
    if isinstance(attribute, QuasiIdentifier):
        if attribute.aggregate is not None:
            return f"microaggregated: {attribute.aggregate.replace('_', ' ')}"
        rule = attribute.hierarchy.type if attribute.hierarchy else "default"
        done = f"generalized ({rule} hierarchy, importance {attribute.importance:g})"
        return f"{done}, {_ESTIMATES}" if attribute.weight else done
    if isinstance(attribute, Weight):
        return f"left out, {_ESTIMATES}"
    return "kept"


_ESTIMATES = "and used for estimates of the population"


def explain_level(attribute: QuasiIdentifier, level: int, top: int) -> str:
    """Say what a level of generalization leaves of the values.

    Parameters
    ----------
    level, top
        The level, and the last one of the hierarchy.
    """
    if level == top:
        return "* (nothing is left)"
    if level == 0:
        return "as it is"
    return (
        _meaning(attribute.hierarchy, level) or f"{level} step{'s' * (level > 1)} up its hierarchy"
    )


def _meaning(rule: HierarchyRule | None, level: int) -> str | None:
    """Say what a level means if the rule alone tells; ``None`` if it does not."""
    if isinstance(rule, IntervalRule) and level <= len(rule.widths):
        return f"intervals of {rule.widths[level - 1]:g}"
    if isinstance(rule, MaskRule):
        return _masked(rule, level)
    if isinstance(rule, DateRule):
        periods = [level for level in rule.levels if level != "day"]
        if level <= len(periods):
            return f"the {periods[level - 1].replace('_', ' ')}"
    if isinstance(rule, RoundingRule):
        steps = rule.steps or (10.0,)
        if level <= len(steps):
            return f"rounded to multiples of {steps[level - 1]:g}"
    if isinstance(rule, OrderRule | FrequencyRule):
        return f"groups, step {level}"
    return None


def _masked(rule: MaskRule, level: int) -> str:
    unit = "character" if rule.parts is None else "part"
    if rule.keep is not None:
        return f"masked from the {rule.side}, but for {rule.keep} {unit}s"
    masked = level * rule.per_level
    return f"{masked} {unit}{'s' * (masked > 1)} masked from the {rule.side}"


def _of_population(privacy: Privacy) -> Iterator[str]:
    if (k_map := privacy.k_map) is not None:
        yield wording.explain_k_map(k_map.k, estimated=k_map.estimator is not None)
    if (presence := privacy.delta_presence) is not None:
        yield wording.explain_delta_presence(presence.delta_min, presence.delta_max)
    if (differential := privacy.differential_privacy) is not None:
        yield wording.explain_differential_privacy(differential.epsilon, differential.delta)
    if (uniqueness := privacy.population_uniqueness) is not None:
        yield wording.explain_population_uniqueness(uniqueness.share)


def _of_values(privacy: Privacy) -> Iterator[str]:
    for l in privacy.l_diversity:  # noqa: E741 (the model's name)
        yield wording.explain_l_diversity(l.variant, l.l, l.attribute)
    for t in privacy.t_closeness:
        yield wording.explain_t_closeness(t.t, t.distance, t.attribute)
    for alpha in privacy.alpha_k_anonymity:
        yield wording.explain_alpha_k_anonymity(
            alpha.alpha, alpha.k, alpha.attribute, some=bool(alpha.guarded)
        )
    for delta in privacy.delta_disclosure:
        yield wording.explain_delta_disclosure(
            delta.delta, delta.attribute, present_only=delta.compare == "present"
        )
    for beta in privacy.beta_likeness:
        yield wording.explain_beta_likeness(beta.variant, beta.beta, beta.attribute)


def _promises(policy: Policy) -> Iterator[str]:
    """Say each promise in plain words."""
    privacy, persons = policy.privacy, policy.person
    if privacy.k_anonymity is not None:
        yield wording.explain_k_anonymity(privacy.k_anonymity.k, persons=persons is not None)
    yield from _of_population(privacy)
    if privacy.average_risk is not None:
        yield wording.explain_average_risk(privacy.average_risk.risk)
    if privacy.sample_uniqueness is not None:
        yield wording.explain_sample_uniqueness(privacy.sample_uniqueness.share)
    yield from _of_values(privacy)
    if persons is not None:
        yield wording.explain_persons(" and ".join(persons))


def _chosen(policy: Policy) -> str:
    objective, use = policy.objective, policy.target_use
    if objective.metric == "classification" and use is not None:
        if policy.recoding == "local":
            return (
                f"several are judged whose attributes count by what they tell of {use.attribute}, "
                f"and the one is chosen from which a classifier "
                f"({use.classifier.replace('_', ' ')}) learns best to tell it"
            )
        return (
            f"the {objective.candidates} of least certainty penalty are judged, and the one is "
            f"chosen from which a classifier ({use.classifier.replace('_', ' ')}) learns best to "
            f"tell {use.attribute}"
        )
    return f"the one of least {str(objective).replace('_', ' ')} is chosen"


def cautions(policy: Policy) -> tuple[str, ...]:
    """Say what whoever computes with a release should know before it is made."""
    use, found = policy.target_use, []
    if use is not None and policy.recoding == "local" and use.attribute in policy.quasi_identifiers:
        found.append(
            f"{use.attribute}, which is to be told from others, is a quasi-identifier of a local "
            "recoding: classes are formed by it, and so what is estimated of it is biased; make it "
            "sensitive or non-sensitive if nobody knows it of others, or recode globally"
        )
    return tuple(found)


def _numbers(policy: Policy) -> Iterator[str]:
    """Say which numbers stand beside labels."""
    if policy.number_columns:
        names = ", ".join(column.name for column in policy.number_columns)
        yield f"numbers stand beside labels, and tell nothing more than these: {names}"


def explain_policy(policy: Policy) -> str:
    """Say what is promised, as a Markdown list."""
    lines = list(_promises(policy))
    if policy.household is not None:
        lines.append(wording.explain_household_anonymity(policy.household.k))
    if policy.trajectory is not None:
        lines.append(wording.explain_trajectories(policy.trajectory.k))
    if policy.sampling is not None:
        drawn = policy.sampling
        what = f"{drawn.records:,}" if drawn.records else f"a share of {drawn.fraction:g}"
        whom = "records" if policy.person is None else "persons"
        lines.append(f"the {whom} are a random sample: {what} of those of the source")
    if policy.shifted:
        lines.append(
            f"the dates of {', '.join(policy.shifted)} are shifted, by one number of whole weeks "
            "per person; records that would come to lie outside the days of the source are left out"
        )
    lines += [
        f"{name} is derived: the {rule.unit} completed from {rule.begin} to {rule.at}"
        for name, rule in policy.derive.items()
    ]
    lines.append(f"at most {policy.suppression_limit:.2%} of the records are suppressed")
    lines += explain_refusals(policy.residual)
    lines += _numbers(policy)
    if policy.objective != ObjectiveRule():
        lines.append(f"of the releases that keep all this, {_chosen(policy)}")
    if policy.suppression_limit and policy.suppression_cost != 1:
        what = "preferred to" if policy.suppression_cost < 1 else "avoided for"
        cost = f"{policy.suppression_cost:g} times what full generalization costs"
        lines.append(f"suppression is {what} generalization: it counts {cost}")
    lines += [f"beware: {caution}" for caution in cautions(policy)]
    return "\n".join(f"- {line}" for line in lines)


def explain_search(proof: Proof, policy: Policy, objective: str) -> str:
    """Say how a release was found, what it loses, and how much less any other could lose.

    Parameters
    ----------
    objective
        What was to be lost least, such as a mean of penalties.
    """
    lost = f"loses {proof.loss:.4f} (0 nothing, 1 everything)"
    if proof.method in (LOCAL, BY_INTEGER_PROGRAM):
        how = "Local recoding" if proof.method == LOCAL else "Integer programming"
        found = f"{how} looked for the classes of least {objective}; the release it found {lost}"
    else:
        found = (
            f"The {proof.method} search evaluated {proof.evaluated:,} of {proof.candidates:,} "
            f"candidates for the least {objective}; the release it chose {lost}"
        )
    if policy.objective.metric == "classification" and policy.target_use is not None:
        judged = f"the {policy.objective.candidates} of least loss"
        if policy.recoding == "local":
            judged = "those that were judged"
        return (
            f"{found}, and from none of {judged} is {policy.target_use.attribute} learned better."
        )
    return f"{found}{_how_much_less(proof)}."


def _how_much_less(proof: Proof) -> str:
    """Say what is proven of all other releases that keep the same promises."""
    alike = " that treats equal records alike" if proof.method == BY_INTEGER_PROGRAM else ""
    if proof.optimal:
        return f", and no better one exists{alike}"
    if proof.gap_ratio is None:
        return "; how much less another could lose is not known"
    return (
        f", and none{alike} loses less than {proof.lower_bound:.4f}: at most "
        f"{proof.gap_ratio:.2f} times what the best one loses"
    )
