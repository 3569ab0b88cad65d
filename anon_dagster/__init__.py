"""Anonymize tables of personal records, and prove that the result is safe and still useful.

>>> import anon_dagster
>>> result = anon_dagster.anonymize("data/patients/request.yaml")  # doctest: +SKIP
>>> result.risk, result.utility  # doctest: +SKIP
"""

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
    from anon_dagster.operations import (
        AnonResult,
        AppliedResult,
        anonymize,
        apply,
        measure,
        verify_table,
    )

    verify = verify_table

__all__ = [
    "AnonError",
    "AnonResult",
    "AppliedResult",
    "HierarchyError",
    "JobError",
    "Progress",
    "PromiseBrokenError",
    "Request",
    "RequestError",
    "SchemaMismatchError",
    "SourceError",
    "StoreUnavailableError",
    "TargetError",
    "UnreachableError",
    "anonymize",
    "apply",
    "load_request",
    "measure",
    "parse_request",
    "verify",
]

_OF_OPERATIONS = {
    "AnonResult": "AnonResult",
    "AppliedResult": "AppliedResult",
    "anonymize": "anonymize",
    "apply": "apply",
    "measure": "measure",
    "verify": "verify_table",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    """Import pandas and pyarrow, which take seconds, only when records are to be read."""
    if name not in _OF_OPERATIONS:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from anon_dagster import operations

    return getattr(operations, _OF_OPERATIONS[name])
