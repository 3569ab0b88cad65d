"""What a release promises, measured again on the release itself."""

from anon_dagster.verification.measuring import verify, verify_file, verify_frame
from anon_dagster.verification.result import (
    IDENTIFIERS,
    MASKED,
    SUPPRESSION,
    ClassMeasures,
    Promise,
    Verification,
)

__all__ = [
    "IDENTIFIERS",
    "MASKED",
    "SUPPRESSION",
    "ClassMeasures",
    "Promise",
    "Verification",
    "verify",
    "verify_file",
    "verify_frame",
]
