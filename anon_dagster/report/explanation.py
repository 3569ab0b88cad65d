"""A policy and a decision in plain words: names, levels and numbers of the request alone."""

from collections.abc import Iterator

from anon_dagster.request import (
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
    QuasiIdentifier,
    RoundingRule,
    Sensitive,
)


def explain_attribute(attribute: Attribute) -> str:
    """Say what is done to an attribute."""
    if isinstance(attribute, DirectIdentifier):
        replaced = {"constant": "replaced by a constant", "pseudonym": "replaced by a pseudonym"}
        return replaced.get(attribute.redaction, "left out")
    if isinstance(attribute, QuasiIdentifier):
        if attribute.aggregate is not None:
            return f"microaggregated: {attribute.aggregate.replace('_', ' ')}"
        rule = attribute.hierarchy.type if attribute.hierarchy else "default"
        return f"generalized ({rule} hierarchy, importance {attribute.importance:g})"
    return "kept and guarded" if isinstance(attribute, Sensitive) else "kept"


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
        steps = rule.steps or tuple(10.0**n for n in range(1, (rule.powers_of_ten or 0) + 1))
        if level <= len(steps):
            return f"rounded to multiples of {steps[level - 1]:g}"
    if isinstance(rule, OrderRule | FrequencyRule):
        return f"groups, step {level}"
    return None


def _masked(rule: MaskRule, level: int) -> str:
    if rule.keep is not None:
        return f"masked from the {rule.side}, but for {rule.keep} characters"
    masked = level * rule.per_level
    return f"{masked} character{'s' * (masked > 1)} masked from the {rule.side}"


def _of_population(policy: Policy) -> Iterator[str]:
    privacy = policy.privacy
    if privacy.k_map is not None:
        k, counted = privacy.k_map.k, privacy.k_map.estimator is None
        told = "read as" if counted else "are likely to read as"
        yield f"at least {k} people of the population {told} each released record does"
    if privacy.delta_presence is not None:
        low, high = privacy.delta_presence.delta_min, privacy.delta_presence.delta_max
        yield (
            f"that a person of the population is in the release has a probability from {low:g} to "
            f"{high:g}"
        )
    if privacy.differential_privacy is not None:
        epsilon, delta = privacy.differential_privacy.epsilon, privacy.differential_privacy.delta
        yield (
            f"the release would be much the same without any one person: ({epsilon:g}, {delta:g})-"
            "differential privacy, by a secret random sample"
        )
    if privacy.population_uniqueness is not None:
        rule = privacy.population_uniqueness
        yield f"at most a share of {rule.share:g} of the population is estimated to be unique in it"


def _chosen(policy: Policy) -> str:
    objective, use = policy.objective, policy.target_use
    if objective.metric == "classification" and use is not None:
        return (
            f"the {objective.candidates} of least certainty penalty are judged, and the one is "
            f"chosen from which a classifier ({use.classifier.replace('_', ' ')}) learns best to "
            f"tell {use.attribute}"
        )
    return f"the one of least {str(objective).replace('_', ' ')} is chosen"


def explain_policy(policy: Policy) -> str:
    """Say what is promised, as a Markdown list."""
    privacy = policy.privacy
    lines = []
    if privacy.k_anonymity is not None:
        lines.append(f"every released record has at least {privacy.k_anonymity.k - 1} others alike")
    lines += _of_population(policy)
    if privacy.average_risk is not None:
        risk = privacy.average_risk.risk
        lines.append(
            f"records are given to the right person with a chance of at most {risk:g} on average"
        )
    if privacy.sample_uniqueness is not None:
        share = privacy.sample_uniqueness.share
        lines.append(f"at most a share of {share:g} of the records is like no other")
    for rule in privacy.l_diversity:
        kind = {"distinct": "different", "entropy": "effective", "recursive": "well-spread"}
        lines.append(
            f"among records alike there are at least {rule.l:g} {kind[rule.variant]} values of "
            f"{rule.attribute}"
        )
    lines += [
        f"among records alike {rule.attribute} is spread as in the whole table, within {rule.t:g} "
        f"({rule.distance} distance)"
        for rule in privacy.t_closeness
    ]
    lines += [
        f"among at least {rule.k} records alike no {'guarded ' if rule.guarded else ''}value of "
        f"{rule.attribute} has a share above {rule.alpha:g}"
        for rule in privacy.alpha_k_anonymity
    ]
    lines += [
        f"records alike tell of {rule.attribute} less than {rule.delta:g} bits beyond what the "
        f"whole table tells{' (of the values present)' if rule.compare == 'present' else ''}"
        for rule in privacy.delta_disclosure
    ]
    lines += [
        f"among records alike no value of {rule.attribute} is likelier than in the whole table by "
        f"more than {rule.beta:g} times ({rule.variant})"
        for rule in privacy.beta_likeness
    ]
    if policy.sampling is not None:
        drawn = policy.sampling
        what = f"{drawn.records:,}" if drawn.records else f"a share of {drawn.fraction:g}"
        lines.append(f"the records are a random sample: {what} of those of the source")
    lines.append(f"at most {policy.suppression_limit:.2%} of the records are suppressed")
    if policy.objective != ObjectiveRule():
        lines.append(f"of the releases that keep all this, {_chosen(policy)}")
    if policy.suppression_limit and policy.suppression_cost != 1:
        what = "preferred to" if policy.suppression_cost < 1 else "avoided for"
        cost = f"{policy.suppression_cost:g} times what full generalization costs"
        lines.append(f"suppression is {what} generalization: it counts {cost}")
    return "\n".join(f"- {line}" for line in lines)
