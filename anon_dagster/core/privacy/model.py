"""What the search and the verification ask of a privacy model."""

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

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


class PrivacyModel:
    """A promise about every equivalence class of a release; a subclass is a frozen value.

    The defaults are those of a model of which nothing is known: they are right for every model,
    and what a subclass knows besides lets the search prune.
    What a subclass declares is proven on its page: ``docs/proofs/README.md``.
    """

    __slots__ = ()

    sensitive: int | None = None
    """Position of the guarded attribute among the sensitive ones; ``None``: guards none."""
    relative: ClassVar[bool] = False
    """Whether a class is compared with the distribution of the whole table."""

    @property
    def monotone(self) -> Monotone:
        """What joining classes does to the promise."""
        return Monotone.UNKNOWN

    @property
    def relaxation(self) -> "PrivacyModel | None":
        """A weaker model that is ``ONE_SUFFICES`` and that every satisfying class satisfies.

        The model itself if it is ``ONE_SUFFICES``; ``None`` if none is known. The search prunes
        with it.
        """
        return self if self.monotone is Monotone.ONE_SUFFICES else None

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether it satisfies the model, exactly."""
        raise NotImplementedError

    def most_kept(self, classes: EquivalenceClasses) -> NDArray[np.int64]:
        """Return how many records of each class, (classes,), can be kept at most if it is split.

        However a class is divided into parts, those that satisfy the model have no more records
        together. All of them, as long as nothing else is known.
        """
        return classes.sizes

    def __str__(self) -> str:
        """Say the model as a report does, such as ``5-anonymity``."""
        raise NotImplementedError


class SizeModel(PrivacyModel):
    """A promise about how many there are in a class, or of the people behind it."""

    __slots__ = ()

    @property
    def monotone(self) -> Monotone:
        """A class is as large as any that it joins, and behind it are all people behind these."""
        return Monotone.ONE_SUFFICES


@dataclass(frozen=True, slots=True, eq=False)
class SensitiveModel(PrivacyModel):
    """A promise about a sensitive attribute."""

    sensitive: int = field()  # not the default of the base class
