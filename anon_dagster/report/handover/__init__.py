"""The variant of a report that goes with a release, and its check by whoever gets both."""

from anon_dagster.report.handover.asked import Asked
from anon_dagster.report.handover.checking import Check, EvidenceCheck, check
from anon_dagster.report.handover.commitment import commitment, internal_document
from anon_dagster.report.handover.document import asked_of, document_of, load
from anon_dagster.report.handover.page import html
from anon_dagster.report.handover.sections import Files, Named
from anon_dagster.report.handover.signing import is_signed_by, make_keys, signed

__all__ = [
    "Asked",
    "Check",
    "EvidenceCheck",
    "Files",
    "Named",
    "asked_of",
    "check",
    "commitment",
    "document_of",
    "html",
    "internal_document",
    "is_signed_by",
    "load",
    "make_keys",
    "signed",
]
