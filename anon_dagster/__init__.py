"""Anonymize tables of personal records, and prove that the result is safe and still useful.

>>> import anon_dagster
>>> result = anon_dagster.anonymize("data/patients/request.yaml")  # doctest: +SKIP
>>> result.risk, result.utility  # doctest: +SKIP
"""

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
from anon_dagster.operations import AnonResult, Progress, anonymize
from anon_dagster.request import Request, load_request, parse_request

__all__ = [
    "AnonError",
    "AnonResult",
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
    "load_request",
    "parse_request",
]
