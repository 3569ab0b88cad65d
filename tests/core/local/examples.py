"""Tables for local recoding, and plain code that reads what became of them."""

from fractions import Fraction

import numpy as np

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy, Label
from anon_dagster.core.local import Anything, Members, Range, Value, parse_label
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    DeltaDisclosure,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    HierarchicalTCloseness,
    KAnonymity,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
)
from anon_dagster.core.problem import Problem

DISEASES = Hierarchy.from_labels(
    [["flu", "cough", "ulcer", "gastritis"], ["lung"] * 2 + ["gut"] * 2]
)


MODELS: dict[str, tuple[PrivacyModel, ...]] = {
    "k": (KAnonymity(3),),
    "distinct": (KAnonymity(2), DistinctLDiversity(0, 2)),
    "entropy": (EntropyLDiversity(0, Fraction(2)),),
    "recursive": (RecursiveLDiversity(0, Fraction(3), 2),),
    "equal": (KAnonymity(2), EqualTCloseness(0, Fraction(2, 5))),
    "ordered": (OrderedTCloseness(0, Fraction(1, 4), np.arange(4)),),
    "alpha": (KAnonymity(2), AlphaDeassociation(0, Fraction(1, 2))),
    "delta": (KAnonymity(2), DeltaDisclosure(0, Fraction(2))),
    "delta, present": (KAnonymity(3), DeltaDisclosure(0, Fraction(2), present_only=True)),
    "beta": (EnhancedBetaLikeness(0, Fraction(3, 2)),),
    "hierarchical": (
        KAnonymity(3),
        HierarchicalTCloseness(0, Fraction(1, 3), DISEASES, np.arange(4, dtype=np.int32)),
    ),
}


KINDS = ["nodes", "ranges", "sets", "mixed"]


def ages() -> Hierarchy:
    leaves = [str(20 + at) for at in range(12)]
    return Hierarchy.from_labels(
        [leaves, [f"{20 + at // 3 * 3}+" for at in range(12)], ["young"] * 6 + ["old"] * 6]
    )


def cities() -> Hierarchy:
    return Hierarchy.from_labels([["Oslo", "Bergen", "Lyon", None, "*"], ["N", "N", "F", "?", "?"]])


def sexes() -> Hierarchy:
    return Hierarchy.from_labels([["[f]", "{m}"]])


def random_problem(seed: int, *, models: str = "k", kind: str = "nodes", rows: int = 60) -> Problem:
    generator = np.random.default_rng(seed)
    hierarchies = (ages(), cities(), sexes())
    columns = [np.minimum(generator.geometric(0.25, rows) - 1, h.leaves - 1) for h in hierarchies]
    columns.append(generator.integers(0, 4, rows))
    tuples, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    ranges, sets = kind in ("ranges", "mixed"), kind in ("sets", "mixed")
    return Problem(
        codes=Codes.of(tuples[:, :3].astype(np.int32)),
        sensitive=Codes.of(tuples[:, 3:].astype(np.int32)),
        counts=counts.astype(np.int64),
        hierarchies=hierarchies,
        sensitive_sizes=(4,),
        weights=(1.0, 0.5, 2.0),
        lowest=(0, 0, 0),
        highest=tuple(h.levels - 1 for h in hierarchies),
        models=MODELS[models],
        orders=(np.arange(12) if ranges else None, None, None),
        sets=(kind == "sets", sets, sets),
    )


def covers(problem: Problem, q: int, label: Label, covered: int, leaf: int) -> bool:
    """Tell by its text alone whether a label covers a value."""
    hierarchy = problem.hierarchies[q]
    value = hierarchy.labels[0][leaf]
    ordered = problem.orders[q] is not None
    if not ordered and not problem.sets[q]:
        nodes = [
            int(row[leaf])
            for row, labels, sizes in zip(
                hierarchy.codes, hierarchy.labels, hierarchy.covered, strict=True
            )
            if labels[row[leaf]] == label and sizes[row[leaf]] == covered
        ]
        return bool(nodes)
    match parse_label(label):
        case Anything():
            return True
        case Value(only):
            return value == only
        case Members(values):
            return value in values
        case Range(low, high):
            return value is not None and int(low) <= int(value) <= int(high)
