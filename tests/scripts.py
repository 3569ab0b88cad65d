"""Scripts of pages, run by a shell in which `anon` is this project's."""

import os
import subprocess
import sys
from pathlib import Path

from tests.pages import PROJECT


def run(script: str, folder: Path) -> str:
    """Run a script of the shell, in which the command anon is this project's."""
    (folder / "bin").mkdir(exist_ok=True)
    command = folder / "bin" / "anon"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m anon_dagster.cli "$@"\n')
    command.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 (of the system)
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
