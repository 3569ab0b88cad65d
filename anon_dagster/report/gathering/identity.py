"""Which release a report is about."""

import hashlib
from importlib.metadata import version
from platform import python_version

from anon_dagster.report.canonical import canonical, written
from anon_dagster.report.evidence import (
    Identity,
    IdentityOfRelease,
    IdentityOfRequest,
    IdentityOfSource,
)
from anon_dagster.report.findings import Findings
from anon_dagster.report.formats import time_of
from anon_dagster.request import Request
from anon_dagster.request.yaml_writing import block

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
            made=time_of(told.made),
            requested_by=told.requested_by,
            approved_by=None,
            versions={"python": python_version()} | {name: version(name) for name in _MADE_WITH},
            fingerprint=fingerprint(asked),
            request=block(written(asked)),
            table=told.table,
            hold=told.hold,
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
    return hashlib.sha256(canonical(request.model_dump(mode="json", by_alias=True))).hexdigest()


def request_name(findings: Findings) -> str:
    """Return what a command calls the request."""
    return findings.provenance.request_file or "request.yaml"
