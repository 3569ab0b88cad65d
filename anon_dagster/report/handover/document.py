"""The evidence that goes with a release, as JSON: a function of the release and what was asked for.

What else is in it is told apart: which release it is called (:class:`Named`), what commits to the
internal evidence without telling it, and a signature.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from anon_dagster.errors import EvidenceError, JobError
from anon_dagster.report.evidence import Evidence, from_document, to_document
from anon_dagster.report.handover.answers import answers
from anon_dagster.report.handover.asked import Asked
from anon_dagster.report.handover.measured import Measured
from anon_dagster.report.handover.sections import Files, Named, sections_of
from anon_dagster.storage.opened import OpenSource

FORMAT = 1
"""The version that is written, and the only one that is read."""
FORMAT_KEY = "handover_version"
VARIANT = "to hand over"
_NEEDED = ("asked", "facts", "answers", "commitment")


def document_of(
    named: Named, asked: Asked, table: OpenSource, files: Files, *, commitment: str | None = None
) -> dict[str, Any]:
    """Return the evidence of a release.

    Parameters
    ----------
    table
        The release as it is stored, open; it is read.
    commitment
        To the internal evidence, see :mod:`anon_dagster.report.handover.commitment`.

    Raises
    ------
    PromiseBrokenError
        If the release breaks a promise.
    SourceError
        If it cannot be read, or is not the table that was asked for.
    """
    facts = sections_of(named, asked, Measured.of(asked, table), files)
    return {
        FORMAT_KEY: FORMAT,
        "variant": VARIANT,
        "asked": asked.to_document(),
        "facts": to_document(facts),
        "answers": answers(),
        "commitment": commitment,
    }


def load(evidence: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """Return evidence that was handed over, of a file or as JSON was read.

    Raises
    ------
    EvidenceError
        If it cannot be read, or is none.
    """
    document = _read(Path(evidence)) if isinstance(evidence, str | Path) else evidence
    if not isinstance(document, Mapping) or FORMAT_KEY not in document:
        raise EvidenceError(
            "this is no evidence that goes with a release: anon evidence write ID --share makes it"
        )
    if document[FORMAT_KEY] != FORMAT:
        raise EvidenceError(
            f"the evidence is not of format version {FORMAT}, which this version of anon-dagster "
            "reads: use the version that wrote it"
        )
    if lacking := [name for name in _NEEDED if name not in document]:
        raise EvidenceError(f"the evidence lacks {', '.join(lacking)}: it is cut off or damaged")
    if not isinstance(document["commitment"], str | None):
        raise EvidenceError("what the evidence commits to is no text: it is damaged")
    return dict(document)


def asked_of(document: Mapping[str, Any]) -> Asked:
    """Return what was asked for, as evidence has it.

    Raises
    ------
    EvidenceError
        If it is damaged.
    """
    try:
        asked = Asked.model_validate(document["asked"])
    except ValidationError as error:  # it holds what stands there
        problems, part = error.error_count(), error.errors(include_input=False)[0]["loc"][:1]
    else:
        _require_known(asked)
        return asked
    known = f", the first one in asked.{part[0]}" if {*part} & {*Asked.model_fields} else ""
    raise EvidenceError(
        f"what was asked for is damaged: {problems} of its parts are missing or of another "
        f"kind{known}"
    )


def facts_of(document: Mapping[str, Any]) -> Evidence:
    """Return the facts that evidence has.

    Raises
    ------
    EvidenceError
        If they are damaged, or of a version that is not known here.
    """
    facts = document["facts"]
    try:
        return from_document(facts if isinstance(facts, Mapping) else {})
    except JobError as error:
        raise EvidenceError(str(error)) from None


def _require_known(asked: Asked) -> None:
    """Refuse promises about attributes that are none, or not sensitive."""
    policy = asked.policy
    by = policy.household.by if policy.household is not None else ()
    unknown = policy.privacy.guarded - {*policy.names("sensitive")}
    unknown |= {*(policy.person or ()), *by} - {*policy.attributes}
    if unknown or (policy.trajectory is not None and policy.person is None):
        raise EvidenceError(
            f"what was asked for is damaged: it promises something of {len(unknown) or 'persons'} "
            "that the table has no such attributes for"
        )


def _read(path: Path) -> Any:  # noqa: ANN401 (JSON)
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except OSError as error:
        raise EvidenceError(f"{path} cannot be read: {error.strerror}") from None
    except _AmbiguousError:
        raise EvidenceError(
            f"{path} says something twice, so that readers may understand it in two ways: it was "
            "not written by anon evidence"
        ) from None
    except (ValueError, RecursionError):  # its error holds the text
        raise EvidenceError(f"{path} is no JSON: it is cut off or damaged") from None


class _AmbiguousError(Exception):
    """An object of JSON has a name twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; of a name that stands there twice some readers take the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _AmbiguousError
    return found


def _no_number(constant: str) -> Any:  # noqa: ANN401 (JSON has neither NaN nor infinity)
    raise ValueError(constant)
