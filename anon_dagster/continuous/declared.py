"""Datasets that are released continuously, by their requests: append, erase, audit."""

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anon_dagster import clock
from anon_dagster.arrivals.inbox import Inbox
from anon_dagster.continuous import appending, auditing
from anon_dagster.continuous.appending import append_file, finish
from anon_dagster.continuous.auditing import Audit
from anon_dagster.continuous.erasing import Erasure, require_named
from anon_dagster.continuous.given_keys import keys_of
from anon_dagster.continuous.ledger import Kind, Line
from anon_dagster.continuous.stream import Stream
from anon_dagster.errors import RequestError, SourceError, counted
from anon_dagster.jobs.names import REQUEST_FILE
from anon_dagster.jobs.places import store_folder
from anon_dagster.operations.preparation import RequestLike
from anon_dagster.releasing.publication import checksum_of
from anon_dagster.request import Request, load_request, parse_request, require_document
from anon_dagster.request.arguments import require_names
from anon_dagster.storage.addresses import absolute
from anon_dagster.storage.listing import ListedFile, look_up

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")


def append(
    request: RequestLike,
    files: str | Path | Collection[str | Path] | None = None,
    *,
    dataset: str | None = None,
    store: str | Path | None = None,
) -> list[Line]:
    """Read files of a dataset with ``mode: append``, and release whoever can be released by now.

    A step that was interrupted is finished before.

    Parameters
    ----------
    request
        What is asked for: a request, its document, the path of its YAML file, the folder of it, or
        the name of a declared dataset (below ``ANON_DATA``, or ``data``).
    files
        In this order. If left out, all that lie where files come in and were not read yet, the
        oldest first; those that changed within the last ``settle_seconds`` may still grow, and are
        left for the next call.
    dataset
        What the dataset is called; the folder of its ``request.yaml`` if left out.
    store
        The folder of the jobs, which also has what was released before: ``ANON_STORE`` if left
        out, or ``.anon`` in the home.

    Returns
    -------
    list of Line
        What came of each step, as the ledger has it.

    Raises
    ------
    RequestError
        With every problem of the request.
    SourceError
        If a file that is named is not there; none is read then.
    TargetError
        If a delta cannot be written; the step is finished by the next call.
    BusyError, StoreUnavailableError
        If another step takes too long, or a store does not answer; the same.
    """
    return append_to(stream_of(request, dataset=dataset, store=store), files)


def erase(
    request: RequestLike,
    keys: Any,  # noqa: ANN401 (a DataFrame or a list, told by keys_of)
    *,
    dataset: str | None = None,
    store: str | Path | None = None,
) -> Erasure:
    """Erase people: from those who wait, and with their blocks from the deltas.

    Parameters
    ----------
    request, dataset, store
        As in :func:`append`.
    keys
        Who: a DataFrame with the attributes of ``policy.person``; or a list of the values of the
        one attribute, or of tuples of several. They are neither kept nor written anywhere.

    Raises
    ------
    RequestError
        If the dataset names nobody, keys are missing or have no text, or no file was read yet.
    JobError
        If a delta is not as it was released.
    BusyError
        If another step takes too long.
    """
    return erase_from(stream_of(request, dataset=dataset, store=store), keys)


def audit(
    request: RequestLike,
    *,
    dataset: str | None = None,
    store: str | Path | None = None,
    seed: int = 0,
) -> Audit:
    """Measure all deltas of a dataset again as they lie there, and hold its ledger against them.

    Parameters
    ----------
    request, dataset, store
        As in :func:`append`.
    seed
        Draws the unions.

    Raises
    ------
    RequestError
        If no file was read yet.
    BusyError
        If a step takes too long.
    """
    return audit_of(stream_of(request, dataset=dataset, store=store), seed=seed)


# -- the dataset -----------------------------------------------------------------------------


def stream_of(
    request: RequestLike,
    *,
    dataset: str | None = None,
    store: str | Path | None = None,
    home: str | Path | None = None,
) -> Stream:
    """Return the stream of a dataset; see :func:`append`.

    Parameters
    ----------
    home
        The folder of ``dagster.yaml``, in which the store is if nobody says where.

    Raises
    ------
    RequestError
        With every problem of the request, or if nobody says what the dataset is called.
    """
    read, own = _read(request)
    name = own if dataset is None else dataset
    if name is None:
        raise RequestError(
            f"nobody says what the dataset is called: name it (dataset), or put its request into "
            f"a folder of that name, as {REQUEST_FILE}"
        )
    if not _NAME.fullmatch(name):
        raise RequestError(
            "the name of a dataset has letters, digits and _ only, and begins with none of these "
            "last ones; give it one (dataset), or rename its folder"
        )
    return Stream(name, read, store_folder(store, home))


