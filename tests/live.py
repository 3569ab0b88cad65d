"""A deployment as it is in production: a webserver and a daemon, on the loopback interface."""

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

from anon_dagster.demos.running import end_group

PROJECT = Path(__file__).parents[1]
READY = """{
  instance{daemonHealth{allDaemonStatuses{daemonType healthy}}}
  workspaceOrError{...on Workspace{
    locationEntries{locationOrLoadError{__typename ...on PythonError{message}}}}}}"""
MAKE = "from dagster import DagsterInstance; DagsterInstance.from_config('.').dispose()"
_PATIENCE = 120.0  # seconds on a busy machine


@contextmanager
def deployed_live(folder: Path, *, settings: str = "") -> Iterator[str]:
    """Start a deployment in a folder of its own, and give its address.

    Parameters
    ----------
    settings
        What its ``dagster.yaml`` says besides.
    """
    (folder / "data").mkdir(exist_ok=True)
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, folder)
    with (folder / "dagster.yaml").open("a", encoding="utf-8") as file:
        file.write(settings)
    port = _free_port()
    environment = os.environ | {
        "DAGSTER_HOME": str(folder),
        "ANON_STORE": str(folder / ".anon"),
        "PYTHONPATH": str(PROJECT),
        "DAGSTER_GRPC_TIMEOUT_SECONDS": "300",  # as docs/dagster.md says of a service
    }
    commands = (
        ["dagster-webserver", "-h", "127.0.0.1", "-p", str(port)],
        ["dagster-daemon", "run"],
    )
    # The storage is made once, before two processes would make it at the same time.
    subprocess.run([sys.executable, "-c", MAKE], cwd=folder, env=environment, check=True)
    started = []
    with (folder / "deployment.log").open("wb") as log:
        try:
            for command in commands:
                program = Path(sys.executable).with_name(command[0])
                started.append(
                    subprocess.Popen(
                        [str(program), *command[1:]],
                        cwd=folder,
                        env=environment,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
            url = f"http://127.0.0.1:{port}"
            _wait_for(url)
            yield url
        finally:
            for process in started:
                end_group(process, seconds=20)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(url: str) -> None:
    """Wait until the webserver answers and the daemon beats."""
    query = json.dumps({"query": READY}).encode()
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            asked = urllib.request.Request(  # noqa: S310 (our own address)
                f"{url}/graphql", query, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(asked, timeout=10) as response:  # noqa: S310
                data = json.load(response)["data"]
            daemons = data["instance"]["daemonHealth"]["allDaemonStatuses"]
            for location in data["workspaceOrError"]["locationEntries"]:
                found = location["locationOrLoadError"]
                assert found["__typename"] == "RepositoryLocation", found["message"]
            if any(d["daemonType"] == "QUEUED_RUN_COORDINATOR" and d["healthy"] for d in daemons):
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise TimeoutError("the deployment did not start")
