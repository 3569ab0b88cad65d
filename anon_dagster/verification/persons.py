"""What classes tell of a guarded attribute, where persons are counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import exp, inf
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.audit import (
    Belongings,
    Quantity,
    beyond_information,
    disclosures,
    distances_of_ends,
    distances_of_weights,
    distinct_values,
    entropies,
    entropy_below,
    equal_distances,
    head_and_tail,
    largest_group,
    largest_shares,
    relative_gains,
    share_differences,
)
from anon_dagster.discreet import Discreet
from anon_dagster.errors import counted
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.request import (
    AlphaKAnonymityRule,
    BetaLikenessRule,
    DeltaDisclosureRule,
    GuardingRule,
    LDiversityRule,
    Policy,
    Sensitive,
    TClosenessRule,
)
from anon_dagster.verification.result import Promise, promise, untold
from anon_dagster.verification.sensitive import Values


@dataclass(frozen=True, slots=True, eq=False)
class Owned(Discreet):
    """Who has which values of a guarded attribute: in classes, and in tables."""

    of_classes: Belongings
    of_tables: Mapping[str, Belongings]
    """In the release, and in the source if it is at hand, each as one class."""
    records: NDArray[np.int64]  # (classes,): records of each


def of_values_of_persons(
    owned: Owned, values: Values, rule: GuardingRule, policy: Policy
) -> Iterator[Promise]:
    """Measure a model that guards an attribute of persons."""
    match rule:
        case LDiversityRule():
            aside = None if rule.missing_counts else values.missing
            yield _l_diversity(owned, rule, aside)
        case AlphaKAnonymityRule():
            yield _alpha_k_anonymity(owned, values, rule)
        case TClosenessRule():
            yield from _t_closeness(owned, values, rule, policy)
        case DeltaDisclosureRule():
            yield from _delta_disclosure(owned, rule, len(values.labels))
        case BetaLikenessRule():
            yield from _beta_likeness(owned, rule, len(values.labels))
        case _:
            assert_never(rule)


def _l_diversity(owned: Owned, rule: LDiversityRule, missing: int | None) -> Promise:
    """Measure l-diversity of the pairs of a person and a value, and how many lack each value."""
    name, held = wording.l_diversity(rule.variant, rule.l, rule.c), owned.of_classes
    if missing is not None:
        name, held = wording.of_present_values(name), held.without(missing)
    some = held.sizes > 0
    pairs, bound = held.pairs, Fraction(str(rule.l))
    others = held.sizes[some] - largest_group(held)  # who surely lacks any value
    spread = others * bound.denominator >= bound.numerator - bound.denominator
    most = int(others.min(initial=np.iinfo(np.int64).max - 1)) + 1 if len(others) else 0
    if rule.variant == "distinct":
        found = distinct_values(pairs)
        failing, reached = found < rule.l, float(min(int(found.min()), most) if some.any() else 0)
    elif rule.variant == "entropy":
        failing = entropy_below(pairs, bound)
        entropy = exp(float(entropies(pairs).min())) if some.any() else 0.0
        reached = min(entropy if failing.any() else max(entropy, rule.l), most)
    else:
        assert rule.c is not None, "a validated request gives c"
        sides = head_and_tail(pairs, int(rule.l))
        failing = sides.fail(Fraction(str(rule.c)))
        reached = sides.ratio if spread.all() and some.all() else inf
    whole = ~some  # a class of which nobody has a value breaks it
    whole[some] = failing | ~spread
    asked = rule.l if rule.c is None else rule.c
    if not some.all() and rule.c is None:
        reached = 0.0
    return promise(name, rule.attribute, asked, owned.records, reached, whole)


def _alpha_k_anonymity(owned: Owned, values: Values, rule: AlphaKAnonymityRule) -> Promise:
    name, held = wording.alpha_k_anonymity(rule.alpha, rule.k), owned.of_classes
    guarded = np.ones(len(values.labels), dtype=np.bool_)
    if rule.guarded is not None:
        guarded, absent = values.guarded(rule.guarded)
        if absent == len(rule.guarded) and held.size:
            why = f"none of {counted(absent, 'guarded value')} occurs; are they misspelt?"
            return untold(name, rule.attribute, rule.alpha, why)
    shares = largest_shares(held.shares, guarded)
    failing = shares.above(Fraction(str(rule.alpha))) | (held.sizes < rule.k)
    return promise(name, rule.attribute, rule.alpha, owned.records, shares.largest, failing)


def _delta_disclosure(owned: Owned, rule: DeltaDisclosureRule, values: int) -> Iterator[Promise]:
    present_only = rule.compare == "present"
    for whose, table in owned.of_tables.items():
        total = int(table.sizes.sum())
        bits = disclosures(
            owned.of_classes.shares, table.counts(values), present_only=present_only, total=total
        )
        failing = bits.reach(Fraction(str(rule.delta)))
        name = wording.delta_disclosure(rule.delta, present_only=present_only, whose=whose)
        yield promise(name, rule.attribute, rule.delta, owned.records, bits.largest, failing)


def _beta_likeness(owned: Owned, rule: BetaLikenessRule, values: int) -> Iterator[Promise]:
    for whose, table in owned.of_tables.items():
        counts, total = table.counts(values), int(table.sizes.sum())
        gains = relative_gains(owned.of_classes.shares, counts, total)
        failing = gains.above(Fraction(str(rule.beta)))
        if rule.variant == "enhanced":
            failing |= beyond_information(owned.of_classes.shares, counts, total)
        name = wording.beta_likeness(rule.variant, rule.beta, whose)
        yield promise(name, rule.attribute, rule.beta, owned.records, gains.largest, failing)


def _t_closeness(
    owned: Owned, values: Values, rule: TClosenessRule, policy: Policy
) -> Iterator[Promise]:
    t = Fraction(str(rule.t))
    for whose, table in owned.of_tables.items():
        name = wording.t_closeness(rule.t, rule.distance, whose)
        if rule.distance == "ordered" and values.ranks is None:
            why = f"{counted(values.unordered, 'value')} cannot be put in an order with the others"
            yield untold(name, rule.attribute, rule.t, why)
            continue
        measured = _distances(owned.of_classes, table, values, rule, policy)
        failing = np.logical_or.reduce([quantity.above(t) for quantity in measured])
        if rule.distance == "ordered":
            held = owned.of_classes
            failing |= values.strange_to(held.classes, held.values, held.size)
        reached = max(quantity.largest for quantity in measured)
        yield promise(name, rule.attribute, rule.t, owned.records, reached, failing)


def _distances(
    held: Belongings, table: Belongings, values: Values, rule: TClosenessRule, policy: Policy
) -> list[Quantity]:
    """Return what must all be within t."""
    size = len(values.labels)
    if rule.distance == "equal":
        pairs = equal_distances(held.pairs, table.counts(size))
        return [pairs, share_differences(held, table, size)]
    if rule.distance == "ordered":
        assert values.ranks is not None, "there is an order"
        return [distances_of_ends(held, table, values.ranks, high=h) for h in (False, True)]
    attribute = policy.attributes[rule.attribute]
    assert isinstance(attribute, Sensitive), "a validated request guards sensitive attributes"
    counts = next(reversed(values.references.values()))
    hierarchy = build_hierarchy(attribute.hierarchy, rule.attribute, values.labels, counts)
    leaves = hierarchy.locate(values.labels)
    return [distances_of_weights(held, table, hierarchy=hierarchy, leaves=leaves)]
