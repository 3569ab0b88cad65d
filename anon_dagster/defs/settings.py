"""What the environment of a deployment says in days."""

import os

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
