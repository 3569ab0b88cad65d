"""What the search and the verification ask of a privacy model."""

from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.privacy.classes import EquivalenceClasses


class Monotone(Enum):
    """What is known of a class that joins others, from the strongest statement to none."""

    ONE_SUFFICES = 2
    """It satisfies the model if any one of the joined classes does (k-anonymity). So what is
    suppressed at a candidate is suppressed at every more specific one, too."""
    ALL_SUFFICE = 1
    """It satisfies the model if all of the joined classes do (t-closeness). So a candidate
    without suppression stays feasible when it is generalized further."""
    UNKNOWN = 0


class PrivacyModel(Protocol):
    """A promise about every equivalence class of a release."""

    @property
    def sensitive(self) -> int | None:
        """Position of the guarded attribute among the sensitive ones; ``None``: guards none."""

    @property
    def monotone(self) -> Monotone:
        """What joining classes does to the promise."""

    @property
    def relaxation(self) -> "PrivacyModel | None":
        """A weaker model that is ``ONE_SUFFICES`` and that every satisfying class satisfies.

        The model itself if it is ``ONE_SUFFICES``; ``None`` if none is known. The search prunes
        with it.
        """

    @property
    def relative(self) -> bool:
        """Whether a class is compared with the distribution of the whole table."""

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether it satisfies the model, exactly."""

    def __str__(self) -> str:
        """Say the model as a report does, such as ``5-anonymity``."""
