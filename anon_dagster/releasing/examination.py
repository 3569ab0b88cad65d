"""The examination of a release for what nobody asked about, before it is published and after."""

from collections import deque
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import SUPPRESSED
from anon_dagster.core.residual import Labelled
from anon_dagster.errors import PromiseBrokenError, counted
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import table_attributes
from anon_dagster.reading.columns import position_among
from anon_dagster.reading.counting import Count, count
from anon_dagster.reading.persons import OWNERS
from anon_dagster.reading.scanning import Onlooker, Piece, Scan, scan
from anon_dagster.releasing.recipe import Recipe, recipe
from anon_dagster.request import DirectIdentifier, Policy
from anon_dagster.residual import (
    Classes,
    Examiner,
    OwnRecords,
    Pairs,
    ResidualDisclosure,
    Subject,
    narrowed_shifts,
)
from anon_dagster.storage.meaning import remarked
from anon_dagster.storage.sources import OpenSource


def examiner_of(
    decision: Decision, source: OpenSource, writer: Recipe, *, attacks: bool = False
) -> Examiner:
    """Return who looks at a source and its release while they are read; see `examine_release`."""
    policy = _asked(_with_unreleased(decision), attacks=attacks)
    subject = Subject(
        policy,
        tuple(writer.schema.names),
        tuple(n for n in source.columns if n not in source.skipped and n not in OWNERS),
        (decision.request.decimal, decision.request.release_decimal),
    )
    released = decision.counted.records
    if not writer.keeps_suppressed:
        released -= decision.suppressed
    return Examiner(
        subject,
        _telling(decision.counted, subject.harmless),
        records=decision.counted.records,
        released=released,
    )


def _with_unreleased(decision: Decision) -> Policy:
    """Return the policy of what is released; of linked tables, columns of the other one are gone.

    So it is found out whether the release gives one of them back.
    """
    policy, gone = decision.released.policy, DirectIdentifier(role="direct_identifier")
    unreleased = decision.unreleased & set(decision.plan.quasi_identifiers)
    attributes = {**policy.attributes, **dict.fromkeys(sorted(unreleased), gone)}
    return policy.model_copy(update={"attributes": attributes})


def _asked(policy: Policy, *, attacks: bool = False) -> Policy:
    if not attacks or policy.residual.intruder != "ignore":
        return policy
    rule = policy.residual.model_copy(update={"intruder": "warn"})
    return policy.model_copy(update={"residual": rule})


def classes_of(decision: Decision) -> Classes | None:
    """Return the tuples that are released, and how the class of each reads.

    Nothing where the class follows from the values by themselves: then it tells nothing else.
    """
    source, solution = decision.counted, decision.solution
    if solution.levels is not None and decision.plan.clusters is None:
        return None
    shown = solution.classes >= 0
    if decision.request.policy.suppressed_records == "keep":
        shown[:] = True
    codes, classes = source.table.codes.take(shown), solution.classes[shown]
    attributes: dict[str, Labelled] = {}
    for name, generalized in zip(
        decision.plan.quasi_identifiers, solution.generalized, strict=True
    ):
        of_class = np.append(generalized.codes, len(generalized.labels))  # class -1 is the last
        attributes[name] = Labelled(
            codes[:, source.attributes.index(name)].astype(np.int64),
            of_class[classes].astype(np.int64),
            source.columns[name].ordering.numbers,
            np.append(generalized.heights, 1.0),
        )
    sensitive = {
        name: (
            codes[:, source.attributes.index(name)].astype(np.int64),
            source.columns[name].ordering.numbers,
        )
        for name in decision.plan.sensitive
    }
    texts = {name: source.columns[name].labels for name in attributes}
    return Classes(attributes, sensitive, source.table.counts[shown], texts)


def own_records(decision: Decision) -> OwnRecords | None:
    """Return which classes of a release persons have records in; None where nobody counts them."""
    source, plan, held = decision.counted, decision.plan, decision.counted.persons
    if held is None:
        return None
    attributes = {name: source.attributes.index(name) for name in plan.sensitive}
    return OwnRecords(
        _read_classes(decision),
        held.tuples,
        held.owners,
        {name: source.table.codes.columns[place] for name, place in attributes.items()},
        {name: source.columns[name].labels for name in attributes},
        decision.request.policy.residual.seed,
    )


def _read_classes(decision: Decision) -> NDArray[np.int64]:
    """Return the class of each tuple, (tuples,), or -1; classes that read alike are one.

    Suppressed records that are kept read as a class of full generalization.
    """
    solution, plan = decision.solution, decision.plan
    labels = [
        np.append(g.codes, g.labels.index(SUPPRESSED) if SUPPRESSED in g.labels else len(g.labels))
        for g in solution.generalized
    ]  # class -1 is the last
    if plan.aggregations or not labels:  # whose values are read beside the labels
        alike = np.arange(solution.classes.max(initial=-1) + 2)
    else:
        alike = np.unique(np.stack(labels), axis=1, return_inverse=True)[1].reshape(-1)
    read = alike[solution.classes]
    if decision.request.policy.suppressed_records == "keep":
        return read
    return np.where(solution.classes < 0, -1, read)


def _telling(source: Count, names: Iterable[str]) -> list[str]:
    """Return columns in the order of how much they tell: how seldom two records agree."""

    def agreeing(name: str) -> float:
        counts = source.columns[name].counts.astype(np.float64)
        return float(np.square(counts).sum())

    return sorted(names, key=agreeing)


