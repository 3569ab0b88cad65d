"""What is asked for, made into a job that can be queued."""

import getpass
import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anon_dagster.client.deployment import Launch
from anon_dagster.client.handover import Handover, names_values
from anon_dagster.request import (
    Request,
    Source,
    Target,
    load_request,
    not_one_table,
    parse_request,
    parse_request_part,
    require_document,
)

if TYPE_CHECKING:
    import pandas as pd

RequestLike = Request | Mapping[str, Any] | str | Path
"""A request, its document, or the path of its YAML file."""

KIND, DATASET, FINGERPRINT = "anon/kind", "anon/dataset", "anon/request"
HANDED, VERSION = "anon/handed", "anon/version"
USER = "user"
"""Whom Dagster takes a run for; who submitted it says so, and nobody checks it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A request, the records that came with it, and where what is handed over goes."""

    request: Request
    dataset: str
    frame: "pd.DataFrame | None"
    store: Path | None
    largest: int

    def launch(self, kind: str) -> Launch:
        """Hand over what must be, and describe the job; nothing of it holds a cell.

        Raises
        ------
        HandoverError
            If records or lists of values cannot be handed over.
        RequestError
            If there is neither a source nor a DataFrame, or both.
        """
        request, handed = self.request, None
        if (request.source is None) == (self.frame is None):
            raise not_one_table("a request", self.frame)
        if self.frame is not None:
            handed = Handover.new(self.store)
            path = handed.give_frame(self.frame, largest=self.largest)
            request = _with_source(request, path)
        document = request.model_dump(mode="json", by_alias=True, exclude_none=True)
        mark = self.request.fingerprint
        if names_values(request):
            handed = handed or Handover.new(self.store)
            document = {"file": str(handed.give_document(document))}
        tags = {KIND: kind, DATASET: self.dataset, FINGERPRINT: mark} | _tags(handed)
        config = {"ops": {"adhoc__request": {"config": {"request": document}}}}
        return Launch(f"{kind}_job", config, tags, partition(mark))


@dataclass(frozen=True, slots=True)
class Application:
    """Whose solution is applied to which records."""

    solution: str | Mapping[str, Any]
    """The id of a job, the path of a document, or the document."""
    source: Source | None
    target: Target | None
    options: Mapping[str, Any]
    dataset: str
    frame: "pd.DataFrame | None"
    store: Path | None
    largest: int

    def launch(self) -> Launch:
        """Hand over what must be, and describe the job; nothing of it holds a cell.

        Raises
        ------
        HandoverError
            If records or a solution cannot be handed over.
        RequestError
            If there is neither a source nor a DataFrame, or both.
        """
        if (self.source is None) == (self.frame is None):
            raise not_one_table("apply", self.frame)
        handed, source, solution = None, self.source, self.solution
        if self.frame is not None:
            handed = Handover.new(self.store)
            path = handed.give_frame(self.frame, largest=self.largest)
            source = Source(path=str(path))
        if isinstance(solution, Mapping):
            handed = handed or Handover.new(self.store)
            solution = str(handed.give_document(solution))
        config = {"solution": solution, **self.options} | {
            name: part.model_dump(mode="json", exclude_none=True)
            for name, part in (("source", source), ("target", self.target))
            if part is not None
        }
        mark = _mark(config)
        tags = {KIND: "apply", DATASET: self.dataset, FINGERPRINT: mark} | _tags(handed)
        op = {"ops": {"adhoc__application": {"config": config}}}
        return Launch("apply_job", op, tags, partition(mark))


@dataclass(frozen=True, slots=True)
class Look:
    """A table that nobody has described yet."""

    source: Source | str | None
    asked: Mapping[str, Any]
    """The mode, and other fields of the configuration of the job."""
    dataset: str
    frame: "pd.DataFrame | None"
    store: Path | None
    largest: int

    def launch(self, kind: str) -> Launch:
        """Hand over the records if need be, and describe the job; nothing of it holds a cell.

        Raises
        ------
        HandoverError
            If the records cannot be handed over.
        RequestError
            If there is neither a source nor a DataFrame, or both.
        """
        if (self.source is None) == (self.frame is None):
            raise not_one_table("detection", self.frame)
        handed, source = None, self.source
        if self.frame is not None:
            handed = Handover.new(self.store)
            source = str(handed.give_frame(self.frame, largest=self.largest))
        if isinstance(source, Source):
            place: Any = source.model_dump(mode="json", exclude_none=True)
        else:
            place = source
        config = {"source": place, **self.asked}
        mark = _mark(config)
        domains = self.asked.get("domains", {})
        if any(isinstance(each.get("values"), list) for each in domains.values()):
            handed = handed or Handover.new(self.store)
            config["domains"] = str(handed.give_document(domains))
        tags = {KIND: kind, DATASET: self.dataset, FINGERPRINT: mark} | _tags(handed)
        op = {"ops": {"adhoc__proposal": {"config": config}}}
        return Launch("propose_job", op, tags, partition(mark))


def read_table(table: Source | Mapping[str, Any] | str | Path | None) -> Source | str | None:
    """Return a table to look at: of a path, how it is written is for the job to find out."""
    if isinstance(table, str | Path):
        return _absolute(str(table))
    return read_place(Source, table)


_Place = TypeVar("_Place", Source, Target)


def read_place(
    kind: type[_Place], place: _Place | Mapping[str, Any] | str | Path | None
) -> _Place | None:
    """Validate a source or a target; relative paths become absolute.

    Raises
    ------
    RequestError
        With every problem of it.
    """
    if place is None:
        return None
    if isinstance(place, str | Path):
        place = {"path": str(place)}
    document = dict(place) if isinstance(place, Mapping) else place.model_dump()
    read = parse_request_part(kind, document, kind.__name__.lower())
    paths: Any = read.path
    whole = _absolute(paths) if isinstance(paths, str) else tuple(map(_absolute, paths))
    return read.model_copy(update={"path": whole})


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).expanduser().absolute())


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


def name_of(source: Source | str | None) -> str:
    """Return what records are called that nobody gave a name."""
    if source is None:
        return "frame"
    path = source if isinstance(source, str) else source.path
    return _name(Path(path if isinstance(path, str) else path[0]).stem)


def _mark(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def partition(mark: str) -> str:
    """Return a name that no other job has, so that two jobs never meet."""
    return f"{mark}-{uuid.uuid4().hex[:12]}"


def _tags(handed: Handover | None) -> dict[str, str]:
    tags = {VERSION: version("anon-dagster"), **_user()}
    return tags if handed is None else tags | {HANDED: handed.name}


def _user() -> dict[str, str]:
    try:
        return {USER: getpass.getuser()}
    except (OSError, KeyError):  # a process of nobody's, as in some containers
        return {}


def _name(text: str) -> str:
    return re.sub(r"\W+", "_", text)[:60] or "unnamed"


def _with_source(request: Request, path: Path) -> Request:
    document = request.model_dump(by_alias=True) | {"source": {"path": str(path)}}
    return Request.model_validate(document)
