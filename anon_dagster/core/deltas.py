"""Deltas: records that are released when enough people of a class are there, and only then.

When a class is released must not be told by its values, or waiting tells them. So who goes is
decided by classes and persons alone; what goes is judged afterwards, once. A class that is released
is cut into blocks, each of which keeps every promise by itself: of a person who is to be forgotten
the whole block is taken away, so that what is left and what is gone keep every promise, too.

Proof: ``docs/proofs/deltas.md``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.core.evaluation import all_hold, summarize
from anon_dagster.core.problem import Problem
from anon_dagster.discreet import Discreet

NO_CLASS = -1
"""The class of a record that no class covers."""


def who_goes(
    classes: NDArray[np.int64],
    persons: NDArray[np.int64],
    judge_at: int,
    *,
    before: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Tell which records go: those of the persons all of whose classes are large enough.

    The largest set of persons of whom each has records in classes alone that have at least
    ``judge_at`` of them. No sensitive value plays a part.

    Parameters
    ----------
    classes, persons
        (records,): the class of each, ``NO_CLASS`` if it has none; and whose it is.
    judge_at
        How many persons a class needs.
    before
        (classes,): persons that are counted besides, since they were released before.

    Returns
    -------
    NDArray[np.bool_]
        (records,).
    """
    stays = np.zeros(int(persons.max(initial=-1)) + 1, dtype=np.bool_)
    stays[persons[classes < 0]] = True
    space = max(int(classes.max(initial=-1)) + 1, 0 if before is None else len(before))
    inside = classes >= 0
    pairs = distinct(persons[inside] * space + classes[inside])
    owners, of_pairs = pairs // max(space, 1), pairs % max(space, 1)
    enough = judge_at - (np.zeros(space, np.int64) if before is None else before)
    while True:
        going = ~stays[owners]
        few = np.bincount(of_pairs[going], minlength=space) < enough
        left = going & few[of_pairs]
        if not left.any():
            return ~stays[persons]
        stays[owners[left]] = True


@dataclass(frozen=True, slots=True, eq=False)
class Judged(Discreet, shown=("delta",)):
    """Rows of a delta, and behind them those of the frozen reference that it is compared with."""

    problem: Problem
    """Of all rows; where persons are counted, each row of the delta is of one of them."""
    delta: int
    """How many rows are the delta's."""
    tuples: NDArray[np.int64]  # (rows of the delta,): the tuple of its count that each is of
    owners: NDArray[np.int64]  # (rows of the delta,): whose each is, in the order of keyed hashes
    strange: NDArray[np.bool_]  # (rows of the delta,)
    """Which of them have a value that the reference has no place for, so that no promise holds."""

    def keep(self, classes: NDArray[np.int64], number: int) -> NDArray[np.bool_]:
        """Tell which classes, (classes,), keep every promise.

        Parameters
        ----------
        classes
            (rows of the delta,): the class of each, or -1.
        number
            How many classes there are; none is empty.
        """
        rest = len(self.problem.counts) - self.delta
        ids = np.concatenate([classes, np.full(rest, -1, dtype=np.int64)])
        reference = np.arange(len(ids)) >= self.delta
        described = summarize(self.problem, ids, number, reference=reference)
        kept = all_hold(self.problem.models, described)
        kept[classes[self.strange & (classes >= 0)]] = False
        return kept


def blocks_of(
    judged: Judged, classes: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut classes into blocks of at least k persons that keep every promise by themselves.

    Persons are cut by their order, which has nothing to do with what they are: by keyed hashes. A
    class is cut into half as many blocks until all of them keep every promise; at last it is one.

    Parameters
    ----------
    judged
        The delta, of which each row is of one person.
    classes
        (rows of the delta,): the class of each, which keeps every promise.

    Returns
    -------
    blocks, of_classes
        (rows of the delta,): the block of each, numbered from 0; and (blocks,): the class of each.
    """
    number, persons = int(classes.max(initial=-1)) + 1, judged.owners
    space = int(persons.max(initial=-1)) + 1
    members, of_rows = np.unique(classes * space + persons, return_inverse=True)
    of_members = members // max(space, 1)
    sizes = np.bincount(of_members, minlength=number)
    ranks = np.arange(len(members)) - (np.cumsum(sizes) - sizes)[of_members]
    cuts = np.maximum(sizes // k, 1)
    while True:
        starts = np.cumsum(cuts) - cuts
        of_cuts = starts[of_members] + ranks * cuts[of_members] // sizes[of_members]
        blocks: NDArray[np.int64] = of_cuts[of_rows.reshape(-1)]
        kept = judged.keep(blocks, int(cuts.sum()))
        broken = np.zeros(number, dtype=np.bool_)
        broken[np.repeat(np.arange(number), cuts)[~kept]] = True
        if not (broken & (cuts > 1)).any():
            return blocks, np.repeat(np.arange(number), cuts)
        cuts = np.where(broken, np.maximum(cuts // 2, 1), cuts)
