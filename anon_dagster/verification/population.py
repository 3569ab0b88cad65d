"""What a release tells of the population: who may be behind its classes.

The people of the population are generalized anew, by hierarchies that are made for their values,
to the levels that the labels of the release show.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.audit import Partition
from anon_dagster.core.audit.matching import people_alike, persons_alike, records_needed
from anon_dagster.core.audit.values import plainly
from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label
from anon_dagster.core.risk.uniqueness import Sample, estimate
from anon_dagster.discreet import Discreet
from anon_dagster.errors import SchemaMismatchError
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.reading.counting import Count
from anon_dagster.reading.population import people_of
from anon_dagster.request import KMapRule, Policy
from anon_dagster.verification.result import Promise, promise


@dataclass(frozen=True, slots=True)
class Crowd(Discreet):
    """The people that a release was drawn from, as far as a policy tells of them."""

    policy: Policy
    population: Count | None
    """The table of them, if there is one."""
    drawn: int
    """Records of the source, or of the release where the source is not at hand."""
    levels: Mapping[str, int] | None = None
    """Of the release, by quasi-identifier, if they are known."""
    persons: NDArray[np.int64] | None = None
    """(classes,): how many different persons each class of the release has, where these count."""

    @property
    def size(self) -> int:
        """How many people there are."""
        people = people_of(self.policy, self.population)
        assert people is not None, "a validated policy tells of its population"
        return people


def of_the_population(release: Count, classes: Partition, crowd: Crowd) -> Iterator[Promise]:
    """Measure what is promised about the population.

    Raises
    ------
    SchemaMismatchError
        If a quasi-identifier of the release reads as no level of the population's hierarchy does.
    """
    privacy = crowd.policy.privacy
    if privacy.k_map is not None and privacy.k_map.estimator is not None:
        yield _estimated_map(classes, privacy.k_map, crowd)
    if privacy.counts_people:
        yield from _of_people(release, classes, crowd)
    if privacy.population_uniqueness is not None:
        yield _uniqueness(classes, crowd)


def _estimated_map(classes: Partition, rule: KMapRule, crowd: Crowd) -> Promise:
    if rule.sampling_fraction is not None:
        fraction = Fraction(str(rule.sampling_fraction))
    else:
        fraction = Fraction(max(crowd.drawn, 1), max(crowd.size, 1))
    significance, truncated = Fraction(str(rule.significance)), rule.estimator != "poisson"
    needed = records_needed(rule.k, min(fraction, Fraction(1)), significance, truncated)
    name = wording.estimated_k_map(rule.k, needed)
    return promise(name, None, needed, classes.sizes, classes.smallest, classes.sizes < needed)


def _uniqueness(classes: Partition, crowd: Crowd) -> Promise:
    sizes = classes.sizes if crowd.persons is None else crowd.persons
    rule = crowd.policy.privacy.population_uniqueness
    assert rule is not None, "it is asked for"
    uniques = estimate(Sample.of(sizes, crowd.size), rule.estimator).uniques
    most = Fraction(str(rule.share)) * crowd.size
    too_many = uniques is None or Fraction(uniques) > most
    name = wording.population_uniqueness(rule.share, rule.estimator)
    reached = 1.0 if uniques is None else uniques / max(crowd.size, 1)
    failing = np.full(len(classes.sizes), too_many)
    return promise(name, None, rule.share, classes.sizes, reached, failing)


# -- people who are matched with classes -----------------------------------------------------


def _of_people(release: Count, classes: Partition, crowd: Crowd) -> Iterator[Promise]:
    """Measure how many people are behind each class, and which share of them is released."""
    people, absent = _people_behind(release, classes, crowd)
    privacy, sizes = crowd.policy.privacy, classes.sizes
    if privacy.k_map is not None and privacy.k_map.estimator is None:
        k, least = privacy.k_map.k, int(people.min(initial=crowd.size))
        yield promise(wording.k_map(k), None, k, sizes, least, people < k)
    if privacy.delta_presence is not None:
        rule = privacy.delta_presence
        ours = sizes if crowd.persons is None else crowd.persons
        shares = [
            Fraction(s, p) if p else Fraction(s + 1)
            for s, p in zip(ours.tolist(), people.tolist(), strict=True)
        ]
        lower, upper = Fraction(str(rule.delta_min)), Fraction(str(rule.delta_max))
        failing = np.array([not lower <= share <= upper for share in shares], dtype=np.bool_)
        if absent and lower:  # they are a class without records
            failing, sizes = np.append(failing, True), np.append(sizes, 0)
        name = wording.delta_presence(rule.delta_min, rule.delta_max)
        yield promise(name, None, rule.delta_max, sizes, float(max(shares, default=0)), failing)


def _people_behind(
    release: Count, classes: Partition, crowd: Crowd
) -> tuple[NDArray[np.int64], int]:
    """Return the people behind each class, (classes,), and how many are behind none.

    These are behind the suppressed records, where they stay. Who has several records in the
    population is behind none as soon as one of them is.
    """
    assert crowd.population is not None, "a validated policy has a table of its population"
    population, names = crowd.population, tuple(crowd.policy.quasi_identifiers)
    first = np.zeros(len(classes.sizes), dtype=np.int64)
    first[classes.of[::-1]] = np.arange(len(classes.of))[::-1]
    shown = [_labels(release, name, first) for name in names]
    hidden = _suppressed(shown, crowd.policy)
    columns = [
        _columns(crowd, name, own, hidden, release.columns[name].decimal)
        for name, own in zip(names, shown, strict=True)
    ]
    of_classes, of_people = zip(*columns, strict=True)
    if population.persons is None:
        people = people_alike(of_classes, of_people, population.table.counts)
        absent = population.records - int(people[~hidden].sum())
    else:
        told = population.persons
        people, classes_of = persons_alike(of_classes, of_people, told.tuples, told.owners)
        behind_none = np.append(hidden, True)[classes_of]  # so is what reads as no class: -1
        absent = len(set(told.owners[behind_none].tolist()))
    if hidden.any():
        people[hidden] = absent
        absent = 0
    return people, absent


def _labels(release: Count, name: str, first: NDArray[np.int64]) -> list[Label]:
    """Return how each class reads in a quasi-identifier."""
    labels = release.columns[name].labels
    column = release.table.codes[first, release.attributes.index(name)]
    return [labels[code] for code in column.tolist()]


def _suppressed(shown: Sequence[Sequence[Label]], policy: Policy) -> NDArray[np.bool_]:
    """Tell which class, (classes,), is that of the suppressed records, if they stay.

    A single class is generalized, not suppressed: something must be left.
    """
    if policy.suppressed_records == "drop":
        return np.zeros(len(shown[0]), dtype=np.bool_)
    rows = zip(*shown, strict=True)
    hidden = np.array([set(row) == {SUPPRESSED} for row in rows], dtype=np.bool_)
    return hidden & ~hidden.all()


def _columns(
    crowd: Crowd,
    name: str,
    shown: Sequence[Label],
    hidden: NDArray[np.bool_],
    released_decimal: str,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how classes and people read in a quasi-identifier, in the same codes."""
    assert crowd.population is not None, "a validated policy has a table of its population"
    column = crowd.population.columns[name]
    attribute = crowd.policy.quasi_identifiers[name]
    hierarchy = build_hierarchy(
        attribute.hierarchy,
        name,
        column.labels,
        column.counts,
        ordering=column.ordering,
        decimal=column.decimal,
    )
    own = dict(zip(plainly(column.labels, column.decimal), column.labels, strict=True))
    shown = plainly(shown, released_decimal)
    known = hierarchy.levels if crowd.levels is None else crowd.levels[name] + 1
    levels = range(attribute.lowest_level if crowd.levels is None else known - 1, known)
    level, labels = _level(hierarchy, own, shown, hidden, levels, name)
    nodes = {label: node for node, label in enumerate(hierarchy.labels[level])}
    of_classes = [nodes.get(label, len(nodes)) for label in labels]
    index = crowd.population.attributes.index(name)
    leaves = hierarchy.locate(column.labels)[crowd.population.table.codes[:, index]]
    return np.array(of_classes, dtype=np.int64), hierarchy.codes[level][leaves].astype(np.int64)


def _level(
    hierarchy: Hierarchy,
    own: dict[Label, Label],
    shown: Sequence[Label],
    hidden: NDArray[np.bool_],
    levels: range,
    name: str,
) -> tuple[int, list[Label]]:
    """Return the lowest level that has every label of the classes that are not suppressed.

    Of two such levels the lower has fewer people behind every class. But ``*`` alone is nothing
    left of any value, whatever else a single character may be masked by.
    """
    seen = {label for label, out in zip(shown, hidden.tolist(), strict=True) if not out}
    if seen == {SUPPRESSED}:
        levels = levels[-1:]
    for level in levels:
        labels = set(hierarchy.labels[level])
        read = [label if level or label in labels else own.get(label, label) for label in shown]
        if all(out or label in labels for label, out in zip(read, hidden.tolist(), strict=True)):
            return level, read
    raise SchemaMismatchError(
        f"{name} of the release has labels that are not of one level of the hierarchy of the "
        "population; is it the release of this policy, and of these levels?"
    )
