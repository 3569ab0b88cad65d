"""Linked tables: one search for both, since what one tells is known beside the other.

The detail is searched with the quasi-identifiers of the master beside its own. A candidate counts
if the releases of both tables keep their promises by themselves, too; see
:mod:`anon_dagster.core.companions`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.companions import PersonTable, ReleasedColumns
from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.keys import TupleIndex, group
from anon_dagster.core.search import search
from anon_dagster.core.search.solution_of import solution_of
from anon_dagster.core.solution import Proof, Solution
from anon_dagster.errors import UnreachableError, of_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.models import require_guarded_values, require_ordered_values
from anon_dagster.planning.plan import Plan, hierarchies_of, plan, plan_with
from anon_dagster.progress import ProgressSink, ignore_progress
from anon_dagster.reading.columns import position_among
from anon_dagster.reading.counting import Count
from anon_dagster.request import LinkedRequest


@dataclass(frozen=True, slots=True, eq=False)
class LinkedPlan:
    """The problems of linked tables, and what they were made of."""

    request: LinkedRequest
    counts: tuple[Count, Count]
    """Of the master, and of the detail with the columns of the master beside its own."""
    master: Plan
    joined: Plan
    """The problem that is searched; the other tables are its companions."""
    companion: PersonTable
    """The master, as the joined problem sees it."""


def plan_linked(request: LinkedRequest, master: Count, joined: Count) -> LinkedPlan:
    """Build the hierarchies and the privacy models of linked tables.

    Parameters
    ----------
    master
        The table that has a record for each person.
    joined
        The other one, with the columns of the master beside its own.

    Raises
    ------
    HierarchyError, RequestError
        As :func:`anon_dagster.planning.plan.plan`, of any of the tables.
    """
    with of_table(request.master):
        of_master = plan(request.own(request.master), master)
    with of_table(request.detail):
        of_detail = plan(request.own(request.detail), joined)
    policy = request.joined().policy
    require_guarded_values(policy, joined)
    require_ordered_values(policy, joined)
    shared = {name: of_master.hierarchies[name] for name in of_master.quasi_identifiers}
    whole = plan_with(policy, joined, {**hierarchies_of(policy, joined), **shared})
    places = whole.quasi_identifiers.index
    person_table = PersonTable(
        request.master,
        of_master.problem,
        tuple(map(places, of_master.quasi_identifiers)),
        _tuples_of_persons(master, joined, of_master.quasi_identifiers),
        whole.problem.trajectories,
    )
    own_columns = ReleasedColumns(
        request.detail, of_detail.problem, tuple(map(places, of_detail.quasi_identifiers))
    )
    problem = replace(whole.problem, companions=(person_table, own_columns))
    whole = replace(whole, problem=problem)
    return LinkedPlan(request, (master, joined), of_master, whole, person_table)


def _tuples_of_persons(master: Count, joined: Count, names: Sequence[str]) -> NDArray[np.int64]:
    """Return a tuple of the master that reads as the person of each joined tuple does, (tuples,).

    Parameters
    ----------
    names
        The quasi-identifiers of the master: what classes it has follows from these.
    """
    places = [master.attributes.index(name) for name in names]
    own = master.table.codes.select(places)
    sizes = [master.table.sizes[place] for place in places]
    first = group(own.columns, sizes, len(own)).first
    codes = np.empty((len(joined.table), len(names)), dtype=np.int32)
    for q, name in enumerate(names):
        values = joined.columns[name].values
        among = position_among(master.columns[name].values, values)
        codes[:, q] = among[joined.table.codes.columns[joined.attributes.index(name)]]
    index = TupleIndex.of(Codes.of_columns([c[first] for c in own.columns], len(first)), sizes)
    found = index.find(codes)
    assert (found >= 0).all(), "who has a record of the detail has one of the master"
    return first[found]


def decide_linked(
    planned: LinkedPlan, *, on_progress: ProgressSink = ignore_progress
) -> dict[str, Decision]:
    """Find the most useful releases of linked tables that keep every promise, by table.

    What is lost least is lost of the joined table. The master is generalized to the same levels.

    Raises
    ------
    UnreachableError
        If no candidate keeps every promise within the suppression limits.
    """
    request = planned.request
    try:
        solution = decide(planned.joined, on_progress=on_progress)
    except UnreachableError:
        _require_reachable(planned)
        raise
    assert solution.levels is not None, "linked tables are recoded globally"
    levels = planned.companion.levels_of(solution.levels)
    of_master = _solution_at(planned.master, levels)
    return decisions_of(planned, {request.master: of_master, request.detail: solution})


def decisions_of(planned: LinkedPlan, solutions: Mapping[str, Solution]) -> dict[str, Decision]:
    """Return what was decided for each of linked tables, with all that it was decided from."""
    request, (master, joined) = planned.request, planned.counts
    own = {name: request.own(name) for name in (request.master, request.detail)}
    of_master = Decision(
        own[request.master],
        master,
        planned.master,
        solutions[request.master],
        own[request.master],
    )
    of_detail = Decision(
        request.joined(),
        joined,
        planned.joined,
        solutions[request.detail],
        own[request.detail],
    )
    return {request.master: of_master, request.detail: of_detail}


def _require_reachable(planned: LinkedPlan) -> None:
    """Say of the master by itself if it cannot keep its promises whatever becomes of the other."""
    with of_table(f"{planned.request.master}, by itself"):
        search(planned.master.problem)


def _solution_at(planned: Plan, levels: Sequence[int]) -> Solution:
    """Return the release at levels that were decided elsewhere; nothing is proven of its loss."""
    loss = evaluate(planned.problem, levels).loss
    proof = Proof(
        optimal=False, loss=loss, lower_bound=0.0, candidates=1, evaluated=1, method="linked"
    )
    return solution_of(planned.problem, tuple(levels), proof)
