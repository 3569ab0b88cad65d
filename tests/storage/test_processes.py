"""What killed calls of the library left goes with the next call; what others write stays."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import anon_dagster
from anon_dagster.operations.writing import passing_workspace
from anon_dagster.storage.processes import LivingProcesses, fresh_token, is_of_process
from anon_dagster.storage.targets import StagedTarget

NAMING = """
import sys
from anon_dagster.storage.processes import fresh_token
print(fresh_token(), flush=True)
sys.stdin.read()
"""
KILLED = """
import os, signal, sys
import anon_dagster

def hook(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("out.csv"):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
anon_dagster.anonymize(sys.argv[1])
"""
POLICY = {
    "attributes": {"age": {"role": "quasi_identifier"}},
    "privacy": {"k_anonymity": {"k": 2}},
}
FRAME = pd.DataFrame({"age": [30, 30]})


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give a process that lives, and a name that it made."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", NAMING], stdin=pipe, stdout=pipe, text=True) as it:
        assert it.stdout is not None
        yield it, it.stdout.readline().strip()
        it.kill()


def test_a_process_is_gone_once_it_ended_and_not_before(
    child: tuple[subprocess.Popen[str], str],
) -> None:
    process, token = child
    assert is_of_process(token)
    alive = LivingProcesses()
    assert token in alive
    assert fresh_token() in alive
    process.kill()
    process.wait()
    assert token not in alive


def test_of_what_nobody_can_tell_is_alive() -> None:
    world, process, start, last = fresh_token().removeprefix("lib-").split("-")
    elsewhere = f"lib-{world[::-1]}-1-1-{last}"
    for token in (elsewhere, f"lib-{world}-{process}-0-{last}", "a-job", "8c6d", ""):
        assert token in LivingProcesses()
    another = f"lib-{world}-{process}-{int(start) + 1}-{last}"
    assert another not in LivingProcesses(), "its number was given to another process since"


def test_the_next_call_sweeps_what_is_of_dead_processes_alone(
    child: tuple[subprocess.Popen[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    process, token = child
    part = tmp_path / f".out.csv.{token}.part"
    folder = tmp_path / "tmp" / f"anon-{token}-abcdefgh"
    others = (tmp_path / ".out.csv.a-job.part", tmp_path / "tmp" / "anon-of-somebody")
    request = {"target": {"path": str(tmp_path / "out.csv")}, "policy": POLICY}
    part.touch()
    folder.mkdir()
    (folder / "release.parquet").touch()
    for each in others:
        each.touch()
    anon_dagster.anonymize(request, frame=FRAME)
    assert part.exists()
    assert folder.exists()
    process.kill()
    process.wait()
    anon_dagster.anonymize(request, frame=FRAME)
    assert not part.exists()
    assert not folder.exists()
    assert all(each.exists() for each in others)


def test_a_release_that_stays_with_its_job_is_its_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    publish = StagedTarget.publish

    def look(staged: StagedTarget) -> tuple[str, ...]:
        paths = publish(staged)
        seen.extend(Path(path).stat().st_mode & 0o777 for path in paths)
        return paths

    monkeypatch.setattr(StagedTarget, "publish", look)
    anon_dagster.anonymize({"policy": POLICY}, frame=FRAME)
    assert seen == [0o600]


def test_a_folder_of_temporary_files_is_its_owners_and_goes() -> None:
    with passing_workspace() as workspace:
        assert workspace.folder.stat().st_mode & 0o077 == 0
        assert workspace.job_id in workspace.folder.name
        assert workspace.folder.stat().st_uid == os.getuid()
    assert not workspace.folder.exists()


@pytest.mark.slow
def test_a_call_that_was_killed_while_it_published_leaves_nothing_for_good(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "in.csv").write_text("age\n30\n30\n")
    request = tmp_path / "request.yaml"
    request.write_text(
        "source: {path: in.csv}\ntarget: {path: out.csv}\npolicy:\n"
        "  attributes: {age: {role: quasi_identifier}}\n  privacy: {k_anonymity: {k: 2}}\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    for program, code in ((KILLED, -9), (KILLED.replace("sys.addaudithook(hook)", ""), 0)):
        command = [sys.executable, "-W", "ignore", "-c", program, str(request)]
        assert subprocess.run(command, env=environment, check=False).returncode == code
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["in.csv", "out.csv", "request.yaml", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []
