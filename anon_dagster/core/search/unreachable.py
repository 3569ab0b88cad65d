"""Why no candidate keeps every promise, and how far off the best one is."""

import numpy as np

from anon_dagster.core.lattice import Lattice, Levels
from anon_dagster.core.search.budget import Meter
from anon_dagster.core.search.exploration import Findings
from anon_dagster.core.search.verdict import Judge
from anon_dagster.errors import UnreachableError


def unreachable(
    judge: Judge, lattice: Lattice, findings: Findings, meter: Meter
) -> UnreachableError:
    """Return the error for a lattice without a feasible candidate."""
    problem = judge.compact.problem
    promises = ", ".join(str(model) for model in (*problem.models, *problem.table_models))
    if findings.broken:
        levels = min(findings.broken, key=lambda found: (findings.broken[found], found))
        who = (
            "the suppressed records, which stay as a class of their own, break a promise"
            if problem.keeps_suppressed and not problem.table_models
            else "the records that stay, compared with each other, break a promise"
            if not problem.table_models
            else "the release as a whole, or what suppression does to it, would break a promise"
        )
        return UnreachableError(
            f"no candidate keeps every promise ({promises}): levels {levels} suppress "
            f"{_share(findings.broken[levels], judge.compact.records)}, of which at most "
            f"{_share(problem.most_suppressed, judge.compact.records)} are allowed, but {who}; "
            "allow more suppression, or weaken a promise"
        )
    levels, needed = _least_suppression(judge, lattice, meter)
    return UnreachableError(
        f"no candidate keeps every promise ({promises}) within the suppression limit: the best, "
        f"levels {levels}, would suppress {_share(needed, judge.compact.records)}, allowed are "
        f"{_share(problem.most_suppressed, judge.compact.records)}; allow more suppression or "
        "higher levels, or weaken a promise"
    )


def not_found(judge: Judge, lattice: Lattice, findings: Findings, meter: Meter) -> UnreachableError:
    """Return the error for a lattice in which no feasible candidate was found."""
    models = (*judge.compact.models, *judge.compact.problem.table_models)
    promises = ", ".join(str(model) for model in models)
    highest = _share(judge.evaluate(lattice.highest).suppressed, judge.compact.records)
    close = f", {len(findings.broken):,} of them for what is suppressed" if findings.broken else ""
    return UnreachableError(
        f"none of the {meter.evaluated:,} candidates evaluated of {lattice.candidates:,} keeps "
        f"every promise ({promises}){close}; the most general would suppress {highest}; allow "
        "more suppression, weaken a promise, or give the search a larger budget"
    )


def _share(records: int, of: int) -> str:
    return f"{records:,} of {of:,} records ({records / max(of, 1):.2%})"


def _least_suppression(judge: Judge, lattice: Lattice, meter: Meter) -> tuple[Levels, int]:
    """Return the candidate that suppresses fewest records, and how many."""
    if judge.monotone:
        return lattice.highest, judge.evaluate(lattice.highest).suppressed
    least = np.zeros(lattice.candidates, dtype=np.int64)  # a bound of what each suppresses
    best, fewest = lattice.highest, judge.compact.records + 1
    while True:
        index = least.size - 1 - int(least[::-1].argmin())  # the most general of these first
        if least[index] >= fewest:
            return best, fewest
        levels = lattice.levels(index)
        verdict = judge.evaluate(levels)
        below = least.reshape(lattice.shape)[lattice.below(levels)]
        np.maximum(below, verdict.inherited, out=below)
        least[index] = judge.compact.records + 1
        meter.count(int(np.count_nonzero(least < fewest)))
        if verdict.suppressed < fewest:
            best, fewest = levels, verdict.suppressed
