"""People to anonymize, and requests to do it by."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anon_dagster.client import AnonJob

CANARY = "Zeisig"
SECONDS = 300.0  # on a busy machine


def people(records: int = 60) -> pd.DataFrame:
    places = range(records)
    return pd.DataFrame(
        {
            "name": [f"{CANARY}-{p}" for p in places],
            "age": [20 + p * 7 % 40 for p in places],
            "town": pd.Categorical([f"{CANARY}-town-{p % 3}" for p in places]),
            "illness": [f"{CANARY}-ill-{p % 4}" for p in places],
        }
    )


def policy(k: int = 3) -> dict[str, Any]:
    towns = {"north": [f"{CANARY}-town-{p}" for p in range(3)]}
    return {
        "attributes": {
            "name": {"role": "direct_identifier"},
            "age": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "interval", "widths": [5, 10, 20]},
            },
            "town": {"role": "quasi_identifier", "hierarchy": {"type": "tree", "nodes": towns}},
            "illness": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": k}},
        "suppression_limit": 0.1,
        "risk_analysis": {"suda": {"largest": 2}, "records": True},
    }


def request_of(folder: Path, *, k: int = 3, target: bool = False) -> dict[str, Any]:
    source = folder / "people.csv"
    people().to_csv(source, index=False)
    request: dict[str, Any] = {"source": {"path": str(source)}, "policy": policy(k)}
    return request | ({"target": {"path": str(folder / "out.parquet")}} if target else {})


def endless(folder: Path) -> dict[str, Any]:
    """A request whose search takes much longer than any test waits before it aborts the job."""
    dice = np.random.default_rng(1)
    names = [f"q{p}" for p in range(12)]
    frame = pd.DataFrame({name: dice.integers(0, 1000, 60_000) for name in names})
    frame["s"] = dice.integers(0, 50, len(frame))
    frame.to_parquet(folder / "many.parquet")
    widths = [2, 4, 8, 16, 32, 64, 128, 256, 512]
    rule = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": widths}}
    return {
        "source": {"path": str(folder / "many.parquet")},
        "target": {"path": str(folder / "out.parquet")},
        "policy": {
            "attributes": dict.fromkeys(names, rule) | {"s": {"role": "sensitive"}},
            "privacy": {"k_anonymity": {"k": 5}, "t_closeness": {"attribute": "s", "t": 0.3}},
            "suppression_limit": 0.3,
        },
    }


def handed_back(frame: pd.DataFrame | None) -> pd.DataFrame:
    assert frame is not None, "the release stays with the job"
    return frame


def await_work(job: AnonJob, work: str) -> None:
    until = time.monotonic() + SECONDS
    while not job.status()["running"]["work"].startswith(work):
        assert time.monotonic() < until
        time.sleep(0.2)
