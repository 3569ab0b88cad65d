"""Findings: people of whom this release and former ones together leave few candidates.

Somebody knows the quasi-identifiers of a person, has kept the former releases, and intersects the
classes that hold her. Counted are the people of the source who are in this release and in a former
one, as records.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from anon_dagster.request import Policy
from anon_dagster.residual.narrowed import Narrowed
from anon_dagster.residual.result import Finding, severity_of
from anon_dagster.residual.subject import Subject

_HIGH, _MEDIUM = 0.2, 0.05  # shares of the people from which a finding is grave
_LEAST = 2  # values, where no promise asks for more
_ALONE = 2  # candidates: who has fewer has none but herself
_CURE = (
    "release less often or to fewer others, release only what is new (arrivals), or withdraw "
    "former releases that nobody has fetched yet"
)


@dataclass(frozen=True, slots=True)
class Repeated:
    """What a release and former ones together leave of the people of the source."""

    narrowed: Narrowed
    least: Mapping[str, int]
    """How many values of each sensitive attribute are to be left."""
    people: int
    """Of the source, of whom some may have been drawn."""

    @property
    def drawn(self) -> bool:
        """Whether only some of the people were looked for."""
        return int(self.narrowed.many.sum()) < self.people


def asked_values(policy: Policy, name: str) -> tuple[int, bool]:
    """Return how many values of a column are to be left, and whether a missing one counts."""
    rules = [rule for rule in policy.privacy.l_diversity if rule.attribute == name]
    least = max([_LEAST, *(ceil(rule.l) for rule in rules)])
    return least, all(rule.missing_counts for rule in rules)


def repeated(subject: Subject, found: Repeated) -> Iterator[Finding]:
    """Find the people of whom several releases leave few candidates, or few values."""
    left = found.narrowed.of_several()
    few = ("fewer than k candidates", (), left.fewer_than(subject.k))
    alone = ("no candidate but themselves", (), left.fewer_than(_ALONE))
    values = [
        (f"fewer than {least} values", (name,), left.few_values(name, least))
        for name, least in found.least.items()
    ]
    for relation, protected, people in (few, alone, *values):
        share = people / left.people if left.people else 0.0
        if share > subject.policy.residual.repeated_above:
            looked_for = int(found.narrowed.many.sum())
            many = round(people * found.people / looked_for)
            yield _finding(subject, relation, protected, share=share, people=many)


def _finding(
    subject: Subject, relation: str, protected: tuple[str, ...], *, share: float, people: int
) -> Finding:
    told = people >= subject.k
    return Finding(
        "repeated",
        severity_of(share, high=_HIGH, medium=_MEDIUM),
        subject.quasi_identifiers,
        protected,
        relation,
        records=people if told else None,
        share=share if told else None,
        baseline=None,
        cure=_CURE,
        refused=subject.policy.residual.repeated == "refuse",
    )
