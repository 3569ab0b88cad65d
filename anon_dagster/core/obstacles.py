"""Why a problem has no solution: what cannot be kept, and what may help."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.evaluation import (
    all_hold,
    counts_of,
    people_behind,
    persons_alone,
    summarize,
)
from anon_dagster.core.keys import group
from anon_dagster.core.privacy.differential_privacy import DifferentialPrivacy
from anon_dagster.core.privacy.households import HouseholdAnonymity
from anon_dagster.core.privacy.k_anonymity import KAnonymity
from anon_dagster.core.privacy.l_diversity import DistinctLDiversity
from anon_dagster.core.privacy.model import PrivacyModel
from anon_dagster.core.privacy.present_values import OfPresentValues
from anon_dagster.core.problem import Problem
from anon_dagster.errors import counted


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A promise that is not kept even at the highest allowed levels."""

    promise: str
    reason: str
    certain: bool
    """Whether the table lacks what it asks for: neither levels nor suppression help then."""


def obstacles(problem: Problem) -> list[Obstacle]:
    """Measure each promise alone at the highest allowed levels.

    A promise of classes counts if it fails for more records than may be suppressed, or for all.
    """
    columns = zip(problem.hierarchies, problem.highest, strict=True)
    nodes = [h.codes[level][problem.codes[:, q]] for q, (h, level) in enumerate(columns)]
    groups = group(nodes, [h.leaves for h in problem.hierarchies], len(problem.counts))
    people = people_behind(problem, groups.ids, problem.highest)
    classes = summarize(problem, groups.ids, len(groups), people=counts_of(people))
    records = groups.sums(problem.counts)
    limit = min(problem.most_suppressed, max(problem.records - 1, 0))
    in_the_way = []
    for model in problem.models:
        failing = int(records[~model.holds(classes)].sum())
        if failing > limit:
            values = [int(np.count_nonzero(h.reference)) for h in classes.histograms]
            in_the_way.append(_obstacle(problem, model, failing, values))
    for whole in problem.table_models:
        if not whole.holds(classes.sizes):
            reason = f"{whole} is not kept at the highest allowed levels either"
            in_the_way.append(Obstacle(str(whole), reason, certain=len(groups) == 1))
    kept = all_hold(problem.models, classes)[groups.ids]
    if persons_alone(problem, groups.ids, kept):
        cells = np.where(kept, groups.ids, len(groups) if problem.keeps_suppressed else -1)
        in_the_way.append(_few_alike(problem, cells, certain=len(groups) == 1))
    return list({obstacle.promise: obstacle for obstacle in in_the_way}.values())


def _few_alike(problem: Problem, cells: NDArray[np.int64], *, certain: bool) -> Obstacle:
    """Say how many persons share their trajectory with too few, at the highest allowed levels.

    Parameters
    ----------
    cells
        (tuples,): the class of each there, -1 for those that are not released.
    """
    assert problem.trajectories is not None, "trajectories are promised"
    assert problem.persons is not None, "they are those of persons"
    name, k = str(problem.trajectories), problem.trajectories.k
    few = problem.trajectories.few_alike(cells).owners
    records = problem.trajectories.records_of(few)
    reason = (
        f"{name} is broken at the highest allowed levels by {len(few):,} of "
        f"{counted(problem.persons.total, 'person')}, who have fewer than {k} alike in all their "
        f"records together; no record is suppressed for it, so leave these persons with their "
        f"{counted(records, 'record')} out of the source, or redact what links records "
        "(redaction: drop) and leave out policy.trajectory"
    )
    return Obstacle(name, reason, certain)


