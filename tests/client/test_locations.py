"""A deployment with several code locations: that of this project is found by what it offers."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from anon_dagster.client import AnonClient
from anon_dagster.client.deployment import Launch
from anon_dagster.errors import DeploymentError
from tests.live import PROJECT
from tests.webserver import answering

pytestmark = pytest.mark.slow

OTHERS = """
import dagster as dg

@dg.op
def look() -> None: ...

@dg.job
def anonymize_job() -> None:
    look()

defs = dg.Definitions(jobs=[anonymize_job])
"""
WORKSPACE = """
load_from:
  - python_file: {relative_path: others.py, location_name: others}
  - python_module: {module_name: anon_dagster.definitions, location_name: privacy}
  - python_module: {module_name: anon_dagster.definitions}
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("locations")
    (folder / "data").mkdir()
    (folder / "others.py").write_text(OTHERS, encoding="utf-8")
    (folder / "workspace.yaml").write_text(WORKSPACE, encoding="utf-8")
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with answering(folder, PROJECT) as address:
        yield address


def launch(url: str, location: str | None) -> str:
    """Queue a job, which nothing takes out of the queue again."""
    with closing(AnonClient(url, location=location)) as client:
        return client.deployment.launch(Launch("anonymize_job", {}, {}, f"of-{location}"))


def test_a_location_is_found_by_what_it_offers_or_chosen(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = "several code locations have .*: anon_dagster.definitions, privacy; choose one by"
    with pytest.raises(DeploymentError, match=both):
        launch(url, None)
    with pytest.raises(DeploymentError, match=r"location others has .*definitions, privacy"):
        launch(url, "others")
    assert launch(url, "anon_dagster.definitions")
    monkeypatch.setenv("ANON_LOCATION", "privacy")
    assert launch(url, None)
