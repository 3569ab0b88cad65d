"""Evidence that goes with a release: made of it, and checked by whoever gets both."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from anon_dagster import clock
from anon_dagster.engine import EngineLike, using
from anon_dagster.report.formats import time_of
from anon_dagster.report.handover import (
    Asked,
    EvidenceCheck,
    Files,
    Named,
    asked_of,
    check,
    document_of,
    load,
)
from anon_dagster.request import Request, Source
from anon_dagster.request.arguments import as_source
from anon_dagster.request.lakehouse import address_of, folder_of
from anon_dagster.storage.checksums import checksums
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.fingerprints import fingerprint
from anon_dagster.storage.sources import OpenSource, open_frame, open_source
from anon_dagster.storage.tables_in_memory import Tabular, is_table

_NAMELESS = "a release"
"""Of a release whose dataset has no name: that of a file may tell something."""


def named(dataset: str | None, *, job: str | None = None, table: str | None = None) -> Named:
    """Say which release evidence is of, now."""
    versions = {"anon-dagster": version("anon-dagster")}
    return Named(dataset or _NAMELESS, time_of(clock.now()), job, versions, table)


def evidence_of(
    request: Request,
    release: Source | Tabular,
    named: Named,
    *,
    is_linked: bool = False,
    commitment: str | None = None,
) -> dict[str, Any]:
    """Make the evidence that goes with a release of the release itself and of the request.

    Parameters
    ----------
    release
        As it is stored; or the records, if it is in memory.
    is_linked
        Whether another table of the same persons is released together with it.
    commitment
        To the internal evidence.

    Raises
    ------
    PromiseBrokenError
        If the release breaks a promise that it shows.
    SourceError
        If the release cannot be read.
    """
    asked = Asked.of(request, is_linked=is_linked)
    if is_table(release):
        table, files = open_frame(release), Files()
    else:
        table, files = open_source(release), _files(release.path)
    return document_of(named, asked, table, files, commitment=commitment)


def check_evidence(
    evidence: str | Path | Mapping[str, Any],
    released: Tabular | Source | str | Path,
    *,
    public_key: str | Path | None = None,
    engine: EngineLike | None = None,
) -> EvidenceCheck:
    """Hold evidence against the release that it goes with, without the source.

    Checksum, signature, every promise that a release shows, every count and risk are found out
    anew; what no release shows is named.

    Parameters
    ----------
    evidence
        The file, or its content as JSON was read.
    released
        The release: a path, a source, or a DataFrame, of which there is no checksum.
    public_key
        The PEM file of whoever is to have signed it.
    engine
        Where the parts of a table are worked on, see :func:`anonymize`.

    Raises
    ------
    EvidenceError
        If the evidence or the key cannot be read, or are none.
    SourceError
        If the release cannot be read.
    """
    document = load(evidence)
    reading = asked_of(document).reading
    with using(engine), keeping_copies():
        if is_table(released):
            return check(document, open_frame(released), None, public_key)
        source = released if isinstance(released, Source) else as_source(released, "released")
        if not isinstance(released, Source):
            source = source.model_copy(update={"csv": reading.csv})
        opened = open_source(source)
        files = _files(_compared(source, opened))
        return check(document, opened, files, public_key)


def _compared(source: Source, opened: OpenSource) -> list[str]:
    """Return the files of a release; of a table its name, since it is read from a private copy."""
    if not any(each.copied for each in opened.files):
        return [each.path for each in opened.files]
    named = [source.path] if isinstance(source.path, str) else list(source.path)
    return [
        address_of(folder_of(path)) if source.format_found == "delta" else path for path in named
    ]


def _files(paths: str | Sequence[str]) -> Files:
    listed = [paths] if isinstance(paths, str) else list(paths)
    return Files(tuple(fingerprint(path).size for path in listed), checksums(listed).together)
