"""Numbers of statistics, whatever type their column has."""

import pandas as pd


def floats(column: "pd.Series[float]") -> "pd.Series[float]":
    """Return a column as floats; what is missing, or no number, is not a number."""
    return pd.to_numeric(column, errors="coerce").astype("Float64").astype("float64")
