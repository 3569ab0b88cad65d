"""What classes tell of a guarded attribute, beside the release and the source."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import exp
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.audit import (
    Contents,
    Quantity,
    beyond_information,
    disclosures,
    distinct_values,
    entropies,
    entropy_below,
    equal_distances,
    head_and_tail,
    hierarchical_distances,
    largest_shares,
    ordered_distances,
    relative_gains,
)
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.reading.counting import Count
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
from anon_dagster.storage.values import NUMBERS, Kinds, TextKind, rewritten, typed
from anon_dagster.verification.result import Promise, promise


def l_diversity(held: Contents, rule: LDiversityRule) -> Promise:
    """Measure how many values, by whatever count, each class holds."""
    name = wording.l_diversity(rule.variant, rule.l, rule.c)
    of = (name, rule.attribute, rule.l, held.sizes)
    if rule.variant == "distinct":
        values = distinct_values(held)
        least = int(values.min(initial=len(held.values)))
        return promise(*of, least, values < rule.l)
    if rule.variant == "entropy":
        entropy = exp(float(entropies(held).min(initial=np.inf))) if len(held.sizes) else 0.0
        below = entropy_below(held, Fraction(str(rule.l)))
        reached = entropy if below.any() else max(entropy, rule.l)  # the float may be a hair off
        return promise(*of, reached, below)
    assert rule.c is not None, "a validated request gives c"
    sides = head_and_tail(held, int(rule.l))
    failing = sides.fail(Fraction(str(rule.c)))
    return promise(name, rule.attribute, rule.c, held.sizes, sides.ratio, failing)


def _alpha_k_anonymity(held: Contents, values: "Values", rule: AlphaKAnonymityRule) -> Promise:
    asked, labels = rule.guarded, values.labels.to_pylist()
    guarded = [asked is None or label in asked for label in labels]
    shares = largest_shares(held, np.array(guarded, dtype=np.bool_))
    failing = shares.above(Fraction(str(rule.alpha))) | (held.sizes < rule.k)
    name = wording.alpha_k_anonymity(rule.alpha, rule.k)
    return promise(name, rule.attribute, rule.alpha, held.sizes, shares.largest, failing)


def of_values(
    held: Contents, values: "Values", rule: GuardingRule, policy: Policy
) -> Iterator[Promise]:
    """Measure a model that asks which values there are, not only how many."""
    if isinstance(rule, AlphaKAnonymityRule):
        yield _alpha_k_anonymity(held, values, rule)
    elif isinstance(rule, TClosenessRule):
        yield from _t_closeness(held, values, rule, policy)
    elif isinstance(rule, DeltaDisclosureRule):
        yield from _delta_disclosure(held, values, rule)
    elif isinstance(rule, BetaLikenessRule):
        yield from _beta_likeness(held, values, rule)


def _delta_disclosure(
    held: Contents, values: "Values", rule: DeltaDisclosureRule
) -> Iterator[Promise]:
    present_only = rule.compare == "present"
    for whose, reference in values.references.items():
        bits = disclosures(held, reference, present_only=present_only)
        failing = bits.reach(Fraction(str(rule.delta)))
        name = wording.delta_disclosure(rule.delta, present_only=present_only, whose=whose)
        yield promise(name, rule.attribute, rule.delta, held.sizes, bits.largest, failing)


def _beta_likeness(held: Contents, values: "Values", rule: BetaLikenessRule) -> Iterator[Promise]:
    for whose, reference in values.references.items():
        gains = relative_gains(held, reference)
        failing = gains.above(Fraction(str(rule.beta)))
        if rule.variant == "enhanced":
            failing |= beyond_information(held, reference)
        name = wording.beta_likeness(rule.variant, rule.beta, whose)
        yield promise(name, rule.attribute, rule.beta, held.sizes, gains.largest, failing)


def _t_closeness(
    held: Contents, values: "Values", rule: TClosenessRule, policy: Policy
) -> Iterator[Promise]:
    measure = _distance(values, rule, policy)
    for whose, reference in values.references.items():
        distances = measure(held, reference)
        name = wording.t_closeness(rule.t, rule.distance, whose)
        failing = distances.above(Fraction(str(rule.t)))
        yield promise(name, rule.attribute, rule.t, held.sizes, distances.largest, failing)


# -- distances -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The values of a guarded attribute, those of the source and of the release together."""

    labels: pa.StringArray  # (values,)
    decimal: str
    of_release: NDArray[np.int64]  # (values of the release,): the place of each among the labels
    references: dict[str, NDArray[np.int64]]  # of each table: (values,) of counts

    @classmethod
    def of(
        cls, release: Count, source: Count | None, name: str, decimal: str, source_decimal: str
    ) -> "Values":
        """Put the values of a release and, if it is at hand, of its source together."""
        columns = {"release": (release.columns[name], decimal)}
        mark = decimal
        if source is not None:
            mark = source_decimal
            columns["source"] = (source.columns[name], mark)
        written = {t: rewritten(c.values, c.kinds, own, mark) for t, (c, own) in columns.items()}
        labels = pc.unique(pa.concat_arrays(list(reversed(written.values()))))
        positions = {
            t: pc.index_in(w, value_set=labels).to_numpy().astype(np.int64)
            for t, w in written.items()
        }
        references = {t: np.zeros(len(labels), dtype=np.int64) for t in columns}
        for table, (column, _) in columns.items():
            np.add.at(references[table], positions[table], column.counts)
        return cls(labels, mark, positions["release"], references)

    @property
    def kind(self) -> TextKind:
        """What all values may be read as."""
        return Kinds.of(self.labels, decimal=self.decimal).kind

    def ranks(self) -> NDArray[np.int64]:
        """Return the place of each value in its order: numbers by size, missing last."""
        kinds = Kinds.of(self.labels, decimal=self.decimal)
        ordered = typed(self.labels, kinds, self.decimal) if kinds.kind in NUMBERS else self.labels
        ranks = np.empty(len(ordered), dtype=np.int64)
        ranks[pc.sort_indices(ordered).to_numpy()] = np.arange(len(ordered))
        return ranks


def _distance(
    values: Values, rule: TClosenessRule, policy: Policy
) -> Callable[[Contents, NDArray[np.int64]], Quantity]:
    """Return what measures the distance of each class from the counts of a table, (values,)."""
    if rule.distance == "equal":
        return equal_distances
    options: dict[str, Any]
    if rule.distance == "ordered":
        options = {"ranks": values.ranks()}
        return lambda held, reference: ordered_distances(held, reference, **options)
    attribute = policy.attributes[rule.attribute]
    assert isinstance(attribute, Sensitive), "a validated request guards sensitive attributes"
    labels = values.labels.to_pylist()
    counts = next(reversed(values.references.values()))
    hierarchy = build_hierarchy(
        attribute.hierarchy,
        rule.attribute,
        labels,
        counts,
        kind=values.kind,
        decimal=values.decimal,
    )
    options = {"hierarchy": hierarchy, "leaves": hierarchy.locate(labels)}
    return lambda held, reference: hierarchical_distances(held, reference, **options)
