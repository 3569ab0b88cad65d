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
    ],
)
def test_the_environment_says_it_in_one_line(told: str, expected: EngineSettings) -> None:
    assert EngineSettings.of_environment({"ANON_ENGINE": told}) == expected


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("ray", "engine.type must be one of local"),
        ("{type: local, threads: 0}", "engine.threads must be a number from 1 to 1024"),
        ("{type: local, threads: many}", "engine.threads must be a number"),
        ("{type: local, colour: red}", "engine has no colour; it has memory, threads, type"),
        ("{memory: much}", "engine.memory must be a size such as 2GiB"),
        ("local, threads", "write it as"),
    ],
)
def test_what_cannot_be_set_is_refused_by_name(told: str, problem: str) -> None:
    with pytest.raises(RequestError, match=f"^ANON_ENGINE: {problem}"):
        EngineSettings.of_environment({"ANON_ENGINE": told})


@pytest.mark.parametrize("document", [{"threads": True}, {"threads": 1.5}, ["local"], "local"])
def test_settings_are_a_mapping_of_fit_values(document: Any) -> None:
    with pytest.raises(RequestError, match=r"^engine"):
        EngineSettings.of(document)


@pytest.mark.parametrize(
    ("told", "found"),
    [(4096, 4096), ("4096", 4096), ("2GiB", 2**31), ("1.5 MB", 1_500_000), ("0", 0), ("7k", None)],
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
