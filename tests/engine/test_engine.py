"""Which engine is in use: that of the job, for everything that works for it."""

import asyncio
import threading

import pytest

from anon_dagster.engine import EngineSettings, LocalEngine, in_use, keeping, using
from anon_dagster.errors import RequestError


def threads_in_use(_: object = None) -> int:
    engine = in_use()
    assert isinstance(engine, LocalEngine)
    return engine.threads


def test_the_engine_in_use_is_that_of_the_job_then_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANON_ENGINE", "local, threads: 3")
    assert threads_in_use() == 3
    with using("threads: 7"):
        assert threads_in_use() == 7
    with using(None):
        assert threads_in_use() == 3
    assert threads_in_use() == 3


def test_a_call_within_a_job_has_its_engine_unless_it_names_another() -> None:
    with using({"threads": 7}) as outer:
        with using(None) as inner:
            assert inner is outer
        with using(EngineSettings(threads=2)):
            assert threads_in_use() == 2
        assert threads_in_use() == 7


def test_what_is_open_is_used_and_stays_open() -> None:
    engine = LocalEngine(5, 0)
    for _ in range(2):
        with keeping(engine):
            assert in_use() is engine
    assert in_use() is not engine


def test_an_error_leaves_no_engine_in_use() -> None:
    before = threads_in_use()
    with pytest.raises(KeyError), using({"threads": before + 1}):
        raise KeyError
    assert threads_in_use() == before


def test_threads_that_work_on_parts_have_the_engine_of_the_job() -> None:
    with using({"threads": 3}) as engine:
        assert list(engine.map(threads_in_use, range(9))) == [3] * 9


def test_tasks_and_threads_of_asyncio_have_the_engine_of_who_started_them() -> None:
    async def ask() -> tuple[int, int]:
        with using({"threads": 6}):
            return await asyncio.create_task(_ask()), await asyncio.to_thread(threads_in_use)

    async def _ask() -> int:
        return threads_in_use()

    assert asyncio.run(ask()) == (6, 6)


def test_jobs_in_threads_of_their_own_do_not_meet() -> None:
    met = threading.Barrier(2, timeout=60)
    found: dict[int, int] = {}

    def job(threads: int) -> None:
        with using({"threads": threads}):
            met.wait()
            found[threads] = threads_in_use()
            met.wait()

    jobs = [threading.Thread(target=job, args=(threads,)) for threads in (2, 9)]
    for each in jobs:
        each.start()
    for each in jobs:
        each.join()
    assert found == {2: 2, 9: 9}


def test_an_engine_that_there_is_not_is_refused() -> None:
    with pytest.raises(RequestError, match="engine says dask, but not where"), using("dask"):
        pass


def test_what_is_shown_of_threads_is_how_many_there_are() -> None:
    with using({"threads": 2, "memory": "1MiB"}) as engine:
        assert engine.shown == {"type": "local", "threads": 2, "memory": 2**20}
