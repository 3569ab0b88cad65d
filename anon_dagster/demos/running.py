"""What demos have in common: the project that they start from, and processes that they end."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

Demonstration = Callable[[Path, Path], int]
"""Given the project and a folder of its own, shows something and returns the exit code."""


def is_project(folder: Path) -> bool:
    """Tell whether a demo can start in a folder, and say so if it cannot."""
    if (folder / "dagster.yaml").exists():
        return True
    print(f"{folder} has no dagster.yaml; start the demo in the project's folder")
    return False


def demonstrate(show: Demonstration, project: Path | None) -> int:
    """Run a demo in a folder that is gone afterwards, and return the exit code.

    Parameters
    ----------
    project
        The folder with ``dagster.yaml`` and ``data``; the working directory if left out.
    """
    project = project or Path.cwd()
    if not is_project(project):
        return 2
    with _ended_in_order(), tempfile.TemporaryDirectory(prefix="anon-demo-") as folder:
        return show(project, Path(folder))


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let what asks this process to end raise here, so that its folder and processes go first."""

    def end(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # or being asked again would leave some of it
        raise SystemExit(128 + number)  # as a shell has it

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def copy_dataset(project: Path, folder: Path, dataset: str) -> Path:
    """Copy a dataset without its records and releases; return its folder."""
    copied = folder / "data" / dataset
    left_out = shutil.ignore_patterns("out", f"{dataset}.csv")
    shutil.copytree(project / "data" / dataset, copied, ignore=left_out)
    return copied


def end_group(process: "subprocess.Popen[bytes]", *, seconds: float) -> None:
    """End a process that leads a group, and those that it started: by force if it takes long."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
