"""The exact search."""

from anon_dagster.core.lattice import Lattice
from anon_dagster.core.problem import Problem
from anon_dagster.core.search.budget import Meter
from anon_dagster.core.search.compact import Compact
from anon_dagster.core.search.exploration import Exploration, Findings
from anon_dagster.core.search.outcome import solution_of
from anon_dagster.core.search.unreachable import not_found, unreachable
from anon_dagster.core.search.verdict import Judge
from anon_dagster.core.solution import Proof, Solution


def search_exactly(problem: Problem, meter: Meter) -> Solution:
    """Find the candidate of least loss, the lexicographically smallest of those that tie.

    If the meter stops it, the best found so far, with the bound of what is still open.
    """
    judge, lattice, findings = Judge(Compact(problem)), Lattice.of(problem), Findings()
    exploration = Exploration(judge, lattice, findings)
    complete = exploration.run(meter)
    levels = findings.winner
    if levels is None:
        raise (unreachable if complete else not_found)(judge, lattice, findings, meter)
    proof = Proof(
        optimal=complete,
        loss=findings.near[levels],
        lower_bound=exploration.lower_bound(),
        candidates=lattice.candidates,
        evaluated=meter.evaluated,
        method="exact",
    )
    return solution_of(problem, levels, proof)
