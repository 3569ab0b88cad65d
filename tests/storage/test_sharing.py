"""Whether other processes see the same files is found out by what is in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anon_dagster.engine import LocalEngine
from anon_dagster.errors import SourceError, TargetError
from anon_dagster.request import Target
from anon_dagster.storage import sharing
from anon_dagster.storage.fingerprints import fingerprint
from anon_dagster.storage.sharing import (
    are_shared,
    require_shared_source,
    require_shared_target,
    sees_target,
)
from tests.engine.travelling import TravellingEngine

CLUSTER = TravellingEngine(1, 0)


class BlindEngine(TravellingEngine):
    """Workers that find other files under the same paths, or none."""

    def everywhere(self, work: Callable[[], Any]) -> list[Any]:
        return [work(), tuple(None for _ in work())]


def test_what_every_process_sees_is_shared(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("a\n1\n")
    marks = [fingerprint(str(file))]
    require_shared_source(CLUSTER, marks)
    require_shared_target(CLUSTER, Target(path=str(tmp_path / "new" / "release.csv")))
    assert are_shared(CLUSTER, marks)
    assert not are_shared(CLUSTER, []), "records that were handed over lie in no file"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["new", "table.csv"]


def test_what_one_process_does_not_see_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("a\n1\n")
    engine = BlindEngine(1, 0)
    with pytest.raises(SourceError, match=r"do not see .*table.csv as it is here"):
        require_shared_source(engine, [fingerprint(str(file))])
    with pytest.raises(TargetError, match=r"do not see what is written beside .*release.csv"):
        require_shared_target(engine, Target(path=str(tmp_path / "release.csv")))
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_another_file_under_the_same_path_is_not_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target(path=str(tmp_path / "release.csv"))
    assert sees_target(CLUSTER, target)
    monkeypatch.setattr(sharing, "put", lambda path, _: Path(path).write_bytes(b"another"))
    assert not sees_target(CLUSTER, target)


def test_one_process_asks_nobody(tmp_path: Path) -> None:
    engine = LocalEngine(1, 0)
    require_shared_target(engine, Target(path=str(tmp_path / "nowhere" / "release.csv")))
    assert not list(tmp_path.iterdir())
