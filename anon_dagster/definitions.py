"""What Dagster loads: the declared datasets, and a graph for requests that nobody declared."""

import os
from pathlib import Path

import dagster as dg

from anon_dagster.defs.adhoc import ADHOC, adhoc
from anon_dagster.defs.application import applying
from anon_dagster.defs.approving import approving
from anon_dagster.defs.datasets import datasets
from anon_dagster.defs.endings import endings
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.examining import examining
from anon_dagster.defs.housekeeping import housekeeping
from anon_dagster.defs.proposing import proposing
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.retention import retention
from anon_dagster.defs.verifying import verifying


def definitions(
    data: Path, store: JobStore, *, engine: EngineResource | None = None
) -> dg.Definitions:
    """Define everything: the datasets of a folder, and the graph for all other requests.

    One process per run: a process per step would cost seconds for each.

    Parameters
    ----------
    engine
        Where the parts of tables are worked on, unless a run says it; as ``ANON_ENGINE`` says if
        left out.
    """
    return dg.Definitions.merge(
        adhoc(),
        applying(),
        proposing(),
        examining(),
        approving(),
        verifying(),
        endings(store),
        housekeeping(store),
        retention(store),
        *datasets(data, taken=frozenset({ADHOC.name})),
        dg.Definitions(
            resources={"store": store, "engine": engine or EngineResource()},
            executor=dg.in_process_executor,
        ),
    )


defs = definitions(Path(os.environ.get("ANON_DATA") or "data"), JobStore.of_environment())
