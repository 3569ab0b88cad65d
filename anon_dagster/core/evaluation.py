"""One candidate, evaluated plainly: its classes, what is suppressed, what it costs.

The definition that every search is held against.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.core.keys import Groups, group
from anon_dagster.core.objectives import Generalization
from anon_dagster.core.population import Behind
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram, PersonsHeld
from anon_dagster.core.privacy.delta_presence import DeltaPresence
from anon_dagster.core.privacy.model import PrivacyModel
from anon_dagster.core.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a candidate does to the table."""

    classes: NDArray[np.int64]  # (tuples,): class of each tuple, failing ones included
    failing: NDArray[np.bool_]  # (classes,): whether the class breaks a promise
    suppressed: int
    """Records in failing classes."""
    feasible: bool
    """Whether the release of this candidate keeps every promise within the limit."""
    loss: float
    """What the problem's objective says of it."""


def evaluate(problem: Problem, levels: Sequence[int]) -> Evaluation:
    """Evaluate a candidate, a level per quasi-identifier."""
    columns = [h.codes[level] for h, level in zip(problem.hierarchies, levels, strict=True)]
    groups = classes_at(problem, levels)
    people = people_behind(problem, groups.ids, levels)
    classes = summarize(problem, groups.ids, len(groups), people=counts_of(people))
    failing = ~all_hold(problem.models, classes)
    kept = ~failing[groups.ids]
    records = groups.sums(problem.counts)
    suppressed = int(records[failing].sum())
    first = groups.first[~failing]
    nodes = [column[problem.codes[first, q]] for q, column in enumerate(columns)]
    outcome = Generalization(
        problem.weighted_table, tuple(levels), nodes, records[~failing], suppressed
    )
    return Evaluation(
        groups.ids,
        failing,
        suppressed,
        suppressed <= problem.most_suppressed
        and release_holds(problem, groups.ids, kept, people=people)
        and all(companion.holds(levels, kept) for companion in problem.companions),
        problem.objective.loss(outcome),
    )


def classes_at(problem: Problem, levels: Sequence[int]) -> Groups:
    """Put tuples into the classes that they are in at some levels, failing ones included."""
    of_levels = list(zip(problem.hierarchies, levels, strict=True))
    columns = [h.codes[level] for h, level in of_levels]
    sizes = [len(h.labels[level]) for h, level in of_levels]
    return group(map(np.take, columns, problem.codes.columns), sizes, len(problem.counts))


def all_hold(models: Sequence[PrivacyModel], classes: EquivalenceClasses) -> NDArray[np.bool_]:
    """Tell for each class, (classes,), whether it satisfies every model."""
    verdict = np.ones(len(classes.sizes), dtype=np.bool_)
    for model in models:
        verdict &= model.holds(classes)
    return verdict


def summarize(
    problem: Problem,
    ids: NDArray[np.int64],
    classes: int,
    *,
    reference: NDArray[np.bool_] | None = None,
    people: NDArray[np.int64] | None = None,
) -> EquivalenceClasses:
    """Describe classes as privacy models see them; of attributes that none asks for, nothing.

    Parameters
    ----------
    ids
        (tuples,): class of each tuple, or -1 for none.
    classes
        How many classes there are; none is empty.
    reference
        (tuples,): the tuples that make up the whole table; all if left out.
    people
        (classes,): who of the population is behind each class, if that is known.
    """
    absent = ids < 0
    member = ~absent if absent.any() else slice(None)
    histograms = [_UNGUARDED] * len(problem.sensitive_sizes)
    guarded = sorted({model.sensitive for model in problem.models if model.sensitive is not None})
    for a in guarded:
        if problem.persons is not None:
            histograms[a] = _held_by_persons(problem, a, ids, classes, reference)
            continue
        column, values = problem.sensitive.columns[a], problem.sensitive_sizes[a]
        of_classes, own = ids[member], column[member]
        entries = group([of_classes, own], [classes, values], len(own))
        counts = entries.sums(problem.counts[member])
        first = entries.first
        whole = np.zeros(values, dtype=np.int64)
        of = slice(None) if reference is None else reference
        np.add.at(whole, column[of], problem.counts[of])
        histograms[a] = Histogram(of_classes[first], own[first].astype(np.int32), counts, whole)
    households = None
    if problem.households is not None:
        inside = np.where(absent, classes, ids)
        households = problem.households.count(inside, classes + 1)[:-1]
    sizes = _sizes(problem, ids, classes)
    return EquivalenceClasses(sizes, tuple(histograms), people, households)


