"""Releases that wait for a person: made by the steps of a job, without Dagster."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from anon_dagster.defs.application import apply_stored
from anon_dagster.defs.stages import STAGES, Work
from anon_dagster.jobs import file_names
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.tags import REQUESTED_TAG
from anon_dagster.operations.anonymize import solution_document
from anon_dagster.operations.apply import later_request
from anon_dagster.progress import ignore_progress
from anon_dagster.releasing.stored_solution import from_document
from anon_dagster.request import LinkedRequest, parse_any_request
from tests import linked

CANARY = "Zeisig"
PEOPLE = pd.DataFrame(
    {
        "name": [f"{CANARY} {number}" for number in range(24)],
        "age": np.repeat([21, 24, 34, 47], 6),
        "town": np.tile(["Bonn", "Köln, Mitte"], 12),
        "illness": [f"illness {number % 5}" for number in range(24)],
    }
)
POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "direct_identifier"},
        "age": {
            "role": "quasi_identifier",
            "hierarchy": {"type": "interval", "widths": [10, 20, 40]},
        },
        "town": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 3}},
    "residual": {"given_back": "ignore", "alone": "ignore", "repeated": "ignore"},
}
_MADE = ("source", "frequency_table", "solution", "anonymized")


def request(
    folder: Path,
    *,
    people: pd.DataFrame = PEOPLE,
    policy: Mapping[str, Any] = POLICY,
    **target: Any,
) -> dict[str, Any]:
    """Ask for a release that waits, of people who are written to the folder."""
    people.to_csv(folder / "people.csv", index=False)
    place = {"path": str(folder / "out" / "people.csv"), "hold": True, **target}
    return {"source": {"path": str(folder / "people.csv")}, "target": place, "policy": policy}


def held(root: Path, document: Mapping[str, Any], *, by: str = "Ann") -> JobFolder:
    """Let a job that somebody asked for come to where its release waits."""
    job, asked = JobFolder(root, uuid.uuid4().hex), parse_any_request(document)
    job.save_document(file_names.OWNER, {"tags": {REQUESTED_TAG: by}})
    if isinstance(asked, LinkedRequest):
        job.save_linked(asked)
    else:
        job.save_request(asked)
    for step in _MADE:
        STAGES[step].make(Work(job, ignore_progress, dg.AssetKey("source")))
    return job


def fresh(root: Path) -> JobFolder:
    """Return the folder of a job that is going to approve something."""
    return JobFolder(root, uuid.uuid4().hex)


def held_later(root: Path, first: JobFolder, source: Path, target: Path) -> JobFolder:
    """Let the solution of a job be applied to later records, whose release waits."""
    job = JobFolder(root, uuid.uuid4().hex)
    document = solution_document(first.load_decision())
    place = {"path": str(target), "hold": True}
    job.save_request(later_request(from_document(document).policy, str(source), place))
    job.save_application(document, lacking="suppress", enforce=True)
    apply_stored(job, ignore_progress, dg.AssetKey("source"))
    return job


def linked_request(folder: Path) -> dict[str, Any]:
    """Ask for two releases that wait together, of tables that are written to the folder."""
    document = linked.request()
    for name, table in linked.tables().items():
        table.to_csv(folder / f"{name}.csv", index=False)
        place = {"path": str(folder / "out" / f"{name}.csv"), "hold": True}
        document["tables"][name] |= {
            "source": {"path": str(folder / f"{name}.csv")},
            "target": place,
        }
    return document
