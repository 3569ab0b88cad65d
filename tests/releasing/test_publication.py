"""A published release is removed by the job that published it, and by no other."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster.errors import TargetError
from anon_dagster.operations.preparation import as_request, count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import plan
from anon_dagster.progress import Progress
from anon_dagster.releasing import publication
from anon_dagster.releasing.publication import (
    Release,
    Withdrawal,
    verify_release,
    versions_of,
    withdraw,
    write_release,
    written,
)
from anon_dagster.releasing.workspace import Announcement, Workspace
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.targets.staging import StagedTarget
from anon_dagster.verification import IDENTIFIERS, SUPPRESSION

QI: dict[str, Any] = {"role": "quasi_identifier"}


def release(target: dict[str, Any], *, k: int = 2) -> Release:
    people = pd.DataFrame({"age": [20, 20, 20, 30, 30, 30, 40], "town": list("aabbaab")})
    rule = {"role": "quasi_identifier"}
    policy = {
        "attributes": {"age": rule, "town": rule},
        "privacy": {"k_anonymity": {"k": k}},
        "suppression_limit": 0.2,
    }
    result = anon_dagster.anonymize({"target": target, "policy": policy}, frame=people)
    return result.release


@pytest.fixture(params=["out.parquet", "out.csv", "parts"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    parts = {"format": "parquet", "single_file": False, "rows_per_file": 2}
    return {"path": str(tmp_path / "deep" / request.param)} | (
        parts if request.param == "parts" else {}
    )


def test_what_was_published_is_withdrawn_whole(target: dict[str, Any]) -> None:
    made = release(target)
    assert withdraw(target["path"], made.paths, made.versions)
    assert not Path(target["path"]).exists()
    assert not withdraw(target["path"], made.paths, made.versions)


@pytest.mark.parametrize("k", [2, 6])
def test_what_a_later_job_published_stays(target: dict[str, Any], k: int) -> None:
    first, later = release(target), release(target, k=k)
    assert (first.checksum == later.checksum) == (k == 2), "of the same content or not"
    assert not withdraw(target["path"], first.paths, first.versions)
    assert all(Path(path).exists() for path in later.paths)


def test_what_was_not_told_apart_is_not_removed(target: dict[str, Any]) -> None:
    made = release(target)
    assert not withdraw(target["path"], made.paths, ())
    assert all(Path(path).exists() for path in made.paths)


def test_what_a_person_put_beside_the_parts_stays(tmp_path: Path) -> None:
    target: dict[str, Any] = {
        "path": str(tmp_path / "parts"),
        "format": "parquet",
        "single_file": False,
    }
    made = release(target)
    shutil.copy(made.paths[0], tmp_path / "parts" / "mine.parquet")
    assert withdraw(target["path"], made.paths, made.versions)
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["mine.parquet"]


# -- on the way ------------------------------------------------------------------------------


def decided(target: Path | None, records: int = 12) -> tuple[Decision, OpenSource]:
    people = pd.DataFrame({"age": [20, 30] * (records // 2), "town": ["a"] * records})
    policy = {"attributes": {"age": QI, "town": QI}, "privacy": {"k_anonymity": {"k": 2}}}
    places = {} if target is None else {"target": {"path": str(target)}}
    asked = as_request({"policy": policy, **places})
    counted = count_records(asked, open_table(asked, frame=people))
    made = plan(asked, counted)
    return Decision(asked, counted, made, decide(made)), open_table(asked, frame=people)


@pytest.mark.parametrize("has_target", [True, False])
def test_a_release_that_stays_with_its_job_is_nobody_elses(
    tmp_path: Path, *, has_target: bool
) -> None:
    (tmp_path / "plain").touch()
    decision, source = decided(tmp_path / "out.parquet" if has_target else None)
    made = write_release(decision, source, Workspace("job", tmp_path))
    (path,) = made.paths
    plain = (tmp_path / "plain").stat().st_mode & 0o777
    assert Path(path).stat().st_mode & 0o777 == (plain if has_target else 0o600)
    assert Path(path).name == ("out.parquet" if has_target else "release.parquet")
    assert made.checksum == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert made.count.records == 12
    assert not made.left_behind


def test_what_is_published_and_taken_back_is_announced_before(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("the former one", encoding="utf-8")
    told: list[Announcement] = []
    seen: list[Progress] = []
    workspace = Workspace("job", tmp_path / "job", on_progress=seen.append, announce=told.append)
    decision, source = decided(target)
    former = versions_of([str(target)])
    with written(decision, source, workspace) as release:
        assert not told
        assert release.take_back(workspace), "nothing was published"
        assert not told
        release.staged.keep_former()
        release.announce_to(workspace)
        assert seen[-1] == Progress("publish", 0, 12)
        release.staged.publish()
        assert release.published.versions == versions_of([str(target)]) != former
        assert release.take_back(workspace)
    assert target.read_text(encoding="utf-8") == "the former one"
    assert [each.former for each in told] == [former, versions_of([str(target)])]
    assert {(each.paths, each.checksum) for each in told} == {
        ((str(target),), release.checksum),
    }


def test_a_release_that_cannot_be_put_back_is_said_to_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: StagedTarget) -> bool:
        raise TargetError("the place is gone")

    decision, source = decided(tmp_path / "out.csv")
    told: list[Announcement] = []
    workspace = Workspace("job", tmp_path, announce=told.append)
    with written(decision, source, workspace) as release:
        monkeypatch.setattr(StagedTarget, "take_back", refuse)
        assert not release.take_back(workspace)
    assert not told


@pytest.mark.parametrize("kept", [0, 2])
def test_a_withdrawal_tells_whether_versions_stay(
    target: dict[str, Any], kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = release(target)
    monkeypatch.setattr(publication, "take_away", lambda *_: kept)
    gone = withdraw(target["path"], made.paths, made.versions)
    assert gone is (Withdrawal.BUT_VERSIONS if kept else Withdrawal.WHOLE)
    assert gone.leaves_versions == bool(kept)


def test_a_release_beside_another_is_verified_as_one_with_it(tmp_path: Path) -> None:
    """By themselves too few are in a class; of numbers of records each release tells alone."""
    decision, source = decided(None)
    stored = write_release(decision, source, Workspace("job", tmp_path)).count
    half = replace(stored, table=replace(stored.table, counts=stored.table.counts // 6))
    alone = verify_release(decision, half)
    together = verify_release(replace(decision, beside=stored), half)
    assert {p.name: p.holds for p in alone.promises}["2-anonymity"] is False
    assert {p.name: p.holds for p in together.promises}["2-anonymity"] is True
    assert together.classes.smallest_class == 7
    assert [p.name for p in together.promises if p.name == SUPPRESSION] == [SUPPRESSION]
    of_records = {p.name: p for p in alone.promises if p.name in {SUPPRESSION, IDENTIFIERS}}
    assert {p.name: p for p in together.promises if p.name in of_records} == of_records


def test_what_is_kept_of_a_frame_has_the_types_that_it_had() -> None:
    sizes = pd.CategoricalDtype(["small", "large", "huge", "vast"], ordered=True)
    frame = pd.DataFrame(
        {
            "age": [21, 22, 23, 24, 75, 31],
            "size": pd.Categorical([*["large", "small", "huge"] * 2], dtype=sizes),
            "few": pd.array([1, 2, None, 4, 5, 6], dtype="Int16"),
            "small": np.arange(6, dtype=np.int8),
            "flag": [True, False] * 3,
            "day": pd.to_datetime([*["2024-01-05"] * 5, ""]),
            "note": ["a", None, "c", "d", "e", "f"],
        }
    )
    age = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}}
    fixed = {"lowest_level": 1, "highest_level": 1}
    roles = {name: {"role": "non_sensitive"} for name in frame.columns[1:]}
    policy = {
        "attributes": {"age": age | fixed, **roles},
        "privacy": {"k_anonymity": {"k": 4}},
        "suppression_limit": 0.5,
    }
    released = anon_dagster.anonymize({"policy": policy}, frame=frame).df
    assert released is not None
    expected = frame.head(4).assign(age="[20, 30)")
    expected["size"] = expected["size"].cat.remove_unused_categories()
    assert len(expected["size"].cat.categories) == 3
    told = released.sort_values("small").reset_index(drop=True)[[*frame.columns]]
    pd.testing.assert_frame_equal(told, expected.astype({"age": told["age"].dtype}))
