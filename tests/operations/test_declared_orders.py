"""The order of categories is one that fits all files of a source, whatever order they come in."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_dagster.detection.proposal import detect
from anon_dagster.detection.sample import draw
from anon_dagster.errors import RequestError
from anon_dagster.operations.anonymize import anonymize
from anon_dagster.reading.counting import count
from anon_dagster.reading.packed_counts import packed, unpacked
from anon_dagster.request import Source
from anon_dagster.storage.sources import open_source
from tests.report.test_page import page_of

_QUASI = {"role": "quasi_identifier"}
_SUPPRESSED = _QUASI | {"hierarchy": {"type": "suppress"}}
_GRADES: dict[str, Any] = {
    "non_sensitive": {"role": "non_sensitive"},
    "sensitive": {"role": "sensitive"},
    "as it is": {**_SUPPRESSED, "highest_level": 0},
}

_Files = list[list[str]]
"""The categories of each file, in the order that it declares; each has four records of each."""
_ONE: list[tuple[_Files, list[str]]] = [
    ([["low", "mid"], ["mid", "high"]], ["low", "mid", "high"]),
    ([["z", "x"], ["y", "x"], ["z", "y"]], ["z", "y", "x"]),
]
_NONE: list[_Files] = [
    [["low", "mid"], ["low", "high"]],
    [["low", "mid"], ["mid", "low"]],
    [["1", "2"], ["2", "10"], ["10", "1"]],
]


def _write(
    folder: Path, files: _Files, *, ordered: list[bool] | None = None, **options: Any
) -> list[str]:
    folder.mkdir()
    for number, categories in enumerate(files):
        declared = ordered is None or ordered[number]
        frame = pd.DataFrame(
            {
                "group": "all",
                "grade": pd.Categorical(categories[::-1] * 4, categories, ordered=declared),
            }
        )
        table = pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(table, folder / f"{number}.parquet", **options)
    return [str(path) for path in sorted(folder.iterdir())]


def _sequences(paths: list[str]) -> list[list[str]]:
    return [paths, paths[::-1], *([[*paths[1:], paths[0]]] if len(paths) > 2 else [])]


def _request(paths: list[str], target: Path, grade: dict[str, Any], **more: Any) -> dict[str, Any]:
    privacy = {"k_anonymity": {"k": 2}, **more.pop("privacy", {})}
    return {
        "source": {"path": paths},
        "target": {"path": str(target)},
        "policy": {
            "attributes": {"group": _SUPPRESSED, "grade": grade},
            "privacy": privacy,
            **more,
        },
    }


def _released(paths: list[str], target: Path, grade: dict[str, Any]) -> bytes:
    anonymize(_request(paths, target, grade))
    return target.read_bytes()


@pytest.mark.parametrize("grade", _GRADES.values(), ids=_GRADES)
def test_files_that_fit_one_order_give_it_in_any_sequence(
    tmp_path: Path, grade: dict[str, Any]
) -> None:
    for case, (files, expected) in enumerate(_ONE):
        paths = _write(tmp_path / f"{case}", files)
        target = tmp_path / f"{case}.parquet"
        assert len({_released(each, target, grade) for each in _sequences(paths)}) == 1
        column = pq.read_table(target)["grade"]
        assert column.type.ordered
        assert column.chunk(0).dictionary.to_pylist() == expected


@pytest.mark.parametrize("grade", _GRADES.values(), ids=_GRADES)
def test_files_that_fit_none_or_several_orders_give_none_in_any_sequence(
    tmp_path: Path, grade: dict[str, Any]
) -> None:
    for case, files in enumerate(_NONE):
        paths = _write(tmp_path / f"{case}", files)
        target = tmp_path / f"{case}.parquet"
        assert len({_released(each, target, grade) for each in _sequences(paths)}) == 1
        column = pq.read_table(target)["grade"]
        assert pa.types.is_dictionary(column.type)
        assert not column.type.ordered
        assert sorted(column.to_pylist()) == sorted(text for own in files for text in own * 4)


_FOLLOWING: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("hierarchy", _QUASI | {"hierarchy": {"type": "order", "sizes": [2]}}, {}),
    ("aggregate", _QUASI | {"transformation": "microaggregation", "aggregate": "median"}, {}),
    ("aggregate", _QUASI | {"transformation": "microaggregation", "aggregate": "range"}, {}),
    (
        "groups",
        _QUASI | {"transformation": "microaggregation", "aggregate": "mode", "groups": "mdav"},
        {},
    ),
    ("local_labels", _SUPPRESSED | {"local_labels": "ranges"}, {"recoding": "local"}),
    (
        "distance",
        {"role": "sensitive"},
        {"privacy": {"t_closeness": {"attribute": "grade", "t": 0.5, "distance": "ordered"}}},
    ),
]
_OPEN = "declare orders of the values of grade that contradict each other, or leave open"


@pytest.mark.parametrize(("key", "grade", "more"), _FOLLOWING)
def test_what_follows_an_order_that_nobody_can_tell_is_refused(
    tmp_path: Path, key: str, grade: dict[str, Any], more: dict[str, Any]
) -> None:
    for case, files in enumerate(_NONE):
        paths = _write(tmp_path / f"{case}", files)
        for given in _sequences(paths)[:2]:
            request = _request(given, tmp_path / "out.parquet", grade, **more)
            with pytest.raises(RequestError, match=rf"\.{key}.*: .*{_OPEN}"):
                anonymize(request)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("key", "grade", "more"), _FOLLOWING[:-1])
def test_what_follows_an_order_is_the_same_in_any_sequence_of_files(
    tmp_path: Path, key: str, grade: dict[str, Any], more: dict[str, Any]
) -> None:
    del key
    for case, (files, _) in enumerate(_ONE):
        released = set()
        paths = _write(tmp_path / f"{case}", files)
        for given in _sequences(paths):
            anonymize(_request(given, tmp_path / "out.csv", grade, **more))
            released.add((tmp_path / "out.csv").read_bytes())
        assert len(released) == 1


_UNTOLD: list[tuple[list[bool], dict[str, Any]]] = [
    ([True, False], {}),
    ([False, True], {}),
    ([True, True], {"use_dictionary": False}),
]


@pytest.mark.parametrize(("ordered", "options"), _UNTOLD)
def test_an_order_that_not_every_file_tells_is_none(
    tmp_path: Path, ordered: list[bool], options: dict[str, Any]
) -> None:
    files = [["low", "mid", "high"]] * 2
    paths = _write(tmp_path / "in", files, ordered=ordered, **options)
    _released(paths, tmp_path / "out.parquet", {"role": "non_sensitive"})
    assert not pq.read_table(tmp_path / "out.parquet")["grade"].type.ordered
    with pytest.raises(RequestError, match=_OPEN):
        _released(paths, tmp_path / "out.parquet", _FOLLOWING[0][1])


def test_an_order_that_is_written_by_hand_needs_none_of_the_files(tmp_path: Path) -> None:
    paths = _write(tmp_path / "in", _NONE[0])
    order = {"type": "order", "sizes": [2], "order": ["low", "mid", "high"]}
    assert _released(paths, tmp_path / "out.csv", _QUASI | {"hierarchy": order})


def test_a_count_that_is_kept_tells_the_same_of_orders(tmp_path: Path) -> None:
    for case, (files, expected) in enumerate([*_ONE, *[(files, None) for files in _NONE]]):
        paths = _write(tmp_path / f"{case}", files)
        for attributes in ((), ("grade",)):
            counted = count(open_source(Source(path=tuple(paths))), attributes)
            again = unpacked(*packed(counted), decimal=".")
            for column in (counted.columns["grade"], again.columns["grade"]):
                assert column.declared is not None
                order = column.declared.order
                assert (None if order is None else order.to_pylist()) == expected
            assert again.columns["group"].declared is None


def test_who_detects_and_who_reads_the_report_is_told_that_there_is_no_order(
    tmp_path: Path,
) -> None:
    told = "the files declare none that fits all"
    for case, files in enumerate([_ONE[0][0], _NONE[0]]):
        paths = _write(tmp_path / f"{case}", files)
        notes = detect(f"{tmp_path}/{case}/*.parquet").notes
        assert any(told in note for note in notes) == (case == 1)
        target = tmp_path / f"{case}.parquet"
        result = anonymize(_request(paths, target, {"role": "non_sensitive"}))
        assert (told in page_of(result)) == (case == 1)


def test_a_sample_has_no_order_that_the_files_do_not_have(tmp_path: Path) -> None:
    for case, files in enumerate([_ONE[0][0], *_NONE]):
        paths = _write(tmp_path / f"{case}", files)
        sample = draw(open_source(Source(path=tuple(paths))))
        assert sample.table.schema.field("grade").type.ordered == (case == 0)
