"""What the columns of a table tell together, which none of them tells alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.date_parts import date_parts
from anon_dagster.detection.fellows import (
    alternatives,
    batteries,
    computed,
    events,
    measurements,
    offered,
    shares,
)
from anon_dagster.detection.person_numbers import person_numbers
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.topics import may_be_of_people, topics
from anon_dagster.discreet import Discreet


@dataclass(frozen=True, slots=True)
class TableView(Discreet):
    """What the columns of a table tell together."""

    topics: frozenset[str] = frozenset()
    """What it is about: ``care``, ``medical``, ``credit``, ``politics``."""
    people: bool = True
    """Whether it may be about people."""
    persons: frozenset[str] = frozenset()
    """Columns of numbers that stand for persons with several records each."""
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that hold a part of a date, each with the columns of the other parts."""
    batteries: Mapping[str, int] = field(default_factory=dict)
    """Columns that hold an answer to one of many questions alike, with how many they are."""
    events: frozenset[str] = frozenset()
    """Columns of what became of somebody, beside a column of how long that took."""
    shares: frozenset[str] = frozenset()
    """Columns of shares that add up to one."""
    computed: Mapping[str, str] = field(default_factory=dict)
    """Columns that are named as a logarithm or a square of others, each with the other."""
    measurements: frozenset[str] = frozenset()
    """Columns of numbers, in a table that hardly holds anything else."""
    alternatives: frozenset[str] = frozenset()
    """Columns that tell several things of several alternatives, in a table about a choice."""
    offered: frozenset[str] = frozenset()
    """Columns about what is offered, as their fellows of the same first word say."""


ALONE = TableView()
"""Of a column that is judged by itself."""


def view(profiles: Mapping[str, Profile], verdicts: Mapping[str, Verdict]) -> TableView:
    """Look at the columns of a table together."""
    about = frozenset(topics(verdicts))
    return TableView(
        about,
        may_be_of_people(verdicts),
        frozenset(person_numbers(profiles, verdicts)),
        dict(date_parts(profiles)),
        dict(batteries(profiles, verdicts)),
        frozenset(events(profiles)),
        frozenset(shares(profiles)),
        dict(computed(profiles)),
        frozenset(measurements(profiles, verdicts)),
        frozenset(alternatives(profiles)) if "choice" in about else frozenset(),
        frozenset(offered(profiles)),
    )
