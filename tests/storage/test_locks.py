"""A lock is held as long as its process lives, and looked at without being taken."""

import subprocess
import sys
import threading
from pathlib import Path

from anon_dagster.storage.locks import holder, is_locked, lock, lock_for_good

HOLDING = """
import sys
from pathlib import Path
from anon_dagster.storage.locks import lock_for_good
assert lock_for_good(Path(sys.argv[1])) is not None
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_one_processs_and_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    assert not is_locked(path)
    command, pipe = [sys.executable, "-c", HOLDING, str(path)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert is_locked(path)
        assert holder(path) == other.pid
        assert lock(path) is None
        other.kill()
    assert not is_locked(path)
    held = lock(path)
    assert held is not None
    assert is_locked(path), "also by another opening of the same process"
    assert lock_for_good(path) is None
    held.close()
    assert not is_locked(path)


def test_whoever_looks_keeps_nobody_from_taking_it(tmp_path: Path) -> None:
    path, done = tmp_path / "a.lock", threading.Event()
    path.touch()

    def look() -> None:
        while not done.is_set():
            is_locked(path)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    failed = 0
    for _ in range(2_000):
        held = lock(path)
        failed += held is None
        if held is not None:
            held.close()
    done.set()
    for looker in lookers:
        looker.join()
    assert failed == 0
