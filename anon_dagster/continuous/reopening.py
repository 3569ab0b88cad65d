"""Another solution for later deltas, asked for by hand; nothing that was released is withdrawn."""

from anon_dagster.continuous.appending import finish
from anon_dagster.continuous.ledger import Kind, Line
from anon_dagster.continuous.renewing import numbers_under, renewed
from anon_dagster.continuous.solutions import Version, load_version
from anon_dagster.continuous.stream import Stream
from anon_dagster.errors import JobError


def reopen(stream: Stream) -> Line | None:
    """Decide another solution for later deltas from all that was read under the one in use.

    Who waits goes on waiting, and is judged under the new one when the next file comes.

    Returns
    -------
    Line or None
        None if no other solution comes of it: everything stays as it is.

    Raises
    ------
    BusyError
        If another step takes too long.
    JobError
        If there is no solution yet, or another one comes anyhow.
    HierarchyError
        If a hierarchy lacks a value that was read: it waits, and no solution can be decided.
    """
    with stream.alone():
        finish(stream)
        last, number = stream.last, stream.next_number
        version = _version_in_use(stream)
        newer = renewed(stream, version, numbers_under(stream, version))
        if newer is None:
            return None
        waiting = stream.load_records("waiting", last.number)
        stream.files.save_table(f"waiting.{number}.parquet", waiting.stored)
        line = Line(
            number,
            Kind.REOPENED,
            version=version.number,
            next_version=newer.number,
            at=last.at,
            waiting=last.waiting,
            waiting_people=last.waiting_people,
            oldest=last.oldest,
        )
        stream.ledger.commit(line)
        return line


def _version_in_use(stream: Stream) -> Version:
    version = load_version(stream, stream.last.next_version)
    if version is None:
        raise JobError(
            f"{stream.dataset} has no solution yet that another one could follow: the first one is "
            "decided once enough people have come"
        )
    if version.asked != stream.asked:
        raise JobError(
            f"the policy of {stream.dataset} was changed since its last file: another solution is "
            "decided anyhow when the next one comes"
        )
    return version
