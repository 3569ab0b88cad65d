"""The real tables that are tried, by a rule: see the package's ``__main__``."""

from pathlib import Path

import numpy as np


def table_names(*, sample: int | None = None, seed: int = 0) -> list[str]:
    """Return the tables, as ``PACKAGE/ITEM``: all, or so many drawn from them."""
    names = (Path(__file__).parent / "tables.txt").read_text(encoding="utf-8").split()
    if sample is None or sample >= len(names):
        return names
    places = np.random.default_rng(seed).choice(len(names), sample, replace=False)
    return [names[place] for place in sorted(places)]
