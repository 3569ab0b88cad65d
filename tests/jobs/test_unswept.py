"""A target that has to be swept is kept until it is."""

from pathlib import Path

from anon_dagster.jobs.unswept import forget, remember, remembered
from anon_dagster.request import Target


def test_each_target_is_kept_once_until_it_is_forgotten(tmp_path: Path) -> None:
    one, other = Target(path=str(tmp_path / "one.csv")), Target(path="s3://bucket/o[1]ther")
    for target in (one, other, one):
        remember(tmp_path, target)
    assert {each.path for each in remembered(tmp_path)} == {one.path, other.path}
    forget(tmp_path, one)
    forget(tmp_path, one)
    assert [each.path for each in remembered(tmp_path)] == [other.path]


def test_only_the_owner_may_read_it_and_what_is_damaged_is_left_alone(tmp_path: Path) -> None:
    remember(tmp_path, Target(path="one.csv"))
    (kept,) = (tmp_path / "unswept").iterdir()
    assert kept.stat().st_mode & 0o077 == kept.parent.stat().st_mode & 0o077 == 0
    kept.write_text("{")
    assert remembered(tmp_path) == []
    assert remembered(tmp_path / "elsewhere") == []
