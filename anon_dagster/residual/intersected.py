"""Findings: persons of whom the classes of all their records together leave little open.

Somebody knows the quasi-identifiers of all records of a person, and so the class of each, and keeps
what these classes have in common:

- of a sensitive attribute, the values that each of the classes has. They are told where the person
  has a value that is in every one of these classes, such as one that never changes, and fewer than
  l are left: the l that is promised of the attribute, or 2 without such a promise;
- the persons who have a record in each of the classes. It is told who is the only one. That by
  itself tells nothing of them; whatever links records, or lists the members of a class, would.

Only persons with records in two classes or more can be among these. They are counted as persons,
as a share of all persons of the release. Where labels overlap, as those of local recoding do, it is
counted as if the class of a record were known. The baseline are those of the same persons whom one
of their classes leaves with fewer than l by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Label
from anon_dagster.core.residual import Members, OwnClasses
from anon_dagster.residual.repeated import asked_values
from anon_dagster.residual.result import Finding, severity_of
from anon_dagster.residual.subject import Subject

NOBODY_ELSE = "nobody else"
"""The relation of those who are the only ones with records in all of their classes."""
_HIGH, _MEDIUM = 0.2, 0.05  # shares of the persons from which a finding is grave


@dataclass(frozen=True, eq=False)
class OwnRecords:
    """In which classes of a release persons have records, and with which sensitive values."""

    classes: NDArray[np.int64]  # (tuples,): how each tuple of the source reads; -1: not released
    tuples: NDArray[np.integer]  # (pairs,): a tuple, of which …
    owners: NDArray[np.integer]  # (pairs,): … this person has a record
    values: Mapping[str, NDArray[np.integer]]
    """Of each sensitive column: the value of each tuple, (tuples,)."""
    labels: Mapping[str, Sequence[Label]]
    """Of each sensitive column: the values, (values,)."""
    seed: int

    @cached_property
    def released(self) -> NDArray[np.bool_]:
        """Which pairs, (pairs,), are released."""
        released: NDArray[np.bool_] = self.classes[self.tuples] >= 0
        return released

    @cached_property
    def classes_of_persons(self) -> OwnClasses:
        """The classes that each person has records in."""
        shown = self.released
        size = int(self.classes.max(initial=-1)) + 1
        of_pairs = self.classes[self.tuples[shown]]
        return OwnClasses.of(of_pairs, self.owners[shown], size, seed=self.seed)

    def left_with_few(self, name: str, l: int, *, missing_counts: bool) -> tuple[int, int]:  # noqa: E741 (the name of the model)
        """Count those drawn who are left with fewer than ``l`` values, by all classes and by one.

        Parameters
        ----------
        missing_counts
            Whether a missing value is one.
        """
        own, values = self.classes_of_persons, self.values[name]
        there = self.released
        if not missing_counts and None in self.labels[name]:
            there = there & (values[self.tuples] != self.labels[name].index(None))
        tuples, owners = self.tuples[there], self.owners[there]
        classes, held = self.classes[tuples], values[tuples]
        steady = own.steady(classes, owners, held)
        of_all, of_one = own.possibilities(Members.of(classes, held, own.size))
        return int((steady & (of_all < l)).sum()), int((steady & (of_one < l)).sum())


def intersected(subject: Subject, records: OwnRecords) -> Iterator[Finding]:
    """Find the persons of whom the classes of all their records leave little open."""
    own = records.classes_of_persons
    if not len(own.drawn) or not subject.quasi_identifiers:
        return
    above = subject.policy.residual.intersected_above
    share_of_one = own.several / len(own.drawn) / own.persons
    for name in subject.sensitive:
        least, missing_counts = asked_values(subject.policy, name)
        few, baseline = records.left_with_few(name, least, missing_counts=missing_counts)
        if few * share_of_one > above:
            yield Finding(
                "intersected",
                severity_of(few * share_of_one, high=_HIGH, medium=_MEDIUM),
                subject.quasi_identifiers,
                (name,),
                f"fewer than {least} values",
                records=None,
                share=few * share_of_one,
                baseline=baseline * share_of_one,
                cure=_cure(name),
                persons=round(few * share_of_one * own.persons),
            )
    alone = int(own.alone().sum())
    if alone * share_of_one > above:
        yield Finding(
            "intersected",
            "low",
            subject.quasi_identifiers,
            (),
            NOBODY_ELSE,
            records=None,
            share=alone * share_of_one,
            baseline=None,
            cure="release nothing that links the records of a person; " + _cure(None),
            persons=round(alone * share_of_one * own.persons),
        )


def _cure(name: str | None) -> str:
    or_else = "" if name is None else f", or drop `{name}`"
    return (
        "generalize what differs between the records of a person, so that they lie in one class, "
        f"or release fewer records of each{or_else}"
    )
