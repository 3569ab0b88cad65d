"""When Dagster does something again by itself, of what a request says."""

import dagster as dg

from anon_dagster.errors import Complaint, RequestError
from anon_dagster.request.schedules import Schedule, schedule_of


def scheduled(
    name: str, job: str, when: str | Schedule | None, *, place: str, description: str | None = None
) -> list[dg.ScheduleDefinition]:
    """Return a schedule that is on from the beginning; none if a request names none.

    Parameters
    ----------
    place
        Where the request says when.

    Raises
    ------
    RequestError
        If there is no such time.
    """
    if when is None:
        return []
    asked = schedule_of(when)
    try:
        schedule = dg.ScheduleDefinition(
            name=name,
            job_name=job,
            cron_schedule=asked.cron,
            execution_timezone=asked.timezone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=description,
        )
    except dg.DagsterInvalidDefinitionError:
        wrong = Complaint(place, "cron does not understand it, or there is no such time")
        raise RequestError([wrong]) from None
    return [schedule]
