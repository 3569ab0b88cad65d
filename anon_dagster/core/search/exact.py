"""The exact search."""

from anon_dagster.core.lattice import Lattice
from anon_dagster.core.problem import Problem
from anon_dagster.core.search.budget import Meter
from anon_dagster.core.search.candidate import Evaluator
from anon_dagster.core.search.compact import Compact
from anon_dagster.core.search.exploration import Exploration, Incumbents
from anon_dagster.core.search.solution_of import solution_of
from anon_dagster.core.search.unreachable import not_found, unreachable
from anon_dagster.core.solution import Proof, Solution


def search_exactly(problem: Problem, meter: Meter, *, wanted: int = 1) -> list[Solution]:
    """Find the candidates of least loss, best first, the lexicographically smaller of a tie.

    If the meter stops it, the best found so far, with the bound of what is still open.
    """
    judge, lattice, findings = Evaluator(Compact(problem)), Lattice.of(problem), Incumbents(wanted)
    exploration = Exploration(judge, lattice, findings)
    complete = exploration.run(meter)
    ranking = findings.ranking
    if not ranking:
        raise (unreachable if complete else not_found)(judge, lattice, findings, meter)
    bound = min(exploration.lower_bound(), findings.near[ranking[0]])
    return [
        solution_of(
            problem,
            levels,
            Proof(
                optimal=complete and not place,
                loss=findings.near[levels],
                lower_bound=bound,
                candidates=lattice.candidates,
                evaluated=meter.evaluated,
                method="exact",
            ),
        )
        for place, levels in enumerate(ranking)
    ]
