"""What local recoding loses and how long it takes, beside what another way loses on the same table.

Adult, if it lies beside the project, and two published tables, with nodes and with ranges and sets,
under each privacy model; and invented tables of other shapes, up to a million records of which
nearly all differ. Every loss is measured again by plain code. Beside it stands what is lost if the
optimum of full-domain generalization is taken again and again, each time of what the last one
suppressed: the way of another program.
"""

import os
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.local import Cells, Effort, recode_locally
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
from benchmarks.local_rivals import iterated_search, plain_loss
from tests.known_tables import known_table

ADULT = Path(os.environ.get("ANON_SHARED", Path(__file__).parents[2] / "shared")) / "data/adult"
_WIDTHS = (5, 10, 20, 40)
GUARDED: dict[str, PrivacyModel] = {
    "distinct 3-diversity": DistinctLDiversity(0, 3),
    "entropy 3-diversity": EntropyLDiversity(0, Fraction(3)),
    "recursive (3,3)-diversity": RecursiveLDiversity(0, Fraction(3), 3),
    "0.4-closeness": EqualTCloseness(0, Fraction("0.4")),
    "0.2-closeness": EqualTCloseness(0, Fraction("0.2")),
}


def main() -> None:
    """Print a line per case."""
    print("local recoding: loss 0 to 1, as measured by plain code; CPU seconds; gap: of the loss")
    for name, problem, beside in cases():
        begun = time.process_time()
        solution = recode_locally(problem)
        seconds = time.process_time() - begun
        proof, measured = solution.proof, plain_loss(problem, solution.classes)
        assert abs(proof.loss - measured) < 1e-9, (name, proof.loss, measured)
        other = f"{iterated_search(problem):.4f}" if beside else "     -"
        gap = 1 - proof.lower_bound / proof.loss if proof.loss else 0.0
        print(
            f"  {name:38} {len(problem.counts):>9,} tuples {int(solution.classes.max()) + 1:>8,} "
            f"classes, loss {measured:.4f} (iterated optimum {other}), bound "
            f"{proof.lower_bound:.4f} (gap {gap:.0%}), {proof.rounds} rounds, {seconds:6.2f} s"
        )
    print(f"  {_lookup()}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory {peak:,.0f} MiB")


def cases() -> Iterator[tuple[str, Problem, bool]]:
    """Yield each case with its name and whether the other way is tried, too."""
    if ADULT.is_dir():
        yield from _adult()
    yield from _published()
    yield "skewed, 20,000 x 6", invented(20_000, (4, 3, 5, 2, 3, 4), skew=1, related=0.3), True
    even = (6, 3, 4, 4, 2, 3, 4, 3)
    yield "even, 100,937 x 8", invented(100_937, even, skew=0, related=0), False
    yield (
        "related, 20,000 x 7",
        invented(20_000, (3, 6, 2, 3, 3, 4, 3), skew=0.5, related=0.8),
        True,
    )
    large = (6, 3, 3, 4, 5, 3, 2, 2, 2)
    yield "even, 1,193,504 x 9", invented(1_193_504, large, skew=0, related=0), False


def _adult() -> Iterator[tuple[str, Problem, bool]]:
    table = known_table("adult")
    names = sorted(table.paths)
    for k in (2, 5, 10, 20, 50, 100):
        case = {"quasi_identifiers": names, "k": k, "suppression_limit": 0}
        problem = table.problem(case)
        yield f"Adult, k={k}, nodes", problem, True
        if k in (2, 5, 20):
            yield f"Adult, k={k}, ranges and sets", _unbound(problem, names.index("age")), False
    rest = [name for name in names if name != "occupation"]
    guarded = {"quasi_identifiers": rest, "k": 5, "suppression_limit": 0}
    problem = table.problem(guarded | {"sensitive": "occupation", "model": "distinct l=3"})
    for name, model in GUARDED.items():
        yield f"Adult, k=5, {name}", replace(problem, models=(KAnonymity(5), model)), False


def _published() -> Iterator[tuple[str, Problem, bool]]:
    for name, left_out in {"AER/HealthInsurance": [], "ISLR/Wage": ["region", "logwage"]}.items():
        frame = published_table(name).drop(columns=left_out)
        if "wage" in frame:
            frame["wage"] = frame["wage"].round()
        problem = _described(frame.astype(str))
        for k in (2, 5, 50):
            asked = replace(problem, models=(KAnonymity(k),))
            yield f"{name}, k={k}, nodes", asked, True
            age = list(frame.columns).index("age")
            yield f"{name}, k={k}, ranges and sets", _unbound(asked, age), False


