"""What is kept aside is read as it was written, by one open file, and takes no more than it has."""

import gc
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.storage import scratch
from anon_dagster.storage.scratch import Stretch

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 5), st.binary(max_size=20)),
        st.tuples(st.just("drop"), st.integers(0, 5), st.just(b"")),
    ),
    max_size=40,
)


def _content(stretch: Stretch, first: int = 0, last: int | None = None) -> bytes:
    buffer = bytearray((len(stretch) if last is None else last) - first)
    stretch.read_into(memoryview(buffer), first)
    return bytes(buffer)


def _files_made(patch: pytest.MonkeyPatch) -> list[IO[bytes]]:
    """Let a new file be made, and return those that are made from now on."""
    made: list[IO[bytes]] = []
    make = tempfile.TemporaryFile

    def noted(**options: Any) -> IO[bytes]:
        made.append(make(**options))
        return made[-1]

    patch.setattr(scratch, "_IN_USE", None)
    patch.setattr(tempfile, "TemporaryFile", noted)
    return made


@settings(max_examples=40)
@given(_STEPS, st.integers(1, 9))
def test_stretches_hold_what_was_added_to_each_and_reuse_what_others_left(
    steps: list[tuple[str, int, bytes]], block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scratch, "_BLOCK", block)
        made = _files_made(patch)
        kept: dict[int, Stretch] = {}
        expected: dict[int, bytes] = {}
        most = 0
        for act, which, data in steps:
            if act == "drop":
                kept.pop(which, None)
                expected.pop(which, None)
                continue
            kept.setdefault(which, Stretch()).append(data)
            expected[which] = expected.get(which, b"") + data
            most = max(most, sum(-(-len(each) // block) for each in expected.values()))
            assert {n: _content(each) for n, each in kept.items()} == expected
            middle = len(expected[which]) // 2
            assert _content(kept[which], middle) == expected[which][middle:]
            assert _content(kept[which], 0, middle) == expected[which][:middle]
            file = made[-1]
            assert os.fstat(file.fileno()).st_size <= most * block
        kept.clear()
        assert all(file.closed for file in made)


def _open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_many_stretches_take_one_open_file_and_none_takes_none() -> None:
    gc.collect()
    before = _open_files()
    stretches = [Stretch() for _ in range(500)]
    for stretch in stretches:
        stretch.append(b"x")
    assert _open_files() <= before + 1
    del stretch, stretches
    assert _open_files() <= before


def test_the_disk_has_its_room_back_from_what_nobody_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = _files_made(monkeypatch)
    anchor, large = Stretch(), Stretch()
    anchor.append(b"stays")
    large.append(os.urandom(2**22))
    file = made[0].fileno()
    taken = os.fstat(file).st_blocks
    del large
    if os.fstat(file).st_blocks == taken:
        pytest.skip("the file system takes nothing back of a file")
    assert os.fstat(file).st_blocks * 512 <= 2**20
    assert _content(anchor) == b"stays"


def test_files_that_write_and_read_a_stretch_are_as_others() -> None:
    stretch = Stretch()
    with stretch.opened_to_write() as file:
        assert file.tell() == 0
        file.write(b"0123456789" * 50_000)
        assert file.tell() == 500_000
    with stretch.opened_to_read() as read:
        assert read.seek(-3, os.SEEK_END) == 499_997
        assert read.read() == b"789"
        assert read.read(5) == b""
        assert read.seek(20) == 20
        assert read.read(3) == b"012"
        assert read.seek(2, os.SEEK_CUR) == 25
        assert read.read(1) == b"5"


def test_threads_share_the_file_without_harm() -> None:
    def kept_right(number: int) -> bool:
        stretch, expected = Stretch(), b""
        for n in range(20):
            data = bytes([number, n]) * 30_000
            Stretch().append(data)  # which is gone at once
            stretch.append(data)
            expected += data
        return _content(stretch) == expected

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(kept_right, range(16)))


_FORKED = """
import os, sys
from anon_dagster.storage.scratch import Stretch

def content(stretch):
    buffer = bytearray(len(stretch))
    stretch.read_into(memoryview(buffer), 0)
    return bytes(buffer)

kept = {"one": Stretch(), "other": Stretch()}
for name, stretch in kept.items():
    stretch.append(name.encode() * 100_000)
held = kept["one"].opened_to_write()
held.write(b"held back")
if not (child := os.fork()):
    assert content(kept["other"]) == b"other" * 100_000
    kept.clear()
    del held, stretch
    fresh = Stretch()
    fresh.append(b"x" * 1_000_000)
    assert content(fresh) == b"x" * 1_000_000
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
more = Stretch()
more.append(b"more" * 100_000)
held.flush()
assert content(kept["one"]) == b"one" * 100_000 + b"held back"
assert content(kept["other"]) == b"other" * 100_000
assert content(more) == b"more" * 100_000
print("unharmed")
"""


def test_a_process_that_was_forked_harms_nothing_of_the_one_that_it_came_of(
    tmp_path: Path,
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _FORKED],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "unharmed\n"
    assert not list(tmp_path.iterdir())
