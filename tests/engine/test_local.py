"""Threads give what one gives, in the same order, and hold few jobs at a time."""

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.engine import LocalEngine
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
