"""Anonymize tables of personal records, and prove that the result is safe and still useful.

>>> import anon_dagster
>>> result = anon_dagster.anonymize("data/patients/request.yaml")  # doctest: +SKIP
>>> result.risk, result.utility  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from anon_dagster.engine import EngineSettings
from anon_dagster.errors import (
    AnonError,
    ClusterError,
    DisclosureError,
    EvidenceError,
    HierarchyError,
    JobError,
    PromiseBrokenError,
    RequestError,
    SchemaMismatchError,
    SourceError,
    StoreAccessError,
    StoreUnavailableError,
    TargetError,
    UnreachableError,
)
from anon_dagster.progress import Progress
from anon_dagster.request import Request, load_request, parse_request

if TYPE_CHECKING:
    from anon_dagster import labels, plots
    from anon_dagster.component import Anonymize
    from anon_dagster.component.assets import build_anonymized_assets
    from anon_dagster.continuous import Audit, Claim, Erasure, Line
    from anon_dagster.continuous.declared import append, audit, erase
    from anon_dagster.defs.releases import ReleaseIOManager
    from anon_dagster.detection import (
        Detection,
        classify_columns,
        data_domains,
        detect,
        propose_hierarchies,
    )
    from anon_dagster.operations.anonymize import AnonResult, anonymize, risk_per_record
    from anon_dagster.operations.apply import AppliedResult, apply
    from anon_dagster.operations.audit import VersionsAudit, audit_versions
    from anon_dagster.operations.evidence import check_evidence
    from anon_dagster.operations.examine import examine_residual
    from anon_dagster.operations.export import export_hierarchy
    from anon_dagster.operations.measure import measure
    from anon_dagster.operations.propose import Proposal, auto_anonymize
    from anon_dagster.operations.verify import verify_table
    from anon_dagster.report.handover import EvidenceCheck
    from anon_dagster.residual import Finding, ResidualDisclosure

    verify = verify_table
    __version__: str

__all__ = [
    "AnonError",
    "AnonResult",
    "Anonymize",
    "AppliedResult",
    "Audit",
    "Claim",
    "ClusterError",
    "Detection",
    "DisclosureError",
    "EngineSettings",
    "Erasure",
    "EvidenceCheck",
    "EvidenceError",
    "Finding",
    "HierarchyError",
    "JobError",
    "Line",
    "Progress",
    "PromiseBrokenError",
    "Proposal",
    "ReleaseIOManager",
    "Request",
    "RequestError",
    "ResidualDisclosure",
    "SchemaMismatchError",
    "SourceError",
    "StoreAccessError",
    "StoreUnavailableError",
    "TargetError",
    "UnreachableError",
    "VersionsAudit",
    "__version__",
    "anonymize",
    "append",
    "apply",
    "audit",
    "audit_versions",
    "auto_anonymize",
    "build_anonymized_assets",
    "check_evidence",
    "classify_columns",
    "data_domains",
    "detect",
    "erase",
    "examine_residual",
    "export_hierarchy",
    "labels",
    "load_request",
    "measure",
    "parse_request",
    "plots",
    "propose_hierarchies",
    "risk_per_record",
    "verify",
]

_OPERATIONS = "anon_dagster.operations"
_CONTINUOUS = "anon_dagster.continuous"
_DETECTION = "anon_dagster.detection"
_LATE = {
    "AnonResult": (f"{_OPERATIONS}.anonymize", "AnonResult"),
    "AppliedResult": (f"{_OPERATIONS}.apply", "AppliedResult"),
    "VersionsAudit": (f"{_OPERATIONS}.audit", "VersionsAudit"),
    "audit_versions": (f"{_OPERATIONS}.audit", "audit_versions"),
    "anonymize": (f"{_OPERATIONS}.anonymize", "anonymize"),
    "apply": (f"{_OPERATIONS}.apply", "apply"),
    "check_evidence": (f"{_OPERATIONS}.evidence", "check_evidence"),
    "EvidenceCheck": ("anon_dagster.report.handover", "EvidenceCheck"),
    "examine_residual": (f"{_OPERATIONS}.examine", "examine_residual"),
    "export_hierarchy": (f"{_OPERATIONS}.export", "export_hierarchy"),
    "measure": (f"{_OPERATIONS}.measure", "measure"),
    "risk_per_record": (f"{_OPERATIONS}.anonymize", "risk_per_record"),
    "verify": (f"{_OPERATIONS}.verify", "verify_table"),
    "Anonymize": ("anon_dagster.component", "Anonymize"),
    "build_anonymized_assets": ("anon_dagster.component.assets", "build_anonymized_assets"),
    "ReleaseIOManager": ("anon_dagster.defs.releases", "ReleaseIOManager"),
    "Audit": (_CONTINUOUS, "Audit"),
    "Claim": (_CONTINUOUS, "Claim"),
    "Erasure": (_CONTINUOUS, "Erasure"),
    "Line": (_CONTINUOUS, "Line"),
    "append": (f"{_CONTINUOUS}.declared", "append"),
    "audit": (f"{_CONTINUOUS}.declared", "audit"),
    "erase": (f"{_CONTINUOUS}.declared", "erase"),
    "Finding": ("anon_dagster.residual", "Finding"),
    "ResidualDisclosure": ("anon_dagster.residual", "ResidualDisclosure"),
    "Proposal": (f"{_OPERATIONS}.propose", "Proposal"),
    "auto_anonymize": (f"{_OPERATIONS}.propose", "auto_anonymize"),
    "Detection": (_DETECTION, "Detection"),
    "classify_columns": (_DETECTION, "classify_columns"),
    "data_domains": (_DETECTION, "data_domains"),
    "detect": (_DETECTION, "detect"),
    "propose_hierarchies": (_DETECTION, "propose_hierarchies"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    """Import pandas, pyarrow and Dagster, which take seconds, only when they are needed."""
    if name == "__version__":
        from importlib.metadata import version

        return version("anon-dagster")
    if name in {"labels", "plots"}:
        return import_module(f"anon_dagster.{name}")
    if name not in _LATE:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    module, own = _LATE[name]
    return getattr(import_module(module), own)
