"""Later records, assigned to the classes of a stored solution.

A later record belongs to the first released class that covers all its values, or is suppressed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders import in_order
from anon_dagster.core.evaluation import all_hold, people_behind, release_holds, summarize
from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label
from anon_dagster.core.local import Cells, Members, Range, Value, parse_label
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Solution
from anon_dagster.errors import RequestError
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.planning.plan import Plan, domain_of, plan_with
from anon_dagster.reading.counting import ColumnCount, Count
from anon_dagster.releasing.stored_solution import StoredSolution
from anon_dagster.request import (
    FrequencyRule,
    HierarchyRule,
    OrderRule,
    Policy,
    QuasiIdentifier,
)

Lacking = Literal["suppress", "refuse"]
_LACKING = "\x00"  # label of the branch for values that a hierarchy lacks; no text of a table


def assign(
    stored: StoredSolution,
    counted: Count,
    *,
    lacking: Lacking = "suppress",
    enforce: bool = False,
    decimal: str = ".",
) -> tuple[Plan, Solution]:
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
    policy = stored.policy
    hierarchies = {
        name: _later_hierarchy(
            stored, name, _values_to_place(policy, counted, name), lacking, decimal
        )
        for name in counted.attributes
        if getattr(policy.attributes[name], "hierarchy", None) is not None
    }
    plan = plan_with(policy, counted, hierarchies, decimal)
    problem = plan.problem
    _require_levels(stored.levels, problem.hierarchies)
    classes = stored.cells.assign(_leaves_of_tuples(problem), problem.hierarchies, problem.orders)
    if enforce:
        classes = _suppress_failing(problem, classes, stored.levels)
    proof = replace(stored.proof, optimal=False, lower_bound=0.0, method="applied")
    return plan, Solution(classes, stored.generalized, proof, stored.levels)


def _require_levels(levels: tuple[int, ...] | None, hierarchies: Sequence[Hierarchy]) -> None:
    if any(n >= h.levels for n, h in zip(levels or (), hierarchies, strict=False)):
        raise RequestError("the solution is damaged: it has levels that its hierarchies lack")


def _values_to_place(policy: Policy, counted: Count, name: str) -> ColumnCount:
    """Return the values of later records, and of the people who are matched with them."""
    column, domain = counted.columns[name], domain_of(policy, counted, name)
    return column if column is domain else column.merge(domain)


def _leaves_of_tuples(problem: Problem) -> NDArray[np.int32]:
    """Return the leaf of each tuple, or -1 for a value that its hierarchy lacks."""
    codes = problem.codes.copy()
    for q, hierarchy in enumerate(problem.hierarchies):
        has_branch = [_LACKING in row for row in hierarchy.labels]
        if any(has_branch):
            level = has_branch.index(True)
            is_lacking = hierarchy.codes[level] == hierarchy.labels[level].index(_LACKING)
            codes[is_lacking[codes[:, q]], q] = -1
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
        described = summarize(problem, ids, int(dense.max()) + 1, reference=whole, people=people)
        failing = ~all_hold(problem.models, described)
        if not failing.any():
            break
        classes = np.where(kept & failing[ids], -1, classes)
    people = None if levels is None else people_behind(problem, classes, levels)
    if not release_holds(problem, classes, classes >= 0, people=people):
        return np.full(len(classes), -1, dtype=np.int64)
    return classes


def _later_hierarchy(
    stored: StoredSolution, name: str, column: ColumnCount, lacking: Lacking, decimal: str
) -> Hierarchy:
    """Build the hierarchy of later values, among them those that the released labels name."""
    attribute = stored.policy.attributes[name]
    rule: HierarchyRule = getattr(attribute, "hierarchy")  # noqa: B009 (not all roles have one)
    shown: dict[int, set[Label]] = {}
    named: set[Label] = set()
    if isinstance(attribute, QuasiIdentifier):
        q = tuple(stored.policy.quasi_identifiers).index(name)
        shown, named = _labels_by_level(stored.cells, q)
    values = column.labels
    counts = dict(zip(values, column.counts.tolist(), strict=True))
    values += sorted(named - set(values), key=lambda label: (label is None, label or ""))
    if isinstance(rule, OrderRule) and rule.order is None:
        return Hierarchy.from_labels(_by_released_spans(values, len(rule.sizes), shown, decimal))
    if isinstance(rule, FrequencyRule):
        return Hierarchy.from_labels(_by_released_values(values, rule, shown))
    if lacking == "suppress" and rule.other is None:
        rule = rule.model_copy(update={"other": _LACKING})
    weights = np.array([counts.get(value, 0) for value in values], dtype=np.int64)
    kind = column.kinds.kind
    return build_hierarchy(rule, name, values, weights, kind=kind, decimal=decimal)


def _labels_by_level(cells: Cells, q: int) -> tuple[dict[int, set[Label]], set[Label]]:
    """Return the released labels of each level, and the values that labels name."""
    levels = cells.levels[q]
    if levels is None:
        return {}, set(chain.from_iterable(_values_in(label) for label in cells.labels[q]))
    shown: dict[int, set[Label]] = {}
    for level, label in zip(levels, cells.labels[q], strict=True):
        shown.setdefault(level, set()).add(label)
    return shown, shown.get(0, set())


def _values_in(label: Label) -> tuple[Label, ...]:
    parsed = parse_label(label)
    if isinstance(parsed, Range):
        return (parsed.low, parsed.high)
    if isinstance(parsed, Members):
        return tuple(parsed.values)
    return (parsed.value,) if isinstance(parsed, Value) else ()


def _by_released_spans(
    values: Sequence[Label], levels: int, shown: Mapping[int, set[Label]], decimal: str
) -> list[list[Label]]:
    """Put values into the released groups of neighbours; others stay in the group below."""
    spans = {
        level: [_ends(label) for label in shown.get(level, ()) if label not in (None, SUPPRESSED)]
        for level in range(1, levels + 1)
    }
    ends_shown = {end for row in spans.values() for _, *ends in row for end in ends}
    texts = [value for value in values if value is not None]
    ranks = {
        text: rank for rank, text in enumerate(in_order([*{*texts, *ends_shown}], decimal=decimal))
    }
    rows: list[list[Label]] = [list(values)]
    for level in range(1, levels + 1):
        released = [_span_of(value, spans[level], ranks) for value in values]
        rows.append([new or below for new, below in zip(released, rows[-1], strict=True)])
    return [*rows, [SUPPRESSED] * len(values)]


def _ends(label: Label) -> tuple[str, str, str]:
    text = label or ""
    low, _, high = text.partition(" .. ")
    return text, low, high or low


def _span_of(
    value: Label, spans: Sequence[tuple[str, str, str]], ranks: Mapping[str, int]
) -> Label:
    if value is None:
        return None
    inside = (t for t, low, high in spans if ranks[low] <= ranks[value] <= ranks[high])
    return next(inside, None)


def _by_released_values(
    values: Sequence[Label], rule: FrequencyRule, shown: Mapping[int, set[Label]]
) -> list[list[Label]]:
    """Keep the values that the release shows at each level, and join the others."""
    rows: list[list[Label]] = [list(values)]
    for level in range(1, len(rule.keep) + 1):
        kept = shown.get(level, set())
        above = rows[-1]
        rows.append([v if v is None or v in kept else rule.rest for v in above])
    return [*rows, [SUPPRESSED] * len(values)]
