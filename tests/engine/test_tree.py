"""Whatever is lost on the way, a tree gives what its jobs give, joined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from anon_dagster.engine import on_worker, tree
from anon_dagster.engine.on_worker import Failed
from anon_dagster.engine.sealed import Sealed
from anon_dagster.engine.tree import Tree
from anon_dagster.errors import SourceError

if TYPE_CHECKING:
    from anon_dagster.engine.sent import Sent


@dataclass(eq=False)
class Result:
    """A result that is there at once, as a future."""

    value: Any

    def done(self) -> bool:
        return True


@dataclass
class SentNowhere:
    """Does in this process, and at once, what a cluster does; and loses what is asked of it."""

    work: Sealed
    lost: Callable[[int], bool]
    """Tells whether what is waited for as the n-th is lost."""
    kind: str = "count"
    asked: int = 0
    joined: list[int] = field(default_factory=list)
    """How many results were joined at a time."""
    closed: list[int] = field(default_factory=list)

    def submit(
        self, act: Callable[..., Any], given: Sealed | Sequence[Result], *, more: str = ""
    ) -> Result:
        if isinstance(given, Sealed):
            return Result(act(self.work, given, "token"))
        assert more == "joined"
        self.joined.append(len(given))
        return Result(act(self.work, [each.value for each in given], "token"))

    def tell(self, kept: Result) -> Result:
        return Result(on_worker.tell(kept.value))

    def result(self, future: Result) -> Any:
        self.asked += 1
        return Failed(None, "lost") if self.lost(self.asked) else future.value

    def close(self, futures: Sequence[Result]) -> None:
        self.closed.append(len(futures))


def work(job: int) -> tuple[tuple[str, int], list[int] | None]:
    """Keep a number, unless there is nothing to keep."""
    if job < 0:
        raise ValueError
    return ("job", job), None if job % 5 == 4 else [job]


def join(results: Sequence[list[int]]) -> tuple[tuple[str, int], list[int]]:
    joined = sorted(number for result in results for number in result)
    return ("joined", len(joined)), joined


def reduced(sent: SentNowhere, jobs: Sequence[int]) -> tuple[list[Any], list[list[int]]]:
    told: list[Any] = []
    results: list[list[int]] = []
    work_of_jobs = Tree(cast("Sent", sent))

    def take(news: tuple[Sequence[Any], Sequence[Any]]) -> None:
        told.extend(news[0])
        results.extend(news[1])

    for number, job in enumerate(jobs):
        work_of_jobs.begin(number, Sealed(job))
        if len(work_of_jobs.leaves) > 4:
            take(work_of_jobs.next_told())
    while work_of_jobs.leaves or work_of_jobs.joins:
        take(work_of_jobs.next_told())
    for news in work_of_jobs.remaining():
        take(news)
    work_of_jobs.close()
    return told, results


NOTHING_IS_LOST, EVERY_THIRD = (lambda _: False), (lambda n: n % 3 == 0)


@pytest.mark.parametrize("jobs", [0, 1, 7, 8, 9, 200])
@pytest.mark.parametrize("fan_in", [2, 3, 8])
@pytest.mark.parametrize("lost", [NOTHING_IS_LOST, EVERY_THIRD])
def test_each_result_comes_once_and_what_jobs_tell_in_their_order(
    monkeypatch: pytest.MonkeyPatch, jobs: int, fan_in: int, lost: Callable[[int], bool]
) -> None:
    monkeypatch.setattr(tree, "_JOINED", fan_in)
    sent = SentNowhere(Sealed((work, join)), lost)
    told, results = reduced(sent, range(jobs))
    kept = [job for job in range(jobs) if job % 5 != 4]
    assert sorted(number for result in results for number in result) == kept
    assert [number for kind, number in told if kind == "job"] == list(range(jobs))
    assert set(sent.joined) <= {fan_in}
    digits = 0
    rest = len(kept)
    while rest:
        digits, rest = digits + rest % fan_in, rest // fan_in
    assert len(results) == digits, "of each level, what is too little to be joined"
    assert sent.closed == [0]


def test_what_hardly_shrinks_is_not_joined_by_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    size = Sealed(list(range(30))).__sizeof__()
    monkeypatch.setattr(tree, "_MOST_BYTES", size)
    sent = SentNowhere(Sealed((work, join)), NOTHING_IS_LOST)
    _, results = reduced(sent, range(1_000))
    assert sorted(n for result in results for n in result) == [n for n in range(1_000) if n % 5 < 4]
    assert max(map(len, results)) == 64
    assert set(sent.joined) == {8}


def test_what_is_lost_again_and_again_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_JOINED", 2)
    sent = SentNowhere(Sealed((work, join)), lambda n: n > 3)
    with pytest.raises(SourceError, match=r"^part \d.* failed 2 times on the cluster \(lost\)"):
        reduced(sent, range(8))


def test_a_job_that_fails_is_told_with_its_number() -> None:
    sent = SentNowhere(Sealed((work, join)), NOTHING_IS_LOST)
    with pytest.raises(SourceError, match=r"^part 3 failed 2 times on the cluster \(ValueError\)"):
        reduced(sent, [1, 2, -1, 3])


def test_what_is_called_off_lets_go_of_all_that_is_kept() -> None:
    sent = SentNowhere(Sealed((work, join)), NOTHING_IS_LOST)
    begun = Tree(cast("Sent", sent))
    for number in range(10):
        begun.begin(number, Sealed(number))
    for _ in range(9):
        begun.next_told()
    begun.close()
    assert sent.closed == [3], "the last job, what is told of it, and the others as one"
    assert not begun.leaves
    assert not begun.joins
