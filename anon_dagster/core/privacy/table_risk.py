"""What a release promises as a whole: how many people are found in it, not whether each can be.

Proofs: ``docs/proofs/table-risk.md``.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.risk.uniqueness import Estimator, Sample, estimate
from anon_dagster.errors import RequestError


class TableModel(Protocol):
    """A promise about all equivalence classes of a release together."""

    def holds(self, sizes: NDArray[np.int64]) -> bool:
        """Tell whether released classes of these sizes, (classes,), satisfy it, exactly."""

    def __str__(self) -> str:
        """Say the model as a report does."""


@dataclass(frozen=True, slots=True)
class AverageRisk:
    """The mean over records of 1 / class size, classes / records, is at most ``risk`` [1]_.

    That is the share of records that one who matches all of them with people gets right. Single
    records may be at more risk.

    References
    ----------
    .. [1] K. El Emam, "Guide to the De-Identification of Personal Health Information", CRC Press
       2013, chapter 16.
    """

    risk: Fraction

    def __post_init__(self) -> None:
        if not 0 < self.risk < 1:
            raise RequestError(f"risk must be between 0 and 1, got {float(self.risk):g}")

    def holds(self, sizes: NDArray[np.int64]) -> bool:
        """Tell whether there are few enough classes."""
        return len(sizes) <= self.risk * int(sizes.sum())

    def __str__(self) -> str:
        return wording.average_risk(self.risk)


@dataclass(frozen=True, slots=True)
class SampleUniqueness:
    """At most a ``share`` of the records is alone in its class [1]_.

    References
    ----------
    .. [1] F. K. Dankar, K. El Emam, A. Neisa, T. Roffey, "Estimating the re-identification risk of
       clinical data sets", BMC Medical Informatics and Decision Making 12:66, 2012.
    """

    share: Fraction

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise RequestError(f"share must be from 0 to below 1, got {float(self.share):g}")

    def holds(self, sizes: NDArray[np.int64]) -> bool:
        """Tell whether few enough classes have one record."""
        return int(np.count_nonzero(sizes == 1)) <= self.share * int(sizes.sum())

    def __str__(self) -> str:
        return wording.sample_uniqueness(self.share)


@dataclass(frozen=True, slots=True)
class PopulationUniqueness:
    """At most a ``share`` of the population is estimated to be unique in it [1]_.

    Whoever is the only one of her kind in the population is found by anybody who knows her kind;
    a record that is alone in the table alone is not. Where the estimator finds no answer, nothing
    is promised: the model does not hold.

    Parameters
    ----------
    population
        How many people the table was drawn from.
    estimator
        See :mod:`anon_dagster.core.risk.uniqueness`.

    References
    ----------
    .. [1] F. K. Dankar, K. El Emam, A. Neisa, T. Roffey, "Estimating the re-identification risk of
       clinical data sets", BMC Medical Informatics and Decision Making 12:66, 2012.
    """

    share: Fraction
    population: int
    estimator: Estimator = "dankar"

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise RequestError(f"share must be from 0 to below 1, got {float(self.share):g}")

    def holds(self, sizes: NDArray[np.int64]) -> bool:
        """Tell whether few enough people are estimated to be unique."""
        uniques = estimate(Sample.of(sizes, self.population), self.estimator).uniques
        return uniques is not None and Fraction(uniques) <= self.share * self.population

    def __str__(self) -> str:
        return wording.population_uniqueness(self.share, self.estimator)
