"""Which candidate of full-domain generalization loses least."""

from anon_dagster.core.problem import Problem
from anon_dagster.core.search.budget import Budget, Meter, Progress
from anon_dagster.core.search.exact import exact
from anon_dagster.core.solution import Solution

__all__ = ["Budget", "Progress", "search"]


def search(
    problem: Problem, *, on_progress: Progress | None = None, budget: Budget | None = None
) -> Solution:
    """Find the feasible candidate of least loss."""
    return exact(problem, Meter(None, on_progress))
