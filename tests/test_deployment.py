import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest


@pytest.fixture
def instance(
    project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    shutil.copy(project_folder / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def test_nothing_is_told_to_dagsters_makers(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled


def test_all_that_dagster_remembers_lies_in_one_folder(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    instance.add_dynamic_partitions("request", ["one"])
    assert {entry.name for entry in tmp_path.iterdir()} == {"dagster.yaml", ".dagster"}


def test_two_runs_of_one_request_wait_for_each_other(instance: dg.DagsterInstance) -> None:
    limits = instance.get_concurrency_config().run_queue_config
    assert limits is not None
    assert limits.tag_concurrency_limits == [
        {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    ]


def test_dagster_dev_reads_the_workspace(project_folder: Path) -> None:
    """Dagster passes over workspace.yaml as soon as pyproject.toml has a table for it."""
    tools = tomllib.loads((project_folder / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert not {"dagster", "dg"} & set(tools)
    assert (project_folder / "workspace.yaml").is_file()


def test_runs_that_never_start_or_are_never_ended_are_ended(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    # A run that is taken up again elsewhere could not be aborted any more.
    assert instance.run_monitoring_max_resume_run_attempts == 0


def test_an_embedded_client_has_the_settings_of_a_deployment(project_folder: Path) -> None:
    embedded = project_folder / "anon_dagster" / "host" / "dagster.yaml"
    assert embedded.read_bytes() == (project_folder / "dagster.yaml").read_bytes()
