"""The exact search."""

from collections.abc import Callable

import numpy as np

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.lattice import Lattice
from anon_dagster.core.loss import TIE
from anon_dagster.core.problem import Problem
from anon_dagster.core.search.outcome import solution_of
from anon_dagster.core.solution import Proof, Solution
from anon_dagster.errors import UnreachableError

Progress = Callable[[int, int], None]


def exact(problem: Problem, *, on_progress: Progress | None = None) -> Solution:
    """Find the candidate of least loss."""
    lattice = Lattice.of(problem)
    found, evaluated = [], 0
    best = np.inf
    for index in range(lattice.candidates):
        levels = lattice.levels(index)
        evaluation = evaluate(problem, levels)
        evaluated += 1
        if on_progress is not None:
            on_progress(evaluated, lattice.candidates - evaluated)
        if evaluation.feasible and evaluation.loss <= best + TIE:
            best = min(best, evaluation.loss)
            found.append((levels, evaluation.loss))
    if not found:
        raise UnreachableError("no candidate keeps every promise within the suppression limit")
    levels, loss = next((lv, loss) for lv, loss in found if loss <= best + TIE)
    proof = Proof(True, loss, best, lattice.candidates, evaluated, "exact")
    return solution_of(problem, levels, proof)
