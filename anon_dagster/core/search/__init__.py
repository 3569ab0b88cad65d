"""Which candidate of full-domain generalization loses least."""

from anon_dagster.core.problem import Problem
from anon_dagster.core.search.exact import Progress, exact
from anon_dagster.core.solution import Solution

__all__ = ["Progress", "search"]


def search(problem: Problem, *, on_progress: Progress | None = None) -> Solution:
    """Find the feasible candidate of least loss."""
    return exact(problem, on_progress=on_progress)
