"""The fewest ``*``: cell suppression with a proof, on tables that are small enough for one."""

from dataclasses import replace

from anon_dagster.core.local import StarPatterns
from anon_dagster.core.objectives import TIE
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import BY_INTEGER_PROGRAM, Solution
from anon_dagster.planning.integer_program import has_solver, solve

CHOICES = 4_000
"""How many choices of patterns all tuples may have together."""


def with_fewest_stars(problem: Problem, found: Solution) -> Solution:
    """Return the best of what was found and what integer programming finds, with what is proven.

    The optimum is that of releases that treat equal records alike: those that agree in all
    quasi-identifiers and sensitive attributes stay together. Larger tables, other promises and
    hierarchies, or a missing extra ``exact`` leave what was found as it is.
    """
    patterns = StarPatterns.of(problem, most=CHOICES)
    if patterns is None or not has_solver():
        return found
    answer = solve(patterns.program())
    if answer is None:
        return found
    best = patterns.solution(answer.values, answer.bound)
    if best is None:
        return found
    bound = max(best.proof.lower_bound, found.proof.lower_bound)
    if best.proof.loss < found.proof.loss - TIE:
        return replace(best, proof=replace(best.proof, lower_bound=min(bound, best.proof.loss)))
    proof = replace(found.proof, lower_bound=min(bound, found.proof.loss))
    if best.proof.optimal:
        proof = replace(proof, optimal=True, method=BY_INTEGER_PROGRAM)
    return replace(found, proof=proof)
