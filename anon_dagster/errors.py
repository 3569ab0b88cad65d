"""What can go wrong, drawn once.

AnonError
├── RequestError            the request cannot be run as it is written
├── SourceError             the source cannot be read
│   ├── SchemaMismatchError     … or is not the table the request describes
│   └── SourceChangedError      … or was replaced while it was
├── HierarchyError          a hierarchy is no tree, or lacks values of its column
├── UnreachableError        no candidate keeps every promise within the suppression limit
├── PromiseBrokenError      a stored release does not keep what was promised
├── DisclosureError         a stored release tells what the request refuses to tell
├── TargetError             the target cannot be written
│   └── StoreAccessError        … or read, for a store lets nobody in (a SourceError, too)
├── StoreUnavailableError   a store did not answer; trying again may help
├── ClusterError            the workers of a cluster are not fit for the work
│   └── ClusterUnavailableError … or there are none, or their scheduler does not answer
├── BusyError               something else is at work on the same; trying again may help
├── DeploymentError         the deployment that runs the jobs did not answer, or refused
├── HandoverError           a DataFrame cannot be handed over
├── EvidenceError           evidence, or a key of its signature, cannot be read or made
└── JobError                a job failed, or what it made cannot be had
    ├── UnknownJobError         … there is no such job
    ├── JobKindError            … or it is of another kind
    ├── JobStateError           … or it is not in a state in which this can be done
    ├── LockedError             … or what is known of jobs is locked; trying again may help
    ├── UnfinishedJobError      … or it is not done in time
    └── AbortedJobError         … or it was aborted

A message names columns, levels and counts, never a cell.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar


class AnonError(Exception):
    """A caller's mistake or a refusal, in words that a caller can act on."""

    transient: ClassVar[bool] = False
    """Whether the same call may succeed later without anything being changed."""
    job_id: str = ""
    """The job that failed with it, if one did."""


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, such as ``1 class`` and ``2,000 records``."""
    plural = noun if count == 1 else f"{noun}{'es' if noun.endswith('s') else 's'}"
    return f"{count:,} {plural}"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a request: where it stands and what is the matter."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class RequestError(AnonError):
    """A request cannot be run as it is written; lists every problem found."""

    def __init__(self, problems: str | Iterable[Complaint]) -> None:
        self.problems = (Complaint("", problems),) if isinstance(problems, str) else tuple(problems)
        count = len(self.problems)
        listed = "\n".join(f"  - {problem}" for problem in self.problems)
        message = (
            str(self.problems[0]) if count == 1 else f"the request has {count} problems:\n{listed}"
        )
        super().__init__(message)


class SourceError(AnonError):
    """A source cannot be read."""


class SchemaMismatchError(SourceError):
    """A table is not the one that the request describes."""


class SourceChangedError(SourceError):
    """A source was replaced or changed while it was read."""


class HierarchyError(AnonError):
    """A hierarchy is not a tree, or lacks values of its column."""


class UnreachableError(AnonError):
    """No candidate keeps every promise within the suppression limit."""


class PromiseBrokenError(AnonError):
    """A stored release does not keep what was promised."""


class DisclosureError(AnonError):
    """A stored release tells what the request refuses to tell, though it keeps every promise."""


class TargetError(AnonError):
    """A target cannot be written."""


class StoreAccessError(SourceError, TargetError):
    """A store denies access or has no such bucket; it says nothing of what lies there."""


class StoreUnavailableError(AnonError):
    """A store did not answer."""

    transient: ClassVar[bool] = True


class ClusterError(AnonError):
    """The workers of a cluster are not fit for the work."""


class ClusterUnavailableError(ClusterError):
    """A cluster did not answer, or has no workers."""

    transient: ClassVar[bool] = True


class BusyError(AnonError):
    """Something else is at work on the same."""

    transient: ClassVar[bool] = True


class JobError(AnonError):
    """A job failed, or what it made cannot be had."""


class UnknownJobError(JobError):
    """There is no such job, or none any more."""


class JobKindError(JobError):
    """A job is of a kind that has no such thing."""


class JobStateError(JobError):
    """A job is over already, or not yet: this cannot be done now."""


class LockedError(JobError):
    """Another process has locked a file that tells of jobs."""

    transient: ClassVar[bool] = True


class UnfinishedJobError(JobError):
    """A job is not done in the time that was granted; it goes on."""


class AbortedJobError(JobError):
    """A job was aborted and has no result."""


class DeploymentError(AnonError):
    """The deployment that runs the jobs did not answer, or refused."""

    transient: ClassVar[bool] = True


class HandoverError(AnonError):
    """A DataFrame cannot be handed over."""


class EvidenceError(AnonError):
    """Evidence of a release, or a key of its signature, cannot be read or made."""


@contextmanager
def of_table(name: str) -> Iterator[None]:
    """Let an error of one of several tables say which one it is of.

    Raises
    ------
    AnonError
        Of the same kind as the one that was raised within, if it was one of these.
    """
    try:
        yield
    except RequestError as error:
        raise RequestError([_of_table(name, problem) for problem in error.problems]) from None
    except AnonError as error:
        raise type(error)(f"{name}: {error}") from None


def _of_table(name: str, problem: Complaint) -> Complaint:
    """Return a problem with its place in the request of several tables."""
    if not problem.path:
        return Complaint(f"tables.{name}", problem.message)
    if problem.path.startswith(("policy.attributes", "source", "target")):
        return Complaint(f"tables.{name}.{problem.path}", problem.message)
    return problem
