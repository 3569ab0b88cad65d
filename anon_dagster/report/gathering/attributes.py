"""What became of each attribute: how it reads in the release, and what was lost of it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import SUPPRESSED, Label
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.report.evidence import (
    AttributeEvidence,
    AttributeOfRelease,
    AttributeOfRequest,
    AttributeOfSource,
    Bin,
    ExampleFact,
    LabelCount,
)
from anon_dagster.report.explanation import explain_attribute, explain_level
from anon_dagster.report.findings import Findings
from anon_dagster.report.formats import short
from anon_dagster.report.gathering.bins import edges, histogram, numbers_of
from anon_dagster.report.gathering.labels import AtLabels, at_labels
from anon_dagster.report.gathering.numbers import number
from anon_dagster.request import Policy, QuasiIdentifier

if TYPE_CHECKING:
    import pandas as pd

MOST_LABELS = 20  # of an attribute
MOST_ATTRIBUTES = 60  # of which labels are told
_MOST_DIFFERENT = 100_000  # labels of a column, beyond which source and release are not matched
_NO_VALUES = {"direct_identifier", "weight"}


_Bins = tuple[Bin, ...]


class _Common(TypedDict):
    """What is told of every attribute of the source."""

    done: str
    level: int | None
    levels: int | None
    distinct: int | None
    missing: int | None


def attributes(findings: Findings) -> Iterator[AttributeEvidence]:
    """Give the attributes in the order of the request, then the numbers beside labels."""
    frame = findings.exploratory.values  # noqa: PD011 (a field)
    values = {str(name): rows for name, rows in frame.groupby("attribute")}
    for place, name in enumerate(names_of(findings.decision.released.policy)):
        yield _attribute(findings, name, values.get(name), told=place < MOST_ATTRIBUTES)


def names_of(policy: Policy) -> list[str]:
    """Return the names of attributes and of the numbers beside their labels."""
    return [*policy.attributes, *(column.name for column in policy.number_columns)]


def attribute_of(findings: Findings, name: str) -> AttributeEvidence:
    """Return what became of one attribute, whose labels are told however many others there are."""
    frame = findings.exploratory.values  # noqa: PD011 (a field)
    rows = frame[frame["attribute"] == name]
    return _attribute(findings, name, rows if len(rows) else None, told=True)


def _attribute(
    findings: Findings, name: str, values: "pd.DataFrame | None", *, told: bool
) -> AttributeEvidence:
    policy = findings.decision.released.policy
    attribute = policy.attributes.get(name)
    role = "number beside labels" if attribute is None else attribute.role
    said = "follows from its label" if attribute is None else explain_attribute(name, policy)
    importance = getattr(attribute, "importance", None)
    return AttributeEvidence(
        name,
        AttributeOfRequest(role, said, importance),
        _of_release(findings, name, role, told=told),
        None if attribute is None else _of_source(findings, name, values, told=told),
    )


def done_to(decision: Decision, name: str) -> str:
    """Say what was done to an attribute."""
    said, level = explain_attribute(name, decision.request.policy), level_of(decision, name)
    if level is not None:
        attribute = decision.request.policy.quasi_identifiers[name]
        said = f"level {level[0]} of {level[1]}: {explain_level(attribute, *level)}"
    if decision.counted.columns[name].is_order_open:
        said += "; without an order of its categories: the files declare none that fits all"
    return said


def level_rows(decision: Decision) -> Iterator[dict[str, Any]]:
    """Give the chosen level of each quasi-identifier and what it means."""
    for name in decision.levels or {}:
        found = level_of(decision, name)
        assert found is not None, "it has a level"
        attribute = decision.request.policy.quasi_identifiers[name]
        meaning = explain_level(attribute, *found)
        yield {"attribute": name, "level": found[0], "of": found[1], "meaning": meaning}


def level_of(decision: Decision, name: str) -> tuple[int, int] | None:
    """Return the chosen level of a quasi-identifier and the last one of its hierarchy."""
    if name not in (decision.levels or {}):
        return None
    return (decision.levels or {})[name], decision.plan.hierarchies[name].levels - 1


# -- the release ---------------------------------------------------------------------------


def _of_release(
    findings: Findings, name: str, role: str, *, told: bool
) -> AttributeOfRelease | None:
    column = findings.released.columns.get(name)
    if column is None:
        return None
    starred = _starred(column) if role in {"quasi_identifier", "number beside labels"} else 0
    if role in _NO_VALUES or not told:
        return AttributeOfRelease(column.distinct - (starred > 0), starred, column.missing)
    of_numbers = numbers_of(column)
    ends = edges([of_numbers]) if of_numbers is not None else np.zeros(0)
    bins = histogram(*of_numbers, ends) if of_numbers is not None else ()
    return AttributeOfRelease(
        distinct=column.distinct - (starred > 0),
        starred=starred,
        missing=column.missing,
        labels=_most_frequent(column),
        labels_left_off=max(column.distinct + (column.missing > 0) - MOST_LABELS, 0),
        bins=bins,
    )


def _starred(column: ColumnCount) -> int:
    """Count the records that read ``*``."""
    place = pc.index(column.values, SUPPRESSED).as_py()
    return 0 if place < 0 else int(column.counts[place])


def _most_frequent(column: ColumnCount) -> tuple[LabelCount, ...]:
    """Return the most frequent labels of a column, in the order of the texts where they tie."""
    first = np.argsort(-column.counts, kind="stable")[:MOST_LABELS]
    labels = column.values.take(pa.array(first)).to_pylist()  # noqa: PD011 (no frame)
    return _counts(labels, column.counts[first])


def _counts(labels: Sequence[Label], counts: NDArray[np.int64]) -> tuple[LabelCount, ...]:
    pairs = zip(labels, counts.tolist(), strict=True)
    return tuple(LabelCount(short(label), records) for label, records in pairs)


# -- the source ----------------------------------------------------------------------------


def _of_source(
    findings: Findings, name: str, values: "pd.DataFrame | None", *, told: bool
) -> AttributeOfSource:
    decision = findings.decision
    column, level = decision.counted.columns[name], level_of(decision, name)
    attribute = decision.request.policy.attributes[name]
    common: _Common = {
        "done": done_to(decision, name),
        "level": None if level is None else level[0],
        "levels": None if level is None else level[1] + 1,
        "distinct": column.distinct,
        "missing": column.missing,
    }
    if isinstance(attribute, QuasiIdentifier) and name in decision.plan.quasi_identifiers:
        return _of_quasi_identifier(findings, name, common, told=told)
    if values is None or not told:
        return AttributeOfSource(**common)
    before, after = _bins(column, findings.released.columns.get(name))
    counts = values.dropna(subset="source")
    labels = counts["value"].astype(object).where(counts["value"].notna(), None).tolist()
    shown = _of_labels(labels, counts["source"].to_numpy(np.int64), findings, name)
    return AttributeOfSource(**common, labels=shown, bins=before, bins_after=after)


def _of_quasi_identifier(
    findings: Findings, name: str, common: _Common, *, told: bool
) -> AttributeOfSource:
    decision = findings.decision
    q = decision.plan.quasi_identifiers.index(name)
    loss = _loss(findings, name, q)
    if not told:
        return AttributeOfSource(**common, loss=loss)
    at = at_labels(decision, q)
    attribute = decision.request.policy.quasi_identifiers[name]
    before: _Bins = ()
    after: _Bins = ()
    shown = None
    if attribute.mask is None:  # of an identifier nothing is told but what its mask leaves
        before, after = _bins(decision.counted.columns[name], findings.released.columns.get(name))
        shown = example(decision, q, at)
    return AttributeOfSource(
        **common,
        loss=loss,
        example=shown,
        labels=_of_labels(at.labels, at.records, findings, name),
        untold_labels=at.untold,
        bins=before,
        bins_after=after,
    )


def _bins(
    source: ColumnCount, released: ColumnCount | None
) -> tuple[tuple[Bin, ...], tuple[Bin, ...]]:
    """Count the numbers of both tables in the same bins, if both hold numbers."""
    tables = [numbers_of(column) for column in (source, released)]
    told = [table for table in tables if table is not None]
    if len(told) < len(tables):
        return (), ()
    ends = edges(told)
    before, after = (histogram(*table, ends) for table in told)
    return before, after


def _of_labels(
    labels: Sequence[Label], records: NDArray[np.int64], findings: Findings, name: str
) -> tuple[LabelCount, ...]:
    """Return the source at the labels that are told of the release, then at its most frequent.

    None at all if it lacks labels of the release, which are written in another way there then, or
    if there are too many; ``*`` of records that stay although they are suppressed is none of them.

    Parameters
    ----------
    labels, records
        (labels,): how the source reads, and how many records do so.
    """
    released = findings.released.columns.get(name)
    if len(labels) > _MOST_DIFFERENT or (released and released.distinct > _MOST_DIFFERENT):
        return ()
    places = dict(zip(labels, range(len(labels)), strict=True))
    first: list[int] = []
    if released is not None:
        if not places.keys() | {SUPPRESSED} >= set(released.labels):
            return ()
        most = np.argsort(-released.counts, kind="stable")[:MOST_LABELS]
        told = (released.labels[place] for place in most.tolist())
        first = [places[label] for label in told if label in places]
    of_source = np.argsort(-records, kind="stable")[:MOST_LABELS].tolist()
    shown = list(dict.fromkeys([*first, *of_source]))
    return _counts([labels[place] for place in shown], records[shown])


def _loss(findings: Findings, name: str, q: int) -> float | None:
    """Return the mean normalized certainty penalty of a quasi-identifier; of averages the error."""
    error = f"microaggregation_error({name})"
    if error in findings.utility.index:
        found = number(findings.utility["release"][error])
        return None if found is None else float(found)
    problem, solution = findings.decision.plan.problem, findings.decision.solution
    generalized = solution.generalized[q]
    if generalized.leaves < 2 or not problem.records:
        return 0.0
    kept = solution.classes >= 0
    covered = generalized.covered[generalized.codes][solution.classes[kept]].astype(np.float64)
    lost = float(((covered - 1) * problem.counts[kept]).sum())
    lost += float(problem.counts[~kept].sum()) * (generalized.leaves - 1)
    return lost / (problem.records * (generalized.leaves - 1))


def example(decision: Decision, q: int, at: AtLabels) -> ExampleFact | None:
    """Return the value that most records have among those that read otherwise in the release.

    A missing one shows what became of the others as little as one that stayed as it was.
    """
    problem, kept = decision.plan.problem, decision.solution.classes >= 0
    name = decision.plan.quasi_identifiers[q]
    column = decision.counted.columns[name]
    place = decision.counted.attributes.index(name)
    values = decision.counted.table.codes[:, place]
    size = len(at.labels)
    pairs, member = np.unique(
        values[kept].astype(np.int64) * size + at.codes[kept], return_inverse=True
    )
    records = np.bincount(member.reshape(-1), problem.counts[kept], len(pairs))
    texts = np.array(column.labels, dtype=object)[pairs // size]
    labels = np.array([*at.labels, ""], dtype=object)[:-1][pairs % size]
    missing = np.array([text is None for text in texts], dtype=np.bool_)
    order = np.lexsort((-records, missing, texts == labels))  # what changed comes first
    if not len(order):
        return None
    return ExampleFact(short(texts[order[0]]), short(labels[order[0]]))
