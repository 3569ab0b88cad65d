"""What the release cannot be used for any more: who was suppressed, and what no longer shows."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Label
from anon_dagster.errors import counted
from anon_dagster.planning.decision import Decision
from anon_dagster.report.evidence import (
    Damage,
    DamageOfRelease,
    DamageOfSource,
    SuppressedShare,
)
from anon_dagster.report.findings import Findings
from anon_dagster.report.formats import short
from anon_dagster.report.gathering.associations import (
    associations,
    most_columns,
    of_release,
    of_source,
)
from anon_dagster.report.gathering.coefficients import coefficients
from anon_dagster.report.gathering.labels import at_labels
from anon_dagster.report.gathering.numbers import table_of

MOST_SHARES = 60  # values of all attributes, those that are suppressed most out of proportion
_FEW = 12  # values of an attribute that are told as they are; of more, its labels


def damage(findings: Findings) -> Damage:
    """Return what was lost."""
    decision = findings.decision
    names = [*decision.plan.quasi_identifiers, *decision.plan.sensitive]
    names = [name for name in names if name in findings.released.attributes]
    told = names[: most_columns(len(decision.counted.table))]
    after = of_release(findings, told)
    before = of_source(findings, told)
    shares = sorted(_shares(findings), key=_out_of_proportion(findings), reverse=True)
    return Damage(
        DamageOfRelease(findings.released.records, tuple(associations(after, after))),
        DamageOfSource(
            records=decision.counted.records,
            suppressed=decision.suppressed,
            utility=(table_of("utility", findings.utility, len(findings.utility)),),
            shares=tuple(shares[:MOST_SHARES]),
            shares_left_off=max(len(shares) - MOST_SHARES, 0),
            associations=tuple(associations(before, after)),
            coefficients=coefficients(decision),
            left_off=tuple(_left_off(len(names), len(told))),
        ),
    )


def _left_off(columns: int, told: int) -> Iterator[str]:
    if columns > told:
        left = counted(columns - told, "further column")
        yield f"pairs with one of {left} are not compared: the first {told} are"


def _shares(findings: Findings) -> Iterator[SuppressedShare]:
    """Give how many records of each value were suppressed; of many values, of each label."""
    decision = findings.decision
    problem, gone = decision.plan.problem, decision.solution.classes < 0
    if not gone.any():
        return
    for name in (*decision.plan.quasi_identifiers, *decision.plan.sensitive):
        place = decision.counted.attributes.index(name)
        codes = decision.counted.table.codes[:, place].astype(np.int64)
        labels: Sequence[Label] = decision.counted.columns[name].labels
        attribute = decision.request.policy.quasi_identifiers.get(name)
        if attribute is not None and (len(labels) > _FEW or attribute.mask is not None):
            codes, labels = _grouped(decision, decision.plan.quasi_identifiers.index(name))
        whole = np.bincount(codes, problem.counts, len(labels)).astype(np.int64)
        suppressed = np.bincount(codes[gone], problem.counts[gone], len(labels)).astype(np.int64)
        for value in np.flatnonzero(whole).tolist():
            records = int(whole[value]), int(suppressed[value])
            yield SuppressedShare(name, short(labels[value]), *records)


def _grouped(decision: Decision, q: int) -> tuple[NDArray[np.int64], Sequence[Label]]:
    """Return a group of each tuple, (tuples,), and what groups are called.

    They are the labels of the release; where nobody can tell those of the suppressed, the finest
    level of the hierarchy that has few, or one below its last.
    """
    at, hierarchy = at_labels(decision, q), decision.plan.problem.hierarchies[q]
    if not at.untold:
        return at.codes, at.labels
    below = range(max(hierarchy.levels - 1, 1))
    level = next((each for each in below if len(hierarchy.labels[each]) <= _FEW), below[-1])
    leaves = decision.plan.problem.codes[np.arange(len(at.codes)), q]
    return hierarchy.codes[level][leaves].astype(np.int64), hierarchy.labels[level]


def _out_of_proportion(findings: Findings) -> Callable[[SuppressedShare], float]:
    """Return by how many records a value was suppressed more or less often than all were."""
    total, gone = findings.decision.counted.records, findings.decision.suppressed

    def distance(share: SuppressedShare) -> float:
        return abs(share.suppressed - share.records * gone / total) if total else 0.0

    return distance
