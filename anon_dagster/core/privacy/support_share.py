"""What a class holds of the values of the whole table.

Proofs: ``docs/proofs/t-closeness.md``.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import integers
from anon_dagster.core.privacy.classes import EquivalenceClasses
from anon_dagster.core.privacy.model import Monotone, SensitiveModel


@dataclass(frozen=True, slots=True)
class SupportShare(SensitiveModel):
    """The values that a class holds make up at least a share of the whole table.

    No promise of its own: what models that compare a class with the table imply, and unlike them
    ``ONE_SUFFICES``.
    """

    share: Fraction
    relative: ClassVar[bool] = True

    @property
    def monotone(self) -> Monotone:
        """A class holds every value of any that it joins."""
        return Monotone.ONE_SUFFICES

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its values are frequent enough."""
        histogram = classes.histograms[self.sensitive]
        total = histogram.total
        held_by_all = int(histogram.reference.sum())  # of several values of a person, each
        reference = integers(histogram.reference, held_by_all * self.share.denominator)
        held = np.zeros(len(classes.sizes), dtype=reference.dtype)
        np.add.at(held, histogram.classes, reference[histogram.values])
        verdict: NDArray[np.bool_] = held * self.share.denominator >= total * self.share.numerator
        return verdict.astype(np.bool_)

    def __str__(self) -> str:
        return f"values of a share of {float(self.share):g}"
