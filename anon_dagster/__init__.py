"""Anonymize tables of personal records, and prove that the result is safe and still useful.

>>> import anon_dagster
>>> result = anon_dagster.anonymize("data/patients/request.yaml")  # doctest: +SKIP
>>> result.risk, result.utility  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from anon_dagster.errors import (
    AnonError,
    HierarchyError,
    JobError,
    PromiseBrokenError,
    RequestError,
    SchemaMismatchError,
    SourceError,
    StoreUnavailableError,
    TargetError,
    UnreachableError,
)
from anon_dagster.progress import Progress
from anon_dagster.request import Request, load_request, parse_request

if TYPE_CHECKING:
    from anon_dagster.detection import (
        Detection,
        classify_columns,
        data_domains,
        detect,
        propose_hierarchies,
    )
    from anon_dagster.operations import (
        AnonResult,
        AppliedResult,
        anonymize,
        apply,
        measure,
        risk_per_record,
        verify_table,
    )
    from anon_dagster.proposal import Proposal, auto_anonymize

    verify = verify_table

__all__ = [
    "AnonError",
    "AnonResult",
    "AppliedResult",
    "Detection",
    "HierarchyError",
    "JobError",
    "Progress",
    "PromiseBrokenError",
    "Proposal",
    "Request",
    "RequestError",
    "SchemaMismatchError",
    "SourceError",
    "StoreUnavailableError",
    "TargetError",
    "UnreachableError",
    "anonymize",
    "apply",
    "auto_anonymize",
    "classify_columns",
    "data_domains",
    "detect",
    "load_request",
    "measure",
    "parse_request",
    "propose_hierarchies",
    "risk_per_record",
    "verify",
]

_OPERATIONS, _DETECTION, _PROPOSAL = (
    f"anon_dagster.{module}" for module in ("operations", "detection", "proposal")
)
_LATE = {
    "AnonResult": (_OPERATIONS, "AnonResult"),
    "AppliedResult": (_OPERATIONS, "AppliedResult"),
    "anonymize": (_OPERATIONS, "anonymize"),
    "apply": (_OPERATIONS, "apply"),
    "measure": (_OPERATIONS, "measure"),
    "risk_per_record": (_OPERATIONS, "risk_per_record"),
    "verify": (_OPERATIONS, "verify_table"),
    "Detection": (_DETECTION, "Detection"),
    "classify_columns": (_DETECTION, "classify_columns"),
    "data_domains": (_DETECTION, "data_domains"),
    "detect": (_DETECTION, "detect"),
    "propose_hierarchies": (_DETECTION, "propose_hierarchies"),
    "Proposal": (_PROPOSAL, "Proposal"),
    "auto_anonymize": (_PROPOSAL, "auto_anonymize"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    """Import pandas and pyarrow, which take seconds, only when records are to be read."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    module, own = _LATE[name]
    return getattr(import_module(module), own)
