"""What looks after the jobs of a deployment, and the places that their steps need.

Whoever defines datasets includes both; the same store has the same objects, so that definitions
which include them merge, and each is there once.
"""

from functools import cache

import dagster as dg

from anon_dagster.defs.approving import approving
from anon_dagster.defs.endings import endings
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.housekeeping import housekeeping
from anon_dagster.defs.releases import ReleaseIOManager
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.retention import retention
from anon_dagster.jobs import names


@cache
def upkeep(store: JobStore) -> dg.Definitions:
    """Define what is done when jobs end, die, are deleted or grow old."""
    return dg.Definitions.merge(endings(store), housekeeping(store), retention(store))


@cache
def decisions() -> dg.Definitions:
    """Define the jobs by which a person approves or rejects a release that waits."""
    return approving()


@cache
def places(store: JobStore) -> dg.Definitions:
    """Define the resources of steps; tables are worked on as ``ANON_ENGINE`` says."""
    return places_with(store, EngineResource())


def places_with(store: JobStore, engine: EngineResource) -> dg.Definitions:
    """Define the resources of steps, with another engine unless a run says it."""
    return dg.Definitions(
        resources={
            names.STORE: store,
            names.ENGINE: engine,
            names.RELEASES: ReleaseIOManager(store),
        }
    )
