"""Why no candidate keeps every promise, and how far off the best one is."""

import numpy as np

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.lattice import Lattice, Levels
from anon_dagster.core.obstacles import advice, levels_named, obstacles, promises, share
from anon_dagster.core.search.budget import Meter
from anon_dagster.core.search.candidate import Evaluator
from anon_dagster.core.search.exploration import Incumbents
from anon_dagster.errors import UnreachableError


def unreachable(
    evaluator: Evaluator, lattice: Lattice, incumbents: Incumbents, meter: Meter
) -> UnreachableError:
    """Return the error for a lattice without a feasible candidate."""
    problem, records = evaluator.compact.problem, evaluator.compact.records
    in_the_way = obstacles(problem)
    reasons = "".join(f"; {obstacle.reason}" for obstacle in in_the_way)
    if incumbents.broken:
        levels = min(incumbents.broken, key=lambda levels: (incumbents.broken[levels], levels))
        if problem.companions and lattice.highest in incumbents.broken:
            levels = lattice.highest  # where each of the tables keeps most
        of_the_whole = problem.table_models or problem.trajectories is not None
        who = (
            "the suppressed records, which stay as a class of their own, break a promise"
            if problem.keeps_suppressed and not of_the_whole
            else "the records that stay, compared with each other, break a promise"
            if not of_the_whole
            else "the release as a whole, or what suppression does to it, would break a promise"
        )
        breaking = _companions_breaking(evaluator, levels)
        if breaking:
            alone = "by itself" if len(breaking) == 1 else "by themselves"
            who = (
                f"{', '.join(breaking)}, released at the same levels, would break a promise {alone}"
            )
        helps = advice(problem, in_the_way, suppression=evaluator.limit < records - 1)
        suppressed = share(incumbents.broken[levels], records)
        return UnreachableError(
            f"no candidate keeps every promise ({promises(problem)}): levels "
            f"{levels_named(problem, levels)} suppress {suppressed}, of which at most "
            f"{share(problem.most_suppressed, records)} are allowed, but {who}{reasons}; {helps}"
        )
    levels, needed = _least_suppression(evaluator, lattice, meter)
    limit = (
        f", and allowed are {share(problem.most_suppressed, records)}"
        if needed > problem.most_suppressed
        else ", so that nothing is left to release"
    )
    return UnreachableError(
        f"no candidate keeps every promise ({promises(problem)}): the best, "
        f"levels {levels_named(problem, levels)}, would suppress {share(needed, records)}{limit}"
        f"{reasons}; {advice(problem, in_the_way, suppression=needed < records)}"
    )


def _companions_breaking(evaluator: Evaluator, levels: Levels) -> list[str]:
    """Name the linked tables that break a promise at some levels."""
    problem = evaluator.compact.problem
    if not problem.companions:
        return []
    evaluation = evaluate(problem, levels)
    kept = ~evaluation.failing[evaluation.classes]
    return [c.name for c in problem.companions if not c.holds(levels, kept)]


def not_found(
    evaluator: Evaluator, lattice: Lattice, incumbents: Incumbents, meter: Meter
) -> UnreachableError:
    """Return the error for a lattice in which no feasible candidate was found."""
    highest = share(evaluator.evaluate(lattice.highest).suppressed, evaluator.compact.records)
    close = (
        f", {len(incumbents.broken):,} of them for what is suppressed" if incumbents.broken else ""
    )
    return UnreachableError(
        f"none of the {meter.evaluated:,} candidates evaluated of {lattice.candidates:,} keeps "
        f"every promise ({promises(evaluator.compact.problem)}){close}; the most general would "
        f"suppress {highest}; allow more suppression, weaken a promise, or give the search a "
        "larger budget"
    )


def _least_suppression(evaluator: Evaluator, lattice: Lattice, meter: Meter) -> tuple[Levels, int]:
    """Return the candidate that suppresses fewest records, and how many."""
    if evaluator.monotone:
        return lattice.highest, evaluator.evaluate(lattice.highest).suppressed
    least = np.zeros(lattice.candidates, dtype=np.int64)  # a bound of what each suppresses
    best, fewest = lattice.highest, evaluator.compact.records + 1
    while True:
        index = least.size - 1 - int(least[::-1].argmin())  # the most general of these first
        if least[index] >= fewest:
            return best, fewest
        levels = lattice.levels(index)
        verdict = evaluator.evaluate(levels)
        below = lattice.below(least, levels)
        np.maximum(below, verdict.inherited, out=below)
        least[index] = evaluator.compact.records + 1
        meter.count(int(np.count_nonzero(least < fewest)))
        if verdict.suppressed < fewest:
            best, fewest = levels, verdict.suppressed
