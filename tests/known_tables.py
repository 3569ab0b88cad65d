"""Real tables with known answers: the optimum of each case, and the figures of its release.

Adult's answers are another program's; it lies beside the project, or where ANON_SHARED says. The
answers of the American workers of 1985, whom a package of the development environment has, are
found by trying every candidate.
"""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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
from benchmarks._published import published_table
from tests import exhaustive

PROJECT = Path(__file__).resolve().parent.parent
MODELS: dict[str, PrivacyModel] = {
    "distinct l=3": DistinctLDiversity(0, 3),
    "entropy l=3": EntropyLDiversity(0, Fraction(3)),
    "recursive (4,3)": RecursiveLDiversity(0, Fraction(4), 3),
    "t=0.2 equal": EqualTCloseness(0, Fraction("0.2")),
}
"""The models of the known answers, by their names there."""

Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownTable:
    """A table, and for each value of its quasi-identifiers the labels up to the root."""

    records: Sequence[Mapping[str, str]]
    paths: Mapping[str, Mapping[str, Sequence[str]]]
    source: Answers  # the figures of the table itself
    cases: Sequence[Answers]

    def asked(self, answers: Answers) -> exhaustive.Case:
        """Return what a case asks, for the oracle."""
        return exhaustive.Case(
            self.records,
            {name: self.paths[name] for name in answers["quasi_identifiers"]},
            answers["k"],
            Fraction(str(answers["suppression_limit"])),
            answers.get("sensitive"),
            answers.get("model"),
        )

    def problem(self, answers: Answers) -> Problem:
        """Return the problem that a case is, made with nothing of the library but its core."""
        names, sensitive = answers["quasi_identifiers"], answers.get("sensitive")
        hierarchies = [self._hierarchy(name) for name in names]
        columns = [[record[name] for record in self.records] for name in names]
        codes = [h.locate(column) for h, column in zip(hierarchies, columns, strict=True)]
        guarded = [
            np.unique([record[name] for record in self.records], return_inverse=True)[1]
            for name in ([sensitive] if sensitive else [])
        ]
        sizes = [int(column.max()) + 1 for column in guarded]
        ones = np.ones(len(self.records), dtype=np.int64)
        table = FrequencyTable.of(
            _stacked([*codes, *guarded]), ones, [*(h.leaves for h in hierarchies), *sizes]
        )
        models = [KAnonymity(answers["k"]), *([MODELS[answers["model"]]] if sensitive else [])]
        return Problem(
            codes=Codes.of(table.codes.array[:, : len(names)]),
            sensitive=Codes.of(table.codes.array[:, len(names) :]),
            counts=table.counts,
            hierarchies=tuple(hierarchies),
            sensitive_sizes=tuple(sizes),
            weights=(1.0,) * len(names),
            lowest=(0,) * len(names),
            highest=tuple(h.levels - 1 for h in hierarchies),
            models=tuple(models),
            most_suppressed=int(Fraction(str(answers["suppression_limit"])) * len(self.records)),
        )

    def _hierarchy(self, name: str) -> Hierarchy:
        return Hierarchy.from_labels(list(zip(*self.paths[name].values(), strict=True)))


def _stacked(columns: Sequence[NDArray[Any]]) -> NDArray[np.int32]:
    return np.stack(columns, axis=1).astype(np.int32)


KNOWN = [("workers", number) for number in range(8)] + [("adult", number) for number in range(11)]
"""The cases of all tables."""


def known_case(name: str, number: int) -> tuple[KnownTable, Answers]:
    """Return a table, and a case of it with its answers."""
    table = known_table(name)
    return table, table.cases[number] if name == "adult" else _answered(number)


@cache
def known_table(name: str) -> KnownTable:
    """Return a table by its name."""
    return adult() if name == "adult" else workers()


# -- Adult -----------------------------------------------------------------------------------


