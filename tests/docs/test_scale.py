"""What the page of large tables says of engines is understood as it says."""

import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from anon_dagster.defs.engine import EngineResource
from anon_dagster.engine import EngineSettings
from anon_dagster.request.documents import parse_yaml

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "scale.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_every_line_of_the_environment_is_understood() -> None:
    told = re.findall(r'ANON_ENGINE="(.*?)"', PAGE)
    assert len(told) > 4
    for line in told:
        EngineSettings.of_environment({"ANON_ENGINE": line})


def test_the_table_of_settings_has_all_of_them_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert rows == [field.name for field in fields(EngineSettings)]
    assert set(rows) == set(EngineResource.model_fields)


def test_the_configuration_of_a_run_is_that_of_the_resource() -> None:
    (config,) = [b for b in blocks("yaml") if b.startswith("resources:")]
    asked = parse_yaml(config, name="an example")["resources"]["anon_engine"]["config"]
    assert EngineSettings.of(asked) == EngineSettings("dask", address="tcp://scheduler:8786")


def test_the_manifest_is_a_cluster_whose_parts_fit_together() -> None:
    (manifest,) = [b for b in blocks("yaml") if b.startswith("apiVersion:")]
    cluster: Any = parse_yaml(manifest, name="an example")
    scheduler, worker = cluster["spec"]["scheduler"], cluster["spec"]["worker"]
    (of_scheduler,) = scheduler["spec"]["containers"]
    (of_worker,) = worker["spec"]["containers"]
    assert of_scheduler["image"] == of_worker["image"]
    ports = {port["name"]: port["containerPort"] for port in of_scheduler["ports"]}
    assert {p["targetPort"]: p["port"] for p in scheduler["service"]["ports"]} == ports
    name = cluster["metadata"]["name"]
    assert scheduler["service"]["selector"]["dask.org/cluster-name"] == name
    assert f"tcp://{name}-scheduler:{ports['tcp-comm']}" in PAGE
    mounted = {mount["name"] for mount in of_worker["volumeMounts"]}
    assert mounted == {volume["name"] for volume in worker["spec"]["volumes"]}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["scheduler", "worker"])
def test_the_commands_of_dask_have_the_options_that_are_named(command: str) -> None:
    lines = re.findall(rf"^dask {command} .*|args: \[dask, {command}.*", PAGE, re.MULTILINE)
    named = {option for line in lines for option in re.findall(r"--[a-z-]+", line)}
    assert named
    asked = [sys.executable, "-m", "dask", command, "--help"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert named <= set(re.findall(r"--[a-z-]+", told))


@pytest.mark.slow
def test_the_example_in_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_out = shutil.ignore_patterns("out")
    shutil.copytree(PROJECT / "data", tmp_path / "data", ignore=leave_out)
    monkeypatch.chdir(tmp_path)
    (script,) = blocks("python")
    names: dict[str, Any] = {}
    exec(script, names)  # noqa: S102 (of the page)
    assert names["result"].release.verification.holds
