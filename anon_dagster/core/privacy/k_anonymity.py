"""k-anonymity.

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
class KAnonymity(SizeModel):
    """Every record shares its quasi-identifiers with at least ``k - 1`` others [1]_.

    Nobody who knows the quasi-identifiers of a person finds fewer than ``k`` records that may be
    hers. What these records say of her is not protected.

    References
    ----------
    .. [1] L. Sweeney, "k-anonymity: a model for protecting privacy", International Journal of
       Uncertainty, Fuzziness and Knowledge-Based Systems 10(5), 2002, definition 3.
    """

    k: int

    def __post_init__(self) -> None:
        if self.k < 2:
            raise RequestError(f"k must be at least 2, got {self.k}")

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether it has ``k`` records."""
        return classes.sizes >= self.k

    def __str__(self) -> str:
        return wording.k_anonymity(self.k)
