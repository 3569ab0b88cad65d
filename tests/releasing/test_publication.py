"""A published release is removed by the job that published it, and by no other."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import anon_dagster
from anon_dagster.releasing.publication import Release, withdraw


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
