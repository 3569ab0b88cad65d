"""δ-presence: nobody can tell well who of a population is in the table.

Proofs: ``docs/proofs/delta-presence.md``.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.counts import integers
from anon_dagster.core.privacy.classes import EquivalenceClasses
from anon_dagster.core.privacy.k_map import KMap
from anon_dagster.core.privacy.model import Monotone, PrivacyModel
from anon_dagster.errors import RequestError


@dataclass(frozen=True, slots=True)
class DeltaPresence(PrivacyModel):
    """Each person of the population is in the table with a probability within two bounds [1]_.

    Of the people who read as a class does, the table has a share of records / people. With a lower
    bound above 0 nobody can be ruled out either: every person must then read as some class does.

    References
    ----------
    .. [1] M. E. Nergiz, M. Atzori, C. Clifton, "Hiding the presence of individuals from shared
       databases", SIGMOD 2007, definition 3.
    """

    lower: Fraction
    upper: Fraction
    overlapping: bool = field(default=False, kw_only=True)
    """Whether one of the people may have several records, and so be behind several classes."""

    def __post_init__(self) -> None:
        if not 0 <= self.lower <= self.upper <= 1 or not self.upper:
            raise RequestError("delta_min and delta_max must be from 0 to 1, in this order")

    @property
    def monotone(self) -> Monotone:
        """A share in a joined class lies between those in its parts; a part may have no record.

        Not so where parts may have people in common: these count once, those of the table twice.
        """
        return Monotone.UNKNOWN if self.lower or self.overlapping else Monotone.ALL_SUFFICE

    @property
    def relaxation(self) -> KMap | None:
        """One record at least is a share of at most ``upper``."""
        people = ceil(1 / self.upper)
        return KMap(people) if people > 1 else None

    @property
    def complete(self) -> bool:
        """Whether every person must read as some class does."""
        return self.lower > 0

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its share of the people is within bounds."""
        assert classes.people is not None, "the problem has a population"
        most = max(int(classes.sizes.max(initial=0)), int(classes.people.max(initial=0)))
        largest = most * max(self.lower.denominator, self.upper.denominator)
        sizes, people = (integers(a, largest) for a in (classes.sizes, classes.people))
        enough = sizes * self.lower.denominator >= people * self.lower.numerator
        few = sizes * self.upper.denominator <= people * self.upper.numerator
        verdict: NDArray[np.bool_] = np.asarray(enough & few, dtype=np.bool_)
        return verdict

    def __str__(self) -> str:
        return wording.delta_presence(self.lower, self.upper)
