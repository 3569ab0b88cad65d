"""What a release promises, measured again on the release itself.

Anybody who is handed a release and its policy can do this. Nothing of the search is used: classes
are the records that read alike in every quasi-identifier, and what they keep is measured by
:mod:`anon_dagster.core.measurement`.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import exp
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.measurement import (
    Contents,
    Distances,
    Partition,
    beyond_information,
    contents,
    disclosures,
    distinct_values,
    entropies,
    entropy_below,
    equal_distances,
    head_and_tail,
    hierarchical_distances,
    largest_shares,
    ordered_distances,
    partition,
    relative_gains,
)
from anon_dagster.counting import ColumnCount, Count, count
from anon_dagster.errors import PromiseBrokenError, SchemaMismatchError
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.pseudonyms import PATTERN
from anon_dagster.request import (
    AlphaKAnonymityRule,
    BetaLikenessRule,
    DeltaDisclosureRule,
    DirectIdentifier,
    GuardingRule,
    LDiversityRule,
    Policy,
    Sensitive,
    Source,
    TClosenessRule,
)
from anon_dagster.storage.sources import OpenSource, open_frame, open_source
from anon_dagster.storage.values import Kinds, TextKind, text_array, typed

IDENTIFIERS = "direct identifiers are gone"
SUPPRESSION = "the suppression limit"
_NUMBERS = frozenset({TextKind.integer, TextKind.decimal})


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that a release promises, and what was found."""

    name: str
    """Such as ``5-anonymity``."""
    attribute: str | None
    """The attribute that it guards; ``None``: the record as a whole."""
    asked: float
    reached: float | None
    """In the unit of ``asked``; ``None`` for a release without records."""
    holds: bool
    """Decided exactly, not by the rounded numbers above."""
    classes_failing: int
    records_failing: int

    def __str__(self) -> str:
        of = f" of {self.attribute}" if self.attribute else ""
        if self.holds:
            return f"{self.name}{of} holds"
        return (
            f"{self.name}{of} is broken by {self.classes_failing} classes "
            f"with {self.records_failing} records"
        )


@dataclass(frozen=True, slots=True)
class ClassMeasures:
    """The equivalence classes of a table in numbers."""

    records: int
    classes: int
    smallest_class: int
    largest_class: int
    unique_records: int
    discernibility: int
    """Σ |class|², see :mod:`anon_dagster.statistics.utility`; nothing is taken as suppressed."""

    @property
    def average_class_size(self) -> float:
        """Records / classes; 0 for a table without records."""
        return self.records / self.classes if self.classes else 0.0


@dataclass(frozen=True, slots=True)
class Verification:
    """Every promise of a policy, measured on a release."""

    promises: tuple[Promise, ...]
    classes: ClassMeasures

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    @property
    def failures(self) -> tuple[Promise, ...]:
        """The promises that are not kept."""
        return tuple(promise for promise in self.promises if not promise.holds)

    def require(self) -> None:
        """Refuse a release that breaks a promise.

        Raises
        ------
        PromiseBrokenError
            Naming every broken promise, with counts.
        """
        if self.failures:
            raise PromiseBrokenError("; ".join(str(promise) for promise in self.failures))

    def to_frame(self) -> pd.DataFrame:
        """Return a row per promise."""
        columns = list(Promise.__dataclass_fields__)
        return pd.DataFrame([asdict(promise) for promise in self.promises], columns=columns)


