"""Pictures of risk and utility: static SVG, drawn by matplotlib from statistics, without a browser.

Each function takes statistics, never records, and returns a :class:`Picture`. Those of attributes
show labels of a table, so they belong where the table may be seen; the others show names, levels
and counts alone.
"""

from anon_dagster.plots.associations import associations
from anon_dagster.plots.attributes import attribute
from anon_dagster.plots.class_sizes import class_sizes
from anon_dagster.plots.frontier import frontier
from anon_dagster.plots.picture import Picture
from anon_dagster.plots.statistics import risk, utility

__all__ = ["Picture", "associations", "attribute", "class_sizes", "frontier", "risk", "utility"]
