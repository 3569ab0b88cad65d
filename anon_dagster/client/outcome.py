"""What came of a job that is over: a release in its target, what it tells, or an error."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anon_dagster import errors
from anon_dagster.client.deployment import Failure, RunRecord
from anon_dagster.client.status import DISCLOSING, step
from anon_dagster.errors import AnonError, DeploymentError, JobError

if TYPE_CHECKING:
    from anon_dagster.residual import ResidualDisclosure


@dataclass(frozen=True, slots=True)
class Published:
    """A release that a job put into its target."""

    target: str
    paths: tuple[str, ...]
    checksum: str
    versions: tuple[tuple[str, ...], ...]

    def withdraw(self) -> bool:
        """Remove it, unless something else is there by now; tell whether it was."""
        from anon_dagster.releasing.publication import withdraw

        return withdraw(self.target, self.paths, self.versions)


def published_of(run: RunRecord) -> Published | None:
    """Return what a job published, if its request has a target."""
    target = step(run, "request", "application").get("target")
    released = step(run, "anonymized", "applied")
    if not target or not released:
        return None
    return Published(
        target,
        tuple(released["paths"]),
        released["checksum"],
        tuple(map(tuple, released["versions"])),
    )


def residual_of(run: RunRecord) -> "ResidualDisclosure | None":
    """Return what a job found that a release tells beside its promises, if it looked for it.

    Raises
    ------
    DeploymentError
        If it says so in a way that is not known here.
    """
    from anon_dagster.residual import ResidualDisclosure

    document = step(run, *DISCLOSING).get("exact_residual")
    try:
        return None if document is None else ResidualDisclosure.from_document(document)
    except (KeyError, TypeError):
        raise DeploymentError(
            "what the job found of its release is told in a way that is not known here; is the "
            "deployment of another version?"
        ) from None


def notes_of(run: RunRecord) -> tuple[str, ...]:
    """Return what a person should know of what was detected."""
    return tuple(row["note"] for row in step(run, "detection", "proposal").get("notes", ()))


def failure_of(job_id: str, run: RunRecord) -> AnonError:
    """Return the error that a job failed with."""
    failure = run.failure or Failure("", "the job failed and did not say why")
    kind = getattr(errors, failure.error or "JobError", JobError)
    is_ours = isinstance(kind, type) and issubclass(kind, AnonError)
    error: AnonError = (kind if is_ours else JobError)(failure.message)
    error.job_id = job_id
    return error
