"""Linked tables: several tables of the same persons, whose releases are made together.

One of them, the *master*, has a record for each person; the other one, the *detail*, has any number
of records of each, and says by ``join`` which column tells whose they are.
"""

from typing import Annotated, Literal

from pydantic import Field

from anon_dagster.request.attributes import Attribute
from anon_dagster.request.locations import Source, Target
from anon_dagster.request.objective import Objective, ObjectiveRule
from anon_dagster.request.paths import input_paths
from anon_dagster.request.policy import (
    Policy,
    Request,
    SearchBudget,
    TrajectoryRule,
    fingerprint_of,
)
from anon_dagster.request.privacy import GUARDING, Privacy
from anon_dagster.request.release import ReleaseRule
from anon_dagster.request.residual import ResidualRule
from anon_dagster.request.strict import Names, Share, StrictModel


class Join(StrictModel):
    """How the records of a table find those of another one."""

    to: str
    """The other table, in which each value of the column has one record."""
    on: str
    """The column of both tables that tells whose a record is."""


class TablePolicy(StrictModel):
    """What is said of one of several tables alone."""

    attributes: Annotated[dict[str, Attribute], Field(min_length=1)]
    release: ReleaseRule = ReleaseRule()
    """What is written beside the labels."""


class LinkedTable(StrictModel):
    """One of the tables that are released together."""

    source: Source | None = None
    """Left out if the records are handed over as a DataFrame."""
    target: Target | None = None
    """Left out if the release comes back as a DataFrame; all of the tables have one, or none."""
    policy: TablePolicy
    join: Join | None = None
    """Of the table whose records belong to those of the other one."""


class CommonPolicy(StrictModel):
    """What must hold of all tables; each key is that of :class:`Policy`."""

    person: Names
    privacy: Privacy
    trajectory: TrajectoryRule | None = None
    """Needed where pseudonyms of the persons link the records of one, of any of the tables."""
    suppression_limit: Share = 0.0
    """Share of the records of each table that may be suppressed."""
    objective: Objective = ObjectiveRule()
    """What is to be lost least of the table that joins, with the columns of the other one."""
    suppression_cost: Annotated[float, Field(ge=0, le=10)] = 1.0
    suppressed_records: Literal["drop"] = "drop"
    recoding: Literal["global"] = "global"
    search: SearchBudget | None = None
    risk_threshold: Annotated[float, Field(gt=0, le=1)] | None = None
    """The chance of being found that is acceptable; left out, 0.1, and reports say so."""
    residual: ResidualRule = ResidualRule()


class LinkedRequest(StrictModel):
    """Tables of the same persons, and what must hold of all of them."""

    tables: dict[str, LinkedTable]
    policy: CommonPolicy

    @property
    def detail(self) -> str:
        """The name of the table that joins."""
        return next(name for name, table in self.tables.items() if table.join is not None)

    @property
    def master(self) -> str:
        """The name of the table that is joined to, with a record for each person."""
        return next(name for name, table in self.tables.items() if table.join is None)

    @property
    def key(self) -> str:
        """The column of both that tells whose a record is."""
        (name,) = self.policy.person
        return name

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every path that is read for any of the tables."""
        sources = self.model_dump(exclude={"tables": {"__all__": {"target"}}})
        return tuple(input_paths(sources))

    @property
    def source(self) -> Source | None:
        """Where the records of the detail are."""
        return self.tables[self.detail].source

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that tell one request from another."""
        return fingerprint_of(self)

    def own(self, name: str) -> Request:
        """Return what is asked for of one of the tables by itself."""
        table = self.tables[name]
        return self._request(table, table.policy.attributes, table.policy.release)

    def joined(self) -> Request:
        """Return what is asked for of the detail with the columns of the master beside its own.

        A column that the detail drops may be in the master, too, and is that of the master here.
        """
        table, other = self.tables[self.detail], self.own(self.master).policy
        known = {name: other.attributes[name] for name in other.attributes_counted}
        own = {n: a for n, a in table.policy.attributes.items() if n not in known}
        columns = {
            each.attribute: each.meaning for each in self.own(self.detail).policy.number_columns
        }
        release = table.policy.release.model_copy(update={"columns": columns})
        return self._request(table, {**known, **own}, release)

    def _request(
        self, table: LinkedTable, attributes: dict[str, Attribute], release: ReleaseRule
    ) -> Request:
        common = {name: getattr(self.policy, name) for name in CommonPolicy.model_fields}
        common["privacy"] = _about(self.policy.privacy, attributes)
        policy = Policy(attributes=attributes, release=release, **common)
        return Request(source=table.source, target=table.target, policy=policy)


def _about(privacy: Privacy, attributes: dict[str, Attribute]) -> Privacy:
    """Return the promises without those that guard other attributes."""
    guarding = {
        model: tuple(rule for rule in getattr(privacy, model) if rule.attribute in attributes)
        for model in GUARDING
    }
    return privacy.model_copy(update=guarding)
