"""Which candidate of full-domain generalization loses least."""

from anon_dagster.core.lattice import Lattice
from anon_dagster.core.problem import Problem
from anon_dagster.core.search.budget import Budget, Meter
from anon_dagster.core.search.class_sizes import ClassSizes
from anon_dagster.core.search.exact import search_exactly
from anon_dagster.core.search.heuristic import search_heuristically
from anon_dagster.core.solution import Solution
from anon_dagster.core.steps import OnStep
from anon_dagster.errors import RequestError

__all__ = ["ENUMERABLE", "Budget", "ClassSizes", "search", "search_best"]

ENUMERABLE = 5_000_000
"""A lattice of so many candidates is searched exactly."""


def search(
    problem: Problem,
    *,
    on_progress: OnStep | None = None,
    budget: Budget | None = None,
    sizes: ClassSizes | None = None,
) -> Solution:
    """Find the feasible candidate of least loss.

    Parameters
    ----------
    on_progress
        Called with the candidates evaluated and those that may still be; may raise to abort.
    budget
        What the search may spend. If left out, a lattice of at most :data:`ENUMERABLE` candidates
        is searched until the optimum is proven (of those that tie, the lexicographically
        smallest), and a larger one heuristically within the default budget.
    sizes
        What searches of the same table share, with other promises, limits or objectives. A search
        that a budget may stop takes no part, so that it finds the same by itself.

    Raises
    ------
    UnreachableError
        If no candidate keeps every promise within the suppression limit.
    """
    if Lattice.of(problem).candidates <= ENUMERABLE:
        shared = sizes if budget is None else None
        return search_exactly(problem, Meter(budget, on_progress), sizes=shared)[0]
    return search_heuristically(problem, budget or Budget(), on_progress=on_progress)


def search_best(
    problem: Problem,
    wanted: int,
    *,
    on_progress: OnStep | None = None,
    budget: Budget | None = None,
) -> list[Solution]:
    """Find the feasible candidates of least loss, as many as wanted or as there are, best first.

    With a budget, those that it sufficed to find.

    Raises
    ------
    RequestError
        If the lattice has more than :data:`ENUMERABLE` candidates.
    UnreachableError
        If no candidate keeps every promise within the suppression limit.
    """
    if (candidates := Lattice.of(problem).candidates) > ENUMERABLE:
        raise RequestError(
            f"the best of {candidates:,} candidates cannot be ranked, only of {ENUMERABLE:,}; "
            "narrow the levels of some attributes"
        )
    return search_exactly(problem, Meter(budget, on_progress), wanted=wanted)
