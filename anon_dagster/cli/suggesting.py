"""What a command that is not understood may have meant, and the job that an id may have."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from anon_dagster.client import AnonClient, AnonJob
from anon_dagster.errors import AnonError, UnknownJobError
from anon_dagster.request.suggestions import did_you_mean

_CHOICE = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)", re.DOTALL)
_UNKNOWN = "unrecognized arguments: "
_SHORTEST = 4
"""Signs of an id by which a job is worth a guess."""
_JOBS = 200


def command_meant(message: str, given: Sequence[str], options: Iterable[str]) -> str:
    """Return the question what was meant, to be appended to what is wrong with a command.

    Parameters
    ----------
    given
        The command.
    options
        Those that it may have.
    """
    if chosen := _CHOICE.search(message):
        choices = re.findall(r"[\w-]+", chosen[2])
        if meant := did_you_mean(chosen[1], choices):
            return meant
    elif not message.startswith(_UNKNOWN):
        return ""
    known = [*options]
    unknown = (each for each in given if each.startswith("--") and each not in known)
    return next(filter(None, (did_you_mean(each, known) for each in unknown)), "")


def job_named(client: AnonClient, job_id: str) -> AnonJob:
    """Return a job by its id.

    Raises
    ------
    UnknownJobError
        If there is none, with one whose id is nearly so.
    """
    try:
        return client.job(job_id)
    except UnknownJobError as error:
        ids: Sequence[str] = ()
        with suppress(AnonError):
            ids = client.job_ids(_JOBS)
        raise UnknownJobError(f"{error}{_id_meant(job_id, ids)}") from None


def _id_meant(given: str, ids: Sequence[str]) -> str:
    begun = [each for each in ids if len(given) >= _SHORTEST and each.startswith(given)]
    return f"; did you mean {begun[0]}?" if len(begun) == 1 else did_you_mean(given, ids)
