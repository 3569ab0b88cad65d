"""Documents and files become requests; all of their problems are told at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from anon_dagster.errors import RequestError
from anon_dagster.request.consistency import inconsistencies
from anon_dagster.request.documents import load_yaml
from anon_dagster.request.paths import anchored
from anon_dagster.request.policy import Policy, Request
from anon_dagster.request.problems import problems_of

_P = TypeVar("_P", bound=BaseModel)


def parse_request(document: Mapping[str, Any], *, folder: Path | None = None) -> Request:
    """Validate a request whole.

    Parameters
    ----------
    document
        The request as nested mappings, as YAML gives them.
    folder
        What relative paths in the document are relative to; the working directory if left out.

    Raises
    ------
    RequestError
        With every problem of the document, each with its path in it.
    """
    if not isinstance(document, Mapping):
        raise RequestError("a request is a mapping with the keys source, target and policy")
    problems = []
    request = None
    try:
        request = Request.model_validate(dict(document))
    except ValidationError as error:
        problems += problems_of(error, Request)
    problems += list(inconsistencies(document))
    if problems or request is None:
        raise RequestError(problems) from None
    return (
        request
        if folder is None
        else Request.model_validate(anchored(request.model_dump(by_alias=True), folder))
    )


def parse_policy(document: Mapping[str, Any]) -> Policy:
    """Validate a policy by itself; see :func:`parse_request`."""
    return parse_request({"policy": document}).policy


def require_document(request: object) -> Mapping[str, Any]:
    """Return the document that was given for a request.

    Raises
    ------
    RequestError
        If it is none.
    """
    if not isinstance(request, Mapping):
        raise RequestError(
            f"a request is a mapping, a Request or the path of a YAML file, not "
            f"{type(request).__name__}"
        )
    return request


def not_one_table(what: str, frame: object) -> RequestError:
    """Return the error of what has neither a source nor a DataFrame, or both."""
    needs = f"{what} needs either a source or a DataFrame that is handed over"
    return RequestError(needs if frame is None else f"{needs}, not both")


def parse_request_part(kind: type[_P], document: Mapping[str, Any], path: str) -> _P:
    """Validate a part of a request by itself, such as a source or a measurement.

    Raises
    ------
    RequestError
        With every problem of it.
    """
    try:
        return kind.model_validate(dict(document))
    except ValidationError as error:
        raise RequestError(problems_of(error, kind, path)) from None


def load_request(path: str | Path) -> Request:
    """Read a request from a YAML file; relative paths in it start at the file's folder.

    Raises
    ------
    RequestError
        If the file cannot be read, is not YAML, has a key twice, or is not a valid request.
    """
    if not isinstance(path, str | Path):
        raise RequestError(f"a request is read from a path, not from {type(path).__name__}")
    file = Path(path)
    return parse_request(load_yaml(file), folder=file.parent.resolve())
