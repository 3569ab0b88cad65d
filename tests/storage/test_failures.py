"""What goes wrong with files, in words."""

import errno
import os
import resource
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from anon_dagster.errors import SourceError, StoreUnavailableError, TargetError
from anon_dagster.storage.failures import keeping_aside, reading, writing


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.ENOSPC, "let TMPDIR name a folder with more room"),
        (errno.EFBIG, "let TMPDIR name a folder with more room"),
        (errno.EMFILE, "raise the limit of open files"),
    ],
)
def test_what_cannot_be_kept_aside_is_told_with_what_helps(number: int, cure: str) -> None:
    with pytest.raises(TargetError, match=cure) as caught, keeping_aside("a part of the count"):
        raise OSError(number, os.strerror(number))
    assert os.strerror(number) in str(caught.value)


def test_where_there_is_no_folder_for_temporary_files_that_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)
    told = "could not be kept in TMPDIR: No usable temporary directory"
    with pytest.raises(TargetError, match=told), keeping_aside("a part of the count"):
        tempfile.gettempdir()


def test_a_file_is_not_blamed_for_the_limit_of_open_files(tmp_path: Path) -> None:
    file = tmp_path / "source.csv"
    file.touch()
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        for acting, kind in ((reading, SourceError), (writing, TargetError)):
            with pytest.raises(kind, match=r"nothing is wrong with it.* files at once") as caught:
                _open(file, acting)
            assert "ulimit -n" in str(caught.value)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _open(file: Path, acting: Callable[[str], AbstractContextManager[None]]) -> None:
    with acting(str(file)):
        file.open("rb").close()


def test_a_store_is_not_blamed_for_the_limit_of_open_files() -> None:
    def connect() -> None:
        cause = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        raise ConnectionError("Could not connect to https://secret") from cause

    with pytest.raises(StoreUnavailableError, match="ulimit -n") as caught, reading("s3://a/b"):
        connect()
    assert "secret" not in str(caught.value)
