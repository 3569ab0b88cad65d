"""What dead jobs left beside a target, and how it goes away."""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster.errors import AnonError
from anon_dagster.request import Request, Target
from anon_dagster.storage.processes import LivingProcesses, is_of_process

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import LinkedJob


@dataclass(frozen=True, slots=True)
class Living(Container[str]):
    """The jobs that may still write: all but those that this instance saw end.

    One that it does not know may be another instance's.
    """

    instance: dg.DagsterInstance

    def __contains__(self, job_id: object) -> bool:
        if is_of_process(str(job_id)):  # a call of the library
            return job_id in LivingProcesses()
        run = self.instance.get_run_by_id(str(job_id))
        return run is None or not run.is_finished


def put_back(linked: "LinkedJob") -> None:
    """Undo the release of one of linked tables that a dead job published alone."""
    from anon_dagster.jobs.announcement import forget, withdraw
    from anon_dagster.storage import targets

    token, folders = linked.job.job_id, linked.folders
    wanted = [linked.request.own(name).target for name in folders]
    known = [target for target in wanted if target is not None]
    if not known or not targets.is_published_alone(known[0], known[1:], token=token):
        return
    folder = folders[linked.request.master]
    if targets.put_back(known[0], token=token):
        forget(folder)  # what is there is that of somebody else
    else:
        withdraw(folder)


def sweep_or_remember(instance: dg.DagsterInstance, root: Path, target: Target) -> None:
    """Remove what dead jobs left beside a target; keep in a store that it is not possible now."""
    from anon_dagster.jobs.unswept import forget, remember
    from anon_dagster.storage.targets import sweep

    try:
        sweep(target, alive=Living(instance))
    except AnonError:  # the next job for the target says why not
        remember(root, target)
    else:
        forget(root, target)


def sweep_target(instance: dg.DagsterInstance, request: Request) -> None:
    """Remove what dead jobs left beside the target of a request, if it has one."""
    if request.target is not None:
        from anon_dagster.storage.targets import sweep

        sweep(request.target, alive=Living(instance))
