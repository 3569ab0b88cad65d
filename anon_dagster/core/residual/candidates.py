"""Who may be a person in all of several releases: candidates, and the values that are left.

Somebody knows the quasi-identifiers of a person, and so a *crowd* in each release: the records of
the classes that may hold her. What is released as it is stays the same from release to release.
So who is in all of the crowds with a value has a record of this value in each, and of one value
there are no more such people than the smallest of the crowds has records of it:

    candidates = Σ over values v of the smallest number of records with v in one of the crowds

It is proven in ``docs/proofs/repeated-releases.md`` that nobody can be left more candidates than
these, and that as many may be left as far as these crowds tell.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import stretched
from anon_dagster.core.keys import Groups, group

Ints = NDArray[np.int64]
_ENTRIES = 4_000_000  # of crowds that are intersected at once, about


@dataclass(frozen=True, slots=True, eq=False)
class Crowds:
    """In one release: which crowd each person may be in, and the records of each crowd."""

    of_people: Ints  # (people,): -1 where no class can hold the person
    crowds: Ints  # (entries,): ascending
    values: Ints  # (entries,): what is released as it is, ascending within a crowd
    records: Ints  # (entries,): how many the crowd has of the value, each at least 1

    @property
    def sizes(self) -> Ints:
        """How many different values each crowd has, (crowds,)."""
        sizes = np.bincount(self.crowds, minlength=int(self.of_people.max(initial=-1)) + 1)
        return sizes.astype(np.int64)

    def records_of(self, crowds: Ints, values: Ints, size: int) -> Ints:
        """Return how many records crowds have of values, (pairs,).

        Parameters
        ----------
        size
            How many values there are.
        """
        keys, asked = self.crowds * size + self.values, crowds * size + values
        places = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
        if not len(keys):
            return np.zeros(len(asked), dtype=np.int64)
        return np.where(keys[places] == asked, self.records[places], 0)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of values, and which of it each person has."""

    of_values: Ints  # (values,)
    of_people: Ints  # (people,)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What several releases together leave of each person."""

    releases: Ints  # (people,): how many have a class that may hold the person
    candidates: Ints  # (people,): no more people than these can be the one
    present: NDArray[np.bool_]  # (people,): whether she is one of them by what is known of her
    left: dict[str, Ints]  # of each sensitive attribute, (people,): how many values


def count_candidates(
    releases: Sequence[Crowds], known: Known, attributes: Mapping[str, Ints]
) -> Candidates:
    """Count who is left of each person's crowds in several releases, at least one.

    A release without a class that may hold a person tells nothing of her.

    Parameters
    ----------
    known
        Who is not among her own candidates by it has other values in another release: what is
        counted is not about her.
    attributes
        Of each sensitive attribute, (values,): the code of it that is part of a value; below 0
        where it does not count as one.
    """
    people, size = len(releases[0].of_people), len(known.of_values)
    seen = np.stack([each.of_people for each in releases], axis=1)
    groups = group(list((seen + 1).T), [len(each.sizes) + 1 for each in releases], people)
    of_groups = seen[groups.first]
    number = np.zeros(len(groups), dtype=np.int64)
    left = {name: np.zeros(len(groups), dtype=np.int64) for name in attributes}
    present = np.zeros(people, dtype=np.bool_)
    for batch in _batches(releases, of_groups):
        places, values, records = _intersected(releases, of_groups[batch], size)
        at = batch[places]
        np.add.at(number, at, records)
        for name, codes in attributes.items():
            left[name] += _different(at, codes[values], len(groups))
        present |= _present(groups, known, at, values)
    return Candidates(
        (seen >= 0).sum(axis=1).astype(np.int64),
        number[groups.ids],
        present,
        {name: each[groups.ids] for name, each in left.items()},
    )


def _different(groups: Ints, codes: Ints, size: int) -> Ints:
    """Count the different codes of each group, (groups,), but for those below 0."""
    told = codes >= 0
    width = int(codes.max(initial=0)) + 1
    pairs = np.unique(groups[told] * width + codes[told])
    return np.bincount(pairs // width, minlength=size).astype(np.int64)


def _present(groups: Groups, known: Known, at: Ints, values: Ints) -> NDArray[np.bool_]:
    """Tell who has what is known of her among what is left of her crowds, (people,)."""
    size = int(max(known.of_values.max(initial=0), known.of_people.max(initial=0))) + 1
    there = at * size + known.of_values[values]
    return np.isin(groups.ids * size + known.of_people, there) & (known.of_people >= 0)


def _batches(releases: Sequence[Crowds], of_groups: Ints) -> Iterator[Ints]:
    """Cut the different combinations of crowds, (groups, releases), into work of a size."""
    work = np.cumsum(_smallest(releases, of_groups)[1])
    cuts = np.searchsorted(work, np.arange(_ENTRIES, int(work.max(initial=0)), _ENTRIES))
    yield from np.split(np.arange(len(of_groups)), np.unique(cuts))


def _smallest(releases: Sequence[Crowds], of_groups: Ints) -> tuple[Ints, Ints]:
    """Return the release with the smallest crowd of each group, (groups,), and its size."""
    none = np.iinfo(np.int64).max
    sizes = np.full(of_groups.shape, none)
    for n, release in enumerate(releases):
        there = of_groups[:, n] >= 0
        sizes[there, n] = release.sizes[of_groups[there, n]]
    smallest = sizes.argmin(axis=1)
    size = sizes.min(axis=1)
    return smallest, np.where(size == none, 0, size)


def _intersected(releases: Sequence[Crowds], of_groups: Ints, size: int) -> tuple[Ints, Ints, Ints]:
    """Return what crowds have in common: groups, values, and the smallest numbers of records.

    Parameters
    ----------
    of_groups
        (groups, releases): a crowd each, -1 for none.
    size
        How many values there are.
    """
    smallest, sizes = _smallest(releases, of_groups)
    parts = []
    for n, release in enumerate(releases):
        groups = np.flatnonzero((smallest == n) & (sizes > 0))
        places, entries = _entries(release, of_groups[groups, n])
        at, values, records = groups[places], release.values[entries], release.records[entries]
        for m, other in enumerate(releases):
            crowds = of_groups[at, m]
            if m != n:
                least = np.minimum(records, other.records_of(crowds, values, size))
                records = np.where(crowds < 0, records, least)
        shared = records > 0
        parts.append((at[shared], values[shared], records[shared]))
    at, values, records = (np.concatenate(each) for each in zip(*parts, strict=True))
    return at, values, records


def _entries(release: Crowds, crowds: Ints) -> tuple[Ints, Ints]:
    """Return the entries of crowds, one after the other, and the place of the crowd of each."""
    sizes = release.sizes
    starts = np.cumsum(sizes) - sizes
    return stretched(starts[crowds], sizes[crowds])