def verify(
    release: Count,
    policy: Policy,
    *,
    source_count: Count | None = None,
    decimal: str = ".",
    source_decimal: str = ".",
) -> Verification:
    """Measure every promise of a policy on a release.

    Suppressed records that stay with ``*`` are a class like any other. t-closeness is measured
    against the release's own distribution, as a reader of the release can, and against the
    source's if that is given.

    Parameters
    ----------
    release
        The stored release, counted over its quasi-identifiers and sensitive attributes.
    policy
        What was promised.
    source_count
        The source, if it is at hand. Its values are those along which the ordered distance
        counts its steps; without it they are the release's.
    decimal, source_decimal
        The decimal marks of the release and of the source.

    Raises
    ------
    SchemaMismatchError
        If the release has columns that the policy does not name, or lacks a quasi-identifier or
        a guarded attribute.
    HierarchyError
        If a hierarchy for the hierarchical distance lacks values of the release.
    """
    _require_columns(release, policy)
    classes = _classes(release, policy)
    promises = list(_identifiers_gone(release, policy, source_count))
    privacy = policy.privacy
    if privacy.k_anonymity is not None:
        promises.append(_k_anonymity(classes, privacy.k_anonymity.k))
    promises += _of_the_whole(classes, policy)
    held = {name: _held(release, classes, name) for name in _guarded(policy)}
    promises += [_l_diversity(held[rule.attribute], rule) for rule in privacy.l_diversity]
    for rule in privacy.guarding:
        if isinstance(rule, LDiversityRule):
            continue
        name = rule.attribute
        values = _Values.of(release, source_count, name, decimal, source_decimal)
        promises += _of_values(held[name].recode(values.of_release), values, rule, policy)
    if source_count is not None:
        promises.append(_suppression(release.records, source_count.records, policy))
    return Verification(tuple(promises), _measures(classes))


def verify_frame(frame: pd.DataFrame, policy: Policy) -> Verification:
    """Measure every promise of a policy on a released DataFrame.

    Raises
    ------
    SourceError
        If the columns of the DataFrame cannot be read as values, or do not fit the policy.
    """
    return verify(_counted(open_frame(frame), policy, "."), policy)


def verify_file(source: Source, policy: Policy) -> Verification:
    """Measure every promise of a policy on a released file, or several that are one table.

    Raises
    ------
    SourceError
        If the release cannot be read, or does not fit the policy.
    """
    mark = source.csv.decimal
    return verify(_counted(open_source(source), policy, mark), policy, decimal=mark)


def _counted(table: OpenSource, policy: Policy, decimal: str) -> Count:
    names = (*policy.quasi_identifiers, *policy.names("sensitive"))
    return count(table, [name for name in names if name in table.columns], decimal=decimal)


def _guarded(policy: Policy) -> list[str]:
    rules = {rule.attribute for rule in policy.privacy.guarding}
    return [name for name in policy.attributes if name in rules]


def _require_columns(release: Count, policy: Policy) -> None:
    needed = (*policy.quasi_identifiers, *_guarded(policy))
    unnamed = [name for name in release.columns if name not in policy.attributes]
    absent = [name for name in needed if name not in release.attributes]
    if unnamed:
        raise SchemaMismatchError(
            f"the release has {', '.join(unnamed)}, which the policy does not name; give each a "
            "role or leave it out"
        )
    if absent:
        raise SchemaMismatchError(f"the release lacks {', '.join(absent)}")


# -- classes -------------------------------------------------------------------------------


def _classes(release: Count, policy: Policy) -> Partition:
    places = [release.attributes.index(name) for name in policy.quasi_identifiers]
    return partition([release.table.codes[:, place] for place in places], release.table.counts)


def _held(release: Count, classes: Partition, name: str) -> Contents:
    column = release.table.codes[:, release.attributes.index(name)]
    return contents(classes, column, release.table.counts)


def _measures(classes: Partition) -> ClassMeasures:
    return ClassMeasures(
        records=classes.records,
        classes=len(classes.sizes),
        smallest_class=classes.smallest,
        largest_class=classes.largest,
        unique_records=int((classes.sizes == 1).sum()),
        discernibility=classes.squares,
    )


# -- promises ------------------------------------------------------------------------------


def _identifiers_gone(release: Count, policy: Policy, source: Count | None) -> Iterator[Promise]:
    for name, attribute in policy.attributes.items():
        if isinstance(attribute, DirectIdentifier):
            column = release.columns.get(name)
            known = source.columns.get(name) if source else None
            left = _telling(column, attribute, known, release.records) if column else 0
            yield Promise(IDENTIFIERS, name, 0, left, left == 0, 0, left)


