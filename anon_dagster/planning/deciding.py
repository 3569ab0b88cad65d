"""From a plan to its solution: the most useful release that keeps every promise."""

from contextlib import suppress
from dataclasses import replace
from time import monotonic

from anon_dagster.core.local import Effort, outcome_of, recode_locally
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, ClassSizes, search, search_best
from anon_dagster.core.search.heuristic import search_heuristically
from anon_dagster.core.solution import Solution
from anon_dagster.core.steps import OnStep, ignore_steps
from anon_dagster.engine.memory import give_back
from anon_dagster.errors import (
    UnreachableError,
)
from anon_dagster.planning.aggregation import within_classes
from anon_dagster.planning.cell_suppression import with_fewest_stars
from anon_dagster.planning.emphasis import EMPHASES, weights_for_target
from anon_dagster.planning.plan import Plan
from anon_dagster.progress import Progress, ProgressSink, ignore_progress
from anon_dagster.request import (
    Policy,
)
from anon_dagster.statistics.classification import Classification

_START_WORK, _FEWEST_STEPS = 30_000_000, 100
"""Tuples times candidates of the search before local recoding, and candidates at least."""


def decide(
    plan: Plan,
    *,
    on_progress: ProgressSink = ignore_progress,
    sizes: ClassSizes | None = None,
) -> Solution:
    """Find the most useful release that keeps every promise.

    Full-domain generalization is searched for its optimum. Local recoding loses no more than the
    best candidate that a short search finds. Then microaggregated attributes get the values of
    their classes. Of an objective that is judged on the result, the most accurate of the best is
    taken.

    Parameters
    ----------
    sizes
        What exact searches of other configurations of the same source found, and this one adds to.

    Raises
    ------
    UnreachableError
        If no candidate keeps every promise within the suppression limit.
    """
    _require_a_drawn_record(plan)
    on_search, on_recode = _steps_of("search", on_progress), _steps_of("recode", on_progress)
    if plan.policy.objective.metric == "classification":
        if plan.policy.recoding == "local":
            return _most_accurate_locally(plan, on_search, on_recode)
        return _most_accurate(plan, plan.policy.objective.candidates, on_search)[0]
    solution = _with_aggregates(plan, _decided(plan, on_search, on_recode, sizes))
    give_back()
    return solution


def _require_a_drawn_record(plan: Plan) -> None:
    """Refuse a secret sample of nothing, as one whose classes are all too small is refused.

    Whether no record was drawn or too few were is nobody's business.
    """
    if plan.policy.privacy.differential_privacy and not plan.problem.records:
        raise UnreachableError(
            "no candidate keeps every promise (differential privacy): no record was drawn, so that "
            "nothing is left to release; take a larger epsilon or delta, or more records"
        )


def decide_soon(
    plan: Plan, budget: Budget, *, rounds: int, on_progress: ProgressSink = ignore_progress
) -> Solution:
    """Find a good release that keeps every promise, without looking for a proof.

    Full-domain generalization is searched heuristically; local recoding begins with the most
    general classes alone. So a configuration can be compared with others long before
    :func:`decide` is through with it.

    Parameters
    ----------
    budget
        What the search of full-domain generalization may spend.
    rounds
        How often local recoding regroups neighbouring classes.

    Raises
    ------
    UnreachableError
        If nothing that was looked at keeps every promise within the suppression limit.
    """
    if plan.policy.recoding == "local":
        on_recode = _steps_of("recode", on_progress)
        effort = Effort(rounds=rounds)
        solution = recode_locally(plan.problem, effort=effort, on_progress=on_recode)
    else:
        on_search = _steps_of("search", on_progress)
        solution = search_heuristically(plan.problem, budget, on_progress=on_search)
    return _with_aggregates(plan, solution)


def decide_best(plan: Plan, number: int) -> list[Solution]:
    """Find the most useful releases of full-domain generalization, the best one first.

    Raises
    ------
    UnreachableError
        If no candidate keeps every promise within the suppression limit.
    """
    if plan.policy.objective.metric == "classification":
        judged = max(number, plan.policy.objective.candidates)
        return _most_accurate(plan, judged, ignore_steps)[:number]
    solutions = search_best(plan.problem, number, budget=_budget(plan.policy))
    return [_with_aggregates(plan, solution) for solution in solutions]


def _with_aggregates(plan: Plan, solution: Solution) -> Solution:
    return within_classes(solution, plan.aggregations, plan.problem.counts)


