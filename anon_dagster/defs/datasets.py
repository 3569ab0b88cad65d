"""Declared datasets: a folder with a ``request.yaml`` is a group of assets, and needs no code."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dagster as dg

from anon_dagster.arrivals import Inbox
from anon_dagster.defs.arriving import arriving
from anon_dagster.defs.freshness import freshness, freshness_policy
from anon_dagster.defs.graph import Group, define, keep_request
from anon_dagster.defs.partitions import of_partition
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.timetable import scheduled
from anon_dagster.errors import AnonError
from anon_dagster.jobs import names
from anon_dagster.jobs.names import REQUEST_FILE
from anon_dagster.report.explanation import explain_policy
from anon_dagster.request import Request, load_request

_REPEATS = (
    "Anonymizes the whole dataset anew. Each release keeps its promises by itself; whoever keeps "
    "several intersects their classes, and is left with ever fewer people who could be meant. How "
    "many have fewer than k candidates over this release and former ones that still exist is told "
    "by the check nothing_is_given_back, and policy.residual.repeated can refuse such a release."
)
"""What whoever switches a schedule on should know."""


def datasets(folder: Path, *, taken: frozenset[str]) -> list[dg.Definitions]:
    """Define every dataset of a folder; a broken one shows as one asset that says why.

    Parameters
    ----------
    taken
        Names of groups that no dataset may have.
    """
    defined = []
    names = set(taken)
    for file in sorted(folder.glob(f"*/{REQUEST_FILE}")):
        name = re.sub(r"\W", "_", file.parent.name)
        while name in names:
            name += "_"
        names.add(name)
        defined.append(_dataset(Group(name), file))
    return defined


def _dataset(group: Group, file: Path) -> dg.Definitions:
    """Define a dataset, or a placeholder if its request cannot be run."""
    try:
        defined = define_dataset(
            group, lambda: load_request(file), name=f"{file.parent.name}/{file.name}"
        )
    except AnonError as error:
        return _placeholder(group, file, str(error))
    except Exception as error:  # noqa: BLE001 (no dataset may take the others down)
        return _placeholder(group, file, f"{type(error).__name__} while the request was read")
    if group.name != file.parent.name:
        return _placeholder(group, file, _rename(file.parent.name))
    return defined


def define_dataset(group: Group, load: Callable[[], Request], *, name: str) -> dg.Definitions:
    """Define a dataset: its assets, checks and jobs, and what is done with it by itself.

    Parameters
    ----------
    load
        Reads the request: now, and again whenever something is done.
    name
        What the request is called where somebody reads about it.

    Raises
    ------
    AnonError
        If the request cannot be run.
    """
    request = load()
    schedules = scheduled(
        f"{group.name}_schedule",
        names.job_name("anonymize", group.name),
        request.schedule,
        place="schedule",
        description=_REPEATS,
    )
    if not (request.arrivals and Inbox(request).adds_up):  # whose deltas are what may grow old
        group = replace(group, fresh=freshness_policy(request))
    told = f"What is asked for, from `{name}`:\n\n{explain_policy(request.policy)}"
    return dg.Definitions.merge(
        define(group, _request(group, load, told), dataset=group.name),
        dg.Definitions(schedules=schedules),
        freshness(group, request, load),
        *([arriving(group, request, load)] if request.arrivals else []),
    )


def _rename(name: str) -> str:
    return (
        f"rename the folder {name}: a dataset's name has letters, digits and _ only, and is not "
        "that of another group"
    )


def _request(group: Group, load: Callable[[], Request], description: str) -> dg.AssetsDefinition:
    """Define the step that reads the request of a dataset.

    It rests on what the source rests on, so that one run makes both anew.
    """

    @dg.asset(
        key=group.key(names.REQUEST),
        deps=group.upstream,
        group_name=group.name,
        partitions_def=group.partitions,
        description=description,
        kinds={"yaml"},
    )
    def request(
        context: dg.AssetExecutionContext, anon_store: dg.ResourceParam[JobStore]
    ) -> dg.MaterializeResult[None]:
        key = context.partition_key if group.partitions is not None else None
        return keep_request(context, anon_store, lambda: of_partition(load(), key))

    return request


def _placeholder(group: Group, file: Path, reason: str) -> dg.Definitions:
    """Stand in for a dataset whose request cannot be run as it is written."""

    @dg.asset(
        key=group.key(names.REQUEST),
        group_name=group.name,
        description=f"**This dataset is broken.** Mend `{file.parent.name}/{file.name}` and "
        f"reload the code location.\n\n{reason}",
        kinds={"broken"},
    )
    def request() -> None:
        raise dg.Failure(
            f"{reason}\n(if this was mended by now, reload the code location)", allow_retries=False
        )

    return dg.Definitions(assets=[request])
