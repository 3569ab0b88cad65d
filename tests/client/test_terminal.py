"""What a person sees who waits for a job before a terminal, and what Ctrl-C asks."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from anon_dagster.cli import main
from anon_dagster.client import AnonClient
from anon_dagster.client.progress_bar import ProgressBar, wants_abort
from tests.client.people import SECONDS, await_work, endless

RUNNING = {"status": "running", "work": "count 5 of 10", "job_percent": 50}


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_over_the_one_before_on_a_terminal_only() -> None:
    stream = Terminal()
    with ProgressBar(stream) as bar:
        bar(RUNNING | {"work": "", "job_percent": 0, "status": "queued"})
        bar(RUNNING)
        bar(RUNNING | {"work": "", "job_percent": 100, "status": "completed"})
    said = stream.getvalue()
    assert said.endswith("\n")
    assert said.count("\n") == 1
    drawn = [line.rstrip() for line in said.split("\r")]
    assert f"[{'.' * 30}]   0% queued, ? left" in drawn
    assert any(line.startswith(f"[{'#' * 15}{'.' * 15}]  50% count 5 of 10, 0") for line in drawn)
    assert drawn[-1] == f"[{'#' * 30}] 100% completed, 00:00 left"


def test_nothing_is_drawn_where_nobody_looks() -> None:
    stream = StringIO()
    with ProgressBar(stream) as bar:
        bar(RUNNING)
    assert stream.getvalue() == ""


def test_a_notebook_without_widgets_has_a_line_of_text_and_no_warning() -> None:
    script = """
import io, sys, types
class ZMQInteractiveShell:
    config = {"IPKernelApp": {}}
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=ZMQInteractiveShell, version_info=(9,))
from anon_dagster.client.progress_bar import ProgressBar
stream = io.StringIO()
with ProgressBar(stream) as bar:
    bar({"status": "running", "work": "search", "job_percent": 50})
print(stream.getvalue())
"""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert "50% search, ? left" in run.stdout
    assert run.stderr == ""


def test_nobody_is_asked_where_nobody_sits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("y\n"))
    assert not wants_abort("a-job")


@dataclass
class Shell:
    """A command at work in a terminal of its own."""

    process: "subprocess.Popen[bytes]"
    terminal: int
    said: str = ""

    def read_until(self, pattern: str) -> None:
        until = time.monotonic() + SECONDS
        while not re.search(pattern, self.said):
            assert time.monotonic() < until, self.said
            self.said += os.read(self.terminal, 4096).decode()

    def code(self) -> int:
        """Read what is left to say, and return how the command ended."""
        try:
            while said := os.read(self.terminal, 4096):
                self.said += said.decode()
        except OSError:  # how a terminal says that nobody writes to it any more
            pass
        return self.process.wait(SECONDS)


@contextmanager
def shell(*command: str) -> Iterator[Shell]:
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "anon_dagster.cli", *command],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    with process:
        yield Shell(process, terminal)
    os.close(terminal)


@pytest.mark.slow
def test_ctrl_c_asks_whether_to_abort(tmp_path: Path) -> None:
    client = AnonClient(home=tmp_path)
    job = client.anonymize(endless(tmp_path))
    await_work(job, "search")
    for answer, code, told in ((b"n\n", 130, "goes on"), (b"y\n", 6, "was aborted")):
        with shell("--home", str(tmp_path), "result", job.job_id) as terminal:
            terminal.read_until(r"\r\[#*\.*\] +\d+% search")
            terminal.process.send_signal(signal.SIGINT)  # as a terminal does on Ctrl-C
            terminal.read_until(re.escape(f"Abort job {job.job_id}? [y/N] "))
            os.write(terminal.terminal, answer)
            assert terminal.code() == code
        assert told in terminal.said
        assert job.status()["status"] == ("aborted" if code == 6 else "running")
    client.close()


@pytest.mark.slow
def test_nothing_is_drawn_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people.csv").write_text("age\n1\n1\n", encoding="utf-8")
    rules = {"age": {"role": "quasi_identifier"}}
    policy = {"attributes": rules, "privacy": {"k_anonymity": {"k": 2}}}
    request = {"source": {"path": "people.csv"}, "policy": policy}
    (tmp_path / "request.yaml").write_text(json.dumps(request), encoding="utf-8")
    asked = ["--home", str(tmp_path), "anonymize", str(tmp_path / "request.yaml"), "--wait"]
    assert main(asked) == 0
    said = capsys.readouterr()
    assert re.fullmatch(r"job \S+ is completed\n", said.err)
    (path,) = said.out.splitlines()
    assert Path(path).exists()
    AnonClient(home=tmp_path).close()
