"""What linked tables begin with: both open and fit to be joined, and their counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from anon_dagster.errors import RequestError, of_table
from anon_dagster.operations.preparation import count_records, open_table
from anon_dagster.progress import ProgressSink, ignore_progress
from anon_dagster.reading.counting import Count
from anon_dagster.reading.joined import (
    JoinedTables,
    PersonRecords,
    meanings_of,
    person_records,
    require_known_persons,
    understood_as,
)
from anon_dagster.reading.linking import LinkableTable, require_no_common_values
from anon_dagster.reading.persons import fresh_key, with_persons
from anon_dagster.request import LinkedRequest
from anon_dagster.request.suggestions import did_you_mean
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.tables_in_memory import Tabular
from anon_dagster.storage.targets import check_target, require_apart


@dataclass(frozen=True, slots=True, eq=False)
class OpenTables:
    """Linked tables, found fit to be joined."""

    sources: Mapping[str, OpenSource] = field(repr=False)
    """By table."""
    persons: PersonRecords
    """What the master says of each person."""
    frames: Mapping[str, Tabular] = field(repr=False)
    """Those that were handed over."""


@dataclass(frozen=True, slots=True, eq=False)
class LinkedCounts:
    """What was counted of linked tables."""

    master: Count
    joined: Count
    """Of the detail, with the columns of the master beside its own."""
    source: JoinedTables = field(repr=False)
    """What that was counted of."""


def open_linked(request: LinkedRequest, frames: object) -> OpenTables:
    """Open linked tables, and find out before the work whether they can be joined and released.

    Parameters
    ----------
    frames
        The records of tables that have no source, by table.

    Raises
    ------
    AnonError
        As :func:`anon_dagster.operations.preparation.open_table`, of each of the tables.
    RequestError
        If a DataFrame is of no table.
    SourceError
        If a person has several records in the master, or records of one table are of nobody, or of
        a person whom the master lacks, or writes otherwise where pseudonyms join the releases.
    TargetError
        If a target is the other one, or a source of the other table.
    """
    handed = _frames(request, frames)
    sources = {}
    for name in request.tables:
        with of_table(name):
            sources[name] = open_table(request.own(name), frame=handed.get(name))
    targets = [table.target for table in request.tables.values() if table.target is not None]
    require_apart(targets)
    for target in targets:
        check_target(target, request.inputs)
    names = request.own(request.master).policy.attributes_counted
    known = person_records(sources[request.master], request.master, request.key, names)
    require_known_persons(
        sources[request.detail],
        request.detail,
        known,
        request.master,
        as_written=_join_by_pseudonyms(request),
    )
    return OpenTables(sources, known, handed)


def _join_by_pseudonyms(request: LinkedRequest) -> bool:
    """Tell whether the persons have the same pseudonyms in both tables."""
    policies = [request.own(name).policy for name in request.tables]
    first, second = (policy.attributes[request.key] for policy in policies)
    return first == second and all(request.key in policy.pseudonyms for policy in policies)


def _frames(request: LinkedRequest, frames: object) -> dict[str, Tabular]:
    """Return the tables that were handed over, by table."""
    given = {} if frames is None else frames
    if not isinstance(given, Mapping):
        names = ", ".join(request.tables)
        raise RequestError(f"a request of tables takes a mapping of DataFrames by name: {names}")
    for name in given:
        if name not in request.tables:
            raise RequestError(
                f"a DataFrame is given for a name that is none of the tables "
                f"{', '.join(request.tables)}{did_you_mean(name, request.tables)}"
            )
    return dict(given)


def count_linked(
    request: LinkedRequest, opened: OpenTables, *, on_progress: ProgressSink = ignore_progress
) -> LinkedCounts:
    """Read both tables into their frequency tables, the detail with the columns of the master.

    Raises
    ------
    RequestError
        If a column that is released links the records of many persons, or columns of both do.
    SourceError
        If a source changed since it was opened.
    """
    key = fresh_key()
    quasi_identifiers = tuple(request.own(request.master).policy.quasi_identifiers)
    with of_table(request.master):
        master = count_records(
            request.own(request.master),
            opened.sources[request.master],
            key=key,
            on_progress=on_progress,
        )
    source = JoinedTables(opened.sources[request.detail], opened.persons)
    with of_table(request.detail):
        joined = count_records(
            request.joined(),
            source,
            meanings=meanings_of(master, quasi_identifiers),
            key=key,
            released=request.own(request.detail).policy,
            on_progress=on_progress,
        )
    counts = {request.master: master, request.detail: joined}
    require_no_common_values(
        *(
            _linkable(request, name, opened.sources[name], each, key)
            for name, each in counts.items()
        )
    )
    return LinkedCounts(master, understood_as(joined, master, quasi_identifiers), source)


def _linkable(
    request: LinkedRequest, name: str, source: OpenSource, counted: Count, key: str
) -> LinkableTable:
    policy = request.own(name).policy
    return LinkableTable(name, with_persons(source, policy, key), counted, policy)
