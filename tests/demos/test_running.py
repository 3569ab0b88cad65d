"""A demo that is asked to end leaves no folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, time
from pathlib import Path
from anon_dagster.demos.running import demonstrate

def show(project, folder):
    (folder / "made").touch()
    print(folder, flush=True)
    time.sleep(60)

sys.exit(demonstrate(show, Path(sys.argv[1])))
"""


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_asked_to_end_leaves_no_folder(
    asked: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "dagster.yaml").touch()
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as demo:
        assert demo.stdout is not None
        folder = Path(demo.stdout.readline().strip())
        assert (folder / "made").exists()
        demo.send_signal(asked)
        assert demo.wait(30) == 128 + asked
    assert list((tmp_path / "tmp").iterdir()) == []
