"""What a client needs of a deployment, whichever way it is reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from anon_dagster.discreet import Discreet
from anon_dagster.jobs.names import kind_of
from anon_dagster.jobs.tags import HOLD_TAG, KIND_TAG

Status = Literal[
    "queued",
    "running",
    "completed",
    "failed",
    "aborted",
    "awaiting approval",
    "rejected",
    "discarded",
]

OVER: frozenset[Status] = frozenset(get_args(Status)) - {"queued", "running"}
"""A job in one of these does nothing any more by itself."""
_OF_HOLD: dict[str, Status] = {
    "awaiting approval": "awaiting approval",
    "approved": "completed",
    "rejected": "rejected",
    "discarded": "discarded",
}

_STATUS: dict[str, Status] = {
    "NOT_STARTED": "queued",
    "QUEUED": "queued",
    "MANAGED": "queued",
    "STARTING": "running",
    "STARTED": "running",
    "CANCELING": "running",
    "SUCCESS": "completed",
    "FAILURE": "failed",
    "CANCELED": "aborted",
}


@dataclass(frozen=True, slots=True)
class Launch(Discreet, shown=("job", "partition")):
    """A job to be queued. Holds no cell: Dagster stores and shows all of it."""

    job: str
    """The name of the Dagster job."""
    config: Mapping[str, Any]
    tags: Mapping[str, str]
    partition: str


@dataclass(frozen=True, slots=True)
class JobRecord(Discreet, shown=("job_id", "job", "dagster_status")):
    """What a deployment knows of a job, without its findings."""

    job_id: str
    job: str
    dagster_status: str
    tags: Mapping[str, str]
    created: float | None
    """Seconds since the epoch, as the others."""
    started: float | None
    ended: float | None

    @property
    def status(self) -> Status:
        """The state of the job, in the words of this project."""
        status = _STATUS.get(self.dagster_status, "running")
        if status != "completed":
            return status
        return _OF_HOLD.get(self.tags.get(HOLD_TAG, ""), status)

    @property
    def is_done(self) -> bool:
        """Whether the job did all that it was asked to, whoever has to approve it or has not."""
        return _STATUS.get(self.dagster_status) == "completed"

    @property
    def kind(self) -> str:
        """Which operation it is."""
        return self.tags.get(KIND_TAG, kind_of(self.job))

    @property
    def is_operation(self) -> bool:
        """Whether it is an operation of this project: an instance runs its chores, too."""
        return KIND_TAG in self.tags

    @property
    def is_over(self) -> bool:
        """Whether the job will not change any more."""
        return self.status in OVER


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed."""

    error: str
    """The name of the error in :mod:`anon_dagster.errors`; empty if it was none of them."""
    message: str


@dataclass(frozen=True, slots=True)
class RunRecord(Discreet, shown=("failure",)):
    """What the steps of a job showed: names, levels, counts and statistics."""

    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failure: Failure | None = None


class Deployment(Protocol):
    """Runs jobs and remembers them.

    Every method raises a DeploymentError if the deployment does not answer, and those about one
    job an UnknownJobError if there is none of that id.
    """

    def close(self) -> None:
        """Let go of what the client alone needed."""

    def launch(self, launch: Launch) -> str:
        """Queue a job and return its id."""

    def records(self, limit: int) -> Sequence[JobRecord]:
        """Return the last jobs, newest first."""

    def record(self, job_id: str) -> JobRecord:
        """Return one job."""

    def findings(self, job_id: str) -> RunRecord:
        """Return what a job showed by now."""

    def config(self, job_id: str) -> Mapping[str, Any]:
        """Return how a job was configured."""

    def abort(self, job_id: str, *, timeout: float) -> None:
        """Ask a job to end; an UnfinishedJobError if it cannot be asked in so many seconds."""

    def delete(self, job_id: str) -> None:
        """Forget a job that is over, and the partition that was made for it."""
