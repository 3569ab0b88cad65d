"""What can be set of an engine, and how it is said."""

import os
from typing import Any

import pytest

from anon_dagster.engine import EngineSettings
from anon_dagster.errors import RequestError


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("", EngineSettings()),
        ("local", EngineSettings()),
        ("{type: local}", EngineSettings()),
        ("local, threads: 4", EngineSettings(threads=4)),
        ("{type: local, threads: 4}", EngineSettings(threads=4)),
        ("type=local,threads=4", EngineSettings(threads=4)),
        ("threads: 1", EngineSettings(threads=1)),
        ("{threads: 2, memory: 1.5GiB}", EngineSettings(threads=2, memory="1.5GiB")),
        ("dask, workers: 3", EngineSettings("dask", workers=3)),
        ("{type: dask, workers: 3, threads: 2}", EngineSettings("dask", workers=3, threads=2)),
        (
            "{type: dask, address: 'tcp://scheduler:8786'}",
            EngineSettings("dask", address="tcp://scheduler:8786"),
        ),
        ("dask, address=tls://[::1]:1", EngineSettings("dask", address="tls://[::1]:1")),
        ("  { local , memory : '1.5 MB' } ", EngineSettings(memory="1.5 MB")),
        ('{type: "local", threads: "4"}', EngineSettings(threads=4)),
        ("{}", EngineSettings()),
    ],
)
def test_the_environment_and_an_argument_say_it_in_one_line(
    told: str, expected: EngineSettings
) -> None:
    assert EngineSettings.of_environment({"ANON_ENGINE": told}) == expected
    assert EngineSettings.of(told) == expected


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("ray", "engine.type must be one of local, dask"),
        ("{type: local, threads: 0}", "engine.threads must be a number from 1 to 1024"),
        ("{type: local, threads: many}", "engine.threads must be a number"),
        (
            "{type: local, colour: red}",
            "engine has no colour; it has address, memory",
        ),
        ("{memory: much}", "engine.memory must be a size such as 2GiB"),
        ("local, threads", "item 2 of engine is no name with a value: write it as"),
        ("{type: local, threads: 2", "engine has one brace without the other: write it as"),
        ("type: local}", "engine has one brace without the other"),
        ("{", "engine has one brace without the other"),
        ("{{type: local}}", "item 1 of engine is no name with a value"),
        ("{type: local} {threads: 2}", "item 1 of engine is no name with a value"),
        ("threads: 2, threads: 3", "engine has threads twice; leave one of them out"),
        ("{threads: 2, threads: 2}", "engine has threads twice"),
        ("local, type: dask", "engine has type twice"),
        ("local,, threads: 2", "item 2 of engine is empty: write it as"),
        ("{type: local,}", "item 2 of engine is empty"),
        (",", "item 1 of engine is empty"),
        ("threads: 2 3", "item 1 of engine is no name with a value"),
        ("local threads: 2", "item 1 of engine is no name with a value"),
        ("{threads: 2} # two", "engine has one brace without the other"),
        ("threads: 2 # two", "item 1 of engine is no name with a value"),
        ("threads:", "item 1 of engine is no name with a value"),
        ("local, dask", "item 2 of engine is no name with a value"),
        ("type: 'local", "item 1 of engine is no name with a value"),
        ("type: local'", "item 1 of engine is no name with a value"),
        ("memory: '2GiB\"", "item 1 of engine is no name with a value"),
        ("type: local\nthreads: 2", "item 1 of engine is no name with a value"),
        ("threads: !!int 2", "item 1 of engine is no name with a value"),
        ("threads: &two 2", "item 1 of engine is no name with a value"),
        ("threads: *two", "engine.threads must be a number"),
        ("<<: *two", "item 1 of engine is no name with a value"),
        ("threads: \N{ARABIC-INDIC DIGIT TWO}", "engine.threads must be a number"),
        ("threads: ''", "engine.threads must be a number"),
        ("Threads: 2", "engine has no Threads; it has address"),
        ("tcp://scheduler:8786", "engine has no tcp"),
        ("dask", "engine says dask, but not where"),
        ("dask, threads: 2", "engine says dask, but not where"),
        ("workers: 2", "engine.workers is for a cluster: say type: dask"),
        ("{type: local, address: tcp://a:1}", "engine.address is for a cluster: say type: dask"),
        ("dask, workers: 2, address: tcp://a:1", "engine has an address and workers"),
        ("dask, address: tcp://a:1, threads: 2", "engine.threads is said where the workers"),
        ("dask, workers: 0", "engine.workers must be a number from 1 to 1024"),
        *[
            (f"dask, address: {wrong}", "engine.address must be tcp://host:port, or tls://host")
            for wrong in (
                *("ucx://a:8786", "ws://a:8786", "a:8786", "tcp://a", "tcp://a:0", "tcp://a:65536"),
                *("tcp://user:word@a:1", "tcp://:1", "tcp://a:1/b", "http://a:8786"),
            )
        ],
    ],
)
def test_what_cannot_be_set_is_refused_by_name(told: str, problem: str) -> None:
    with pytest.raises(RequestError, match=f"^ANON_ENGINE: {problem}"):
        EngineSettings.of_environment({"ANON_ENGINE": told})


@pytest.mark.parametrize(
    "document",
    [{"threads": True}, {"threads": 1.5}, ["local"], 7, {"type": "dask", "address": 8786}, {1: 2}],
)
def test_settings_are_a_mapping_of_fit_values(document: Any) -> None:
    with pytest.raises(RequestError, match=r"^engine"):
        EngineSettings.of(document)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (4096, 4096),
        ("4096", 4096),
        ("2GiB", 2**31),
        ("1.5 MB", 1_500_000),
        ("0", 0),
        ("7k", None),
        ("9" * 400, None),
    ],
)
def test_memory_is_told_in_bytes_or_with_a_unit(told: int | str, found: int | None) -> None:
    if found is None:
        with pytest.raises(RequestError, match=r"engine\.memory"):
            EngineSettings(memory=told)
    else:
        assert EngineSettings(memory=told).memory_found == found


def test_left_out_it_is_a_share_of_the_machine() -> None:
    assert 2**26 < EngineSettings().memory_found < 2**50


def test_left_out_there_is_a_thread_for_each_processor_that_may_be_used() -> None:
    assert EngineSettings().threads_found in range(1, (os.cpu_count() or 1) + 1)
    assert EngineSettings.of({"threads": 5}).threads_found == 5


def test_no_value_of_the_settings_is_told_when_it_is_refused() -> None:
    told = ("local hush", "local, hush, hush", "{hush", "memory: hush hush", "memory: 'hush")
    mappings = ({"type": "hush"}, {"memory": "hush"}, {"type": "dask", "address": "hush"})
    for document in (*told, *mappings):
        with pytest.raises(RequestError) as refused:
            EngineSettings.of(document)
        assert "hush" not in str(refused.value)


def test_jobs_that_run_at_once_keep_to_the_memory_together() -> None:
    alone = EngineSettings().memory_found
    shares = [EngineSettings().shared_by(jobs).memory_found for jobs in (1, 4)]
    assert shares == [alone, alone // 4]


def test_what_is_said_of_the_memory_holds_for_each_job() -> None:
    assert EngineSettings(memory="2GiB").shared_by(4).memory_found == 2**31
