"""Releases of every kind, for whoever tests what is told of them."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from anon_dagster import anonymize
from anon_dagster.operations.anonymize import AnonResult

QUASI = {"role": "quasi_identifier"}
AGES = {**QUASI, "hierarchy": {"type": "interval", "widths": [5, 10, 20, 40]}}
POLICY: dict[str, Any] = {
    "attributes": {
        "age": AGES,
        "town": QUASI,
        "illness": {"role": "sensitive"},
        "pay": {"role": "non_sensitive"},
        "who": {"role": "direct_identifier"},
    },
    "privacy": {"k_anonymity": {"k": 5}},
    "suppression_limit": 0.1,
}
STARS = {**QUASI, "hierarchy": {"type": "suppress"}}
FIXED = {
    **QUASI,
    "hierarchy": {"type": "interval", "widths": [20], "lower": 0, "upper": 100, "other": "rest"},
    "lowest_level": 1,
    "highest_level": 1,
}
DROPPED = {"role": "direct_identifier"}
GUARDED = {
    "k_anonymity": {"k": 5},
    "l_diversity": {"attribute": "illness", "l": 2},
    "t_closeness": {"attribute": "illness", "t": 0.5},
    "alpha_k_anonymity": {"attribute": "illness", "alpha": 0.9, "k": 5},
    "average_risk": {"risk": 0.2},
    "sample_uniqueness": {"share": 0.1},
}


def people(records: int = 240) -> pd.DataFrame:
    drawn = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "age": drawn.integers(18, 90, records),
            "town": drawn.choice(np.array(["Ulm", "Bonn", "Kiel", None]), records),
            "illness": drawn.choice(["flu", "gout", "cold"], records),
            "pay": drawn.normal(3000, 500, records).round(2),
            "who": [f"p{record // 2}" for record in range(records)],
        }
    )


def _with(**options: Any) -> dict[str, Any]:
    return {**POLICY, **options}


def _only(**attributes: Any) -> dict[str, Any]:
    return _with(attributes={**dict.fromkeys(POLICY["attributes"], DROPPED), **attributes})


KINDS: dict[str, dict[str, Any]] = {
    "global": _with(),
    "local": _with(recoding="local"),
    "persons": _with(person="who"),
    "kept": _with(suppressed_records="keep"),
    "guarded": _with(privacy=GUARDED, population=100_000, risk_threshold=0.5),
    "stars": _only(town=STARS, age=STARS) | {"suppression_limit": 0.5},
    "averages": _only(
        pay={**QUASI, "transformation": "microaggregation", "aggregate": "mean"}, town=QUASI
    ),
    "bounds": _with(release={"numbers": "bounds"}),
    "sample": _with(sampling={"fraction": 0.8, "seed": 3}),
    "secret": _only(age=FIXED)
    | {
        "privacy": {"differential_privacy": {"epsilon": 2.0, "delta": 0.01}},
        "suppression_limit": 1.0,
    },
}


@cache
def released(kind: str) -> AnonResult:
    """Return a release of these people, of one kind."""
    return anonymize({"policy": KINDS[kind]}, frame=people())
