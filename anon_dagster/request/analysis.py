"""What is examined of the risk beyond its statistics."""

from math import comb
from typing import Annotated

from pydantic import Field

from anon_dagster.request.strict import Flag, StrictModel

MOST_COMBINATIONS = 20_000
"""Of so many combinations of attributes an examination takes minutes; more are refused."""

_Largest = Annotated[int, Field(ge=1)]


class SudaAnalysis(StrictModel):
    """Minimal sample uniques and the scores that they give."""

    largest: _Largest = 3
    """No minimal sample unique of more attributes is looked for."""
    sampling_fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the population that is in the source, for DIS scores; that which the size of the
    population tells if left out."""


class CombinationAnalysis(StrictModel):
    """How far combinations of quasi-identifiers tell records apart."""

    largest: _Largest = 3
    """Attributes of a combination."""


class RiskAnalysis(StrictModel):
    """What takes time, and is therefore asked for piece by piece."""

    suda: SudaAnalysis | None = None
    combinations: CombinationAnalysis | None = None
    contributions: Flag = False
    """How the risk changes without each quasi-identifier."""
    attacks: Flag = False
    """Singling out, linkability and inference."""
    records: Flag = False
    """The risk of every record; takes a reading of source and release."""

    @property
    def has_tables(self) -> bool:
        """Whether anything is asked for that is told in tables of names and numbers."""
        return bool(self.suda or self.combinations or self.contributions or self.attacks)


def combinations_up_to(attributes: int, largest: int) -> int:
    """Tell how many combinations of one to ``largest`` attributes there are."""
    return sum(comb(attributes, size) for size in range(1, min(largest, attributes) + 1))
