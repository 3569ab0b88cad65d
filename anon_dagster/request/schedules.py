"""When something is done again: as cron has it, in a time zone."""

from collections.abc import Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Discriminator, StringConstraints, Tag

from anon_dagster.request.strict import CRON, StrictModel

CronText = Annotated[str, StringConstraints(pattern=CRON)]


def _known(name: str) -> str:
    """Refuse a time zone that nobody knows."""
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # none of that name, or no name of one
        raise ValueError(
            "must be a time zone as the IANA database has it, such as Europe/Berlin or UTC"
        ) from None
    return name


class Schedule(StrictModel):
    """When something is done again, by the clocks of a place."""

    cron: CronText
    """As cron has it: ``0 3 * * *``, every day at 3; or a name that it has, such as ``@daily``."""
    timezone: Annotated[str, AfterValidator(_known)] = "UTC"
    """Whose clocks. A time that they skip in spring is made up for, and one that they show twice
    in autumn counts once."""


def _form(value: object) -> str:
    return "cron mapping" if isinstance(value, Schedule | Mapping) else "cron text"


ScheduleLike = Annotated[
    Annotated[CronText, Tag("cron text")] | Annotated[Schedule, Tag("cron mapping")],
    Discriminator(_form),
]
"""A schedule; a text by itself is in UTC."""


def schedule_of(value: "str | Schedule") -> Schedule:
    """Return a schedule, of what a request says."""
    return value if isinstance(value, Schedule) else Schedule(cron=value)
