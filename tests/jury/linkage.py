"""Record linkage by distance: whose a released record is, for who knows quasi-identifiers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.jury.bundled import Release
from tests.jury.reading import MISSING

_AT_A_TIME = 500
_CONTRADICTION = 1_000
"""What a label that cannot be the victim's weighs; one that leaves more open weighs its height."""


@dataclass(frozen=True, slots=True)
class Linkage:
    """How somebody fares who picks one of the released records that are nearest to a victim."""

    victims: int  # released persons, once per class that they are in
    classes: int
    success: float  # the share of victims who are found, to be expected
    guessing: float  # the same of who picks any record
    claimed: float  # the share of the released to whom some record may belong
    claimed_outside: float  # of those who were held back

    @property
    def promised(self) -> float:
        """The success that nobody exceeds who cannot tell the persons of a class apart."""
        return self.classes / self.victims


def link(release: Release) -> Linkage:
    """Look for everybody who was released, and for those who were not, as a control."""
    table, names = release.table, release.table.names
    labels = release.released[names].fillna(MISSING)
    of_record = labels.groupby(names, sort=False).ngroup().to_numpy()
    classes = labels.iloc[np.unique(of_record, return_index=True)[1]]
    rows = release.inside.set_index(table.serial, drop=False).loc[release.released[table.serial]]
    persons = pd.factorize(rows[table.owner])[0]
    own = np.zeros((persons.max() + 1, len(classes)), dtype=np.int32)
    np.add.at(own, (persons, of_record), 1)
    sizes = own.sum(axis=0)
    chosen = ~pd.DataFrame({"person": persons, "class": of_record}).duplicated().to_numpy()
    victims, whose = rows[chosen], persons[chosen]
    places = np.split(whose, range(_AT_A_TIME, len(whose), _AT_A_TIME))
    hits = 0.0
    for some, distances in zip(places, _distances(release, classes, victims), strict=True):
        nearest = distances == distances.min(axis=1, keepdims=True)
        hits += float(((nearest * own[some]).sum(axis=1) / (nearest @ sizes)).sum())
    return Linkage(
        victims=len(victims),
        classes=len(classes),
        success=hits / len(victims),
        guessing=float(own.sum(axis=1)[whose].mean() / len(rows)),
        claimed=_claimed(release, classes, release.inside),
        claimed_outside=_claimed(release, classes, release.outside),
    )


def _claimed(release: Release, classes: pd.DataFrame, people: pd.DataFrame) -> float:
    nearest = [distances.min(axis=1) for distances in _distances(release, classes, people)]
    return float((np.concatenate(nearest) < _CONTRADICTION).mean())


def _distances(
    release: Release, classes: pd.DataFrame, people: pd.DataFrame
) -> Iterator[NDArray[np.int64]]:
    """Give how far each of some people is from each class, (people, classes)."""
    for start in range(0, len(people), _AT_A_TIME):
        some = people.iloc[start : start + _AT_A_TIME]
        total = np.zeros((len(some), len(classes)), dtype=np.int64)
        for name, column in release.columns.items():
            weights = np.array([column.height(label) for label in column.labels])
            table = np.where(column.fits, weights[:, None], _CONTRADICTION)
            of_class = pd.Index(column.labels).get_indexer(pd.Index(classes[name]))
            of_person = pd.Index(list(column.paths)).get_indexer(
                pd.Index(some[name].fillna(MISSING))
            )
            total += table[np.ix_(of_class, of_person)].T
        yield total
