"""When another solution is decided for later deltas, and of which records."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import reduce
from math import sqrt

from anon_dagster.continuous.ledger import Kind, Line
from anon_dagster.continuous.records import Records, counted
from anon_dagster.continuous.solutions import (
    Version,
    decided,
    label_counts,
    load_count,
    load_version,
    save_count,
)
from anon_dagster.continuous.stream import Stream
from anon_dagster.errors import HierarchyError
from anon_dagster.operations.preparation import count_records, open_to_count
from anon_dagster.reading.counting import Count
from anon_dagster.releasing.assignment import assign_open, lacks_a_place
from anon_dagster.request import Request, parse_request

_ENOUGH = 10
"""So many times the people of a class are read before a solution is called unfit."""


def current_version(stream: Stream, pool: Records, request: Request) -> Version | None:
    """Return the solution of a step; it is decided and kept if there is none for what is asked.

    Parameters
    ----------
    pool
        All that waits or came.

    Returns
    -------
    Version or None
        None while no candidate keeps every promise.
    """
    last = stream.last
    version = load_version(stream, last.next_version)
    if version is not None and version.asked == stream.asked:
        return version
    key, number = stream.key, last.next_version + 1
    if version is None and stream.request.source is not None and stream.settings.source is not None:
        policy = stream.policy.model_dump(by_alias=True)
        source = stream.request.source.model_dump(by_alias=True)
        request = parse_request({"source": source, "policy": policy})
        return decided(
            number, stream, request, count_records(request, open_to_count(request), key=key)
        )
    if version is not None and set(version.policy.attributes_counted) == set(
        stream.policy.attributes_counted
    ):
        newer = renewed(stream, version, numbers_under(stream, version))
        if newer is not None:
            return newer
    whole = count_records(request, pool.source(request), key=key)
    return decided(number, stream, request, whole)


def next_version(stream: Stream, line: Line, incoming: Records, version: Version | None) -> int:
    """Keep what the file of a step has, and return the version of later steps.

    A new one is decided and kept where too many wait, or values have drifted. If a hierarchy lacks
    a value, so that none can be, the version stays; to reopen by hand says which column it is.
    """
    if version is None:
        return stream.last.next_version
    request = stream.request_of(line.file)
    request = request.model_copy(update={"policy": version.policy})
    own = _placeable(stream, version, incoming, request)
    save_count(stream.files, f"read.{version.number}.{line.number}", own.of_attributes())
    spread = _spread(stream, line, version, own)
    if not _is_unfit(stream, line, version, spread):
        return version.number
    numbers = [*numbers_under(stream, version), line.number]
    with suppress(HierarchyError):  # of a value of any file: the one at hand is not to blame
        newer = renewed(stream, version, numbers)
        return version.number if newer is None else newer.number
    return version.number


def _placeable(stream: Stream, version: Version, incoming: Records, request: Request) -> Count:
    """Count the records of a file without those with a value that a hierarchy lacks.

    They wait; no later solution could be decided from a count that has them.
    """
    own = counted(incoming, request, stream.key, dict(version.meanings))
    lacks = lacks_a_place(version.stored, own.count)[own.tuples]
    if not lacks.any():
        return own.count
    placeable = incoming.select(~lacks)
    return counted(placeable, request, stream.key, dict(version.meanings)).count


def renewed(stream: Stream, version: Version, numbers: list[int]) -> Version | None:
    """Decide and keep a solution from all files that were read under a version.

    Returns
    -------
    Version or None
        None if no other solution comes of it.
    """
    read = [load_count(stream.files, f"read.{version.number}.{number}") for number in numbers]
    if not read:
        return None
    whole = reduce(Count.merge, read).understood(dict(version.meanings))
    newer = decided(version.number + 1, stream, stream.request, whole)
    alike = newer is not None and newer.document["checksum"] == version.document["checksum"]
    return None if alike and version.asked == stream.asked else newer


def numbers_under(stream: Stream, version: Version) -> list[int]:
    """Return the finished steps that read a file under a version."""
    lines = (line for line in stream.ledger.lines() if line.kind is Kind.FILE)
    return [line.number for line in lines if line.version == version.number]


# -- whether a solution is still fit ---------------------------------------------------------


def _spread(stream: Stream, line: Line, version: Version, own: Count) -> dict[str, dict[str, int]]:
    """Keep and return how many records of each label were read under a version so far."""
    last, before = stream.last_file, dict[str, dict[str, int]]()
    if last.number and last.version == version.number:
        before = stream.files.load_document(f"spread.{last.number}.json")["counts"]
    fresh = label_counts(version.policy, own, assign_open(version.stored, own)[1])
    summed = {
        name: dict(Counter(before.get(name, {})) + Counter(counts))
        for name, counts in fresh.items()
    }
    stream.files.save_document(f"spread.{line.number}.json", {"counts": summed})
    return summed


def _is_unfit(
    stream: Stream, line: Line, version: Version, spread: Mapping[str, Mapping[str, int]]
) -> bool:
    """Tell whether too many wait under a version, or values are too far from its reference."""
    asked, lines = stream.settings.new_solution, [*stream.ledger.lines(), line]
    own = [each for each in lines if each.version == version.number and each.kind is Kind.FILE]
    read = sum(each.read - each.set_aside for each in own)
    if read < _ENOUGH * version.judge_at or read < version.records:
        return False
    if asked.waiting is not None and line.waiting > asked.waiting * read:
        return True
    if asked.drift is None:
        return False
    drifts = (
        drift(counts, version.shares.get(name, {}), version.records)
        for name, counts in spread.items()
    )
    return max(drifts, default=0.0) > asked.drift


def drift(counts: Mapping[str, int], shares: Mapping[str, float], records: int) -> float:
    """Return how far counts are from shares that were measured on so many records.

    The total variation between both distributions, less what chance alone makes of it at most on
    average: half the sum of the standard deviations of the differences.
    """
    read = sum(counts.values())
    if not read or not records:
        return 0.0
    distance, chance = 0.0, 0.0
    for label in {*counts, *shares}:
        own, expected = counts.get(label, 0) / read, shares.get(label, 0.0)
        both = (counts.get(label, 0) + expected * records) / (read + records)
        distance += abs(own - expected) / 2
        chance += sqrt(both * (1 - both) * (1 / read + 1 / records)) / 2
    return distance - chance
