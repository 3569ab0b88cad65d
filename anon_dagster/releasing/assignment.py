"""Later records under a stored solution.

A record belongs to the most specific released class that covers all its values. Where promises are
enforced, a record of full-domain generalization that none covers is in an open class: that of its
labels at the levels of the solution, which is judged like every other. Else it is suppressed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.core.evaluation import (
    all_hold,
    counts_of,
    people_behind,
    release_holds,
    summarize,
)
from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label
from anon_dagster.core.local import outcome_of
from anon_dagster.core.local.cells import covered_by
from anon_dagster.core.ordering import Meaning
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.discreet import Discreet
from anon_dagster.errors import RequestError
from anon_dagster.hierarchies import build_hierarchy, build_released_hierarchy
from anon_dagster.planning.plan import Plan, domain_of, plan_with
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count
from anon_dagster.releasing.open_classes import has_open_classes, with_open_classes
from anon_dagster.releasing.stored_solution import StoredSolution
from anon_dagster.request import (
    FrequencyRule,
    HierarchyRule,
    OrderRule,
    Policy,
    QuasiIdentifier,
)
from anon_dagster.storage.meaning import ordering_of

Lacking = Literal["suppress", "refuse"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many later records are suppressed, by why."""

    lacking: int
    """They have a value that a hierarchy lacks."""
    uncovered: int
    """No class covers their values."""
    failing: int
    """Their class breaks a promise that is enforced."""

    @property
    def records(self) -> int:
        """All of them."""
        return self.lacking + self.uncovered + self.failing

    def __str__(self) -> str:
        told = {
            "have a value that a hierarchy lacks": self.lacking,
            "have values that no released class covers": self.uncovered,
            "are in a class that breaks a promise by itself": self.failing,
        }
        return ", ".join(f"{number:,} {why}" for why, number in told.items() if number)


@dataclass(frozen=True, slots=True, eq=False)
class Assigned(Discreet, shown=("left_out",)):
    """What becomes of later records."""

    plan: Plan
    solution: Solution
    left_out: LeftOut


_NOWHERE = "\x00"  # label of the branch for values that a hierarchy lacks; no text of a table


def assign(
    stored: StoredSolution,
    counted: Count,
    *,
    lacking: Lacking = "suppress",
    enforce: bool = False,
) -> Assigned:
    """Find the released class of each tuple of later records.

    Parameters
    ----------
    counted
        The later records.
    lacking
        What becomes of records with a value that a hierarchy lacks.
    enforce
        Whether to suppress the records of classes that break a promise by themselves.

    Raises
    ------
    HierarchyError
        If values are lacking and are to be refused.
    """
    plan = later_plan(stored, counted, lacking=lacking)
    problem, leaves = plan.problem, _leaves_of_tuples(plan.problem)
    covered = stored.cells.assign(leaves, problem.hierarchies, problem.orders)
    if enforce and has_open_classes(stored):
        stored, covered = with_open_classes(stored, problem, leaves, covered)
    classes = _suppress_failing(problem, covered, stored.levels) if enforce else covered
    solution = _solution(problem, classes, _labels(stored, problem), stored.levels)
    return Assigned(plan, solution, _left_out(problem, leaves, covered, classes))


def assign_open(stored: StoredSolution, counted: Count) -> tuple[Plan, Solution]:
    """Find the class of each tuple of later records, also one that was never released before.

    Classes of a local recoding are its cells, see :mod:`anon_dagster.releasing.open_classes`.

    Parameters
    ----------
    counted
        The later records; what has a value that a hierarchy lacks has no class, -1.
    """
    plan = later_plan(stored, counted, lacking="suppress")
    problem, leaves = plan.problem, _leaves_of_tuples(plan.problem)
    classes = stored.cells.assign(leaves, problem.hierarchies, problem.orders)
    if has_open_classes(stored):
        stored, classes = with_open_classes(stored, problem, leaves, classes)
    return plan, _solution(problem, classes, _labels(stored, problem), stored.levels)


def _labels(stored: StoredSolution, problem: Problem) -> tuple[Generalized, ...]:
    return tuple(_generalized(stored, problem, q) for q in range(len(stored.released)))


def later_plan(stored: StoredSolution, counted: Count, *, lacking: Lacking) -> Plan:
    """Plan a stored solution for the values of later records; see :func:`assign`."""
    policy = stored.policy
    hierarchies = {
        name: _later_hierarchy(stored, name, _values_known(policy, counted, name), lacking)
        for name in counted.attributes
        if getattr(policy.attributes[name], "hierarchy", None) is not None
    }
    plan = plan_with(policy, counted, hierarchies)
    _require_levels(stored.levels, plan.problem.hierarchies)
    return plan


