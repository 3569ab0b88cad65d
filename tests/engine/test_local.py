"""Threads give what one gives, in the same order, and hold few jobs at a time."""

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.engine import LocalEngine, in_use, keeping
from anon_dagster.errors import SourceError


@given(st.lists(st.integers(0, 3), max_size=20), st.sampled_from([1, 2, 8]))
def test_results_come_in_the_order_of_the_jobs(delays: list[int], threads: int) -> None:
    def work(job: tuple[int, int]) -> int:
        number, delay = job
        time.sleep(delay / 10_000)
        return number

    assert list(LocalEngine(threads, 0).map(work, enumerate(delays))) == list(range(len(delays)))


def test_no_more_jobs_are_asked_for_than_there_is_room() -> None:
    asked, given_back = 0, 0

    def jobs() -> Iterator[int]:
        nonlocal asked
        for asked in range(1, 51):
            assert asked - given_back <= 4
            yield asked

    for result in LocalEngine(2, 0).map(lambda job: job, jobs()):
        given_back = result
    assert given_back == 50


def test_the_error_of_a_job_ends_the_work_and_no_further_job_begins() -> None:
    begun = []

    def work(job: int) -> int:
        begun.append(job)
        if job == 3:
            raise SourceError("the third part cannot be read")
        return job

    with pytest.raises(SourceError, match="third part"):
        list(LocalEngine(2, 0).map(work, range(1_000)))
    assert max(begun) < 10


def test_work_is_done_by_other_threads_unless_there_is_one() -> None:
    for threads, alone in ((1, True), (2, False)):
        names = LocalEngine(threads, 0).map(lambda _: threading.current_thread().name, range(5))
        assert (set(names) == {threading.current_thread().name}) == alone


@given(st.lists(st.integers(0, 3), max_size=20), st.sampled_from([1, 2, 8]))
def test_jobs_that_are_at_hand_give_their_results_in_order(delays: list[int], threads: int) -> None:
    def work(job: tuple[int, int]) -> int:
        number, delay = job
        time.sleep(delay / 10_000)
        return number

    jobs = list(enumerate(delays))
    assert LocalEngine(threads, 0).gather(work, jobs) == list(range(len(delays)))


def test_no_job_at_hand_waits_for_one_that_takes_longer() -> None:
    others_done = threading.Semaphore(0)

    def work(job: int) -> int:
        if job:
            others_done.release()
        else:  # it ends once all others did, by the other thread
            assert all(others_done.acquire(timeout=60) for _ in range(20))
        return job

    assert LocalEngine(2, 0).gather(work, range(21)) == list(range(21))


def test_the_error_of_a_job_at_hand_ends_the_work() -> None:
    begun = []

    def work(job: int) -> int:
        begun.append(job)
        if job == 3:
            raise SourceError("the third column cannot be read")
        time.sleep(0.001)
        return job

    with pytest.raises(SourceError, match="third column"):
        LocalEngine(2, 0).gather(work, range(10_000))
    assert len(begun) < 10_000


def test_threads_of_jobs_at_hand_have_the_engine_of_whoever_waits() -> None:
    engine = LocalEngine(2, 12_345)
    with keeping(engine):
        assert engine.gather(lambda _: in_use().memory, range(4)) == [12_345] * 4
