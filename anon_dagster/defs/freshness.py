"""Whether the release of a dataset is still that of its source, and not too old."""

from collections.abc import Callable

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
_HOUR = 3_600.0
_SECOND = 1.0  # the resolution of the times that S3 tells


def freshness(group: Group, request: Request, load: Callable[[], Request]) -> dg.Definitions:
    """Define a check of the target of a dataset, and its schedule if the request gives an age."""
    if request.target is None or request.source is None:
        return dg.Definitions()
    check = _check(group, load)
    job = dg.define_asset_job(
        names.freshness_job(group.name), selection=dg.AssetSelection.checks(check)
    )
    schedule = dg.ScheduleDefinition(
        name=f"{group.name}_freshness_schedule",
        job=job,
        cron_schedule="@hourly",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    schedules = [schedule] if request.fresh_within_hours is not None else []
    return dg.Definitions(asset_checks=[check], jobs=[job], schedules=schedules)


def _check(group: Group, load: Callable[[], Request]) -> dg.AssetChecksDefinition:
    """Define the claim that the target of a dataset is fresh."""

    @dg.asset_check(
        asset=group.key("anonymized"),
        name=FRESH,
        description="The target is not older than any file of its source, nor than the request "
        "allows.",
        blocking=False,
    )
    def check() -> dg.AssetCheckResult:
        with failures_in_words():
            stale = staleness(load(), now=clock.now())
        return dg.AssetCheckResult(
            passed=not stale, severity=dg.AssetCheckSeverity.WARN, description=stale
        )

    return check


def staleness(request: Request, *, now: float) -> str:
    """Say why the target of a request is not fresh; nothing if it is.

    Parameters
    ----------
    now
        Seconds since the epoch.
    """
    assert request.source is not None, "a declared dataset has a source"
    assert request.target is not None, "only a target can be fresh"
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
    path = target.path if target.single_file else f"{target.path.rstrip('/')}/_SUCCESS"
    found = listing.look_up(path)
    return None if found is None else found.modified


def _modified(path: str) -> float:
    found = listing.look_up(path)
    if found is None:
        raise SourceError(f"{path} was removed while it was looked at; try again")
    return found.modified
