"""A model of the records that have a value: a missing one neither protects nor is protected.

Proofs: ``docs/proofs/l-diversity.md``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram
from anon_dagster.core.privacy.l_diversity import (
    DistinctLDiversity,
    EntropyLDiversity,
    RecursiveLDiversity,
)
from anon_dagster.core.privacy.model import Monotone, SensitiveModel

LDiversity = DistinctLDiversity | EntropyLDiversity | RecursiveLDiversity


@dataclass(frozen=True, slots=True)
class OfPresentValues(SensitiveModel):
    """The records of a class that have a value satisfy a model, as if there were no others.

    A class in which no record has a value satisfies none.
    """

    model: LDiversity
    missing: int
    """The value that stands for none."""

    @property
    def monotone(self) -> Monotone:
        """What joins of the records with a value, joins of the classes too."""
        return self.model.monotone

    @property
    def relaxation(self) -> "OfPresentValues":
        """The weaker model of the same records."""
        weaker = self.model.relaxation
        assert isinstance(weaker, DistinctLDiversity), "that of every l-diversity"
        return OfPresentValues(self.sensitive, weaker, self.missing)

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its records with a value satisfy the model."""
        whole = classes.histograms[self.sensitive]
        has = whole.values != self.missing
        sizes = np.zeros(len(classes.sizes), dtype=np.int64)
        np.add.at(sizes, whole.classes[has], whole.counts[has])
        some = sizes > 0
        numbers = np.cumsum(some) - 1
        histogram = Histogram(
            numbers[whole.classes[has]], whole.values[has], whole.counts[has], whole.reference
        )
        histograms = [*classes.histograms]
        histograms[self.sensitive] = histogram
        verdict = np.zeros(len(classes.sizes), dtype=np.bool_)
        verdict[some] = self.model.holds(EquivalenceClasses(sizes[some], tuple(histograms)))
        return verdict

    def __str__(self) -> str:
        return wording.of_present_values(str(self.model))
