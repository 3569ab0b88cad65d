"""The webserver of a deployment, on a copy of the project, and the runs that it is asked for."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anon_dagster.request.documents import load_yaml
from anon_dagster.request.yaml_writing import document as written

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


@contextmanager
def serving(project_folder: Path, folder: Path) -> Iterator[Webserver]:
    """Start the webserver on a copy of the project; runs start at once, without a daemon."""
    shutil.copytree(project_folder / "data", folder / "data")
    shutil.copy(project_folder / "workspace.yaml", folder)
    settings = load_yaml(project_folder / "dagster.yaml")
    settings.pop("concurrency")
    settings["run_coordinator"] = {
        "module": "dagster.core.run_coordinator",
        "class": "DefaultRunCoordinator",
    }
    (folder / "dagster.yaml").write_text(written(settings), encoding="utf-8")
    with answering(folder, project_folder) as address:
        yield Webserver(address)


@contextmanager
def answering(folder: Path, project_folder: Path) -> Iterator[str]:
    """Start a webserver on the workspace of a folder, and give its address."""
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
        yield address
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
