"""The facts of a report as JSON, with the version of its format."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from anon_dagster.errors import JobError
from anon_dagster.report.evidence.sections import Evidence

FORMAT = 1
"""The version that is written, and the newest one that is read."""
FORMAT_KEY = "evidence_version"


def to_document(evidence: Evidence) -> dict[str, Any]:
    """Return the facts as JSON can hold them, always in the same order."""
    facts: dict[str, Any] = _adapter().dump_python(evidence, mode="json")
    return {FORMAT_KEY: FORMAT, **facts}


def from_document(document: Mapping[str, Any]) -> Evidence:
    """Return the facts that :func:`to_document` wrote.

    Raises
    ------
    JobError
        If they are of a version that is not known here, or damaged.
    """
    version = document.get(FORMAT_KEY)
    if version != FORMAT:
        raise JobError(
            f"the evidence is not of format version {FORMAT}, which this version of anon-dagster "
            "reads; use the version that wrote it, or make the report anew"
        )
    facts = {key: value for key, value in document.items() if key != FORMAT_KEY}
    try:
        return _adapter().validate_python(facts)
    except ValidationError as error:  # it holds the facts
        problems, first = error.error_count(), error.errors(include_input=False)[0]["loc"]
        place = ".".join(map(str, first[:3]))
    raise JobError(
        f"the evidence is damaged: {problems} of its facts are missing or of another kind, the "
        f"first one in {place}; make the report anew"
    )


def schema() -> dict[str, Any]:
    """Return the JSON schema of the document."""
    whole: dict[str, Any] = _adapter().json_schema(mode="serialization")
    whole["properties"] = {FORMAT_KEY: {"const": FORMAT}, **whole["properties"]}
    whole["required"] = [FORMAT_KEY, *whole["required"]]
    return whole


@cache
def _adapter() -> TypeAdapter[Evidence]:
    return TypeAdapter(Evidence)
