"""What was decided for a request, with all that it was decided from."""

from dataclasses import dataclass

from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.planning.plan import Plan
from anon_dagster.reading.counting import Count
from anon_dagster.request import Request


@dataclass(frozen=True, slots=True, eq=False)
class Decision(Discreet, shown=("counted.records", "levels", "suppressed")):
    """What was asked for, what was found in the source, and what was decided."""

    request: Request
    counted: Count
    plan: Plan
    solution: Solution
    own: Request | None = None
    """Of linked tables, what is asked of this one by its own columns, which are what it releases;
    others may have been counted beside them."""
    reference: Count | None = None
    """A frozen table, counted over the sensitive attributes, whose distribution is what promises
    about values compare with, in place of those of source and release."""
    beside: Count | None = None
    """What was released before by the same labels, as it is stored, if promises are about all of it
    together and not about this release by itself."""

    @property
    def released(self) -> Request:
        """What is asked of the columns that are released."""
        return self.own or self.request

    @property
    def unreleased(self) -> frozenset[str]:
        """The attributes that were counted as what another table says, and are not released."""
        counted, own = (each.policy.attributes for each in (self.request, self.released))
        return frozenset(name for name, each in counted.items() if own.get(name) != each)

    @property
    def levels(self) -> dict[str, int] | None:
        """The level of each quasi-identifier, for full-domain generalization."""
        levels = self.solution.levels
        names = self.plan.quasi_identifiers
        return None if levels is None else dict(zip(names, levels, strict=True))

    @property
    def suppressed(self) -> int:
        """How many records are suppressed."""
        return int(self.counted.table.counts[self.solution.classes < 0].sum())
