"""What every operation begins with: a request, its open source, and its count."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.core.ordering import Meaning
from anon_dagster.engine import in_use
from anon_dagster.errors import Complaint, RequestError
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import table_attributes
from anon_dagster.progress import ProgressSink, ignore_progress, running
from anon_dagster.reading.counting import Count, count, encode
from anon_dagster.reading.derived import require_dates, with_derived
from anon_dagster.reading.header_cells import could_be_a_value, require_header_of_names
from anon_dagster.reading.headers import require_columns
from anon_dagster.reading.keys import require_keys, require_keys_everywhere
from anon_dagster.reading.linking import require_unlinked
from anon_dagster.reading.persons import (
    fresh_key,
    owners_asked,
    require_named_persons,
    with_persons,
)
from anon_dagster.reading.population import count_population, require_population
from anon_dagster.reading.sampled import drawn
from anon_dagster.reading.scanning import Scan
from anon_dagster.reading.shift_effect import effect_of_shift
from anon_dagster.reading.shifted import Days, ShiftedSource, with_shifted
from anon_dagster.request import (
    LinkedRequest,
    Policy,
    Request,
    Source,
    Target,
    load_any_request,
    load_request,
    not_one_table,
    parse_any_request,
    parse_request,
    require_document,
)
from anon_dagster.statistics.classification import require_classifiers
from anon_dagster.storage.missing import WithMissing
from anon_dagster.storage.opened import MaySkip, never
from anon_dagster.storage.sharing import require_shared_source, require_shared_target
from anon_dagster.storage.sources import OpenSource, open_frame, open_source
from anon_dagster.storage.tables_in_memory import Tabular
from anon_dagster.storage.targets import check_target

RequestLike = Request | Mapping[str, Any] | str | Path
"""A request, its document, or the path of its YAML file."""


def as_request(request: RequestLike) -> Request:
    """Return the request that was given, its document or its file.

    Raises
    ------
    RequestError
        With every problem of the request.
    """
    if isinstance(request, Request):
        return request
    if isinstance(request, str | Path):
        return load_request(request)
    return parse_request(require_document(request))


def as_any_request(request: RequestLike | LinkedRequest) -> Request | LinkedRequest:
    """Return the request of a table, or of linked ones, that was given; see :func:`as_request`.

    Raises
    ------
    RequestError
        As there.
    """
    if isinstance(request, Request | LinkedRequest):
        return request
    if isinstance(request, str | Path):
        return load_any_request(request)
    return parse_any_request(require_document(request))


def require_one_table(decision: Decision, what: str) -> None:
    """Refuse what is not done with the release of one of several linked tables.

    Parameters
    ----------
    what
        It is called so, such as ``the risk of every record``.

    Raises
    ------
    RequestError
        If the table is one of several.
    """
    if decision.own is not None:
        raise RequestError(
            f"{what} is told of a table by itself, and this one is linked to another"
        )


def open_table(
    request: Request, *, frame: Tabular | None = None, days: Days | None = None
) -> OpenSource:
    """Open the source of a request, and find out before the work whether it can be done.

    Parameters
    ----------
    days
        What was found when the same source was opened before, if its dates are shifted; it is read
        for it if left out.

    Raises
    ------
    RequestError
        If there is no source, or two, or no key for pseudonyms or shifted dates.
    SourceError
        If the source cannot be read, has other columns than the request names, or a record where
        its header should be; if a column to shift holds something that is no date; if the table of
        the population cannot be read, or lacks a quasi-identifier.
    TargetError
        If the target could not be written.
    ClusterError
        If workers of a cluster have no key, or another one; that they do not see a source or a
        target is a SourceError or a TargetError.
    """
    source = _found_fit(request, frame)
    if request.target is not None:
        check_target(request.target, request.inputs)
        require_shared_target(in_use(), request.target)
    return with_shifted(source, request.policy, days)


def require_fitting_source(request: Request) -> None:
    """Find out whether the source of a request has its columns, and no others; no record counts.

    Raises
    ------
    SourceError
        If it cannot be read, has other columns, or a record where its header should be.
    """
    source = as_requested(
        open_one_source(request.source, None, may_skip=request.policy.ignores), request
    )
    require_columns(
        source.columns, request.policy.attributes, source.advice, named=source.has_schema
    )
    _require_header(source, request.source)


def open_to_count(request: Request, *, frame: Tabular | None = None) -> OpenSource:
    """Open the source of a request as :func:`open_table` does, where nothing is to be written.

    Raises
    ------
    RequestError, SourceError, ClusterError
        As there.
    """
    return with_shifted(_found_fit(request, frame), request.policy)


def _found_fit(request: Request, frame: Tabular | None) -> OpenSource:
    """Open a source before its dates are shifted, and find out whether the work can be done."""
    require_keys(request.policy)
    require_keys_everywhere(request.policy)
    opened = open_one_source(request.source, frame, may_skip=request.policy.ignores)
    require_shared_source(in_use(), opened.files)
    source = as_requested(opened, request)
    require_columns(
        source.columns, request.policy.attributes, source.advice, named=source.has_schema
    )
    _require_header(source, request.source)
    require_population(request.policy)
    require_classifiers(request.policy)
    return source


def require_no_hold(targets: Iterable[Target | None]) -> None:
    """Refuse to hold a release where there is no job that it could wait with.

    Raises
    ------
    RequestError
        If a target says ``hold``.
    """
    if any(target is not None and target.hold for target in targets):
        raise RequestError(
            [
                Complaint(
                    "target.hold",
                    "a release waits with its job, and this call is none: submit the request by "
                    "AnonClient or anon anonymize, or leave hold out",
                )
            ]
        )


def open_again(
    request: Request, *, frame: Tabular | None = None, days: Days | None = None
) -> OpenSource:
    """Open the source of a request that was found fit before, as :func:`open_table` did.

    Parameters
    ----------
    days
        As there.

    Raises
    ------
    RequestError
        If there is no source, or two, or no key for shifted dates.
    SourceError
        If the source cannot be read.
    """
    opened = open_one_source(request.source, frame, may_skip=request.policy.ignores)
    source = as_requested(opened, request)
    require_columns(source.columns, request.policy.attributes)
    return with_shifted(source, request.policy, days)


def as_requested(opened: OpenSource, request: Request) -> OpenSource:
    """Return a source as a request sees it before dates are shifted: with derived columns."""
    as_text = request.source is not None and request.source.format_found == "csv"
    return with_derived(declared_missing(opened, request), request.policy, as_text=as_text)


def _require_header(opened: OpenSource, source: Source | None) -> None:
    """Refuse a source whose names are a record's cells; nothing is read where none can be one."""
    if not any(map(could_be_a_value, opened.columns)) or not opened.parts:
        return
    first = next(opened.batches(opened.parts[0]), None)
    if first is not None:
        require_header_of_names({n: _distinct(first.column(n)) for n in first.schema.names}, source)


