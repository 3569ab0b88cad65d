"""What the writing of a release knows of its job: its name, its folder, and who is told."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from anon_dagster.progress import ProgressSink, ignore_progress
from anon_dagster.request import Policy, Source

HELD = "held"
"""The folder of a release that a person has to approve, in that of its job."""
PERSONS = "persons.bin"
"""The file in the folder of a job that tells whose its released records are."""
Versions = Sequence[Sequence[str]]
"""What tells the files that lie at some paths from others of the same content; none, of none."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is told of a release at the last moment before it is published."""

    paths: tuple[str, ...]
    checksum: str
    former: Versions
    """Of what lies there now."""
    made: Versions = ()
    """Of what will lie there, where that is known before."""


def ignore_announcement(_: Announcement) -> None:
    """Do nothing with an announcement: nobody would take the release back."""


def among_others(_: Iterable[str]) -> AbstractContextManager[None]:
    """Keep nobody away from a target."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class FormerRelease:
    """A release of the same people that still exists."""

    name: str
    """What it is called in words."""
    source: Source
    policy: Policy | None = None
    """By which it was made, if that is known."""


def no_former() -> Sequence[FormerRelease]:
    """Know of no former releases but the one at the target."""
    return ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a job writes its release, and who follows it."""

    job_id: str
    """Sets the files of two jobs apart."""
    folder: Path
    """Where the release goes if the request has no target."""
    on_progress: ProgressSink = ignore_progress
    announce: Callable[[Announcement], None] = ignore_announcement
    """Whoever dies after it was told knows what to look for in the target."""
    alone_at: Callable[[Iterable[str]], AbstractContextManager[None]] = among_others
    """Keeps others away from targets while something is published there, and looked at then."""
    former: Callable[[], Sequence[FormerRelease]] = no_former
    """Former releases of the same people elsewhere, the newest first."""
