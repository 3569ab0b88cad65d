"""Configurations that were measured: a table that draws its own frontier."""

import pandas as pd
from pandas.plotting import PlotAccessor

from anon_dagster.assessment.comparison import risk_of
from anon_dagster.plots import Picture, frontier


class MeasuredPlots(PlotAccessor):
    """What pandas draws of a table, and the frontier of what was measured."""

    def __init__(self, table: pd.DataFrame) -> None:
        super().__init__(table)
        self._table = table

    def frontier(self, *, acceptable: float | None = None) -> Picture:
        """Draw what each configuration risks and loses, and the frontier of those unbeaten.

        Parameters
        ----------
        acceptable
            The risk that is acceptable, 0 to 1: a dashed line.
        """
        return frontier(self._table, risk=risk_of(self._table), acceptable=acceptable)


class MeasuredConfigurations(pd.DataFrame):
    """A row per configuration, see :func:`anon_dagster.assessment.comparison.compare`.

    It is a DataFrame in all else; what is selected of it is a plain one.
    """

    @property
    def plot(self) -> MeasuredPlots:
        """The pictures of the table."""
        return MeasuredPlots(self)

    def _repr_html_(self) -> str:
        """Return the table and its frontier, for notebooks."""
        table = super()._repr_html_()  # type: ignore[misc] # which its stubs do not tell
        return f"{table}{self.plot.frontier().svg}" if "reachable" in self.columns else str(table)