def _distinct(column: pa.Array) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct values of a column, and how many records have each."""
    values, codes = encode(column)
    texts: list[str | None] = values.to_pylist()
    counts = np.bincount(codes, minlength=len(texts)).astype(np.int64)
    kept = [place for place, text in enumerate(texts) if text is not None]
    return [str(texts[place]) for place in kept], counts[kept]


def open_one_source(
    source: Source | None, frame: Tabular | None, *, may_skip: MaySkip = never
) -> OpenSource:
    """Open a source or a frame, whichever was given.

    Parameters
    ----------
    may_skip
        Which columns may be left unread if their values have no text.

    Raises
    ------
    RequestError
        If neither or both were given.
    SourceError
        If the source cannot be read.
    """
    if source is not None and frame is None:
        return open_source(source, may_skip=may_skip)
    if frame is not None and source is None:
        return open_frame(frame, may_skip=may_skip)
    raise not_one_table("a request", frame)


def declared_missing(source: OpenSource, request: Request) -> OpenSource:
    """Return a source in which the values that stand for none are missing.

    An empty text is one where the source or the target is a CSV file, unless the request keeps it.
    """
    files = [place for place in (request.source, request.target) if place is not None]
    of_csv = [place.csv for place in files if place.format_found == "csv"]
    usual = {""} if any(options.empty_is_missing for options in of_csv) else set[str]()
    if any(options.quoted_empty == "text" for options in of_csv):
        usual = set()
    tokens = {
        name: frozenset(usual if attribute.missing is None else attribute.missing)
        for name, attribute in request.policy.attributes.items()
    }
    some = {name: texts for name, texts in tokens.items() if texts}
    return WithMissing(source, some) if some else source


def count_records(
    request: Request,
    source: OpenSource,
    *,
    meanings: Mapping[str, Meaning] | None = None,
    key: str | None = None,
    released: Policy | None = None,
    on_progress: ProgressSink = ignore_progress,
) -> Count:
    """Read the source once, into its frequency table, and the table of the population.

    Where a sample is asked for, only its records are counted.

    Parameters
    ----------
    meanings
        What the values of columns are known to mean; of others it is found out.
    key
        Of the hashes that tell persons apart; a fresh one, unless those of another count are to be
        recognised.
    released
        What is said of the columns that are released, if these are not all that are counted.

    Raises
    ------
    RequestError
        If more records are to be drawn than there are.
        If a column that is released links the records of many persons.
    SourceError
        If records do not tell whose they are, and have to; or if a column is derived of values
        most of which are no dates.
    """
    require_dates(source.source if isinstance(source, ShiftedSource) else source)
    sample = drawn(source, request.policy)
    key = key or fresh_key()
    read = with_persons(sample or source, request.policy, key)
    owners, attributes = owners_asked(request.policy), table_attributes(request.policy)
    weight = request.policy.weight
    own = () if weight is None or weight in attributes else (weight,)  # nothing else counts it
    counted = count(
        read,
        (*attributes, *owners, *own),
        hidden=request.policy.names("direct_identifier"),
        decimal=request.decimal,
        reading=Scan("count", running("count", None, on_progress, guess=source.records)),
    )
    population = count_population(request.policy)
    sampling = None if sample is None else replace(sample.sampling, records=sample.records)
    if request.policy.privacy.differential_privacy is not None:  # no value may tell of another
        meanings = dict.fromkeys(counted.attributes, Meaning.text)
    require_named_persons(counted, request.policy)
    known = {**dict.fromkeys(owners, Meaning.text), **dict.fromkeys(own, Meaning.number)}
    counted = counted.understood({**(meanings or {}), **known})
    if weight is not None:
        counted = counted.with_weights(weight, kept=not own)
    if owners:
        counted = counted.with_persons(key)
        require_unlinked(read, counted, released or request.policy)
    shift = effect_of_shift(source, request.policy)
    return replace(counted, population=population, sampling=sampling, shift=shift)
