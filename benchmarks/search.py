"""The exact search beside plain brute force, and the heuristic beside the exact search.

Every case runs in a process of its own, which tells its peak of memory. Brute force evaluates a
sample of the candidates, drawn at random, and is scaled up to all of them: marked with ~. Seconds
of CPU; the search alone, without imports and without the making of the table. What ARX 3.9.2 needs
for the same kind of table, warm and with one thread, is quoted from measurements made elsewhere.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.objectives import TIE
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, search
from anon_dagster.core.search.heuristic import search_heuristically
from anon_dagster.planning.objective import objective_of
from anon_dagster.request import ObjectiveRule
from anon_dagster.request.objective import PROVEN
from benchmarks import _tables
from tests.known_tables import known_table

SAMPLED = 10_000_000
"""Tuples that brute force groups in all of its sample."""
KNOWN_CASES = 40
LARGE_CASES = (1, 2, 3, 4)
"""Seeds of tables with more candidates than any search can try."""
ARX = {
    "Adult, k=5, 0 %": 0.05,
    "Adult, k=5, 1 %": 1.3,
    "Adult, k=5, 4 %": 1.6,
    "Adult, k=5, 10 %": 2.6,
    "63,000 x 7, 13,000 postal codes, 4 %": 15,
    "100,937 x 8, 4 %": 15,
    "539,253 x 9, 4 %": 142,
    "1,193,504 x 9, 4 %": 421,
    "1,193,504 x 9, 0 %": 11,
}
GENERATED: dict[str, Callable[[], Problem]] = {
    "63,000 x 7, 13,000 postal codes, 4 %": partial(_tables.postal, 63_000, suppressed=0.04),
    "100,937 x 8, 4 %": partial(
        _tables.independent, 100_937, (6, 3, 4, 4, 2, 3, 4, 3), suppressed=0.04
    ),
    "539,253 x 9, 4 %": partial(
        _tables.independent, 539_253, (3, 6, 2, 3, 3, 3, 3, 4, 3), suppressed=0.04
    ),
    "1,193,504 x 9, 4 %": partial(
        _tables.independent, 1_193_504, (6, 3, 3, 4, 5, 3, 2, 2, 2), suppressed=0.04
    ),
    "1,193,504 x 9, 0 %": partial(
        _tables.independent, 1_193_504, (6, 3, 3, 4, 5, 3, 2, 2, 2), suppressed=0.0
    ),
    "2,000 x 8, levels repeated, 0 %": partial(_tables.repeated, 2_000, 8),
}
COLUMNS = (
    f"{'case':38}{'candidates':>11}{'evaluated':>10}{'seconds':>9}{'MB':>7}{'loss':>9}"
    f"{'proof':>9}{'brute force':>14}{'ratio':>9}{'ARX':>7}{'ratio':>7}  optimum"
)


def main() -> None:
    """Print a line per case."""
    print(COLUMNS)
    for name in [*_adult_cases(), *GENERATED]:
        command = [sys.executable, "-m", "benchmarks.search", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        print(_line(name, json.loads(done.stdout)), flush=True)
    _objectives()
    _heuristic()


def _adult_cases() -> dict[str, dict[str, Any]]:
    folder = _tables.adult_folder()
    if folder is None:
        print("the Adult table is not here: ANON_SHARED names the folder that has data/adult")
        return {}
    return {
        f"Adult, k={case['k']}, {case['suppression_limit'] * 100:g} %"
        + (f", {case['model']}" if "model" in case else ""): case
        for case in _tables.known_answers(folder)
    }


def _measure(name: str) -> dict[str, Any]:
    known = None
    if name in GENERATED:
        problem = GENERATED[name]()
    else:
        known = _adult_cases()[name]
        problem = known_table("adult").problem(known)
    start = time.process_time()
    solution = search(problem)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    proof = solution.proof
    brute = _brute_force(problem, proof.loss) * proof.candidates
    if known is not None:
        assert list(solution.levels or ()) == known["levels"], "not the known optimum"
    return {
        "candidates": proof.candidates,
        "evaluated": proof.evaluated,
        "seconds": seconds,
        "peak": peak,
        "loss": proof.loss,
        "proof": ("= known" if known else "bound") if proof.optimal else "none",
        "brute": brute,
        "levels": solution.levels,
    }


def _brute_force(problem: Problem, least: float) -> float:
    """Return the seconds that a candidate takes, plainly; none may be better."""
    start, candidates = time.process_time(), 0
    for levels in _tables.sample(problem, SAMPLED):
        evaluation = evaluate(problem, levels)
        assert not evaluation.feasible or evaluation.loss >= least - TIE, "not the optimum"
        candidates += 1
    return (time.process_time() - start) / candidates


def _line(name: str, measured: dict[str, Any]) -> str:
    arx = ARX.get(name)
    quoted = f"{arx:7g}{arx / measured['seconds']:6.0f}x" if arx else f"{'':14}"
    return (
        f"{name:38}{measured['candidates']:11,}{measured['evaluated']:10,}{measured['seconds']:9.3f}"
        f"{measured['peak']:7.0f}{measured['loss']:9.5f}{measured['proof']:>9}{'~':>4}{measured['brute']:10,.1f}"
        f"{measured['brute'] / measured['seconds']:8,.0f}x{quoted}  {measured['levels']}"
    )


def _objectives() -> None:
    """Print what each objective costs, beside the certainty penalty."""
    name = "100,937 x 8, 4 %"
    print(f"\nobjectives, {name}")
    problem, usual = GENERATED[name](), 0.0
    for metric in PROVEN:
        asked = replace(problem, objective=objective_of(ObjectiveRule(metric=metric)))
        start = time.process_time()
        proof = search(asked).proof
        seconds = time.process_time() - start
        usual = usual or seconds
        assert proof.optimal, "not proven"
        print(f"  {metric:22}{proof.evaluated:8,}{seconds:9.3f} s{seconds / usual:7.1f}x")


def _heuristic() -> None:
    """Print how often the heuristic finds an optimum that is known, and the gap of larger cases."""
    print(f"\nheuristic, {KNOWN_CASES} tables with 200,000 to 1,000,000 candidates")
    hits, seconds, exact_seconds = 0, 0.0, 0.0
    for seed in range(KNOWN_CASES):
        problem = _tables.correlated(seed, candidates=2e5)
        start = time.process_time()
        exact = search(problem)
        between = time.process_time()
        solution = search_heuristically(problem, Budget())
        seconds += time.process_time() - between
        exact_seconds += between - start
        hits += solution.levels == exact.levels
    print(f"  optimum found: {hits} of {KNOWN_CASES}; {seconds:.1f} s, exact {exact_seconds:.1f} s")
    for seed in LARGE_CASES:
        problem = _tables.correlated(seed, candidates=1e13, records=5_000)
        start = time.process_time()
        proof = search(problem).proof
        print(
            f"  {len(problem.hierarchies)} attributes, {proof.candidates:.1e} candidates: loss "
            f"{proof.loss:.5f}, bound {proof.lower_bound:.5f}, ratio "
            f"{proof.loss / proof.lower_bound:.3f}; {proof.evaluated:,} evaluated, "
            f"{time.process_time() - start:.1f} s"
        )


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(_measure(sys.argv[1])))
    else:
        main()