def _steps_of(phase: str, on_progress: ProgressSink) -> OnStep:
    """Return what passes the steps of a search on as the progress of a phase.

    What is left is a guess: much of it is pruned, and improving what was found adds to it.
    """
    return lambda done, left: on_progress(Progress(phase, done, guess=done + left))


def _most_accurate(plan: Plan, judged: int, on_step: OnStep) -> list[Solution]:
    """Rank releases of least loss by what is learned from them; those that tie by their loss.

    Where the seconds of the search run out, fewer are judged, but one.
    """
    started, budget = monotonic(), _budget(plan.policy)
    least = search_best(plan.problem, judged, on_progress=on_step, budget=budget)
    solutions = [_with_aggregates(plan, solution) for solution in least]
    classification, accuracies = Classification.of(plan.problem, plan.policy), []
    for rank, solution in enumerate(solutions):
        if rank and budget is not None and budget.is_late(started):
            break
        on_step(solution.proof.evaluated, len(solutions) - rank)
        accuracies.append(classification.of_release(solution))
    order = sorted(range(len(accuracies)), key=lambda rank: -accuracies[rank])
    return [_unproven(solutions[rank]) for rank in order]


def _most_accurate_locally(plan: Plan, on_search: OnStep, on_recode: OnStep) -> Solution:
    """Recode locally, with ever more emphasis on what tells of the target, and judge the results.

    The first one has none: so never less is learned than from the release of least loss. Of those
    that tie, the one that loses least is taken. Where the seconds of the search run out, fewer are
    made, but one.
    """
    classification = Classification.of(plan.problem, plan.policy)
    started, budget = monotonic(), _budget(plan.policy)
    found: list[tuple[float, float, Solution]] = []
    emphases = EMPHASES[: plan.policy.objective.candidates]
    tried = [weights_for_target(plan.problem, plan.policy, emphasis) for emphasis in emphases]
    for weights in dict.fromkeys(tried):
        if found and budget is not None and budget.is_late(started):
            break
        steered = replace(plan, problem=replace(plan.problem, weights=weights))
        recoded = _decided(steered, on_search, on_recode)
        known = found[0][2].proof if found else recoded.proof  # of importance alone
        loss = plan.problem.objective.loss(
            outcome_of(plan.problem, recoded.classes, recoded.generalized, recoded.levels)
        )
        bound = min(known.lower_bound, loss)
        proof = replace(known, loss=loss, lower_bound=bound, optimal=False)
        solution = _with_aggregates(plan, replace(recoded, proof=proof))
        found.append((-classification.of_release(solution), loss, solution))
    return min(found, key=lambda judged: judged[:2])[2]


def _unproven(solution: Solution) -> Solution:
    """Return a solution without its proof: nothing is proven of candidates not judged."""
    return replace(solution, proof=replace(solution.proof, optimal=False))


def _budget(policy: Policy) -> Budget | None:
    asked = policy.search
    return None if asked is None else Budget(asked.steps, asked.seconds, asked.seed)


def _decided(
    plan: Plan, on_search: OnStep, on_recode: OnStep, sizes: ClassSizes | None = None
) -> Solution:
    budget = _budget(plan.policy)
    if plan.policy.recoding == "global":
        return search(plan.problem, on_progress=on_search, budget=budget, sizes=sizes)
    start = _start_of(plan.problem, budget, on_search)
    effort = _effort(plan.policy)
    solution = recode_locally(plan.problem, start=start, effort=effort, on_progress=on_recode)
    return with_fewest_stars(plan.problem, solution)


def _start_of(problem: Problem, budget: Budget | None, on_search: OnStep) -> Solution | None:
    """Return what local recoding must not lose more than: the best candidate that soon comes.

    Where the request says nothing, as many are evaluated as a table of such a size allows.
    """
    if budget is None:
        steps = _START_WORK // max(len(problem.counts), 1)
        budget = Budget(min(max(steps, _FEWEST_STEPS), Budget().steps))
    else:
        budget = budget.part(2)  # the other half improves the classes
    with suppress(UnreachableError):
        return search(problem, budget=budget, on_progress=on_search)
    return None


def _effort(policy: Policy) -> Effort:
    """Return how long local recoding improves its classes: for the other half of the seconds."""
    budget = _budget(policy)
    if budget is None or budget.seconds is None:
        return Effort() if budget is None else Effort(seed=budget.seed)
    return Effort(seconds=budget.part(2).seconds, seed=budget.seed)
