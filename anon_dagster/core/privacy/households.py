"""Households: classes of several of them, where one may have many of the records.

Proofs: ``docs/proofs/k-anonymity.md``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.privacy.classes import EquivalenceClasses
from anon_dagster.core.privacy.model import SizeModel
from anon_dagster.errors import RequestError


@dataclass(frozen=True, slots=True)
class HouseholdAnonymity(SizeModel):
    """Every record shares its quasi-identifiers with those of at least ``k - 1`` other households.

    k-anonymity whose unit is the household, or any other group that records are of: five persons
    alike may be one family, and who knows a member has found it.
    """

    k: int

    def __post_init__(self) -> None:
        if self.k < 2:
            raise RequestError(f"k must be at least 2, got {self.k}")

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether it has records of ``k`` households."""
        assert classes.households is not None, "households are counted"
        return classes.households >= self.k

    def __str__(self) -> str:
        return wording.household_anonymity(self.k)
