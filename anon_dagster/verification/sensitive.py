"""What classes tell of a guarded attribute, beside the release and the source."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import exp
from typing import Any, assert_never

import numpy as np
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
    without,
)
from anon_dagster.core.audit.values import plainly, pointed, read_values
from anon_dagster.core.hierarchy import Label
from anon_dagster.discreet import Discreet
from anon_dagster.errors import counted
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.reading.columns import ColumnCount
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


def _l_diversity_of_present(held: Contents, missing: int, rule: LDiversityRule) -> Promise:
    """Measure l-diversity of the records that have a value; a class without any breaks it."""
    present, has = without(held, missing)
    measured = l_diversity(present, rule, held.sizes[has])
    none, records = int((~has).sum()), int(held.sizes[~has].sum())
    return replace(
        measured,
        name=wording.of_present_values(measured.name),
        reached=0.0 if none else measured.reached,
        holds=measured.holds and not none,
        classes_failing=measured.classes_failing + none,
        records_failing=measured.records_failing + records,
    )


def l_diversity(
    held: Contents, rule: LDiversityRule, records: NDArray[np.int64] | None = None
) -> Promise:
    """Measure how many values, by whatever count, each class holds.

    Parameters
    ----------
    records
        (classes,): how many records each has, where not all of them have a value that counts.
    """
    name = wording.l_diversity(rule.variant, rule.l, rule.c)
    sizes = held.sizes if records is None else records
    of = (name, rule.attribute, rule.l, sizes)
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
    return promise(name, rule.attribute, rule.c, sizes, sides.ratio, failing)


def _alpha_k_anonymity(held: Contents, values: "Values", rule: AlphaKAnonymityRule) -> Promise:
    name = wording.alpha_k_anonymity(rule.alpha, rule.k)
    guarded = np.ones(len(values.labels), dtype=np.bool_)
    if rule.guarded is not None:
        guarded, absent = values.guarded(rule.guarded)
        if absent == len(rule.guarded) and len(held.sizes):
            why = f"none of {counted(absent, 'guarded value')} occurs; are they misspelt?"
            return untold(name, rule.attribute, rule.alpha, why)
    shares = largest_shares(held, guarded)
    failing = shares.above(Fraction(str(rule.alpha))) | (held.sizes < rule.k)
    return promise(name, rule.attribute, rule.alpha, held.sizes, shares.largest, failing)


def of_values(
    held: Contents, values: "Values", rule: GuardingRule, policy: Policy
) -> Iterator[Promise]:
    """Measure a model that asks which values there are, not only how many."""
    match rule:
        case LDiversityRule():
            if rule.missing_counts or values.missing is None:
                yield l_diversity(held, rule)
            else:
                yield _l_diversity_of_present(held, values.missing, rule)
        case AlphaKAnonymityRule():
            yield _alpha_k_anonymity(held, values, rule)
        case TClosenessRule():
            yield from _t_closeness(held, values, rule, policy)
        case DeltaDisclosureRule():
            yield from _delta_disclosure(held, values, rule)
        case BetaLikenessRule():
            yield from _beta_likeness(held, values, rule)
        case _:
            assert_never(rule)


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
    ordered = rule.distance != "ordered" or values.ranks is not None
    measure = _distance(values, rule, policy) if ordered else equal_distances
    for whose, reference in values.references.items():
        name = wording.t_closeness(rule.t, rule.distance, whose)
        if not ordered:
            why = f"{counted(values.unordered, 'value')} cannot be put in an order with the others"
            yield untold(name, rule.attribute, rule.t, why)
            continue
        distances = measure(held, reference)
        failing = distances.above(Fraction(str(rule.t)))
        if rule.distance == "ordered":
            failing |= values.strange_to(held.classes, held.values, len(held.sizes))
        yield promise(name, rule.attribute, rule.t, held.sizes, distances.largest, failing)


# -- values --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Values(Discreet):
    """The values of a guarded attribute, those of the source and of the release together.

    Equal values are one, however they are written; what they are is read by code of the
    verification's own (:mod:`anon_dagster.core.audit.values`).
    """

    labels: tuple[Label, ...]  # (values,): one way to write each
    ranks: NDArray[np.int64] | None  # (values,): in their order; None: nobody can tell it
    unordered: int
    """How many ways to write a value have no place in an order."""
    codes: dict[Label, int]
    """The value of each way to write one: with a point in numbers, and as the tables do."""
    of_release: NDArray[np.int64]  # (values of the release,): the value that each stands for
    references: dict[str, NDArray[np.int64]]  # of each table: (values,) of counts
    strange: NDArray[np.bool_] | None = None  # (values,): those that a frozen reference lacks

    @classmethod
    def of(
        cls,
        release: ColumnCount,
        source: ColumnCount | None,
        frozen: ColumnCount | None = None,
    ) -> "Values":
        """Put the values of a release and, if it is at hand, of its source together.

        Parameters
        ----------
        release, source
            The column in each, with its values as they are written there.
        frozen
            The column in the table that alone is compared with, if that is a frozen one.
        """
        others = {"source": source, "reference": frozen}
        columns = {"release": release} | {n: c for n, c in others.items() if c is not None}
        plain = {table: pointed(c.labels, c.decimal) for table, c in columns.items()}
        spellings = list(dict.fromkeys(label for labels in plain.values() for label in labels))
        read = read_values(spellings)
        codes = dict(zip(spellings, read.same.tolist(), strict=True))
        _, first = np.unique(read.same, return_index=True)
        references = {}
        for table, column in columns.items():
            counts = np.zeros(len(first), dtype=np.int64)
            np.add.at(counts, [codes[label] for label in plain[table]], column.counts)
            references[table] = counts
        ranks = None if read.ranks is None else read.ranks[first]
        of_release = np.array([codes[label] for label in plain["release"]], dtype=np.int64)
        labels = tuple(spellings[value] for value in first)
        strange = None
        if frozen is not None:
            references = {"reference": references["reference"]}
            strange = references["reference"] == 0
        return cls(labels, ranks, read.unordered, codes, of_release, references, strange)

    def strange_to(
        self, classes: NDArray[np.int64], values: NDArray[np.int64], size: int
    ) -> NDArray[np.bool_]:
        """Tell which classes, (size,), hold a value that has no place in a frozen reference.

        Parameters
        ----------
        classes, values
            (entries,): which classes hold which values.
        """
        held = np.zeros(size, dtype=np.bool_)
        if self.strange is not None:
            held[classes[self.strange[values]]] = True
        return held

    def of_column(self, column: ColumnCount) -> NDArray[np.int64]:
        """Return the value that each one of a column of the source stands for, (values,).

        They are looked up as the source writes them: otherwise written, none may be known here.
        """
        written = column.written
        codes = [self.codes[label] for label in pointed(written.labels, written.decimal)]
        of_written = np.array(codes, dtype=np.int64)
        if column.spellings is None:
            return of_written
        of_values = np.zeros(len(column.labels), dtype=np.int64)
        of_values[column.spellings.values] = of_written
        return of_values

    @property
    def missing(self) -> int | None:
        """The value that stands for none, if a record has none."""
        return self.codes.get(None)

    def _code_of(self, text: str) -> int:
        """Return the value that a text stands for, a number however it is written; -1 if none."""
        if text in self.codes:
            return self.codes[text]
        (plain,) = plainly([text], ".")
        numbers = zip(plainly(list(self.codes), "."), self.codes.values(), strict=True)
        return next((code for number, code in numbers if number == plain), -1)

    def guarded(self, asked: Sequence[str]) -> tuple[NDArray[np.bool_], int]:
        """Tell which values are among some, (values,), and how many of these there are not."""
        found = [self._code_of(text) for text in asked]
        flags = np.zeros(len(self.labels) + 1, dtype=np.bool_)
        flags[found] = True
        return flags[:-1], found.count(-1)


# -- distances -----------------------------------------------------------------------------


def _distance(
    values: Values, rule: TClosenessRule, policy: Policy
) -> Callable[[Contents, NDArray[np.int64]], Quantity]:
    """Return what measures the distance of each class from the counts of a table, (values,)."""
    if rule.distance == "equal":
        return equal_distances
    options: dict[str, Any]
    if rule.distance == "ordered":
        assert values.ranks is not None, "there is an order"
        options = {"ranks": values.ranks}
        return lambda held, reference: ordered_distances(held, reference, **options)
    attribute = policy.attributes[rule.attribute]
    assert isinstance(attribute, Sensitive), "a validated request guards sensitive attributes"
    counts = next(reversed(values.references.values()))
    hierarchy = build_hierarchy(attribute.hierarchy, rule.attribute, values.labels, counts)
    options = {"hierarchy": hierarchy, "leaves": hierarchy.locate(values.labels)}
    return lambda held, reference: hierarchical_distances(held, reference, **options)
