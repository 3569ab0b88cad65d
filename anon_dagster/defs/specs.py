"""Definitions of which Dagster is told something else of each asset."""

from collections.abc import Callable

import dagster as dg


def with_specs(
    defined: dg.Definitions, told: Callable[[dg.AssetSpec], dg.AssetSpec]
) -> dg.Definitions:
    """Return definitions with other specs of their assets, and all else as it is."""
    assets = [a for a in defined.assets or () if isinstance(a, dg.AssetsDefinition | dg.AssetSpec)]
    return dg.Definitions(
        assets=dg.map_asset_specs(told, assets),
        asset_checks=defined.asset_checks,
        jobs=defined.jobs,
        schedules=defined.schedules,
        sensors=defined.sensors,
        resources=defined.resources,
        executor=defined.executor,
        loggers=defined.loggers,
    )
