"""The Adult table as a problem, read with nothing of the project but its core."""

import csv
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import (
    DistinctLDiversity,
    EntropyLDiversity,
    EqualTCloseness,
    KAnonymity,
    PrivacyModel,
    RecursiveLDiversity,
)
from anon_dagster.core.problem import Problem

MODELS: dict[str, PrivacyModel] = {
    "distinct l=3": DistinctLDiversity(0, 3),
    "entropy l=3": EntropyLDiversity(0, Fraction(3)),
    "recursive (4,3)": RecursiveLDiversity(0, Fraction(4), 3),
    "t=0.2 equal": EqualTCloseness(0, Fraction("0.2")),
}
"""The models of the known answers, by their names there."""


def adult_problem(folder: Path, case: dict[str, Any]) -> Problem:
    """Return the problem that a case of the known answers solves."""
    names, sensitive = case["quasi_identifiers"], case.get("sensitive")
    with (folder / "adult.csv").open(newline="") as file:
        records = list(csv.DictReader(file, delimiter=";"))
    hierarchies = [_hierarchy(folder / f"adult_hierarchy_{name}.csv") for name in names]
    codes = [h.locate([r[n] for r in records]) for n, h in zip(names, hierarchies, strict=True)]
    guarded = [
        np.unique([r[name] for r in records], return_inverse=True)[1]
        for name in ([sensitive] if sensitive else [])
    ]
    sizes = [int(column.max()) + 1 for column in guarded]
    ones = np.ones(len(records), dtype=np.int64)
    table = FrequencyTable.of(
        _stacked([*codes, *guarded]), ones, [*(h.leaves for h in hierarchies), *sizes]
    )
    return Problem(
        codes=Codes.of(table.codes.array[:, : len(names)]),
        sensitive=Codes.of(table.codes.array[:, len(names) :]),
        counts=table.counts,
        hierarchies=tuple(hierarchies),
        sensitive_sizes=tuple(sizes),
        weights=(1.0,) * len(names),
        lowest=(0,) * len(names),
        highest=tuple(h.levels - 1 for h in hierarchies),
        models=(KAnonymity(case["k"]), *([MODELS[case["model"]]] if sensitive else [])),
        most_suppressed=int(Fraction(str(case["suppression_limit"])) * len(records)),
    )


def _stacked(columns: Sequence[NDArray[Any]]) -> NDArray[np.int32]:
    return np.stack(columns, axis=1).astype(np.int32)


def _hierarchy(path: Path) -> Hierarchy:
    with path.open(newline="") as file:
        lines = list(csv.reader(file, delimiter=";"))
    return Hierarchy.from_labels(list(zip(*lines, strict=True)))
