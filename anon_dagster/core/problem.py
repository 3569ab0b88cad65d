"""What is to be decided: a table, how it may be generalized, and what must hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.objectives import CERTAINTY, Objective, WeightedTable
from anon_dagster.core.persons import ByOwner, Persons
from anon_dagster.core.population import Population
from anon_dagster.core.privacy.model import PrivacyModel
from anon_dagster.core.privacy.table_risk import TableModel
from anon_dagster.core.trajectories import Trajectories
from anon_dagster.discreet import Discreet


class Companion(Protocol):
    """Another table that is released at the same levels.

    See :mod:`anon_dagster.core.companions`.
    """

    @property
    def name(self) -> str:
        """What messages call it."""

    def holds(self, levels: Sequence[int], kept: NDArray[np.bool_]) -> bool:
        """Tell whether it keeps its promises at some levels, if some tuples are released."""

    def dooms_the_more_specific(self, levels: Sequence[int], /) -> bool:
        """Tell whether it breaks a promise at every more specific candidate, too."""


@dataclass(frozen=True, eq=False)
class Problem(Discreet, shown=("names", "sensitive_names")):
    """Everything that a search needs; rows and files play no part, names only in messages.

    ``codes[t, q]`` is a leaf of ``hierarchies[q]``. Two tuples may agree in all quasi-identifiers
    and differ in a sensitive value.
    """

    codes: Codes  # (tuples, quasi-identifiers): leaves
    sensitive: Codes  # (tuples, sensitive attributes)
    counts: NDArray[np.int64]  # (tuples,): records, each at least 1
    hierarchies: tuple[Hierarchy, ...]  # (quasi-identifiers,)
    sensitive_sizes: tuple[int, ...]  # (sensitive attributes,): values of each
    weights: tuple[float, ...]  # (quasi-identifiers,): importance, at least one above 0
    lowest: tuple[int, ...]  # (quasi-identifiers,): lowest allowed level
    highest: tuple[int, ...]  # (quasi-identifiers,): highest allowed level, inclusive
    models: tuple[PrivacyModel, ...]
    table_models: tuple[TableModel, ...] = ()
    """What must hold of the release as a whole; no record is suppressed for it."""
    population: Population | None = None
    """Whom the table was drawn from; needed by models that count people."""
    persons: Persons | None = None
    """Who has which tuple, where promises are about persons: who has several records counts once.
    Left out, each record is another person. What may be suppressed, and what it costs, is told in
    records all the same."""
    households: Persons | None = None
    """Which households have which tuple, where a promise is about these."""
    trajectories: Trajectories | None = None
    """What must hold of all records of a person together, where these stay linked."""
    companions: tuple[Companion, ...] = ()
    """Tables that are released together with this one, and must keep promises of their own."""
    most_suppressed: int = 0
    """How many records may be suppressed."""
    keeps_suppressed: bool = False
    """Suppressed records stay, with ``*`` for every quasi-identifier; together they are a class
    that must keep the promises like any other. If not, the records that stay are the whole table
    that relative models compare with, besides the source."""
    suppression_cost: Fraction = Fraction(1)
    """What a suppressed record counts in the objective, 1 being a fully generalized one: less
    prefers suppression to generalization, more avoids it."""
    objective: Objective = CERTAINTY
    """What is to be lost least."""
    orders: tuple[NDArray[np.int64] | None, ...] = ()
    """For local recoding, (quasi-identifiers,): the rank of each leaf of an attribute that may be
    released as ranges, (leaves,), -1 for a value without one; ``None`` and left out: no ranges."""
    sets: tuple[bool, ...] = ()
    """For local recoding, (quasi-identifiers,): attributes that may be released as sets of values;
    left out: none."""
    names: tuple[str, ...] = ()
    """(quasi-identifiers,): what messages call them; left out, these give their levels only."""
    sensitive_names: tuple[str, ...] = ()
    """(sensitive attributes,): what messages call them."""

    @property
    def records(self) -> int:
        """How many records the table has."""
        return int(self.counts.sum())

    @property
    def owners(self) -> ByOwner[Persons]:
        """Whose the tuples are, as far as that counts."""
        return ByOwner(self.persons, self.households)

    @cached_property
    def weighted_table(self) -> WeightedTable:
        """The table as an objective sees it."""
        return WeightedTable(
            self.codes,
            self.counts,
            self.hierarchies,
            self.weights,
            self.suppression_cost,
            self.most_suppressed,
        )
