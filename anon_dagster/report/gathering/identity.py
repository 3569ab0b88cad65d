"""Which release a report is about."""

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version
from typing import Any

from anon_dagster.report.evidence import (
    Identity,
    IdentityOfRelease,
    IdentityOfRequest,
    IdentityOfSource,
)
from anon_dagster.report.findings import Findings
from anon_dagster.request import Request
from anon_dagster.request.yaml_writing import block

_KINDS = {"type", "metric", "role"}
_MADE_WITH = ("anon-dagster", "numpy", "pandas", "pyarrow")


def identity(findings: Findings) -> Identity:
    """Return which release it is: by whom, when, of what, and by which checksums."""
    counted, told = findings.decision.counted, findings.provenance
    asked = findings.decision.released
    records = counted.sampling.records if counted.sampling else counted.records
    return Identity(
        IdentityOfRequest(
            dataset=told.dataset,
            job=told.job,
            made=datetime.fromtimestamp(told.made, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            requested_by=told.requested_by,
            approved_by=None,
            versions={"python": python_version()} | {name: version(name) for name in _MADE_WITH},
            fingerprint=fingerprint(asked),
            request=block(_document(asked)),
            table=told.table,
        ),
        IdentityOfRelease(
            files=told.release.files,
            records=findings.released.records,
            columns=tuple(findings.released.columns),
            sha256=told.release.sha256,
        ),
        IdentityOfSource(
            files=told.source.files,
            records=records if counted.shift is None else counted.shift.read,
            sha256=told.source.sha256,
            unknown=told.source.unknown,
        ),
    )


def fingerprint(request: Request) -> str:
    """Return the SHA-256 of a request as canonical JSON: sorted keys, no blanks, UTF-8."""
    document = request.model_dump(mode="json", by_alias=True)
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def request_name(findings: Findings) -> str:
    """Return what a command calls the request."""
    return findings.provenance.request_file or "request.yaml"


def _document(request: Request) -> dict[str, Any]:
    """Return what differs from the defaults, as somebody would write it."""
    whole = request.model_dump(mode="json", by_alias=True)
    short = request.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    named: dict[str, Any] = _with_kinds(short, whole)
    return named


def _with_kinds(short: Any, whole: Any) -> Any:  # noqa: ANN401 (JSON)
    """Put back which kind of rule each is, which is a default of its model."""
    if isinstance(short, dict):
        kept = [key for key in whole if key in short or key in _KINDS]
        return {key: _with_kinds(short.get(key, whole[key]), whole[key]) for key in kept}
    if isinstance(short, list):
        return [_with_kinds(*pair) for pair in zip(short, whole, strict=True)]
    return short