def examine_release(
    decision: Decision,
    source: OpenSource,
    released: OpenSource,
    *,
    decimal: str = ".",
    attacks: bool = False,
) -> ResidualDisclosure:
    """Find what a stored release tells although every promise holds.

    Source and release are read.

    Parameters
    ----------
    source
        What was counted, as it was opened for the count.
    released
        The release as it is stored.
    decimal
        The decimal mark of its numbers.
    attacks
        Whether to carry out the attacks even where the policy does not ask for them.

    Raises
    ------
    SourceError
        If the source changed since it was counted.
    PromiseBrokenError
        If the release is not what becomes of the source.
    """
    writer = recipe(decision, source)
    examiner = examiner_of(decision, source, writer, attacks=attacks)
    watch(source, examiner.of_source)
    names = [n for n in table_attributes(decision.request.policy) if n in released.columns]
    stored = count(
        released, names, decimal=decimal, reading=Scan("verify", onlooker=examiner.of_release)
    )
    return disclosure_of(decision, examiner, stored, writer)


def watch(source: OpenSource, onlooker: Onlooker) -> None:
    """Let somebody look at a source, which is read for nothing else.

    Raises
    ------
    SourceError
        If it is no longer as it was opened.
    """
    deque(scan(source, _nothing, Scan("examine", onlooker=onlooker)), maxlen=0)
    source.unchanged()


def _nothing(_: Piece) -> None:
    """Do nothing with a piece but let it be looked at."""


def disclosure_of(
    decision: Decision, examiner: Examiner, stored: Count, writer: Recipe
) -> ResidualDisclosure:
    """Judge what an examiner saw, once it is certain that it saw what is stored.

    Raises
    ------
    PromiseBrokenError
        If the records that were examined are not those that are stored.
    """
    pairs = examiner.pairs(writer.paired)
    strangers = unstored(pairs, stored, decision.request.policy, whole=examiner.is_whole)
    if strangers:
        raise PromiseBrokenError(
            f"the stored release is not as decided: {counted(strangers, 'record')} of those that "
            "were examined are not in it as they were recoded"
        )
    shifts = narrowed_shifts(
        examiner.subject, decision.counted.shift, _shifted_to_the_day(decision, writer)
    )
    return examiner.disclosure(
        pairs,
        classes_of(decision),
        stored.records,
        shifts=tuple(shifts),
        own=own_records(decision),
    )


def _shifted_to_the_day(decision: Decision, writer: Recipe) -> tuple[str, ...]:
    """Return the shifted columns whose dates some record is released with as they are."""
    levels = decision.levels or {}
    return tuple(
        name
        for name in decision.request.policy.shifted
        if name in writer.schema.names and not levels.get(name)
    )


def unstored(pairs: Pairs, stored: Count, policy: Policy, *, whole: bool) -> int:
    """Count the pairs whose labels the stored release has in fewer records.

    Parameters
    ----------
    whole
        Whether the pairs are all records of the release, which then has the same labels as often.
    """
    names = [name for name in policy.quasi_identifiers if name in stored.attributes]
    if not pairs.records:
        return 0
    attributes = [_placed(pairs, stored, name) for name in names]
    known = np.logical_and.reduce(
        [np.ones(pairs.records, np.bool_)] + [places >= 0 for places, _ in attributes]
    )
    classes = np.zeros(int(known.sum()), dtype=np.int64)
    tuples, of_tuples = np.arange(len(stored.table)), np.zeros(len(stored.table), dtype=np.int64)
    for name, (places, of_values) in zip(names, attributes, strict=True):
        # tuples that none of the pairs has are left out
        size, position = len(of_values), stored.attributes.index(name)
        seen, classes = np.unique(classes * size + places[known], return_inverse=True)
        keys = of_tuples * size + of_values[stored.table.codes.columns[position][tuples]]
        of_tuples = np.minimum(np.searchsorted(seen, keys), len(seen) - 1)
        same = seen[of_tuples] == keys if len(seen) else np.zeros(len(keys), dtype=np.bool_)
        tuples, of_tuples = tuples[same], of_tuples[same]
    size = int(classes.max(initial=-1)) + 1
    there = np.zeros(size, dtype=np.int64)
    np.add.at(there, of_tuples, stored.table.counts[tuples])
    apart = np.bincount(classes, minlength=size) - there
    if whole:
        left_out = stored.records - int(stored.table.counts[tuples].sum())
        return int((~known).sum() + np.abs(apart).sum()) + left_out
    return int((~known).sum() + np.maximum(apart, 0).sum())


def _placed(pairs: Pairs, stored: Count, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the codes of an attribute, (pairs,) and (values,).

    A code is the place of a label among those that are stored, -1 if it is not.
    """
    column = stored.columns[name]
    texts = _alike(column.values, column.decimal)
    places = position_among(texts, _alike(pairs.labels(name), column.decimal))
    of_values = position_among(texts, texts).astype(np.int64)
    return places.astype(np.int64), of_values


def _alike(texts: pa.StringArray, mark: str) -> pa.StringArray:
    """Return labels as they are whatever the format: with a point, an empty one for none."""
    return pc.fill_null(remarked(texts, mark, "."), "")