def _read(request: RequestLike) -> tuple[Request, str | None]:
    """Read a request; return also what its folder is called, if that names a dataset."""
    if isinstance(request, str | Path):
        file = _request_file(Path(request))
        named = file.name == REQUEST_FILE
        return load_request(file), file.resolve().parent.name if named else None
    document = request.model_dump(by_alias=True) if isinstance(request, Request) else request
    return parse_request(require_document(document), folder=Path.cwd()), None


def _request_file(given: Path) -> Path:
    """Find the request of a path, of a folder, or of a declared dataset."""
    declared = Path(os.environ.get("ANON_DATA") or "data")
    named = [declared / given / REQUEST_FILE] if len(given.parts) == 1 else []
    for file in (given, given / REQUEST_FILE, *named):
        if file.is_file():
            return file
    raise RequestError(
        f"there is no request {given}: it is neither the path of one, nor a folder with "
        f"{REQUEST_FILE}, nor the name of a dataset in {declared}"
    )


def append_to(
    stream: Stream, files: str | Path | Collection[str | Path] | None = None
) -> list[Line]:
    """Read files of a stream; see :func:`append`."""
    named = None if files is None else _named(files)
    with stream.alone():
        resumed = finish(stream)
    done = [] if resumed is None else [resumed]
    paths = [file.path for file in unread(stream).ready] if named is None else named
    of_resumed = {line.file for line in done}
    return [*done, *(append_file(stream, path) for path in paths if path not in of_resumed)]


def erase_from(stream: Stream, keys: Any) -> Erasure:  # noqa: ANN401 (told by keys_of)
    """Erase people of a stream; see :func:`erase`."""
    named = require_named(stream)
    _require_begun(stream)
    return appending.erase(stream, keys_of(named, keys))


def audit_of(stream: Stream, *, seed: int = 0) -> Audit:
    """Audit a stream; see :func:`audit`."""
    _require_begun(stream)
    return auditing.audit(stream, seed=seed)


def _require_begun(stream: Stream) -> None:
    """Refuse a dataset of which nothing was read: its store may be another one."""
    if not any(line.kind is not Kind.SET_ASIDE for line in stream.ledger.lines()):
        raise RequestError(
            f"no file of {stream.dataset} was read into {stream.root} yet; if its store is another "
            "one, name it (store, or ANON_STORE)"
        )


# -- its files -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unread:
    """Files that came in and were not read yet, the oldest first."""

    ready: tuple[ListedFile, ...]
    growing: tuple[ListedFile, ...]
    """Those that changed too lately: they may still grow."""


def unread(stream: Stream) -> Unread:
    """Find the files that were not read yet, or changed since; who set one aside had read it.

    Raises
    ------
    SourceError
        If the place cannot be listed, or a file has a name that cannot be kept.
    RequestError
        If deltas would be taken for new files.
    """
    inbox = Inbox(stream.request)
    known = {line.file: line for line in stream.ledger.lines()}
    fresh = [f for f in inbox.files() if f.path not in known or _has_changed(f, known[f.path])]
    if odd := sum(bool(inbox.refusal(file.path)) for file in fresh):
        raise SourceError(
            f"{counted(odd, 'file')} in {inbox.pattern}: the name is no UTF-8 text, or has :: in "
            "it; rename what is so called, then all are read"
        )
    fresh.sort(key=lambda file: (file.modified, file.path))
    still = clock.now() - (0 if inbox.appears_whole else stream.settings.settle_seconds)
    return Unread(
        tuple(file for file in fresh if file.modified <= still),
        tuple(file for file in fresh if file.modified > still),
    )


def _has_changed(file: ListedFile, read: Line) -> bool:
    """Tell whether a file has another content than when it was read last.

    One of the future, by a clock's mistake, is younger than any step: it is read once.
    """
    if not read.at < file.modified <= clock.now():
        return False
    return not read.digest or checksum_of([file.path]) != read.digest


def _named(files: str | Path | Iterable[str | Path]) -> list[str]:
    """Return files that are named, each of which is there."""
    listed = [files] if isinstance(files, str | Path) else list(files)
    names = [str(each) if isinstance(each, Path) else each for each in listed]
    require_names(names, "files")
    paths = [absolute(name) for name in names]
    if missing := [path for path in paths if look_up(path) is None]:
        raise SourceError(f"there is no file {', '.join(missing)}")
    return paths
