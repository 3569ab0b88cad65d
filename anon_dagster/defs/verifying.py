"""Whether a released table keeps what was promised: the job for tables that others released."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from pydantic import Field

from anon_dagster.defs import metadata
from anon_dagster.defs.adhoc import ADHOC, request_of, step_job
from anon_dagster.defs.checks import KEEPS_PROMISES
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.ownership import own
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.run_progress import RunProgress
from anon_dagster.errors import RequestError
from anon_dagster.jobs import file_names, names
from anon_dagster.request import LinkedRequest, Request, Source, parse_request_part

_VERIFIED = ADHOC.key("verified")


class VerificationConfig(dg.Config):
    """What was promised, and where the released table is."""

    # Any, as in a request: nothing is looked up in the environment, see plain.
    request: Any = Field(
        default={"file": "request.yaml"},
        description="A request with the policy, its YAML text, or {file: path}.",
    )
    released: Any = Field(
        default=None,
        description="The released table, as the source of a request or its path; left out, the "
        "target of the request.",
    )


def verifying() -> dg.Definitions:
    """Define the job that measures the promises of a released table."""
    return step_job(names.VERIFY_JOB, "verify", _verified)


@dg.asset(
    key=_VERIFIED,
    group_name=ADHOC.name,
    partitions_def=ADHOC.partitions,
    kinds={"parquet"},
    check_specs=[
        dg.AssetCheckSpec(
            KEEPS_PROMISES,
            asset=_VERIFIED,
            description="Every promise of the policy holds on the table as it is stored.",
            blocking=True,
        )
    ],
)
def _verified(
    context: dg.AssetExecutionContext,
    anon_store: dg.ResourceParam[JobStore],
    anon_engine: EngineResource,
    config: VerificationConfig,
) -> Iterator[dg.MaterializeResult[None]]:
    """Which promises a released table keeps; the check is red if one is broken."""
    with failures_in_words():
        from anon_dagster.operations.verify import verify_table

        job = own(context, anon_store)
        request = _request_of_one_table(config.request)
        job.save_request(request)
        with anon_engine.at_work(context) as where:
            found = verify_table(request.policy, released_of(request, config.released))
        path = job.save_frame(file_names.VERIFICATION, found.to_frame())
        promises = metadata.table(found.to_frame())
        RunProgress(context).finish()
    failures = "; ".join(map(str, found.failures))
    yield dg.MaterializeResult(
        metadata={"promises": promises, "holds": found.holds, **metadata.file(path), **where},
        check_results=[
            dg.AssetCheckResult(check_name=KEEPS_PROMISES, passed=found.holds, description=failures)
        ],
    )


def _request_of_one_table(asked: Any) -> Request:  # noqa: ANN401 (a configuration)
    request = request_of(asked)
    if isinstance(request, LinkedRequest):
        raise RequestError("a released table is verified by the request of that table alone")
    return request


def released_of(request: Request, released: str | Mapping[str, Any] | None) -> Source:
    """Return where a released table is: the one named, or the target of the request.

    Raises
    ------
    RequestError
        If neither is given, or what is given is no source.
    """
    if isinstance(released, str):
        return Source(path=released)
    if released is not None:
        return parse_request_part(Source, released, "released")
    if request.target is None:
        raise RequestError("say which table was released: the request has no target")
    target = request.target
    return Source(path=target.path, format=target.format, csv=target.csv)
