"""The exact search.

Proofs: ``docs/proofs/search.md``.
"""

from anon_dagster.core.lattice import Lattice
from anon_dagster.core.problem import Problem
from anon_dagster.core.search.budget import Meter
from anon_dagster.core.search.candidate import Evaluator
from anon_dagster.core.search.class_sizes import ClassSizes
from anon_dagster.core.search.compact import Compact
from anon_dagster.core.search.exploration import Exploration, Incumbents
from anon_dagster.core.search.solution_of import solution_of
from anon_dagster.core.search.unreachable import not_found, unreachable
from anon_dagster.core.solution import Proof, Solution


def search_exactly(
    problem: Problem, meter: Meter, *, wanted: int = 1, sizes: ClassSizes | None = None
) -> list[Solution]:
    """Find the candidates of least loss, best first, the lexicographically smaller of a tie.

    Of candidates with the same classes only the one with the lowest levels can be the best, and
    where no more than that one is wanted, the others are left out. If the meter stops it, the best
    found so far, with the bound of what is still open.

    Parameters
    ----------
    sizes
        What the searches of other configurations of the same table found, and this one adds to.
    """
    shared = sizes if sizes is not None and sizes.fit(problem) else None
    evaluator = Evaluator(Compact(problem), sizes=shared)
    every, incumbents = Lattice.of(problem), Incumbents(wanted)
    if shared is not None:
        incumbents.too_suppressed |= shared.too_suppressed(problem, evaluator.limit)
    lattice = evaluator.compact.lattice if wanted == 1 else every
    exploration = Exploration(evaluator, lattice, incumbents)
    if shared is not None:
        exploration.begin_with(shared.within(problem, evaluator.limit), meter)
    complete = exploration.run(meter)
    ranking = incumbents.ranking
    if not ranking:
        raise (unreachable if complete else not_found)(evaluator, lattice, incumbents, meter)
    bound = min(exploration.lower_bound(), incumbents.losses[ranking[0]])
    return [
        solution_of(
            problem,
            levels,
            Proof(
                optimal=complete and not rank,
                loss=incumbents.losses[levels],
                lower_bound=bound,
                candidates=every.candidates,
                evaluated=meter.evaluated,
                method="exact",
            ),
        )
        for rank, levels in enumerate(ranking)
    ]