def _telling(
    column: ColumnCount, attribute: DirectIdentifier, known: ColumnCount | None, records: int
) -> int:
    """Return how many records hold anything but nothing and the constant or a pseudonym.

    No value of the source is a pseudonym, whatever it looks like.
    """
    if column.distinct and not len(column.values):  # forgotten: nobody can tell
        return records - column.missing
    if attribute.redaction == "pseudonym":
        harmless = pc.match_substring_regex(column.values, PATTERN)
        if known is not None:
            repeated = pc.is_in(column.values, value_set=known.values.drop_null())  # noqa: PD011
            harmless = pc.and_not(harmless, repeated)
    else:
        harmless = pc.equal(column.values, attribute.constant)
    telling = pc.invert(pc.fill_null(harmless, fill_value=True)).to_numpy(zero_copy_only=False)
    return int(column.counts[telling].sum())


def _suppression(released: int, records: int, policy: Policy) -> Promise:
    allowed = policy.most_suppressed(records) if policy.suppressed_records == "drop" else 0
    left_out = records - released
    beyond = max(left_out - allowed, -left_out, 0)
    return Promise(SUPPRESSION, None, allowed, left_out, beyond == 0, 0, beyond)


def _k_anonymity(classes: Partition, k: int) -> Promise:
    return _promise(f"{k}-anonymity", None, k, classes.sizes, classes.smallest, classes.sizes < k)


def _of_the_whole(classes: Partition, policy: Policy) -> Iterator[Promise]:
    """Measure what all records together are promised; if it is broken, none is out of it."""
    privacy, sizes, records = policy.privacy, classes.sizes, max(classes.records, 1)
    measured: list[tuple[str, float, int]] = []
    if privacy.average_risk is not None:
        risk = privacy.average_risk.risk
        measured.append((f"average risk of at most {risk:g}", risk, len(sizes)))
    if privacy.sample_uniqueness is not None:
        share, unique = privacy.sample_uniqueness.share, int((sizes == 1).sum())
        measured.append((f"at most a share of {share:g} of unique records", share, unique))
    for name, asked, found in measured:
        broken = Fraction(found, records) > Fraction(str(asked))
        yield _promise(name, None, asked, sizes, found / records, np.full(len(sizes), broken))


def _promise(
    name: str,
    attribute: str | None,
    asked: float,
    sizes: NDArray[np.int64],
    reached: float,
    failing: NDArray[np.bool_],
) -> Promise:
    return Promise(
        name=name,
        attribute=attribute,
        asked=asked,
        reached=reached if len(sizes) else None,
        holds=not failing.any(),
        classes_failing=int(failing.sum()),
        records_failing=int(sizes[failing].sum()),
    )


def _l_diversity(held: Contents, rule: LDiversityRule) -> Promise:
    of = (rule.attribute, rule.l, held.sizes)
    if rule.variant == "distinct":
        values = distinct_values(held)
        least = int(values.min(initial=len(held.values)))
        return _promise(f"distinct {rule.l:g}-diversity", *of, least, values < rule.l)
    if rule.variant == "entropy":
        entropy = exp(float(entropies(held).min(initial=np.inf))) if len(held.sizes) else 0.0
        below = entropy_below(held, Fraction(str(rule.l)))
        reached = entropy if below.any() else max(entropy, rule.l)  # the float may be a hair off
        return _promise(f"entropy {rule.l:g}-diversity", *of, reached, below)
    assert rule.c is not None, "a validated request gives c"
    sides = head_and_tail(held, int(rule.l))
    failing = sides.fail(Fraction(str(rule.c)))
    name = f"recursive ({rule.c:g},{rule.l:g})-diversity"
    return _promise(name, rule.attribute, rule.c, held.sizes, sides.ratio, failing)


def _alpha_k_anonymity(held: Contents, values: "_Values", rule: AlphaKAnonymityRule) -> Promise:
    asked, labels = rule.guarded, values.labels.to_pylist()
    guarded = [asked is None or label in asked for label in labels]
    shares = largest_shares(held, np.array(guarded, dtype=np.bool_))
    failing = shares.above(Fraction(str(rule.alpha))) | (held.sizes < rule.k)
    name = f"({rule.alpha:g},{rule.k})-anonymity"
    return _promise(name, rule.attribute, rule.alpha, held.sizes, shares.largest, failing)