def _described(frame: pd.DataFrame) -> Problem:
    """Return a table whose numbers fall into wider and wider intervals; all else is kept or not."""
    hierarchies, columns = [], []
    for name in frame:
        values = sorted(set(frame[name]))
        numbers = name in ("age", "family", "wage")
        widths = _WIDTHS if numbers else ()
        rows = [[f"{float(v) // width} of {width}" for v in values] for width in widths]
        hierarchies.append(Hierarchy.from_labels([values, *rows]))
        columns.append(hierarchies[-1].locate(frame[name].tolist()))
    codes = np.stack(columns, axis=1).astype(np.int32)
    return _unguarded(codes, hierarchies)


def _unbound(problem: Problem, age: int) -> Problem:
    """Allow ranges of ages, and sets of values everywhere else."""
    attributes = range(len(problem.hierarchies))
    years = np.array([int(str(label)) for label in problem.hierarchies[age].labels[0]])
    return replace(
        problem,
        orders=tuple(years if q == age else None for q in attributes),
        sets=tuple(q != age for q in attributes),
    )


def invented(records: int, levels: tuple[int, ...], *, skew: float, related: float) -> Problem:
    """Invent a table with trees of so many levels, each node with two to six children.

    Parameters
    ----------
    skew
        Exponent of the frequencies of the values; 0: all are equally frequent.
    related
        Share of the values that follow from a hidden type of the record.
    """
    random = np.random.default_rng(len(levels))
    kind = random.integers(0, 10, records)
    hierarchies, columns = [], []
    for q, height in enumerate(levels):
        children = 2 + (q * 3 + height) % 5
        hierarchy = _tree(children, height)
        frequency = random.permutation(1 / np.arange(1, hierarchy.leaves + 1) ** skew)
        values = random.choice(hierarchy.leaves, records, p=frequency / frequency.sum())
        centre = random.integers(0, hierarchy.leaves, 10)[kind]
        related_values = (
            centre + random.integers(0, 1 + hierarchy.leaves // 8, records)
        ) % hierarchy.leaves
        columns.append(np.where(random.random(records) < related, related_values, values))
        hierarchies.append(hierarchy)
    codes = np.stack(columns, axis=1).astype(np.int32)
    return _unguarded(codes, hierarchies)


def _unguarded(codes: NDArray[np.int32], hierarchies: list[Hierarchy]) -> Problem:
    """Ask for 5-anonymity of some records, (records, quasi-identifiers)."""
    ones = np.ones(len(codes), dtype=np.int64)
    table = FrequencyTable.of(codes, ones, [h.leaves for h in hierarchies])
    return Problem(
        codes=table.codes,
        sensitive=Codes.of(np.zeros((len(table), 0), dtype=np.int32)),
        counts=table.counts,
        hierarchies=tuple(hierarchies),
        sensitive_sizes=(),
        weights=(1.0,) * len(hierarchies),
        lowest=(0,) * len(hierarchies),
        highest=tuple(h.levels - 1 for h in hierarchies),
        models=(KAnonymity(5),),
    )


def _tree(children: int, levels: int) -> Hierarchy:
    leaves = children ** (levels - 1)
    rows = [
        [f"{level}.{leaf // children**level}" for leaf in range(leaves)]
        for level in range(levels - 1)
    ]
    return Hierarchy.from_labels(rows)


def _lookup() -> str:
    problem = invented(20_000, (4, 3, 5, 2, 3, 4), skew=1, related=0.3)
    cells = Cells.of(problem, recode_locally(problem, effort=Effort(rounds=1)))
    random = np.random.default_rng(0)
    columns = [random.integers(0, h.leaves, 100_000) for h in problem.hierarchies]
    rows = np.stack(columns, axis=1).astype(np.int32)
    begun = time.process_time()
    assigned = cells.assign(rows, problem.hierarchies)
    seconds = time.process_time() - begun
    return (
        f"{len(rows):,} new records placed in {len(cells.codes):,} cells: {seconds:.2f} s, "
        f"{np.mean(assigned >= 0):.0%} are covered"
    )


if __name__ == "__main__":
    main()
