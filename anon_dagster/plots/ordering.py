"""Labels in the order of what they stand for, as far as they say it."""

from collections.abc import Mapping
from datetime import date
from math import inf
from typing import Any

import pandas as pd

from anon_dagster.core.hierarchy import SUPPRESSED
from anon_dagster.labels import parse

_Ends = tuple[float, float]


def in_order(labels: Mapping[int, object]) -> list[int]:
    """Return the places of labels: by number or by date where all are such, else as they are.

    ``*`` and a missing value come last then.
    """
    last = [place for place, label in labels.items() if _tells_nothing(label)]
    last.sort(key=lambda place: labels[place] != SUPPRESSED)
    ends = {place: _ends(labels[place]) for place in labels if place not in last}
    told = {place: each for place, each in ends.items() if each is not None}
    if len(told) < len(ends) or len({kind for kind, _ in told.values()}) > 1:
        return list(labels)
    return [*sorted(told, key=lambda place: told[place][1]), *last]


def _tells_nothing(label: Any) -> bool:  # noqa: ANN401 (whatever a table holds)
    return bool(label == SUPPRESSED) if isinstance(label, str) else bool(pd.isna(label))


def _ends(label: object) -> tuple[str, _Ends] | None:
    """Return whether a label stands for numbers or dates, and its ends, as far as it tells."""
    if not isinstance(label, str):
        return None
    read = parse(label)
    lower, upper = read.tell("lower"), read.tell("upper")
    told = [end for end in (lower, upper) if end is not None]
    if not told:
        return None
    kind = "date" if isinstance(told[0], date) else "number"
    return kind, (_number(lower, -inf), _number(upper, inf))


def _number(end: float | date | None, beyond: float) -> float:
    if end is None:
        return beyond
    return float(end.toordinal()) if isinstance(end, date) else end