def _obstacle(
    problem: Problem, model: PrivacyModel, failing: int, values: Sequence[int]
) -> Obstacle:
    """Say why a model is not kept.

    Parameters
    ----------
    failing
        How many records are in classes that break it, at the highest allowed levels.
    values
        (sensitive attributes,): how many values the table has of each.
    """
    name, records = _named(problem, model), problem.records
    needed, which, there = _least_in_a_class(problem, model)
    if needed > there:
        reason = f"{name} needs {counted(needed, which)}, {_there(there)}"
        if there == 1 < records and which != "record":
            reason += f", who has all {records:,} records: look at what tells whose a record is"
        return Obstacle(name, reason, certain=True)
    relaxation = model.relaxation
    aside = isinstance(relaxation, OfPresentValues)
    weaker = relaxation.model if isinstance(relaxation, OfPresentValues) else relaxation
    if isinstance(weaker, DistinctLDiversity):
        least, there = weaker.l, values[weaker.sensitive] - aside
        if least > there:
            reason = f"{name} needs {counted(least, 'value')}, {_there(there)}"
            return Obstacle(name, reason, certain=True)
    small = f", for it needs {counted(needed, which)} in a class" if needed > 1 else ""
    reason = f"{name} is broken at the highest allowed levels by {share(failing, records)}{small}"
    return Obstacle(name, reason, certain=False)


def _least_in_a_class(problem: Problem, model: PrivacyModel) -> tuple[int, str, int]:
    """Return how many of what a class needs, as far as its model says so, and how many there are.

    Records, drawn ones, persons or households.
    """
    if isinstance(model, HouseholdAnonymity):
        assert problem.households is not None, "households are counted"
        return model.k, "household", problem.households.total
    if isinstance(model, DifferentialPrivacy):
        return model.smallest, "drawn record", problem.records
    needed = model.k if isinstance(model, KAnonymity) else 1
    if problem.persons is not None:
        return needed, "person", problem.persons.total
    return needed, "record", problem.records


def promises(problem: Problem) -> str:
    """Return the promises of a problem, with the attributes that they guard."""
    names = [_named(problem, model) for model in problem.models]
    of_the_whole = [*problem.table_models, problem.trajectories]
    return ", ".join([*names, *(str(model) for model in of_the_whole if model is not None)])


def levels_named(problem: Problem, levels: Sequence[int]) -> str:
    """Return levels in parentheses, with their attributes where the names of these are known."""
    if not problem.names:
        return str(tuple(levels))
    named = zip(problem.names, levels, strict=True)
    return f"({', '.join(f'{name} {level}' for name, level in named)})"


def advice(problem: Problem, in_the_way: Sequence[Obstacle], *, suppression: bool) -> str:
    """Return what may help, and nothing that cannot.

    Parameters
    ----------
    in_the_way
        What is in the way.
    suppression
        Whether more suppression may help.
    """
    certain = any(obstacle.certain for obstacle in in_the_way)
    private = any(isinstance(model, DifferentialPrivacy) for model in problem.models)
    ways = []
    if suppression and not certain and not private:  # whose suppression has no limit
        ways.append("allow more suppression")
    if not certain and (low := _below_the_top(problem)):
        ways.append(f"allow higher levels of {', '.join(low)}")
    if private:
        ways += ["take a larger epsilon or delta", "more records"]
    else:
        ways.append(_weaken(in_the_way))
    *others, last = ways
    return f"{', '.join(others)}, or {last}" if others else last


def _weaken(in_the_way: Sequence[Obstacle]) -> str:
    return (
        f"weaken {' and '.join(o.promise for o in in_the_way)}"
        if in_the_way
        else "weaken a promise"
    )


def _below_the_top(problem: Problem) -> list[str]:
    """Return the attributes whose highest allowed level is not that of their hierarchy."""
    names = problem.names or [f"attribute {q}" for q in range(len(problem.hierarchies))]
    rows = zip(names, problem.hierarchies, problem.highest, strict=True)
    return [name for name, hierarchy, level in rows if level < hierarchy.levels - 1]


def share(records: int, of: int) -> str:
    """Return a part of the records as a count and a percentage."""
    return f"{records:,} of {counted(of, 'record')} ({records / max(of, 1):.2%})"


def _there(count: int) -> str:
    return f"there {'is' if count == 1 else 'are'} {count:,}"


def _named(problem: Problem, model: PrivacyModel) -> str:
    if model.sensitive is None or not problem.sensitive_names:
        return str(model)
    return wording.guarding(str(model), problem.sensitive_names[model.sensitive])