def _of_values(
    held: Contents, values: "_Values", rule: GuardingRule, policy: Policy
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
    held: Contents, values: "_Values", rule: DeltaDisclosureRule
) -> Iterator[Promise]:
    of = " of the values present" if rule.compare == "present" else ""
    for whose, reference in values.references.items():
        told = disclosures(held, reference, present_only=rule.compare == "present")
        failing = told.reach(Fraction(str(rule.delta)))
        name = f"{rule.delta:g}-disclosure privacy{of} beside the {whose}"
        yield _promise(name, rule.attribute, rule.delta, held.sizes, told.largest, failing)


def _beta_likeness(held: Contents, values: "_Values", rule: BetaLikenessRule) -> Iterator[Promise]:
    for whose, reference in values.references.items():
        gains = relative_gains(held, reference)
        failing = gains.above(Fraction(str(rule.beta)))
        if rule.variant == "enhanced":
            failing |= beyond_information(held, reference)
        name = f"{rule.variant} {rule.beta:g}-likeness to the {whose}"
        yield _promise(name, rule.attribute, rule.beta, held.sizes, gains.largest, failing)


def _t_closeness(
    held: Contents, values: "_Values", rule: TClosenessRule, policy: Policy
) -> Iterator[Promise]:
    measure = _distance(values, rule, policy)
    for whose, reference in values.references.items():
        distances = measure(held, reference)
        name = f"{rule.t:g}-closeness ({rule.distance} distance) to the {whose}"
        failing = distances.above(Fraction(str(rule.t)))
        yield _promise(name, rule.attribute, rule.t, held.sizes, distances.largest, failing)


# -- distances -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Values:
    """The values of a guarded attribute, those of the source and of the release together."""

    labels: pa.StringArray  # (values,)
    decimal: str
    of_release: NDArray[np.int64]  # (values of the release,): the place of each among the labels
    references: dict[str, NDArray[np.int64]]  # of each table: (values,) of counts

    @classmethod
    def of(
        cls, release: Count, source: Count | None, name: str, decimal: str, source_decimal: str
    ) -> "_Values":
        columns = {"release": (release.columns[name], decimal)}
        mark = decimal
        if source is not None:
            mark = source_decimal
            columns["source"] = (source.columns[name], mark)
        written = {t: _written(c, own, mark) for t, (c, own) in columns.items()}
        labels = pc.unique(pa.concat_arrays(list(reversed(written.values()))))
        places = {
            t: pc.index_in(w, value_set=labels).to_numpy().astype(np.int64)
            for t, w in written.items()
        }
        references = {t: np.zeros(len(labels), dtype=np.int64) for t in columns}
        for table, (column, _) in columns.items():
            np.add.at(references[table], places[table], column.counts)
        return cls(labels, mark, places["release"], references)

    @property
    def kind(self) -> TextKind:
        return Kinds.of(self.labels, decimal=self.decimal).kind

    def ranks(self) -> NDArray[np.int64]:
        """Return the place of each value in its order: numbers by size, missing last."""
        kinds = Kinds.of(self.labels, decimal=self.decimal)
        ordered = typed(self.labels, kinds, self.decimal) if kinds.kind in _NUMBERS else self.labels
        ranks = np.empty(len(ordered), dtype=np.int64)
        ranks[pc.sort_indices(ordered).to_numpy()] = np.arange(len(ordered))
        return ranks


def _written(column: ColumnCount, decimal: str, mark: str) -> pa.StringArray:
    """Write numbers with another decimal mark."""
    values: pa.StringArray = column.values  # noqa: PD011 (a column count, no frame)
    if decimal == mark or column.kinds.kind not in _NUMBERS:
        return values
    pointed = text_array(typed(values, column.kinds, decimal))
    return pc.replace_substring(pointed, ".", mark)


def _distance(
    values: _Values, rule: TClosenessRule, policy: Policy
) -> Callable[[Contents, NDArray[np.int64]], Distances]:
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
