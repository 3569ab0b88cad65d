"""Whether the release of a dataset is still that of its source, and not too old."""

from collections.abc import Callable
from datetime import timedelta

import dagster as dg

from anon_dagster import clock
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.graph import Group
from anon_dagster.errors import SourceError
from anon_dagster.jobs import names
from anon_dagster.request import Request, Target
from anon_dagster.storage import listing
from anon_dagster.storage.readers import files_that_tell

FRESH = "target_is_fresh"
_SHORTEST = 1 / 60  # hours: Dagster's
_HOUR = 3_600.0
_LOOK_SECONDS = 300  # between looks at the clock
_SECOND = 1.0  # the resolution of the times that S3 tells


def freshness(group: Group, request: Request, load: Callable[[], Request]) -> dg.Definitions:
    """Define a check of the target of a dataset; every hour, if the request gives an age."""
    if request.target is None or request.source is None or group.partitions is not None:
        return dg.Definitions()
    if request.fresh_within_hours is None:
        return dg.Definitions(asset_checks=[_check(group, load)])
    check = _check(group, load, _every_hour())
    sensor = dg.AutomationConditionSensorDefinition(
        f"{group.name}_freshness_sensor",
        target=dg.AssetSelection.checks(check),
        minimum_interval_seconds=_LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks every hour whether the release is older than a file of its source.",
    )
    return dg.Definitions(asset_checks=[check], sensors=[sensor])


def freshness_policy(request: Request) -> dg.FreshnessPolicy | None:
    """Return how old the release of a request may become, as Dagster looks at it by itself."""
    hours = request.fresh_within_hours
    if hours is None:
        return None
    return dg.FreshnessPolicy.time_window(timedelta(hours=max(hours, _SHORTEST)))


def is_of_freshness(run: dg.DagsterRun) -> bool:
    """Tell whether a run made nothing, and looked only whether a release is fresh."""
    checks = run.asset_check_selection or ()
    return not run.asset_selection and {check.name for check in checks} == {FRESH}


def _check(
    group: Group,
    load: Callable[[], Request],
    condition: dg.AutomationCondition[dg.AssetCheckKey] | None = None,
) -> dg.AssetChecksDefinition:
    """Define the claim that the target of a dataset is fresh."""

    @dg.asset_check(
        asset=group.key(names.ANONYMIZED),
        name=FRESH,
        description="The target is not older than any file of its source, nor than the request "
        "allows.",
        blocking=False,
        automation_condition=condition,
    )
    def check() -> dg.AssetCheckResult:
        with failures_in_words():
            stale = staleness(load(), now=clock.now())
        return dg.AssetCheckResult(
            passed=not stale, severity=dg.AssetCheckSeverity.WARN, description=stale
        )

    return check


def _every_hour() -> dg.AutomationCondition[dg.AssetCheckKey]:
    passed: dg.AutomationCondition[dg.AssetCheckKey] = dg.AutomationCondition.cron_tick_passed(
        "@hourly"
    )
    return passed


def staleness(request: Request, *, now: float) -> str:
    """Say why the target of a request is not fresh; nothing if it is.

    Parameters
    ----------
    now
        Seconds since the epoch.
    """
    assert request.source is not None, "a declared dataset has a source"
    assert request.target is not None, "only a target can be fresh"
    if request.target.connection is not None:
        return f"a database does not tell when {request.target.path} was made"
    made = _made(request.target)
    if made is None:
        return f"there is no release at {request.target.path}"
    times = [_modified(file) for file in files_that_tell(request.source)]
    newer = sum(changed > made + _SECOND for changed in times)
    if newer:
        return f"{newer} of the {len(times)} files of the source are newer than the release"
    hours, most = (now - made) / _HOUR, request.fresh_within_hours
    if most is not None and hours > most:
        return f"the release is {hours:.1f} hours old; {most:g} are allowed"
    return ""


def _made(target: Target) -> float | None:
    """Return when a release was completed; its marker is written last."""
    if target.format == "delta":
        from anon_dagster.storage.lakehouse.tables import made_at

        return made_at(target.path)
    path = target.path if target.single_file else f"{target.path.rstrip('/')}/_SUCCESS"
    found = listing.look_up(path)
    return None if found is None else found.modified


def _modified(path: str) -> float:
    found = listing.look_up(path)
    if found is None:
        raise SourceError(f"{path} was removed while it was looked at; try again")
    return found.modified
