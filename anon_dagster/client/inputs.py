"""What a client is given to work on, validated where its files are: before a job is queued."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from anon_dagster.errors import RequestError
from anon_dagster.request import (
    LinkedRequest,
    Measurement,
    Policy,
    Request,
    Source,
    Target,
    load_any_request,
    load_request,
    parse_any_request,
    parse_request,
    parse_request_part,
    require_document,
)
from anon_dagster.request.arguments import as_source

RequestLike = Request | Mapping[str, Any] | str | Path
"""A request, its document, or the path of its YAML file."""
TableLike = Source | Mapping[str, Any] | str | Path
"""A source, its document, or the path of a file whose format is guessed."""
DomainsLike = Mapping[str, Any] | str | Path
"""Domains of one's own by name, or the path of a YAML file of them."""

_Location = TypeVar("_Location", Source, Target)


def read_any_request(request: RequestLike | LinkedRequest) -> tuple[Request | LinkedRequest, str]:
    """Validate a request of a table, or of linked ones; see :func:`read_request`.

    Raises
    ------
    RequestError
        Also if one of linked tables has no source.
    """
    if isinstance(request, str | Path):
        file = Path(request)
        parsed, name = load_any_request(file), _name(file.resolve().parent.name)
    else:
        models = Request | LinkedRequest
        document = request.model_dump(by_alias=True) if isinstance(request, models) else request
        parsed = parse_any_request(require_document(document), folder=Path.cwd())
        name = name_of(parsed.source)
    if isinstance(parsed, LinkedRequest):
        lacking = [table for table, each in parsed.tables.items() if each.source is None]
        if lacking:
            raise RequestError(
                f"a job reads linked tables from files: {', '.join(lacking)} has no source"
            )
    return parsed, name


def read_request(request: RequestLike) -> tuple[Request, str]:
    """Validate a request and give its dataset a name; relative paths become absolute.

    Raises
    ------
    RequestError
        With every problem of the request.
    """
    if isinstance(request, str | Path):
        file = Path(request)
        return load_request(file), _name(file.resolve().parent.name)
    document = request.model_dump(by_alias=True) if isinstance(request, Request) else request
    parsed = parse_request(require_document(document), folder=Path.cwd())
    return parsed, name_of(parsed.source)


def read_measurement(policy: Policy, measurement: Measurement | Mapping[str, Any]) -> Measurement:
    """Validate what is to be compared.

    Raises
    ------
    RequestError
        If it is none, or has values of a model that the policy does not have.
    """
    from anon_dagster.assessment.comparison import configurations

    if isinstance(measurement, Mapping):
        measurement = parse_request_part(Measurement, measurement, "measurement")
    for _ in configurations(policy, measurement):
        pass
    return measurement


def read_table(table: TableLike | None) -> Source | str | None:
    """Return a table to look at: of a path, how it is written is for the job to find out."""
    if isinstance(table, str | Path):
        as_source(table)  # which refuses what is no path
        return _absolute(str(table))
    return read_location(Source, table)


def read_location(
    kind: type[_Location], location: _Location | Mapping[str, Any] | str | Path | None
) -> _Location | None:
    """Validate a source or a target; relative paths become absolute.

    Raises
    ------
    RequestError
        With every problem of it.
    """
    if location is None:
        return None
    if isinstance(location, str | Path):
        location = {"path": str(location)}
    document = dict(location) if isinstance(location, Mapping) else location.model_dump()
    read = parse_request_part(kind, document, kind.__name__.lower())
    paths: Any = read.path
    whole = _absolute(paths) if isinstance(paths, str) else tuple(map(_absolute, paths))
    return read.model_copy(update={"path": whole})


def read_domains(domains: DomainsLike | None) -> dict[str, Any]:
    """Read domains as an option of a job; none if there are none.

    Raises
    ------
    RequestError
        If they are not valid.
    """
    if domains is None:
        return {}
    from anon_dagster.detection.domains import custom_document

    return {"domains": custom_document(domains)}


def name_of(source: Source | str | None) -> str:
    """Return what records are called that nobody gave a name."""
    if source is None:
        return "frame"
    path = source if isinstance(source, str) else source.path
    return _name(Path(path if isinstance(path, str) else path[0]).stem)


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).expanduser().absolute())


def _name(text: str) -> str:
    return re.sub(r"\W+", "_", text)[:60] or "unnamed"
