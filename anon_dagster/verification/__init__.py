"""What a release promises, measured again on the release itself."""

from anon_dagster.core.wording import IDENTIFIERS, MASKED, NUMBERS, SUPPRESSION, WEIGHTS
from anon_dagster.verification.result import (
    ClassMeasures,
    Promise,
    Verification,
)
from anon_dagster.verification.verify import (
    counted_release,
    pseudonym_patterns,
    verify,
    verify_file,
    verify_frame,
)

__all__ = [
    "IDENTIFIERS",
    "MASKED",
    "NUMBERS",
    "SUPPRESSION",
    "WEIGHTS",
    "ClassMeasures",
    "Promise",
    "Verification",
    "counted_release",
    "pseudonym_patterns",
    "verify",
    "verify_file",
    "verify_frame",
]
