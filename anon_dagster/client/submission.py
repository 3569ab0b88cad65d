"""A task and its records, made into a job that can be queued."""

import getpass
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from anon_dagster.client.deployment import Launch
from anon_dagster.client.handover import LARGEST, Handover
from anon_dagster.client.tasks import RequestTask, Task
from anon_dagster.discreet import Discreet
from anon_dagster.jobs import names
from anon_dagster.jobs.people import person_named
from anon_dagster.jobs.tags import (
    DATASET_TAG,
    HANDED_TAG,
    KIND_TAG,
    REQUEST_TAG,
    REQUESTED_TAG,
    USER_TAG,
    VERSION_TAG,
)
from anon_dagster.request import Request, not_one_table

if TYPE_CHECKING:
    from anon_dagster.storage.tables_in_memory import Tabular

WHO = "ANON_USER"
"""Names who asks for jobs, and approves them, where that is not the user of the process."""


@dataclass(frozen=True, slots=True)
class Submission(Discreet, shown=("dataset",)):
    """A task, the records that came with it, and where what is handed over goes."""

    task: Task
    dataset: str
    frame: "Tabular | None"
    store: Path | None
    largest: int = LARGEST

    def launch(self) -> Launch:
        """Hand over what must be, and describe the job; nothing of it holds a cell.

        Raises
        ------
        HandoverError
            If records or lists of values cannot be handed over.
        RequestError
            If there is neither a source nor a DataFrame, or both.
        """
        task = self.task
        if (task.source is None) == (self.frame is None):
            raise not_one_table(task.name, self.frame)
        is_needed = self.frame is not None or task.spells_out_values
        handover, records = Handover.new(self.store) if is_needed else None, None
        if handover is not None and self.frame is not None:
            records = handover.give_frame(
                self.frame, largest=self.largest, may_skip=_may_skip(task)
            )
        config, fingerprint = task.configure(records, handover)
        tags = {KIND_TAG: task.kind, DATASET_TAG: self.dataset, REQUEST_TAG: fingerprint}
        first = names.op_of(names.ADHOC, task.step)
        return Launch(
            task.job,
            {"ops": {first: {"config": config}}},
            tags | _tags(handover),
            _partition(fingerprint),
        )


def _may_skip(task: Task) -> Callable[[str], bool]:
    """Return which columns need not be handed over; where no policy is known, the job tells."""
    if isinstance(task, RequestTask) and isinstance(task.request, Request):
        return task.request.policy.ignores
    return lambda _: True


def _partition(fingerprint: str) -> str:
    """Return a name that no other job has, so that two jobs never meet."""
    return f"{fingerprint}-{uuid.uuid4().hex[:12]}"


def _tags(handover: Handover | None) -> dict[str, str]:
    tags = {VERSION_TAG: version("anon-dagster"), **_user()}
    return tags if handover is None else tags | {HANDED_TAG: handover.name}


def _user() -> dict[str, str]:
    """Return who submits a job: the user of this process, and whom the environment names."""
    named = person_named(os.environ.get(WHO))
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a process of nobody's, as in some containers
        return {REQUESTED_TAG: named} if named else {}
    return {USER_TAG: user, REQUESTED_TAG: named or person_named(user)}
