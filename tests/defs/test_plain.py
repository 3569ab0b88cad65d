"""Whoever may launch a run cannot read the environment of the deployment by it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from anon_dagster.definitions import definitions
from anon_dagster.defs.resources import JobStore
from anon_dagster.request.yaml_writing import document as written
from tests.defs import test_arriving, test_deltas
from tests.deployment import failure

_SECRET = "nobody_knows_this"  # noqa: S105 (nobody's)


def looked_up(config_type: Any, path: str) -> Iterator[str]:
    """Give what the configuration of a run may let Dagster look for in the environment."""
    if "Source" in str(getattr(config_type, "key", "")):
        yield f"{path}: {config_type.key}"
    for name, field in (getattr(config_type, "fields", None) or {}).items():
        yield from looked_up(field.config_type, f"{path}.{name}")
    for part in ("inner_type", "value_type"):
        if hasattr(config_type, part):
            yield from looked_up(getattr(config_type, part), path)


def test_no_job_looks_up_in_the_environment_what_a_run_says(tmp_path: Path) -> None:
    for name, made in (("people", test_arriving), ("stream", test_deltas)):
        (tmp_path / name).mkdir()
        document = written(made.request(tmp_path))
        (tmp_path / name / "request.yaml").write_text(document, encoding="utf-8")
    defined = definitions(tmp_path, JobStore(tmp_path / ".anon"))
    found: list[str] = []
    jobs = defined.get_repository_def().get_all_jobs()
    for job in jobs:
        fields: Any = vars(job.run_config_schema.config_type)["fields"]
        asked: Any = fields["resources"].config_type.fields
        ours = {name: field for name, field in asked.items() if name.startswith("anon_")}
        for name, field in {"ops": fields["ops"], **ours}.items() if "ops" in fields else ():
            found += looked_up(field.config_type, f"{job.name}.{name}")
    assert found == []
    assert {"people_files_job", "stream_erase_job"} <= {job.name for job in jobs}


def test_what_is_looked_up_is_seen() -> None:
    @dg.op(config_schema={"given": dg.StringSource})
    def step() -> None: ...

    @dg.job
    def job() -> None:
        step()

    schema: Any = job.run_config_schema.config_type
    assert list(looked_up(schema, "job")) == ["job.ops.step.config.given: StringSourceType"]


@pytest.mark.parametrize("named", [{"env": "DATABASE"}, 7, None])
def test_what_is_no_text_is_told_without_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: object
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE", _SECRET)
    with test_arriving.placed(tmp_path, test_arriving.request(tmp_path)) as place:
        config = {"ops": {"people__release_files": {"config": {"files": [named]}}}}
        ended = place.deployment.run("people_files_job", config)
    told = failure(ended)
    assert "files in the configuration of the run must be a list of texts" in told
    assert _SECRET not in told
