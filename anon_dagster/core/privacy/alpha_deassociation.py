"""alpha-k-anonymity: what it asks for besides k-anonymity.

Proofs: ``docs/proofs/alpha-k-anonymity.md``.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.counts import integers
from anon_dagster.core.privacy.classes import EquivalenceClasses
from anon_dagster.core.privacy.l_diversity import DistinctLDiversity
from anon_dagster.core.privacy.model import Monotone, SensitiveModel
from anon_dagster.errors import RequestError


@dataclass(frozen=True, slots=True)
class AlphaDeassociation(SensitiveModel):
    """No sensitive value makes up more than a share ``alpha`` of a class [1]_.

    Whoever finds the class of a person guesses her value right with a probability of ``alpha`` at
    most. Together with k-anonymity it is alpha-k-anonymity.

    Parameters
    ----------
    values
        The values that are guarded; all if left out.

    References
    ----------
    .. [1] R. C.-W. Wong, J. Li, A. W.-C. Fu, K. Wang, "(alpha, k)-anonymity: an enhanced
       k-anonymity model for privacy preserving data publishing", KDD 2006, definitions 2 and 3.
    """

    alpha: Fraction
    values: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise RequestError(f"alpha must be between 0 and 1, got {float(self.alpha):g}")

    @property
    def monotone(self) -> Monotone:
        """A share in a joined class lies between the shares in its parts."""
        return Monotone.ALL_SUFFICE

    @property
    def relaxation(self) -> DistinctLDiversity | None:
        """So many values that their shares can add up to 1, if all of them are guarded."""
        if self.values is not None:
            return None
        return DistinctLDiversity(self.sensitive, ceil(1 / self.alpha))

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether no guarded value is too frequent."""
        histogram = classes.histograms[self.sensitive]
        largest = int(classes.sizes.max(initial=0)) * self.alpha.denominator
        counts, sizes = (integers(a, largest) for a in (histogram.counts, classes.sizes))
        bounds = (sizes * self.alpha.numerator)[histogram.classes]
        frequent = (counts * self.alpha.denominator > bounds).astype(np.bool_)
        if self.values is not None:
            frequent &= np.isin(histogram.values, self.values)
        verdict = np.ones(len(classes.sizes), dtype=np.bool_)
        verdict[histogram.classes[frequent]] = False
        return verdict

    def __str__(self) -> str:
        return wording.alpha_deassociation(self.alpha)
