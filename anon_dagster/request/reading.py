"""Documents and files become requests; all of their problems are told at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from anon_dagster.errors import Complaint, RequestError
from anon_dagster.request.consistency import inconsistencies
from anon_dagster.request.documents import load_yaml
from anon_dagster.request.foreign import in_own_names
from anon_dagster.request.paths import anchored
from anon_dagster.request.policy import Policy, Request
from anon_dagster.request.problems import problems_of
from anon_dagster.request.strict import document as as_document
from anon_dagster.request.table_problems import NOT_WITH_TABLES, table_problems
from anon_dagster.request.tables import LinkedRequest

_P = TypeVar("_P", bound=BaseModel)
_NOT_HERE = (
    "linked tables go with anonymize alone, in Python, in the shell and in jobs; whatever else "
    "there is takes one table: give its source, its target and its attributes"
)


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
    if document.get("tables"):
        raise RequestError([Complaint("tables", _NOT_HERE)])
    document = in_own_names(document)
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


def parse_tables(document: Mapping[str, Any], *, folder: Path | None = None) -> LinkedRequest:
    """Validate a request of linked tables whole; see :func:`parse_request`.

    Raises
    ------
    RequestError
        With every problem of the document, each with its path in it.
    """
    document = in_own_names(document)
    problems = list(table_problems(document))
    policy = as_document(document.get("policy"))
    known = {key: value for key, value in policy.items() if key not in NOT_WITH_TABLES}
    told = {"policy.recoding"} & {problem.path for problem in problems}
    linked = None
    try:
        linked = LinkedRequest.model_validate({**document, "policy": known})
    except ValidationError as error:
        found = problems_of(error, LinkedRequest)
        problems += [problem for problem in found if problem.path not in told]
    problems += _of_joined(document, known)
    if problems or linked is None:
        unlike = {(problem.path, problem.message): problem for problem in problems}
        raise RequestError(list(unlike.values())) from None
    if folder is None:
        return linked
    return LinkedRequest.model_validate(anchored(linked.model_dump(by_alias=True), folder))


def _of_joined(document: Mapping[str, Any], policy: Mapping[str, Any]) -> list[Complaint]:
    """Find what is inconsistent in the attributes of all tables, and in where they lie."""
    where: dict[str, str] = {}
    attributes: dict[str, Any] = {}
    problems: list[Complaint] = []
    for name, value in as_document(document.get("tables")).items():
        table = as_document(value)
        own = as_document(as_document(table.get("policy")).get("attributes"))
        attributes |= own
        where |= {f"policy.attributes.{each}": f"tables.{name}." for each in own}
        places = {key: table[key] for key in ("source", "target") if table.get(key)}
        found = inconsistencies({**places, "policy": {"attributes": own}})
        problems += [Complaint(f"tables.{name}.{each.path}", each.message) for each in found]
    for each in inconsistencies({"policy": {**policy, "attributes": attributes}}):
        path = ".".join(each.path.split(".")[:3])
        problems.append(Complaint(f"{where.get(path, '')}{each.path}", each.message))
    return problems


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
    file = _as_path(path)
    return parse_request(load_yaml(file), folder=file.parent.resolve())


def load_any_request(path: str | Path) -> Request | LinkedRequest:
    """Read a request of one table, or of linked ones, from a YAML file; see :func:`load_request`.

    Raises
    ------
    RequestError
        As there.
    """
    file = _as_path(path)
    document, folder = load_yaml(file), file.parent.resolve()
    return parse_any_request(document, folder=folder)


def parse_any_request(
    document: Mapping[str, Any], *, folder: Path | None = None
) -> Request | LinkedRequest:
    """Validate a request of one table, or of linked ones; see :func:`parse_request`.

    Raises
    ------
    RequestError
        As there.
    """
    parse = parse_tables if require_document(document).get("tables") else parse_request
    return parse(document, folder=folder)


def _as_path(path: object) -> Path:
    if not isinstance(path, str | Path):
        raise RequestError(f"a request is read from a path, not from {type(path).__name__}")
    return Path(path)
