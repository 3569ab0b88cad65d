"""A version of a file, and where it stands on its way to its release."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from anon_dagster.storage.listing import ListedFile

_NAME = 60  # characters of a name that a key keeps, so that a person knows it again


class State(StrEnum):
    """Where a version of a file stands."""

    SEEN = "seen"
    """It may still be growing."""
    WAITING = "waiting"
    GIVEN = "given"
    """To a run, which has not come to it yet."""
    RUNNING = "running"
    RELEASED = "released"
    READ = "read"
    """Its records are released, or wait for those of later files: of ``mode: append``."""
    SET_ASIDE = "set aside"
    """It cannot be released as it is, or its run was aborted."""
    GONE = "gone"
    """It was removed, or replaced by another version."""

    @property
    def is_with_a_run(self) -> bool:
        """Tell whether a run has it."""
        return self in {State.GIVEN, State.RUNNING}

    @property
    def is_done(self) -> bool:
        """Tell whether nothing is left to do with it."""
        return self in {State.RELEASED, State.READ}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A version of a file of a dataset."""

    path: str
    version: str
    size: int
    modified: float
    """Seconds since the epoch, as all times here."""
    seen: float
    """When a tick first saw it."""
    state: State = State.SEEN
    batch: str = ""
    """Of the run that it was given to last."""
    failures: int = 0
    """How often it has to be tried again."""
    crashes: int = 0
    """How many of its runs ended while they were at it."""
    not_before: float = 0.0
    reason: str = ""
    """Why it is not released, or not yet, in words that hold no cell."""
    disagreements: int = 0
    """How often its store gave something else than this version, which it lists."""

    @classmethod
    def of(cls, found: ListedFile, *, now: float) -> "Arrival":
        """Return a file that was just seen."""
        return cls(found.path, found.version, found.size, found.modified, seen=now)

    @property
    def key(self) -> str:
        """A name for it that no other version of any file has: that of its partition."""
        name = self.path.rpartition("/")[2]
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", name)[:_NAME].strip("-.") or "file"
        digest = hashlib.sha256(f"{self.path}\n{self.version}".encode()).hexdigest()
        return f"{readable}_{digest[:12]}"
