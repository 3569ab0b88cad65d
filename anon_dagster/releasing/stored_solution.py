"""A solution that outlives its job: written down as a document, applied to later records.

The document says how every released class reads, and by which rules values were generalized;
nothing of it goes beyond the release and its request. A later record belongs to the first released
class that covers all its values, or is suppressed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders import in_order
from anon_dagster.core.evaluation import all_hold, people_behind, release_holds, summarize
from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label, fingerprint
from anon_dagster.core.local import Cells, Members, Range, Value, parse_label
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.errors import RequestError
from anon_dagster.hierarchies import build_hierarchy, default_rule, frozen
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import Plan, domain_of, plan_with
from anon_dagster.reading.counting import ColumnCount, Count
from anon_dagster.request import (
    FrequencyRule,
    HierarchyRule,
    MaskRule,
    OrderRule,
    Policy,
    QuasiIdentifier,
    SuppressRule,
    TreeRule,
    parse_policy,
)

FORMAT = "anon-dagster solution 1"
Lacking = Literal["suppress", "refuse"]
_NOWHERE = "\x00"  # label of the branch for values that a hierarchy lacks; no text of a table


@dataclass(frozen=True, slots=True, eq=False)
class StoredSolution:
    """What was decided once, ready to be applied to other records."""

    policy: Policy
    """With a rule for every quasi-identifier."""
    cells: Cells
    generalized: tuple[Generalized, ...]  # (quasi-identifiers,)
    levels: tuple[int, ...] | None
    proof: Proof

    @property
    def classes(self) -> int:
        """How many classes were released."""
        return len(self.cells.order)


def to_document(decision: Decision, *, decimal: str = ".") -> dict[str, Any]:
    """Write down a solution as JSON can hold it.

    Parameters
    ----------
    decimal
        The decimal mark of the source, for columns whose hierarchy is the obvious one.
    """
    plan, solution = decision.plan, decision.solution
    if plan.clusters is not None:
        raise RequestError(
            f"{', '.join(plan.clusters.labels)}: clusters made by MDAV are those of their records "
            "and cannot be applied to others; use groups: classes"
        )
    if plan.policy.privacy.differential_privacy is not None:
        raise RequestError(
            "a differentially private release is of the records that were drawn for it; its "
            "solution cannot be applied to others: anonymize them"
        )
    solution = _as_released(solution)
    policy = _with_rules(plan.policy, decision, decimal)
    proof = {name: getattr(solution.proof, name) for name in Proof.__dataclass_fields__}
    released = solution.classes >= 0
    sizes = np.zeros(_classes(solution), dtype=np.int64)
    np.add.at(sizes, solution.classes[released], plan.problem.counts[released])
    return {
        "format": FORMAT,
        "software": version("anon-dagster"),
        "policy": policy.model_dump(mode="json", by_alias=True),
        "levels": solution.levels,
        "hierarchies": {
            name: {"levels": h.levels, "leaves": h.leaves, "fingerprint": fingerprint(h)}
            for name, h in plan.hierarchies.items()
            if isinstance(getattr(policy.attributes[name], "hierarchy", None), TreeRule)
        },
        "cells": Cells.of(plan.problem, _unaggregated(plan, solution)).to_document(),
        "sizes": sizes.tolist(),
        "suppressed": decision.suppressed,
        "generalized": [_generalized_document(each) for each in solution.generalized],
        "proof": proof,
    }


def from_document(document: Mapping[str, Any]) -> StoredSolution:
    """Read a solution back.

    Raises
    ------
    RequestError
        If it is no solution, or one of a version that is not understood.
    """
    if document.get("format") != FORMAT:
        raise RequestError(f"this is no solution that can be applied: its format is not {FORMAT}")
    try:
        cells = Cells.from_document(document["cells"])
        return StoredSolution(
            policy=parse_policy(document["policy"]),
            cells=cells,
            generalized=tuple(map(_generalized, document["generalized"])),
            levels=None if document["levels"] is None else tuple(document["levels"]),
            proof=Proof(**document["proof"]),
        )
    except (KeyError, TypeError, ValueError, IndexError):
        raise RequestError("the solution is damaged: a part of it is missing or unfit") from None


def _classes(solution: Solution) -> int:
    return max((len(each.codes) for each in solution.generalized), default=1)


def _as_released(solution: Solution) -> Solution:
    """Forget labels that no released class has: they read as suppressed records did."""
    generalized = []
    for each in solution.generalized:
        used, codes = np.unique(each.codes, return_inverse=True)
        generalized.append(
            Generalized(
                codes.reshape(-1).astype(np.int32),
                tuple(each.labels[label] for label in used),
                each.covered[used],
                each.heights[used],
                each.leaves,
            )
        )
    return replace(solution, generalized=tuple(generalized))


def _unaggregated(plan: Plan, solution: Solution) -> Solution:
    """Return how classes are found: an attribute that they average plays no part in it."""
    generalized = tuple(
        Generalized(
            np.zeros(len(each.codes), dtype=np.int32),
            (SUPPRESSED,),
            np.array([each.leaves], dtype=np.int64),
            np.ones(1),
            each.leaves,
        )
        if q in plan.aggregations
        else each
        for q, each in enumerate(solution.generalized)
    )
    return replace(solution, generalized=generalized)


def _generalized_document(generalized: Generalized) -> dict[str, Any]:
    return {
        "labels": list(generalized.labels),
        "codes": generalized.codes.tolist(),
        "covered": generalized.covered.tolist(),
        "heights": generalized.heights.tolist(),
        "leaves": generalized.leaves,
    }


def _generalized(document: Mapping[str, Any]) -> Generalized:
    return Generalized(
        np.array(document["codes"], dtype=np.int32),
        tuple(document["labels"]),
        np.array(document["covered"], dtype=np.int64),
        np.array(document["heights"], dtype=np.float64),
        document["leaves"],
    )


def _with_rules(policy: Policy, decision: Decision, decimal: str) -> Policy:
    """Give every quasi-identifier a rule, and each mask its levels."""
    attributes = dict(policy.attributes)
    for name, attribute in policy.quasi_identifiers.items():
        column = domain_of(policy, decision.counted, name)
        kind = column.kinds.kind
        rule = attribute.hierarchy or default_rule(column.labels, kind=kind, decimal=decimal)
        if attribute.aggregate is not None:
            rule = SuppressRule()  # as it was planned: averaged values tell classes apart nowhere
        if isinstance(rule, MaskRule):
            rule = frozen(rule, decision.plan.hierarchies[name], decimal=decimal)
        attributes[name] = attribute.model_copy(update={"hierarchy": rule})
    return policy.model_copy(update={"attributes": attributes})


# -- later records -------------------------------------------------------------------------


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
        name: _later_hierarchy(stored, name, _values_known(policy, counted, name), lacking, decimal)
        for name in counted.attributes
        if getattr(policy.attributes[name], "hierarchy", None) is not None
    }
    plan = plan_with(policy, counted, hierarchies, decimal)
    problem = plan.problem
    classes = stored.cells.assign(_placed(problem), problem.hierarchies, problem.orders)
    if enforce:
        classes = _enforced(problem, classes, stored.levels)
    proof = replace(stored.proof, optimal=False, lower_bound=0.0, method="applied")
    return plan, Solution(classes, stored.generalized, proof, stored.levels)


def _values_known(policy: Policy, counted: Count, name: str) -> ColumnCount:
    """Return the values of later records, and of the people who are matched with them."""
    column, domain = counted.columns[name], domain_of(policy, counted, name)
    return column if column is domain else column.merge(domain)


def _placed(problem: Problem) -> NDArray[np.int32]:
    """Return the leaf of each tuple, or -1 for a value that its hierarchy lacks."""
    codes = problem.codes.copy()
    for q, hierarchy in enumerate(problem.hierarchies):
        nowhere = [_NOWHERE in row for row in hierarchy.labels]
        if any(nowhere):
            level = nowhere.index(True)
            lost = hierarchy.codes[level] == hierarchy.labels[level].index(_NOWHERE)
            codes[lost[codes[:, q]], q] = -1
    return codes


def _enforced(
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
        shown, named = _shown(stored.cells, q)
    values = column.labels
    counts = dict(zip(values, column.counts.tolist(), strict=True))
    values += sorted(named - set(values), key=lambda label: (label is None, label or ""))
    if isinstance(rule, OrderRule) and rule.order is None:
        return Hierarchy.from_labels(_spans(values, len(rule.sizes), shown, decimal))
    if isinstance(rule, FrequencyRule):
        return Hierarchy.from_labels(_frequent(values, rule, shown))
    if lacking == "suppress" and rule.other is None:
        rule = rule.model_copy(update={"other": _NOWHERE})
    weights = np.array([counts.get(value, 0) for value in values], dtype=np.int64)
    kind = column.kinds.kind
    return build_hierarchy(rule, name, values, weights, kind=kind, decimal=decimal)


def _shown(cells: Cells, q: int) -> tuple[dict[int, set[Label]], set[Label]]:
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


def _spans(
    values: Sequence[Label], levels: int, shown: Mapping[int, set[Label]], decimal: str
) -> list[list[Label]]:
    """Put values into the released groups of neighbours; others stay in the group below."""
    spans = {
        level: [_ends(label) for label in shown.get(level, ()) if label not in (None, SUPPRESSED)]
        for level in range(1, levels + 1)
    }
    known = {end for row in spans.values() for _, *ends in row for end in ends}
    texts = [value for value in values if value is not None]
    places = {text: at for at, text in enumerate(in_order([*{*texts, *known}], decimal=decimal))}
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
    if value is None:
        return None
    inside = (t for t, low, high in spans if places[low] <= places[value] <= places[high])
    return next(inside, None)


def _frequent(
    values: Sequence[Label], rule: FrequencyRule, shown: Mapping[int, set[Label]]
) -> list[list[Label]]:
    """Keep the values that the release shows at each level, and join the others."""
    rows: list[list[Label]] = [list(values)]
    for level in range(1, len(rule.keep) + 1):
        kept = shown.get(level, set())
        above = rows[-1]
        rows.append([v if v is None or v in kept else rule.rest for v in above])
    return [*rows, [SUPPRESSED] * len(values)]
