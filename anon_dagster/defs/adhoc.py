"""Requests that nobody declared: each comes in with the configuration of its run."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import dagster as dg
import yaml

from anon_dagster.defs.graph import Group, define, keep_request
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.stages import REQUEST
from anon_dagster.errors import RequestError
from anon_dagster.request import Request, parse_request

ADHOC = Group("adhoc", dg.DynamicPartitionsDefinition(name="request"))
EXAMPLE = files("anon_dagster.defs").joinpath("example.yaml").read_text(encoding="utf-8")
"""A complete request with comments: what the launchpad opens with."""


class RequestConfig(dg.Config):
    """A request, as YAML text (comments allowed) or as a nested mapping."""

    # Any keeps Dagster from looking for {env: NAME} in it, by which whoever may launch a run
    # could read the environment. The launchpad opens with the default.
    request: Any = EXAMPLE


def adhoc() -> dg.Definitions:
    """Define the graph that takes its request from the run."""
    return define(ADHOC, _request)


def request_of(value: str | Mapping[str, Any]) -> Request:
    """Validate what was given as a request.

    Raises
    ------
    RequestError
        With every problem.
    """
    if not isinstance(value, str):
        return parse_request(value)
    try:
        document = yaml.safe_load(value)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise RequestError(f"the request is not YAML{place}") from None
    return parse_request(document)


@dg.asset(key=ADHOC.key(REQUEST), group_name=ADHOC.name, partitions_def=ADHOC.partitions)
def _request(
    context: dg.AssetExecutionContext, store: dg.ResourceParam[JobStore], config: RequestConfig
) -> dg.MaterializeResult[None]:
    """What is asked for, from the configuration of the run."""
    return keep_request(context, store, lambda: request_of(config.request))
