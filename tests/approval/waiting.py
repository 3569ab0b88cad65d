"""Requests whose release waits, and the runs that decide on it."""

from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from anon_dagster.jobs.tags import REQUESTED_TAG
from tests.deployment import Deployment

PEOPLE = pd.DataFrame(
    {
        "age": np.repeat([21, 34, 47], 4),
        "town": np.tile(["Berlin-Mitte", "Bonn"], 6),
        "illness": [f"illness number {number}" for number in range(12)],
    }
)
POLICY: dict[str, Any] = {
    "attributes": {
        "age": {
            "role": "quasi_identifier",
            "hierarchy": {"type": "interval", "widths": [10, 20]},
        },
        "town": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
    "residual": {"given_back": "ignore", "alone": "ignore"},
}


def request(folder: Path, *, hold: object = True, **target: Any) -> dict[str, Any]:
    """Ask for a release that waits, of people who are written to the folder."""
    source = folder / "people.csv"
    if not source.exists():
        PEOPLE.to_csv(source, index=False)
    place = {"path": str(folder / "out" / "people.csv"), "hold": hold, **target}
    return {"source": {"path": str(source)}, "target": place, "policy": POLICY}


def asked(
    deployment: Deployment, document: dict[str, Any], *, by: str = ""
) -> dg.ExecuteInProcessResult:
    """Run a request as somebody."""
    config = {"ops": {"adhoc__request": {"config": {"request": document}}}}
    return _run(deployment, "anonymize_job", config, by)


def approved(
    deployment: Deployment, job_id: str, *, by: str = ""
) -> dg.ExecuteInProcessResult:
    """Approve what waits, as somebody."""
    return _run(deployment, "approve_job", _of_step("approved", job=job_id), by)


def rejected(
    deployment: Deployment, job_id: str, *, by: str = "", **why: str
) -> dg.ExecuteInProcessResult:
    """Reject what waits, as somebody."""
    return _run(deployment, "reject_job", _of_step("rejected", job=job_id, **why), by)


def _of_step(step: str, **config: str) -> dict[str, Any]:
    return {"ops": {f"adhoc__{step}": {"config": config}}}


def _run(
    deployment: Deployment, job: str, config: dict[str, Any], by: str
) -> dg.ExecuteInProcessResult:
    partition = f"one-{len(deployment.instance.get_dynamic_partitions('request'))}"
    deployment.instance.add_dynamic_partitions("request", [partition])
    return deployment.run(job, config, partition_key=partition, tags={REQUESTED_TAG: by})
