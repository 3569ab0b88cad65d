"""What came of a job that is over: a release in its target, what it tells, or an error."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from anon_dagster import errors
from anon_dagster.client.deployment import Failure, RunRecord
from anon_dagster.client.result import JobResult
from anon_dagster.client.status import DISCLOSING, step
from anon_dagster.errors import AnonError, DeploymentError, JobError
from anon_dagster.jobs import names

if TYPE_CHECKING:
    from anon_dagster.releasing.publication import Withdrawal
    from anon_dagster.residual import ResidualDisclosure


_PLACES = ("dagster/uri", "paths", "versions", "tables", "checksum")


@dataclass(frozen=True, slots=True)
class Published:
    """A release that a job put into its target."""

    target: str
    paths: tuple[str, ...]
    checksum: str
    versions: tuple[tuple[str, ...], ...]

    def withdraw(self) -> "Withdrawal":
        """Remove it, unless something else is there by now; tell whether it was."""
        from anon_dagster.releasing.publication import withdraw

        return withdraw(self.target, self.paths, self.versions)


def published_of(run: RunRecord) -> dict[str, Published]:
    """Return what a job published, if its request has a target.

    Of linked tables all of them by name, the one that joins last; else one without a name.
    """
    target = step(run, "request", "application").get("target")
    released = step(run, "anonymized", "applied")
    if not target or not released or "held" in released:
        return {}
    of_tables = released.get("tables") or {"": {**released, "target": target}}
    return {
        name: Published(
            told["target"],
            tuple(told["paths"]),
            told["checksum"],
            tuple(map(tuple, told["versions"])),
        )
        for name, told in of_tables.items()
    }


def with_approval(run: RunRecord, approved: RunRecord, job_id: str) -> RunRecord:
    """Return what a job showed that held its release, with where it is since it was approved."""
    told = step(approved, names.APPROVED)
    return run if told.get("job") != job_id else with_places(run, told)


def with_places(run: RunRecord, told: Mapping[str, Any]) -> RunRecord:
    """Return what a job showed that held its release, with what tells where this is."""
    name = next(name for name in ("anonymized", "applied") if name in run.steps)
    places = {key: told[key] for key in _PLACES if key in told}
    released = {key: value for key, value in run.steps[name].items() if key != "held"}
    return RunRecord({**run.steps, name: {**released, **places}}, run.failure)


def is_held(run: RunRecord) -> bool:
    """Tell whether a job held its release."""
    return "held" in step(run, "anonymized", "applied")


def residual_of(run: RunRecord, table: str = "") -> "ResidualDisclosure | None":
    """Return what a job found that a release tells beside its promises, if it looked for it.

    Parameters
    ----------
    table
        Of linked ones that one which the other joins.

    Raises
    ------
    DeploymentError
        If it says so in a way that is not known here.
    """
    from anon_dagster.residual import ResidualDisclosure

    document = step(run, *DISCLOSING).get(f"{table}: exact_residual" if table else "exact_residual")
    try:
        return None if document is None else ResidualDisclosure.from_document(document)
    except (KeyError, TypeError):
        raise DeploymentError(
            "what the job found of its release is told in a way that is not known here; is the "
            "deployment of another version?"
        ) from None


def notes_of(run: RunRecord) -> tuple[str, ...]:
    """Return what a person should know of what was asked for, or detected."""
    steps = ("request", "application", "detection", "proposal")
    return tuple(row["note"] for name in steps for row in step(run, name).get("notes", ()))


def failure_of(job_id: str, run: RunRecord) -> AnonError:
    """Return the error that a job failed with."""
    failure = run.failure or Failure("", "the job failed and did not say why")
    kind = getattr(errors, failure.error or "JobError", JobError)
    is_ours = isinstance(kind, type) and issubclass(kind, AnonError)
    error: AnonError = (kind if is_ours else JobError)(failure.message)
    error.job_id = job_id
    return error


def published_result(run: RunRecord, published: Mapping[str, Published]) -> JobResult:
    """Return what a job published; of linked tables that of the last one, and each by name."""
    *others, last = published
    results = {
        name: JobResult(
            None,
            published[name].paths,
            published[name].checksum,
            residual=residual_of(run, name if name in others else ""),
        )
        for name in published
    }
    return replace(results[last], tables=results if others else {})
