"""Domains and paths for hierarchies."""

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from anon_dagster.core.builders import Domain
from anon_dagster.core.hierarchy import Hierarchy, Label
from anon_dagster.storage.meaning import ordering_of

CANARY = "CANARY-7f3a"


def domain(*values: Label, decimal: str = ".", **options: Any) -> Domain:
    ordering = ordering_of(pa.array(values, pa.string()), decimal=decimal)
    counts = np.arange(1, len(values) + 1)
    return Domain(values, counts, column="age", decimal=decimal, ordering=ordering, **options)


def path(hierarchy: Hierarchy, value: Label) -> list[Label]:
    """What a value becomes, level by level."""
    leaf = int(hierarchy.locate([value])[0])
    assert leaf >= 0
    pairs = zip(hierarchy.labels, hierarchy.codes[:, leaf], strict=True)
    return [labels[code] for labels, code in pairs]


def level(hierarchy: Hierarchy, height: int) -> dict[Label, Label]:
    """What each value becomes at one level."""
    return {value: path(hierarchy, value)[height] for value in hierarchy.labels[0]}


integers = st.integers(-(10**6), 10**6).map(str)


decimals = st.decimals(-(10**6), 10**6, places=3).map(lambda d: f"{d:f}")


numbers = st.lists(integers | decimals, min_size=1, max_size=30, unique=True)


texts = st.lists(st.text(max_size=6), min_size=1, max_size=30, unique=True)


PERIODS = ("day", "month", "quarter", "half_year", "year", "5_years", "decade", "century")
