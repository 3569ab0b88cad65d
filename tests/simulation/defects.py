"""Defects of the kinds that there were, put back: a simulation is worth what it finds of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest.mock import patch

from anon_dagster.arrivals import Registry
from anon_dagster.defs import endings, housekeeping, leftovers
from anon_dagster.host import queue
from anon_dagster.host.queue import Queue
from anon_dagster.releasing import publication
from anon_dagster.storage.moving import remove
from anon_dagster.storage.targets import leftovers as beside
from anon_dagster.storage.targets import staging
from anon_dagster.storage.targets.staging import StagedTarget
from tests.simulation import arriving

Defect = Callable[[], AbstractContextManager[object]]


@contextmanager
def published_before_it_is_verified() -> Iterator[None]:
    """A release reaches its target as soon as it is written."""
    seal = StagedTarget.seal

    def seal_and_publish(self: StagedTarget) -> tuple[str, ...]:
        seal(self)
        return self.publish()

    with patch.object(StagedTarget, "seal", seal_and_publish):
        yield


def written_in_place() -> AbstractContextManager[object]:
    """A file is written over the former one, piece by piece."""

    def write(staged: str, path: str) -> bool:
        content = Path(staged).read_bytes()
        Path(path).write_bytes(content[: len(content) // 2])
        Path(path).write_bytes(content)
        Path(staged).unlink()
        return True

    return patch.object(staging, "move_file", write)


def taken_away_part_by_part() -> AbstractContextManager[object]:
    """A release of several parts is removed one file after the other."""
    return patch.object(publication, "take_away", remove)


def never_taken_back() -> AbstractContextManager[object]:
    """What a job published stays, although it failed."""
    return patch.object(endings, "take_back", lambda *_: False)


def never_told_to_the_registry() -> AbstractContextManager[object]:
    """What became of a file is not written down."""
    return patch.object(Registry, "end", lambda *_: True)


def opened_without_a_look() -> AbstractContextManager[object]:
    """A file that was replaced is released for the version that its run took."""
    return patch.object(arriving, "require_version", lambda _: None)


def swept_while_they_write() -> AbstractContextManager[object]:
    """What living jobs write beside a target is taken for that of dead ones."""
    return patch.object(leftovers.Living, "__contains__", lambda *_: False)


def never_swept_later() -> AbstractContextManager[object]:
    """What could not be removed at once stays."""
    return patch.object(housekeeping, "sweep_late", lambda *_: None)


def tried_and_left() -> AbstractContextManager[object]:
    """What was written to see whether it can be belongs to nobody, and is swept by nobody."""
    return patch.object(beside, "UNOWNED", "another name")


def forgotten_by_the_next_host() -> AbstractContextManager[object]:
    """A host does not look for what an earlier one left."""
    return patch.object(Queue, "adopt", lambda _: None)


def ended_without_a_line() -> AbstractContextManager[object]:
    """A host does not look for what an earlier one did not finish."""
    return patch.object(Queue, "_unclosed", lambda _: [])


def more_than_may_run() -> AbstractContextManager[object]:
    """Jobs run as they come, however many there are."""
    return patch.object(queue, "most_at_once", lambda _: 100)


def newest_first() -> AbstractContextManager[object]:
    """A queue begins with the job that came last."""
    start = Queue._start  # noqa: SLF001 (is replaced)

    def begin(self: Queue, job_id: str) -> None:
        self.waiting.insert(0, job_id)
        start(self, self.waiting.pop())

    return patch.object(Queue, "_start", begin)


FOUND_WITHIN: dict[Defect, int] = {
    published_before_it_is_verified: 20,
    written_in_place: 20,
    taken_away_part_by_part: 120,
    never_taken_back: 60,
    never_told_to_the_registry: 20,
    opened_without_a_look: 420,
    swept_while_they_write: 250,
    never_swept_later: 250,
    tried_and_left: 250,
    forgotten_by_the_next_host: 40,
    ended_without_a_line: 60,
    more_than_may_run: 200,
    newest_first: 30,
}
"""How many seeds are enough to find each."""
