"""What goes wrong with files, in words."""

import errno
import os
import tempfile

import pytest

from anon_dagster.errors import TargetError
from anon_dagster.storage.failures import keeping_aside


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
