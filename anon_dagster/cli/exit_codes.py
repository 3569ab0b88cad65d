"""Exit codes, and the errors that they stand for."""

from anon_dagster.errors import (
    AbortedJobError,
    AnonError,
    DeploymentError,
    DisclosureError,
    EvidenceError,
    HandoverError,
    HierarchyError,
    JobKindError,
    JobStateError,
    RequestError,
    SourceError,
    TargetError,
    UnfinishedJobError,
    UnknownJobError,
)

FAILED, MISUNDERSTOOD, INTERRUPTED = 1, 2, 130
AUDIT_FAILED = 13
"""An audit found a claim that does not hold, or people with fewer candidates, or values, than are
to be left; or evidence does not fit its release."""
CODES: dict[type[AnonError], int] = {  # the first that fits
    DisclosureError: 12,
    UnknownJobError: 4,
    AbortedJobError: 6,
    UnfinishedJobError: 7,
    JobKindError: 5,
    JobStateError: 11,
    RequestError: 3,
    HierarchyError: 3,
    DeploymentError: 8,
    HandoverError: 9,
    EvidenceError: 10,
    SourceError: 10,
    TargetError: 10,
}


def code_of(error: AnonError) -> int:
    """Return the exit code that stands for an error.

    That of a failed job is always the same, unless it did all that it was asked to, and refused to
    publish what it made.
    """
    if error.job_id and not isinstance(error, DisclosureError):
        return FAILED
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), FAILED)
