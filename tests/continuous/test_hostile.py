"""Files that are out of the ordinary: their people are released, wait, or the file is set aside."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster.continuous import Kind, Line, Stream, append_file, audit
from tests.continuous.streams import ATTRIBUTES, append_frame, breaks, deltas_of, people, stream_at
from tests.parameters import slow_but

SETTLED: dict[str, Any] = {"judge_at": 6, "new_solution": {"waiting": None, "drift": None}}


def begun(folder: Path, *, illnesses: list[str] | None = None, **options: Any) -> Stream:
    """Return a stream that has read a file of 150 people."""
    stream = stream_at(folder, **{**SETTLED, **options})
    first = people(np.random.default_rng(1), 0, 150, illnesses=illnesses)
    append_frame(stream, folder, "first", first)
    return stream


def alike(first: int, number: int, **values: Any) -> pd.DataFrame:
    """Return people of one class that nobody else is of."""
    frame = people(np.random.default_rng(first), first, number)
    return frame.assign(
        **{"age": 130, "zip": 999, "sex": "x", "illness": list("ab" * number)[:number], **values}
    )


def fates(line: Line) -> tuple[int, int, int]:
    """Return what became of the people of a file that are of a class of their own."""
    return line.released, line.expired, line.set_aside


@pytest.mark.slow
def test_files_of_one_person_wait_until_there_are_enough_of_a_class(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    waiting = stream.last.waiting
    lines = [
        append_frame(stream, tmp_path, f"one{n}", alike(1000 + n, 1, illness="ab"[n % 2]))
        for n in range(6)
    ]
    assert [line.released for line in lines] == [0, 0, 0, 0, 0, 6]
    assert [line.waiting - waiting for line in lines] == [1, 2, 3, 4, 5, 0]
    assert not breaks(deltas_of(stream)[lines[-1].number], k=6, l=2)


def test_a_class_goes_at_exactly_the_size_that_was_fixed(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    file = pd.concat([alike(1000, 5), alike(2000, 6, zip=888), alike(3000, 7, zip=777)])
    assert fates(append_frame(stream, tmp_path, "few", file)) == (13, 0, 0)


@pytest.mark.slow
def test_of_everybody_with_one_value_nobody_is_released(tmp_path: Path) -> None:
    stream = stream_at(tmp_path)
    frame = people(np.random.default_rng(1), 0, 150).assign(illness="a")
    first = append_frame(stream, tmp_path, "first", frame)
    assert (first.released, first.waiting, first.version) == (0, 150, 0)
    later = append_frame(stream, tmp_path, "later", people(np.random.default_rng(2), 1000, 150))
    assert later.version == 1
    assert later.released + later.waiting + later.expired == 300
    assert audit(stream).holds


@pytest.mark.slow
def test_many_records_of_one_person_are_one_person(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    many = pd.concat([alike(1000, 5), *[alike(1000, 1).assign(illness=v) for v in "bcdef"]])
    line = append_frame(stream, tmp_path, "many", many)
    assert (line.read, line.released) == (10, 0)
    line = append_frame(stream, tmp_path, "last", alike(1005, 1))
    assert line.released == 11
    assert deltas_of(stream)[line.number]["person"].nunique() == 6


def test_who_has_records_in_many_classes_goes_when_all_of_them_go(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    both = pd.concat([alike(1000, 1), alike(1000, 1, zip=888)])
    line = append_frame(stream, tmp_path, "both", pd.concat([both, alike(1001, 5)]))
    assert line.released == 0  # of the first class there are six people, one of whom waits
    line = append_frame(stream, tmp_path, "others", alike(1100, 5, zip=888))
    assert line.released == 12
    assert audit(stream).holds


@pytest.mark.slow
def test_a_value_that_nobody_had_before_is_judged_as_any_other(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    line = append_frame(stream, tmp_path, "new", alike(1000, 6, illness=list("yyyzzz")))
    assert fates(line) == (6, 0, 0)
    assert audit(stream).holds


PROMISES: dict[str, dict[str, Any]] = {
    "equal t": {"t_closeness": {"attribute": "illness", "t": 0.1}},
    "ordered t": {"t_closeness": {"attribute": "illness", "t": 0.9, "distance": "ordered"}},
    "beta": {"beta_likeness": {"attribute": "illness", "beta": 2}},
    "enhanced beta": {"beta_likeness": {"attribute": "illness", "beta": 5, "variant": "enhanced"}},
    "delta": {"delta_disclosure": {"attribute": "illness", "delta": 3}},
}


@pytest.mark.parametrize("promise", slow_but({"delta"}, PROMISES, PROMISES.values()))
def test_a_value_that_the_reference_lacks_keeps_no_promise_that_compares_with_it(
    tmp_path: Path, promise: dict[str, Any]
) -> None:
    privacy = {"k_anonymity": {"k": 3}, **promise}
    policy = {"privacy": privacy, "suppression_limit": 1.0}
    stream = begun(tmp_path, policy=policy, illnesses=list("134567"))
    line = append_frame(stream, tmp_path, "new", alike(1000, 6, illness=list("134562")))
    assert fates(line) == (0, 6, 0)
    assert audit(stream).holds


@pytest.mark.parametrize("content", ["", "id,age,zip,sex,illness\n"])
def test_a_file_of_nobody_releases_nobody(tmp_path: Path, content: str) -> None:
    stream = begun(tmp_path)
    before = stream.last
    (tmp_path / "in" / "empty.csv").write_text(content)
    line = append_file(stream, str(tmp_path / "in" / "empty.csv"))
    assert line.kind is (Kind.FILE if content else Kind.SET_ASIDE)
    assert (line.read, line.released, line.waiting) == (0, 0, before.waiting)
    assert audit(stream).holds


def test_a_file_without_new_people_releases_nobody(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    append_frame(stream, tmp_path, "six", alike(1000, 6))
    line = append_frame(stream, tmp_path, "again", alike(1000, 6, illness="c"))
    assert fates(line) == (0, 0, 6)
    assert line.target == ""
    assert audit(stream).holds


@pytest.mark.slow
def test_without_a_sensitive_attribute_sizes_alone_are_promised(tmp_path: Path) -> None:
    attributes = {**ATTRIBUTES, "illness": {"role": "non_sensitive"}}
    policy = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 3}}}
    stream = begun(tmp_path, policy=policy)
    line = append_frame(stream, tmp_path, "six", alike(1000, 6, illness="a"))
    assert fates(line) == (6, 0, 0)
    assert audit(stream).holds


def test_a_record_without_a_person_sets_its_file_aside(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    frame = alike(1000, 6).astype({"id": object})
    frame.loc[frame.index[2], "id"] = None
    line = append_frame(stream, tmp_path, "nameless", frame)
    assert line.kind is Kind.SET_ASIDE
    assert "1 record of 6 have no value of id" in line.reason


def test_who_waits_with_two_records_of_a_rare_value_sets_no_later_file_aside(
    tmp_path: Path,
) -> None:
    stream = stream_at(tmp_path, **SETTLED)
    frame = people(np.random.default_rng(1), 0, 150)
    twice = pd.concat([frame.head(6), *[alike(900, 1, illness="z")] * 2])
    append_frame(stream, tmp_path, "first", pd.concat([frame, twice]))
    line = append_frame(stream, tmp_path, "later", people(np.random.default_rng(2), 1000, 60))
    assert (line.kind, line.read) == (Kind.FILE, 60)


def test_a_column_that_links_records_is_refused_when_a_solution_is_decided(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, **SETTLED)
    frame = people(np.random.default_rng(1), 0, 150)
    named = frame.assign(illness=[f"i{number}" for number in range(150)])
    line = append_frame(stream, tmp_path, "first", pd.concat([named, named]))
    assert line.kind is Kind.SET_ASIDE
    assert "links the records of 150 of the 150 persons who have several" in line.reason


@pytest.mark.slow
def test_parquet_of_other_types_is_the_same_people(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, **SETTLED)
    frame = people(np.random.default_rng(1), 0, 150)
    written = {
        "numbers": frame,
        "texts": alike(1000, 5).astype({"id": str, "age": str}),
        "floats": alike(1000, 6).astype({"id": float, "age": "int8"}).tail(6),
    }
    lines = []
    for name, each in written.items():
        path = tmp_path / "in" / f"{name}.parquet"
        each.to_parquet(path)
        lines.append(append_file(stream, str(path)))
    assert lines[0].kind is Kind.FILE
    assert all(line.kind is Kind.FILE or "type" in line.reason for line in lines)
    assert audit(stream).holds
