"""Requests that nobody declared: each comes in with the configuration of its run."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from anon_dagster.defs import descriptions
from anon_dagster.defs.graph import Group, define, keep_request
from anon_dagster.defs.resources import JobStore
from anon_dagster.jobs import names
from anon_dagster.jobs.tags import DATASET_TAG, KIND_TAG
from anon_dagster.request import (
    LinkedRequest,
    Request,
    Source,
    load_any_request,
    parse_any_request,
    parse_request_part,
)
from anon_dagster.request.documents import load_yaml, parse_yaml

ADHOC = Group(
    names.ADHOC,
    dg.DynamicPartitionsDefinition(name=names.REQUESTS),
    further=frozenset({names.APPLIED}),
)
EXAMPLE = files("anon_dagster.defs").joinpath("example.yaml").read_text(encoding="utf-8")
"""A complete request with comments."""
_EXAMPLE = parse_yaml(EXAMPLE, name="the example")


class RequestConfig(dg.Config):
    """A request: a nested mapping, the text of a YAML file, or ``{file: path}``."""

    # Any keeps Dagster from looking for {env: NAME} in it, by which whoever may launch a run
    # could read the environment. The launchpad opens with the default, and shows the description
    # beside it: Dagster writes the default anew, so no comment would survive in it.
    request: Any = Field(
        default=parse_yaml(EXAMPLE, name="the example"), description=f"\n{EXAMPLE}"
    )


def adhoc() -> dg.Definitions:
    """Define the graph that takes its request from the run."""
    return define(ADHOC, _request)


def step_job(name: str, kind: str, *assets: dg.AssetKey | dg.AssetsDefinition) -> dg.Definitions:
    """Define a job beside the graph, which runs steps of its own."""
    keys = [asset if isinstance(asset, dg.AssetKey) else asset.key for asset in assets]
    return dg.Definitions(
        assets=[asset for asset in assets if isinstance(asset, dg.AssetsDefinition)],
        jobs=[
            dg.define_asset_job(
                name,
                selection=dg.AssetSelection.assets(*keys),
                description=descriptions.of_step(kind),
                tags={KIND_TAG: kind, DATASET_TAG: ADHOC.name},
                executor_def=dg.in_process_executor,
            )
        ],
    )


def request_of(value: str | Mapping[str, Any]) -> Request | LinkedRequest:
    """Validate what was given as a request.

    Raises
    ------
    RequestError
        With every problem.
    """
    if isinstance(value, Mapping) and set(value) == {"file"}:
        return load_any_request(str(value["file"]))
    if not isinstance(value, str):
        return parse_any_request(value)
    return parse_any_request(parse_yaml(value, name="the request"))


def source_of(value: str | Mapping[str, Any]) -> Source | str:
    """Return the table that was named: a path, a source as in a request, or a file that has one.

    Raises
    ------
    RequestError
        With every problem.
    """
    if isinstance(value, Mapping) and set(value) == {"file"}:
        value = load_yaml(Path(str(value["file"])))
    return value if isinstance(value, str) else parse_request_part(Source, value, "source")


@dg.asset(
    key=ADHOC.key(names.REQUEST),
    group_name=ADHOC.name,
    partitions_def=ADHOC.partitions,
    kinds={"yaml"},
    description="What is asked for, from the configuration of the run. An example:\n\n"
    f"```yaml\n{EXAMPLE}```",
)
def _request(
    context: dg.AssetExecutionContext, anon_store: dg.ResourceParam[JobStore], config: RequestConfig
) -> dg.MaterializeResult[None]:
    return keep_request(context, anon_store, lambda: request_of(config.request))
