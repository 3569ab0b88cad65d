"""The resource of a run: one engine for all of its steps, open no longer than the run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from anon_dagster.definitions import definitions
from anon_dagster.defs import engine as resource
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.resources import JobStore
from anon_dagster.engine import Engine, EngineSettings, LocalEngine, in_use
from anon_dagster.jobs.tags import ENGINE_TAG
from tests.deployment import Deployment, deployed, failure

SHOWN: dict[str, str | int] = {
    "type": "dask",
    "workers": 2,
    "threads": 4,
    "dashboard": "http://127.0.0.1:8787/status",
}


class Elsewhere(LocalEngine):
    """Threads of this process that say they were a cluster."""

    @property
    def shown(self) -> Mapping[str, str | int]:
        return SHOWN


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANON_ENGINE", raising=False)
    ages = [str(20 + n % 5) for n in range(30)]
    pd.DataFrame({"age": ages, "sex": ["f", "m"] * 15}).to_csv("people.csv", index=False)
    with deployed(tmp_path) as made:
        yield made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[EngineSettings]:
    """What was ever opened, and not what it says, but threads."""
    ever: list[EngineSettings] = []
    monkeypatch.setattr(resource, "opened", _spy(ever))
    return ever


OPEN: list[EngineSettings] = []


def _spy(ever: list[EngineSettings]) -> Any:
    @contextmanager
    def spy(settings: EngineSettings) -> Iterator[Engine]:
        ever.append(settings)
        OPEN.append(settings)
        try:
            yield Elsewhere(1, settings.memory_found)
        finally:
            OPEN.remove(settings)

    return spy


REQUEST = {
    "source": {"path": "people.csv"},
    "target": {"path": "released.csv"},
    "policy": {
        "attributes": {"age": {"role": "quasi_identifier"}, "sex": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 2}},
    },
}


def count(
    deployment: Deployment, engine: Mapping[str, Any] | None = None
) -> dg.ExecuteInProcessResult:
    return anonymize(deployment, engine, job="measure_job")


def anonymize(
    deployment: Deployment, engine: Mapping[str, Any] | None = None, job: str = "anonymize_job"
) -> dg.ExecuteInProcessResult:
    deployment.instance.add_dynamic_partitions("request", ["one"])
    config: dict[str, Any] = {"ops": {"adhoc__request": {"config": {"request": REQUEST}}}}
    if engine is not None:
        config["resources"] = {"anon_engine": {"config": engine}}
    return deployment.run(job, config, partition_key="one")


def test_all_steps_of_a_run_share_one_engine_which_is_closed_with_it(
    deployment: Deployment, opened: list[EngineSettings]
) -> None:
    assert count(deployment, {"type": "dask", "workers": 2}).success
    assert len(opened) == 1
    assert OPEN == []


@pytest.mark.slow
def test_a_run_that_fails_closes_it_too(
    deployment: Deployment, opened: list[EngineSettings]
) -> None:
    Path("people.csv").write_text("other\n1\n", encoding="utf-8")
    assert not anonymize(deployment, {"type": "dask", "workers": 2}).success
    assert len(opened) == 1
    assert OPEN == []


@pytest.mark.slow
@pytest.mark.usefixtures("opened")
def test_a_run_on_a_cluster_shows_its_workers_and_the_link_of_its_page(
    deployment: Deployment,
) -> None:
    result = anonymize(deployment, {"type": "dask", "workers": 2})
    for step in ("source", "frequency_table", "anonymized"):
        (made,) = result.asset_materializations_for_node(f"adhoc__{step}")
        assert made.metadata["workers"].value == 2
        assert made.metadata["dashboard"] == dg.MetadataValue.url(str(SHOWN["dashboard"]))
    run = deployment.instance.get_run_by_id(result.run_id)
    assert run
    assert run.tags[ENGINE_TAG] == "dask, 2 workers, 4 threads"


def test_a_run_by_threads_shows_no_more_than_before(deployment: Deployment) -> None:
    result = anonymize(deployment, {"type": "local", "threads": 1})
    (made,) = result.asset_materializations_for_node("adhoc__anonymized")
    assert not {"engine", "workers", "dashboard"} & set(made.metadata)


def test_the_resource_says_what_is_used_else_the_environment(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANON_ENGINE", "threads: 3")
    for set_here, expected in (({}, 3), ({"threads": 5}, 5), ({"type": "local"}, None)):
        settings = EngineResource(**set_here).settings(deployment.instance)
        assert settings.threads == expected


def test_a_deployment_may_choose_another_than_its_environment(
    deployment: Deployment, opened: list[EngineSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANON_ENGINE", "threads: 3")
    data, store = deployment.folder / "data", JobStore(deployment.folder / ".anon")
    own = definitions(data, store, engine=EngineResource(threads=7))
    assert count(replace(deployment, definitions=own)).success
    assert [each.threads for each in opened] == [7]


def test_runs_that_may_run_at_once_keep_to_the_memory_together(deployment: Deployment) -> None:
    limits = deployment.instance.get_concurrency_config().run_queue_config
    assert limits
    share = EngineSettings().memory_found // limits.max_concurrent_runs
    assert EngineResource().settings(deployment.instance).memory_found == share
    said = EngineResource(memory="100MB").settings(deployment.instance)
    assert said.memory_found == 100_000_000


def test_settings_that_do_not_go_together_end_a_run_in_words(deployment: Deployment) -> None:
    result = count(deployment, {"type": "dask", "workers": 2, "address": "tcp://a:1"})
    assert "engine has an address and workers" in failure(result)
    assert not Path("released.csv").exists()


def test_nobody_who_launches_a_run_reads_the_environment_by_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "tcp://hush:8786")
    result = count(deployment, {"type": "dask", "address": {"env": "SECRET"}})
    assert "engine.address must be tcp://host:port" in failure(result)
    assert "hush" not in failure(result)


@pytest.mark.slow
def test_no_engine_is_in_use_when_a_run_is_over(deployment: Deployment) -> None:
    before = in_use()
    assert count(deployment, {"threads": 1, "memory": 1000}).success
    assert in_use() == before
