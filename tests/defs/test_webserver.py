"""The real UI of a real deployment: a request launched over GraphQL, and the pages it shows."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from anon_dagster.request.documents import load_yaml
from anon_dagster.request.yaml_writing import document as written

pytestmark = pytest.mark.slow

LAUNCH = """
mutation($run: ExecutionParams!) {
  launchRun(executionParams: $run) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
STATUS = """
query($id: ID!) { runOrError(runId: $id) { ... on Run { status tags { key value } } } }
"""
REPOSITORY = {"repositoryLocationName": "anon_dagster", "repositoryName": "__repository__"}


class Webserver:
    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, query: str, **variables: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 (our own address)
            f"{self.address}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return next(iter(json.load(answer)["data"].values()))


@pytest.fixture(scope="module")
def webserver(
    project_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Webserver]:
    """Start the webserver on a copy of the project; runs start at once, without a daemon."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(project_folder / "data", folder / "data")
    shutil.copy(project_folder / "workspace.yaml", folder)
    settings = load_yaml(project_folder / "dagster.yaml")
    settings.pop("concurrency")
    settings["run_coordinator"] = {
        "module": "dagster.core.run_coordinator",
        "class": "DefaultRunCoordinator",
    }
    (folder / "dagster.yaml").write_text(written(settings), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)],
        cwd=folder,
        env=os.environ | {"DAGSTER_HOME": str(folder), "PYTHONPATH": str(project_folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(address), seconds=120)
        yield Webserver(address)
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=5):  # noqa: S310
            return True
    except OSError:
        return False


def wait_for(claim: Any, *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.5)


def test_the_example_of_the_launchpad_runs_as_it_stands(webserver: Webserver) -> None:
    run = {
        "selector": {**REPOSITORY, "pipelineName": "anonymize_job"},
        "runConfigData": {},
        "mode": "default",
    }
    launched = webserver.ask(LAUNCH, run=run)
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]

    def finished() -> bool:
        return webserver.ask(STATUS, id=run_id)["status"] in {"SUCCESS", "FAILURE", "CANCELED"}

    wait_for(finished, seconds=180)
    state = webserver.ask(STATUS, id=run_id)
    assert state["status"] == "SUCCESS"
    tags = {tag["key"]: tag["value"] for tag in state["tags"]}
    assert tags["anon/progress"] == "100%"
    assert tags["dagster/partition"].endswith(run_id[:8]), "nobody named one"


def test_a_browser_shows_the_lineage_graph(webserver: Webserver) -> None:
    selenium = pytest.importorskip("selenium.webdriver")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("there is no chromium with its driver here: apt-get install chromium-driver")
    options = selenium.ChromeOptions()
    options.binary_location = browser
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(option)
    chrome = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    try:
        page = "/locations/anon_dagster/asset-groups/patients/lineage"
        chrome.get(webserver.address + page)
        wait_for(lambda: "frequency_table" in chrome.page_source, seconds=90)
        assert "risk_metrics" in chrome.page_source
    finally:
        chrome.quit()