def _sizes(problem: Problem, ids: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count the records, or the persons, of classes, (classes,); of those of none, -1, nothing."""
    inside = np.where(ids < 0, classes, ids)
    if problem.persons is not None:
        return problem.persons.count(inside, classes + 1)[:-1]
    sizes = np.zeros(classes + 1, dtype=np.int64)
    np.add.at(sizes, inside, problem.counts)
    return sizes[:-1]


def _held_by_persons(
    problem: Problem,
    a: int,
    ids: NDArray[np.int64],
    classes: int,
    reference: NDArray[np.bool_] | None,
) -> Histogram:
    """Tell which persons of each class have the values of a sensitive attribute."""
    persons, column, values = (
        problem.persons,
        problem.sensitive.columns[a],
        problem.sensitive_sizes[a],
    )
    assert persons is not None, "persons are counted"
    inside = np.where(ids < 0, classes, ids)  # those of no class are in one that is left out
    entries = group([inside, column], [classes + 1, values], len(column))
    counts, first = persons.count(entries.ids, len(entries)), entries.first
    kept = inside[first] < classes
    of = np.ones(len(ids), dtype=np.bool_) if reference is None else reference
    whole = persons.count(np.where(of, column, values), values + 1)[:-1]
    held = PersonsHeld(
        partial(persons.holdings, ids, column),
        partial(persons.holdings, np.where(of, 0, -1), column),
        persons.among(of),
    )
    chosen = first[kept]
    return Histogram(inside[chosen], column[chosen].astype(np.int32), counts[kept], whole, held)


_UNGUARDED = Histogram(
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int32),
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
)


def people_behind(problem: Problem, ids: NDArray[np.int64], levels: Sequence[int]) -> Behind | None:
    """Find the people behind the classes, (tuples,), of some levels."""
    if problem.population is None:
        return None
    return problem.population.behind(problem.codes, ids, problem.hierarchies, levels)


def counts_of(people: Behind | None) -> NDArray[np.int64] | None:
    """Count the people behind classes, (classes,), where there are any."""
    return None if people is None else people.counts


def release_holds(
    problem: Problem,
    ids: NDArray[np.int64],
    kept: NDArray[np.bool_],
    *,
    people: Behind | None = None,
) -> bool:
    """Tell whether what is released keeps the promises that are not those of single classes.

    The release as a whole must satisfy the table models. Suppressed records that stay are a class
    of their own; if they go, the records that stay are the table that relative models compare
    with. People behind no released class are behind the suppressed records, if these stay. Nothing
    may be released of a table of which every record is suppressed.

    Parameters
    ----------
    ids, kept
        (tuples,): the class of each tuple, or -1, and whether it is released.
    people
        Who of the population is behind each class; needed where there is one.
    """
    if len(kept) and not kept.any():
        return False
    if not whole_holds(problem, _released_sizes(problem, ids, kept)):
        return False
    if persons_alone(problem, ids, kept):
        return False
    stay = problem.keeps_suppressed and not kept.all()
    absent = 0 if people is None else people.absent(distinct(ids[kept]))
    if absent and not stay and everyone_counts(problem):
        return False
    return bool(kept.all()) or _suppression_holds(problem, ids, kept, people, absent)


def _suppression_holds(
    problem: Problem,
    ids: NDArray[np.int64],
    kept: NDArray[np.bool_],
    people: Behind | None,
    absent: int,
) -> bool:
    """Tell whether the suppressed records, or the table without them, keep the promises."""
    if problem.keeps_suppressed:
        of_none = None if people is None else np.array([absent])
        together = summarize(problem, np.where(kept, -1, 0), 1, people=of_none)
        return bool(all_hold(problem.models, together).all())
    relative = [model for model in problem.models if model.relative]
    if not relative:
        return True
    _, dense = np.unique(ids[kept], return_inverse=True)
    inside = np.full(len(ids), -1, dtype=np.int64)
    inside[kept] = dense
    classes = summarize(problem, inside, int(dense.max()) + 1, reference=kept)
    return bool(all_hold(relative, classes).all())


def everyone_counts(problem: Problem) -> bool:
    """Tell whether a promise is broken by a person who reads as no released class does."""
    return any(isinstance(m, DeltaPresence) and m.complete for m in problem.models)


def persons_alone(problem: Problem, ids: NDArray[np.int64], kept: NDArray[np.bool_]) -> int:
    """Count the persons who share their trajectory with too few; see :func:`release_holds`."""
    if problem.trajectories is None:
        return 0
    suppressed = int(ids.max(initial=-1)) + 1 if problem.keeps_suppressed else -1
    return problem.trajectories.alone(np.where(kept, ids, suppressed))


def dooms_the_more_specific(problem: Problem, levels: Sequence[int]) -> bool:
    """Tell whether too many persons share their trajectory with too few for any more specific one.

    Nothing is suppressed at these levels, so persons who differ here differ below, unless records
    are suppressed there: of so many persons, at most, as records may be.
    Proof: ``docs/proofs/trajectories.md``.
    """
    if problem.trajectories is None:
        return False
    cells = classes_at(problem, levels).ids
    return problem.trajectories.few_alike(cells).least_changed > problem.most_suppressed


def whole_holds(problem: Problem, sizes: NDArray[np.int64]) -> bool:
    """Tell whether released classes of these sizes, (classes,), satisfy every table model."""
    return all(model.holds(sizes) for model in problem.table_models)


def _released_sizes(
    problem: Problem, ids: NDArray[np.int64], kept: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Count the records, or persons, of each released class; suppressed ones that stay are one."""
    released = int(ids.max(initial=-1)) + 1
    inside = np.where(kept, ids, released if problem.keeps_suppressed else -1)
    sizes = _sizes(problem, inside, released + 1)
    return sizes[sizes > 0]
