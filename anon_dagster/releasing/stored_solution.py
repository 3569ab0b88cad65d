"""A solution that outlives its job: written down as a document, to be applied to later records.

The document says how every released class reads, and by which rules values were generalized;
nothing of it goes beyond the release and its request. See :mod:`anon_dagster.releasing.assignment`
for what becomes of later records.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from anon_dagster.core.hierarchy import SUPPRESSED, fingerprint
from anon_dagster.core.local import Cells
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.errors import RequestError
from anon_dagster.hierarchies import default_rule, frozen
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import Plan, domain_of
from anon_dagster.releasing.soundness import is_sound
from anon_dagster.request import MaskRule, Policy, SuppressRule, TreeRule, parse_policy

_VERSION = 1
_VERSIONED = re.compile(r"anon-dagster solution ([0-9]{1,9})")
FORMAT = f"anon-dagster solution {_VERSION}"


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
        "generalized": [_generalized_document(generalized) for generalized in solution.generalized],
        "proof": proof,
    }


def from_document(document: Mapping[str, Any]) -> StoredSolution:
    """Read a solution back.

    Raises
    ------
    RequestError
        If it is no solution, one of a version that is not understood, or not whole.
    """
    _require_format(document.get("format"))
    try:
        stored = StoredSolution(
            policy=parse_policy(document["policy"]),
            cells=Cells.from_document(document["cells"]),
            generalized=tuple(map(_generalized, document["generalized"])),
            levels=None if document["levels"] is None else tuple(document["levels"]),
            proof=Proof(**document["proof"]),
        )
        whole = is_sound(
            stored.policy, stored.cells, stored.generalized, stored.levels, stored.proof
        )
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        whole = False
    if not whole:
        raise RequestError("the solution is damaged: a part of it is missing or unfit")
    return stored


def _require_format(name: object) -> None:
    """Refuse what is no solution, and a version of them that is not understood."""
    if name == FORMAT:
        return
    if isinstance(name, str) and (match := _VERSIONED.fullmatch(name)):
        raise RequestError(
            f"the solution is written in version {match[1]} of its format, and only version "
            f"{_VERSION} can be applied: use the software that wrote it, or decide anew"
        )
    raise RequestError(f"this is no solution that can be applied: its format is not {FORMAT}")


def _classes(solution: Solution) -> int:
    return max((len(generalized.codes) for generalized in solution.generalized), default=1)


def _as_released(solution: Solution) -> Solution:
    """Forget labels that no released class has: they read as suppressed records did."""
    shown = []
    for generalized in solution.generalized:
        used, codes = np.unique(generalized.codes, return_inverse=True)
        shown.append(
            Generalized(
                codes.reshape(-1).astype(np.int32),
                tuple(generalized.labels[label] for label in used),
                generalized.covered[used],
                generalized.heights[used],
                generalized.leaves,
            )
        )
    return replace(solution, generalized=tuple(shown))


def _unaggregated(plan: Plan, solution: Solution) -> Solution:
    """Return how classes are found: an attribute that they average plays no part in it."""
    without_averages = tuple(
        Generalized(
            np.zeros(len(generalized.codes), dtype=np.int32),
            (SUPPRESSED,),
            np.array([generalized.leaves], dtype=np.int64),
            np.ones(1),
            generalized.leaves,
        )
        if q in plan.aggregations
        else generalized
        for q, generalized in enumerate(solution.generalized)
    )
    return replace(solution, generalized=without_averages)


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