def adult_folder() -> Path:
    """Return the folder of the Adult table; without it the test is skipped."""
    shared = Path(os.environ.get("ANON_SHARED", PROJECT.parent / "shared"))
    folder = shared / "data" / "adult"
    if not folder.is_dir():
        pytest.skip(
            "the Adult table is not here, and the workers stand in for it; "
            "ANON_SHARED names the folder that has data/adult"
        )
    return folder


def adult() -> KnownTable:
    """Read Adult, its hierarchies and its answers."""
    folder = adult_folder()
    answers = json.loads((folder / "known_answers.json").read_text())
    with (folder / "adult.csv").open(newline="") as file:
        records = list(csv.DictReader(file, delimiter=";"))
    files = {name: folder / f"adult_hierarchy_{name}.csv" for name in records[0]}
    paths = {name: _paths(file) for name, file in files.items()}
    return KnownTable(records, paths, answers["source"], answers["cases"])


def _paths(file: Path) -> dict[str, list[str]]:
    with file.open(newline="") as lines:
        return {line[0]: line for line in csv.reader(lines, delimiter=";")}


# -- workers ---------------------------------------------------------------------------------

_QUASI = ["gender", "age", "ethnicity", "education", "occupation", "married"]
_FEWER = ["gender", "age", "ethnicity", "education", "married"]
_GUARDED = {"quasi_identifiers": _FEWER, "sensitive": "occupation", "k": 5}
WORKERS: Sequence[Answers] = [
    {"quasi_identifiers": _QUASI, "k": 2, "suppression_limit": 0},
    {"quasi_identifiers": _FEWER, "k": 5, "suppression_limit": 0},
    {"quasi_identifiers": _QUASI, "k": 5, "suppression_limit": 0.04},
    {"quasi_identifiers": _FEWER, "k": 10, "suppression_limit": 0.1},
    _GUARDED | {"model": "distinct l=3", "suppression_limit": 0.04},
    _GUARDED | {"model": "entropy l=3", "suppression_limit": 0.04},
    _GUARDED | {"model": "recursive (4,3)", "suppression_limit": 0.04},
    _GUARDED | {"model": "t=0.2 equal", "suppression_limit": 0.1},
]


def workers() -> KnownTable:
    """Read 534 workers of the Current Population Survey of May 1985."""
    frame = published_table("AER/CPS1985").astype(str)
    records = [dict(zip(_QUASI, row, strict=True)) for row in frame[_QUASI].to_numpy()]
    table = KnownTable(records, _of_workers(), {}, WORKERS)
    itself = table.asked({"quasi_identifiers": _QUASI, "k": 1, "suppression_limit": 0})
    return replace(table, source=exhaustive.figures(itself, [0] * len(_QUASI)))


@cache
def _answered(number: int) -> Answers:
    """Find the answers of a case by trying every candidate."""
    asked = WORKERS[number]
    return {**asked, **exhaustive.best(known_table("workers").asked(asked))}


def _of_workers() -> dict[str, dict[str, list[str]]]:
    office, hands = ("management", "office", "technical", "sales"), ("worker", "services")
    ages, schooling = range(18, 65), range(2, 19)
    paths = {
        "gender": [["male", "*"], ["female", "*"]],
        "married": [["yes", "*"], ["no", "*"]],
        "ethnicity": [
            ["cauc", "cauc", "*"],
            *([each, "minority", "*"] for each in ("hispanic", "other")),
        ],
        "age": [[str(a), *(f"{a // w * w} and {w}" for w in (5, 10, 20)), "*"] for a in ages],
        "education": [[str(years), _schooling(years), "*"] for years in schooling],
        "occupation": [
            [each, name, "*"]
            for name, all_ in (("office", office), ("hands", hands))
            for each in all_
        ],
    }
    return {name: {path[0]: path for path in rows} for name, rows in paths.items()}


def _schooling(years: int) -> str:
    if years < 12:
        return "less than 12"
    if years == 12:
        return "12"
    return "13 to 15" if years < 16 else "16 and more"
