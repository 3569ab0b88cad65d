"""What lies in a folder, and where releases must not go."""

import os
from pathlib import Path

import pytest

from anon_dagster.errors import RequestError, SourceError
from anon_dagster.storage import listing
from tests.arrivals.test_tick import inbox


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("age\n1\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("place", "file", "target"),
    [
        ("in", "in/a.csv", "in/out/{file}.csv"),
        ("in/*.csv", "in/a.csv", "in/{file}.anon.csv"),
        ("in/*/*.csv", "in/2026/a.csv", "in/{file}.anon.csv"),
        ("in[1]", "in[1]/a.csv", "in[1]/out/{file}.csv"),
    ],
)
def test_releases_that_would_be_new_files_are_refused(
    tmp_path: Path, place: str, file: str, target: str
) -> None:
    put(tmp_path / file)
    with pytest.raises(RequestError, match="as new files"):
        inbox(str(tmp_path / place), str(tmp_path / target)).files()


@pytest.mark.parametrize(
    ("place", "file", "target"),
    [
        ("*/new/*.csv", "a/new/b.csv", "out/new/{file}.csv"),
        ("in[1]", "in[1]/a.csv", "out/{file}.csv"),
        ("in", "in/a.csv", "in-released/{file}.csv"),
    ],
)
def test_releases_that_no_tick_would_find_are_fine(
    tmp_path: Path, place: str, file: str, target: str
) -> None:
    put(tmp_path / file)
    there = inbox(str(tmp_path / place), str(tmp_path / target))
    (found,) = there.files()
    assert found.path == str(tmp_path / file)
    assert "in[1]" not in there.target_of(found.path)


def test_links_lead_to_files_and_hidden_names_and_empty_files_are_left_out(tmp_path: Path) -> None:
    real = put(tmp_path / "elsewhere" / "real.csv")
    put(tmp_path / "in" / "a.csv")
    put(tmp_path / "in" / ".hidden.csv")
    put(tmp_path / "in" / "_tmp" / "b.csv")
    (tmp_path / "in" / "empty.csv").touch()
    (tmp_path / "in" / "link.csv").symlink_to(real)
    (tmp_path / "in" / "dangling.csv").symlink_to(tmp_path / "nowhere.csv")
    for place in ("in", "in/*.csv"):
        found = inbox(str(tmp_path / place), str(tmp_path / "out/{file}.csv")).files()
        assert sorted(Path(f.path).name for f in found) == ["a.csv", "link.csv"]
    (link,) = (f for f in found if f.path.endswith("link.csv"))
    assert link == listing.look_up(link.path)
    assert link.size == real.stat().st_size
    files = listing.resolve(str(tmp_path / "in" / "*.csv"))
    assert [Path(f).name for f in files] == ["a.csv", "empty.csv", "link.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    put(tmp_path / "in" / "secret" / "a.csv").parent.chmod(0)
    try:
        with pytest.raises(SourceError, match="permission denied"):
            listing.list_files(str(tmp_path / "in"))
    finally:
        (tmp_path / "in" / "secret").chmod(0o700)