def _left_out(
    problem: Problem,
    leaves: NDArray[np.int32],
    covered: NDArray[np.int64],
    classes: NDArray[np.int64],
) -> LeftOut:
    """Count the records that are suppressed, by why: no class covers a value that is lacking."""
    lacking = (leaves < 0).any(axis=1)
    uncovered = (covered < 0) & ~lacking
    failing = (covered >= 0) & (classes < 0)
    return LeftOut(*(int(problem.counts[why].sum()) for why in (lacking, uncovered, failing)))


def _require_levels(levels: tuple[int, ...] | None, hierarchies: Sequence[Hierarchy]) -> None:
    if any(n >= h.levels for n, h in zip(levels or (), hierarchies, strict=False)):
        raise RequestError("the solution is damaged: it has levels that its hierarchies lack")


def _solution(
    problem: Problem,
    classes: NDArray[np.int64],
    generalized: tuple[Generalized, ...],
    levels: tuple[int, ...] | None,
) -> Solution:
    """Measure what the later records lose; nothing is proven of it."""
    used, dense = np.unique(classes[classes >= 0], return_inverse=True)
    compact = np.full(len(classes), -1, dtype=np.int64)
    compact[classes >= 0] = dense
    present = tuple(replace(column, codes=column.codes[used]) for column in generalized)
    loss = problem.objective.loss(outcome_of(problem, compact, present, levels))
    proof = Proof(
        optimal=False, loss=loss, lower_bound=0.0, candidates=1, evaluated=1, method="applied"
    )
    return Solution(classes, generalized, proof, levels)


def _generalized(stored: StoredSolution, problem: Problem, q: int) -> Generalized:
    """Describe the labels of a quasi-identifier by what they cover of the later values."""
    labels, codes = stored.released[q], stored.codes[:, q]
    hierarchy, levels = problem.hierarchies[q], stored.cells.levels[q]
    leaves = max(hierarchy.leaves, 1)
    if tuple(stored.policy.quasi_identifiers.values())[q].aggregate is not None:
        whole = np.full(len(labels), leaves, dtype=np.int64)  # an average stands for any value
        return Generalized(codes, labels, whole, np.ones(len(labels)), leaves)
    order = problem.orders[q] if problem.orders else None
    covered = np.maximum(covered_by(labels, levels, hierarchy, order), 1)
    heights = (covered - 1) / max(leaves - 1, 1)
    if levels is not None:
        heights = np.array(levels, dtype=np.float64) / (hierarchy.levels - 1)
    return Generalized(codes, labels, covered, heights, leaves)


def _values_known(policy: Policy, counted: Count, name: str) -> ColumnCount:
    """Return the values of later records, and of the people who are matched with them."""
    column, domain = counted.columns[name], domain_of(policy, counted, name)
    return column if column is domain else column.merge(domain)


def lacks_a_place(stored: StoredSolution, counted: Count) -> NDArray[np.bool_]:
    """Tell which tuples of later records, (tuples,), have a value that a hierarchy lacks."""
    problem = later_plan(stored, counted, lacking="suppress").problem
    return np.asarray((_leaves_of_tuples(problem) < 0).any(axis=1))


def _leaves_of_tuples(problem: Problem) -> NDArray[np.int32]:
    """Return the leaf of each tuple, or -1 for a value that its hierarchy lacks."""
    codes = problem.codes.array
    for q, hierarchy in enumerate(problem.hierarchies):
        nowhere = [_NOWHERE in row for row in hierarchy.labels]
        if any(nowhere):
            level = nowhere.index(True)
            lost = hierarchy.codes[level] == hierarchy.labels[level].index(_NOWHERE)
            codes[lost[codes[:, q]], q] = -1
    return codes


def _suppress_failing(
    problem: Problem, classes: NDArray[np.int64], levels: tuple[int, ...] | None
) -> NDArray[np.int64]:
    """Suppress classes until those that stay keep every promise by themselves."""
    while (classes >= 0).any():
        kept = classes >= 0
        _, dense = np.unique(classes[kept], return_inverse=True)
        ids = np.full(len(classes), -1, dtype=np.int64)
        ids[kept] = dense
        whole = None if problem.keeps_suppressed else kept
        people = None if levels is None else people_behind(problem, ids, levels)
        behind = counts_of(people)
        described = summarize(problem, ids, int(dense.max()) + 1, reference=whole, people=behind)
        failing = ~all_hold(problem.models, described)
        if not failing.any():
            break
        classes = np.where(kept & failing[ids], -1, classes)
    people = None if levels is None else people_behind(problem, classes, levels)
    if not release_holds(problem, classes, classes >= 0, people=people):
        return np.full(len(classes), -1, dtype=np.int64)
    return classes


