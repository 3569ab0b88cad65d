"""What Dagster loads: the declared datasets, and a graph for requests that nobody declared."""

import os
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from anon_dagster.defs.adhoc import ADHOC, adhoc
from anon_dagster.defs.application import applying
from anon_dagster.defs.datasets import datasets
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.examining import examining
from anon_dagster.defs.proposing import proposing
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.settings import owners
from anon_dagster.defs.specs import with_specs
from anon_dagster.defs.upkeep import decisions, places, places_with, upkeep
from anon_dagster.defs.verifying import verifying


def definitions(
    data: Path, store: JobStore, *, engine: EngineResource | None = None
) -> dg.Definitions:
    """Define everything: the datasets of a folder, and the graph for all other requests.

    Each job is run by one process: a process per step would cost seconds for each. Nothing is
    said of other jobs, so that this can be merged with definitions of a project of your own.

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
        decisions(),
        verifying(),
        upkeep(store),
        *datasets(data, taken=frozenset({ADHOC.name})),
        places(store) if engine is None else places_with(store, engine),
    )


def owned(found: dg.Definitions, by: Sequence[str]) -> dg.Definitions:
    """Let people or teams be the owners of all assets."""
    if not by:
        return found
    return with_specs(found, lambda spec: spec.replace_attributes(owners=by))


defs = dg.Definitions.merge(
    owned(
        definitions(Path(os.environ.get("ANON_DATA") or "data"), JobStore.of_environment()),
        owners(),
    ),
    dg.Definitions(executor=dg.in_process_executor),  # of assets that are materialized by hand
)
