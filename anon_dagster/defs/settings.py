"""What the environment of a deployment says: numbers of days, and who answers for its assets."""

import os
import re

from anon_dagster.errors import JobError


def days_of(variable: str) -> float | None:
    """Return the number of days that a variable of the environment names, if it does.

    Raises
    ------
    JobError
        If it is no number of days above 0.
    """
    said = os.environ.get(variable, "").strip()
    if not said:
        return None
    try:
        days = float(said)
    except ValueError:
        days = 0.0
    if not 0 < days < float("inf"):
        raise JobError(f"{variable} is a number of days above 0, such as 30")
    return days


OWNERS = "ANON_OWNERS"
_OWNER = re.compile(r"[^@\s,:]+@[^@\s,:]+\.[^@\s,:]+|team:[^\s,:]+")


def owners() -> list[str]:
    """Return who answers for the assets of the deployment; nobody if the environment names none.

    Raises
    ------
    JobError
        If it names somebody whom Dagster does not take for an owner.
    """
    said = [each.strip() for each in os.environ.get(OWNERS, "").split(",") if each.strip()]
    if not all(_OWNER.fullmatch(each) for each in said):
        raise JobError(
            f"{OWNERS} has addresses of people and names of teams, such as "
            "ada@example.org,team:privacy"
        )
    return said
