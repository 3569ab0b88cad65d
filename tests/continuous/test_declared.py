"""Datasets released continuously from Python, by their request or their name."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster.continuous import Kind
from anon_dagster.errors import RequestError, SourceError
from anon_dagster.request.yaml_writing import document as written
from tests.continuous.streams import ATTRIBUTES, people

POLICY = {
    "attributes": ATTRIBUTES,
    "person": "id",
    "privacy": {"k_anonymity": {"k": 3}, "l_diversity": {"attribute": "illness", "l": 2}},
}


def request_of(**settings: Any) -> dict[str, Any]:
    target = {"path": "out/{delta}.parquet"}
    return {
        "source": {"path": "in/*.csv"},
        "arrivals": {"mode": "append", "target": target, "settle_seconds": 0} | settings,
        "policy": POLICY,
    }


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Declare a dataset into which two files came, the second one by its name first."""
    folder = tmp_path / "data" / "clinic"
    (folder / "in").mkdir(parents=True)
    (folder / "request.yaml").write_text(written(request_of()))
    for name, day in (("b", 1), ("a", 2)):
        drop(folder, name, day)
    monkeypatch.chdir(tmp_path)
    for name in ("ANON_STORE", "ANON_DATA", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


def drop(folder: Path, name: str, day: int, number: int = 60) -> None:
    path = folder / "in" / f"{name}.csv"
    people(np.random.default_rng(day), 1000 * day, number).to_csv(path, index=False)
    os.utime(path, (day * 86_400.0, day * 86_400.0))


def test_files_are_read_once_the_oldest_first(clinic: Path, tmp_path: Path) -> None:
    lines = anon_dagster.append("clinic")
    assert [Path(line.file).name for line in lines] == ["b.csv", "a.csv"]
    assert anon_dagster.append(clinic) == []
    drop(clinic, "c", 3)
    (line,) = anon_dagster.append(clinic / "request.yaml")
    assert (Path(line.file).name, line.read) == ("c.csv", 60)
    assert (tmp_path / ".anon" / "continuous" / "clinic" / "ledger.sqlite").exists()
    assert anon_dagster.audit("clinic").holds


@pytest.mark.usefixtures("clinic")
def test_files_that_are_named_are_read_in_the_order_of_their_names() -> None:
    lines = anon_dagster.append("clinic", [Path("data/clinic/in/a.csv"), "data/clinic/in/b.csv"])
    assert [Path(line.file).name for line in lines] == ["a.csv", "b.csv"]
    assert anon_dagster.append("clinic") == []


def test_none_is_read_if_one_that_is_named_is_not_there(clinic: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no file .*missing\.csv"):
        anon_dagster.append("clinic", [clinic / "in" / "a.csv", clinic / "in" / "missing.csv"])
    assert len(anon_dagster.append("clinic")) == 2


def test_a_file_of_the_future_and_one_that_was_only_touched_are_not_read_again(
    clinic: Path,
) -> None:
    os.utime(clinic / "in" / "a.csv", (2**33, 2**33))
    (clinic / "request.yaml").write_text(written(request_of(settle_seconds=0)))
    assert [Path(line.file).name for line in anon_dagster.append("clinic")] == ["b.csv"]
    (future,) = anon_dagster.append("clinic", clinic / "in" / "a.csv")
    assert future.kind is Kind.FILE
    (clinic / "in" / "b.csv").touch()
    assert anon_dagster.append("clinic") == []
    drop(clinic, "b", 7)
    os.utime(clinic / "in" / "b.csv")
    (replaced,) = anon_dagster.append("clinic")
    assert "the file was replaced after it was read" in replaced.reason


@pytest.mark.slow
def test_a_file_that_was_set_aside_is_read_again_when_it_changed(clinic: Path) -> None:
    (clinic / "in" / "b.csv").write_text("no,such\ncolumns,here\n")
    os.utime(clinic / "in" / "b.csv", (0, 0))
    aside, _ = anon_dagster.append("clinic")
    assert aside.kind is Kind.SET_ASIDE
    assert "is set aside: " in str(aside)
    assert anon_dagster.append("clinic") == []
    drop(clinic, "b", 5)
    (line,) = anon_dagster.append("clinic")
    assert line.kind is Kind.FILE


@pytest.mark.slow
def test_a_file_that_may_still_grow_is_left_for_the_next_call(clinic: Path) -> None:
    (clinic / "request.yaml").write_text(written(request_of(settle_seconds=600)))
    (clinic / "in" / "a.csv").touch()
    assert [Path(line.file).name for line in anon_dagster.append("clinic")] == ["b.csv"]
    (named,) = anon_dagster.append("clinic", clinic / "in" / "a.csv")
    assert named.kind is Kind.FILE


def test_a_step_that_was_interrupted_is_finished_and_its_file_not_read_twice(
    clinic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anon_dagster.continuous import appending

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(appending, "_finish_file", die)
        with pytest.raises(KeyboardInterrupt):
            anon_dagster.append("clinic")
    lines = anon_dagster.append("clinic")
    assert [(Path(line.file).name, line.kind) for line in lines] == [
        ("b.csv", Kind.FILE),
        ("a.csv", Kind.FILE),
    ]
    assert len(list((clinic / "out").iterdir())) == 2


# -- erasure -------------------------------------------------------------------------------


@pytest.mark.usefixtures("clinic")
def test_people_are_erased_by_their_keys_and_never_twice() -> None:
    anon_dagster.append("clinic")
    keys = [1000, "1001", 77_777]
    done = anon_dagster.erase("clinic", keys)
    assert (done.asked, done.unknown) == (3, 1)
    assert anon_dagster.audit("clinic").holds
    again = anon_dagster.erase("clinic", pd.DataFrame({"id": [1000, 1001, 77_777]}))
    assert (again.released, again.waiting, again.records) == (0, 0, 0)


@pytest.mark.slow
def test_people_of_several_attributes_are_erased_by_tuples(clinic: Path) -> None:
    request = request_of()
    request["policy"] = POLICY | {
        "person": ["id", "born"],
        "attributes": ATTRIBUTES | {"born": {"role": "direct_identifier"}},
    }
    for path in (clinic / "in").iterdir():
        pd.read_csv(path).assign(born="1970-01-01").to_csv(path, index=False)
    folder: dict[str, Any] = {"dataset": "other", "store": clinic / "kept"}
    request["source"]["path"] = str(clinic / "in" / "*.csv")
    request["arrivals"]["target"]["path"] = str(clinic / "out" / "{delta}.parquet")
    anon_dagster.append(request, **folder)
    done = anon_dagster.erase(request, [(1000, "1970-01-01"), (1001, "1971-01-01")], **folder)
    assert (done.asked, done.unknown) == (2, 1)
    with pytest.raises(RequestError, match="1 key of 1 are no tuples of id, born"):
        anon_dagster.erase(request, [1000], **folder)


# -- which dataset -------------------------------------------------------------------------


@pytest.mark.usefixtures("clinic")
@pytest.mark.parametrize("what", ["erase", "audit"])
def test_a_store_that_knows_nothing_of_a_dataset_is_told(what: str) -> None:
    arguments: tuple[Any, ...] = ("clinic", [1]) if what == "erase" else ("clinic",)
    with pytest.raises(RequestError, match=r"no file of clinic was read into .*\.anon yet"):
        getattr(anon_dagster, what)(*arguments)


@pytest.mark.usefixtures("clinic")
def test_a_dataset_needs_a_name_and_a_request_that_appends() -> None:
    with pytest.raises(RequestError, match="nobody says what the dataset is called"):
        anon_dagster.append(request_of())
    with pytest.raises(RequestError, match="letters, digits and _ only"):
        anon_dagster.append(request_of(), dataset="../clinic")
    with pytest.raises(RequestError, match="there is no request nowhere"):
        anon_dagster.append("nowhere")
    with pytest.raises(RequestError, match="only what says arrivals"):
        anon_dagster.append(
            {"source": {"path": "in.csv"}, "policy": POLICY | {"person": None}}, dataset="clinic"
        )


@pytest.mark.slow
def test_where_nobody_is_named_nobody_can_be_erased(clinic: Path) -> None:
    request = request_of(people_return="never")
    request["policy"] = {name: value for name, value in POLICY.items() if name != "person"}
    (clinic / "request.yaml").write_text(written(request))
    anon_dagster.append("clinic")
    with pytest.raises(RequestError, match="names nobody"):
        anon_dagster.erase("clinic", [1000])