def _later_hierarchy(
    stored: StoredSolution, name: str, column: ColumnCount, lacking: Lacking
) -> Hierarchy:
    """Build the hierarchy of later values, among them those that the released labels name."""
    attribute = stored.policy.attributes[name]
    rule: HierarchyRule = getattr(attribute, "hierarchy")  # noqa: B009 (not all roles have one)
    shown: dict[int, set[Label]] = {}
    named: set[Label] = set()
    if isinstance(attribute, QuasiIdentifier):
        q = tuple(stored.policy.quasi_identifiers).index(name)
        shown, named = _shown(stored, q), stored.named[q]
    values = column.labels
    counts = dict(zip(values, column.counts.tolist(), strict=True))
    values += sorted(named - set(values), key=lambda label: (label is None, label or ""))
    if isinstance(rule, OrderRule) and rule.order is None:
        meaning = stored.meanings.get(name)
        return Hierarchy.from_labels(_spans(values, len(rule.sizes), shown, meaning))
    if isinstance(rule, FrequencyRule):
        return Hierarchy.from_labels(_frequent(values, rule, shown))
    if lacking == "suppress" and rule.other is None:
        rule = rule.model_copy(update={"other": _NOWHERE})
    weights = np.array([counts.get(value, 0) for value in values], dtype=np.int64)
    texts = pa.array(values, pa.string())
    meaning = stored.meanings.get(name, column.ordering.meaning)
    ordering = ordering_of(texts, decimal=column.decimal, meaning=meaning)
    build = build_released_hierarchy if isinstance(attribute, QuasiIdentifier) else build_hierarchy
    return build(rule, name, values, weights, ordering=ordering, decimal=column.decimal)


def _shown(stored: StoredSolution, q: int) -> dict[int, set[Label]]:
    """Return the released labels of each level."""
    levels, shown = stored.cells.levels[q], dict[int, set[Label]]()
    for level, label in zip(levels or (), stored.cells.labels[q], strict=False):
        shown.setdefault(level, set()).add(label)
    return shown


def _spans(
    values: Sequence[Label],
    levels: int,
    shown: Mapping[int, set[Label]],
    meaning: Meaning | None,
) -> list[list[Label]]:
    """Put values into the released groups of neighbours; others stay in the group below."""
    spans = {
        level: [_ends(label) for label in shown.get(level, ()) if label not in (None, SUPPRESSED)]
        for level in range(1, levels + 1)
    }
    known = {end for row in spans.values() for _, *ends in row for end in ends}
    texts = sorted({value for value in values if value is not None} | known)
    ranks = ordering_of(pa.array(texts, pa.string()), meaning=meaning).ranks.tolist()
    places = {text: rank for text, rank in zip(texts, ranks, strict=True) if rank >= 0}
    rows: list[list[Label]] = [list(values)]
    for level in range(1, levels + 1):
        known_at = [_span_of(value, spans[level], places) for value in values]
        rows.append([new or below for new, below in zip(known_at, rows[-1], strict=True)])
    return [*rows, [SUPPRESSED] * len(values)]


def _ends(label: Label) -> tuple[str, str, str]:
    text = label or ""
    low, _, high = text.partition(" .. ")
    return text, low, high or low


def _span_of(
    value: Label, spans: Sequence[tuple[str, str, str]], places: Mapping[str, int]
) -> Label:
    if value is None or value not in places:
        return None
    inside = (t for t, low, high in spans if places[low] <= places[value] <= places[high])
    return next(inside, None)


def _frequent(
    values: Sequence[Label], rule: FrequencyRule, shown: Mapping[int, set[Label]]
) -> list[list[Label]]:
    """Keep the values that the release shows at each level or above, and join the others."""
    rows: list[list[Label]] = [list(values)]
    for level in range(1, len(rule.keep) + 1):
        kept = {label for above, labels in shown.items() if above >= level for label in labels}
        rows.append([v if v is None or v in kept else rule.rest for v in values])
    return [*rows, [SUPPRESSED] * len(values)]
