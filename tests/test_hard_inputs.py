"""Inputs that break other tools: each keeps its promise, its types and its records."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_dagster import AnonError, anonymize, apply
from anon_dagster.errors import (
    HierarchyError,
    RequestError,
    SchemaMismatchError,
    SourceError,
    TargetError,
    UnreachableError,
)
from anon_dagster.releasing import recoder

Policy = dict[str, Any]


def policy(k: Any = 2, limit: Any = 0.0, **attributes: Any) -> Policy:
    roles = {
        name: {"role": given} if isinstance(given, str) else given
        for name, given in attributes.items()
    }
    return {
        "policy": {
            "attributes": roles,
            "privacy": {"k_anonymity": {"k": k}},
            "suppression_limit": limit,
        }
    }


QI = "quasi_identifier"
AGE = {"role": QI, "hierarchy": {"type": "interval", "widths": [5, 10, 20]}}


def people(records: int = 60) -> pd.DataFrame:
    places = np.arange(records)
    return pd.DataFrame(
        {
            "age": 20 + places * 7 % 40,
            "sex": np.where(places % 3 == 0, "f", "m"),
            "illness": [f"i{p % 4}" for p in places],
        }
    )


REQUEST = policy(k=3, limit=0.1, age=AGE, sex=QI, illness="sensitive")


def smallest_class(frame: pd.DataFrame, columns: list[str]) -> int:
    return int(frame.groupby(columns, dropna=False, observed=True).size().min())


def released(request: Policy, frame: pd.DataFrame) -> pd.DataFrame:
    df = anonymize(request, frame=frame).df
    assert df is not None
    return df


@pytest.mark.parametrize(
    "disturb",
    [
        lambda f: f.sample(frac=1, random_state=3),
        lambda f: f.set_axis(f.index + 1000),
        lambda f: f.set_axis([7] * len(f)),
        lambda f: f.sample(frac=1, random_state=4).reset_index(drop=True),
        lambda f: f.iloc[::-1],
    ],
    ids=["permuted", "offset", "one label for all", "renumbered", "reversed"],
)
def test_neither_index_nor_order_of_the_records_plays_a_part(
    disturb: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    plain, disturbed = released(REQUEST, people()), released(REQUEST, disturb(people()))
    pd.testing.assert_frame_equal(plain, disturbed)
    assert list(plain.columns) == ["age", "sex", "illness"]
    assert isinstance(plain.index, pd.RangeIndex)


def test_the_release_is_sorted_by_its_own_values() -> None:
    df = released(REQUEST, people())
    pd.testing.assert_frame_equal(df, df.sort_values(list(df.columns), ignore_index=True))


def test_the_callers_objects_are_left_as_they_are() -> None:
    frame, request = people(), policy(k=3, age=AGE, sex=QI, illness="sensitive")
    before, document = frame.copy(deep=True), repr(request)
    anonymize(request, frame=frame)
    pd.testing.assert_frame_equal(frame, before)
    assert repr(request) == document


def test_two_calls_in_one_process_know_nothing_of_each_other() -> None:
    first = released(REQUEST, people(60))
    other = released(REQUEST, people(90))
    assert len(other) != len(first)
    pd.testing.assert_frame_equal(released(REQUEST, people(60)), first)


@pytest.mark.parametrize("columns", [["sex"], ["age"], ["age", "sex"]])
def test_missing_values_are_values(columns: list[str]) -> None:
    frame = people().astype({"age": "Int64"})
    for column in columns:
        frame.loc[::9, column] = pd.NA
    df = released(policy(k=3, age=AGE, sex=QI, illness="sensitive"), frame)
    assert len(df) == len(frame)
    assert smallest_class(df, ["age", "sex"]) >= 3


def test_a_single_missing_value_is_no_class_of_its_own() -> None:
    frame = pd.DataFrame({"sex": ["f", "f", "f", "m", "m", "m", None]})
    df = released(policy(k=3, sex=QI), frame)
    assert df["sex"].tolist() == ["*"] * 7
    df = released(policy(k=3, limit=0.2, sex=QI), frame)
    assert df["sex"].tolist() == ["f"] * 3 + ["m"] * 3


TYPED = {
    "category": pd.Categorical(["b", "a", "b", "a"], categories=["z", "b", "a"], ordered=True),
    "boolean": [True, False, True, True],
    "nullable_boolean": pd.array([True, None, False, True], dtype="boolean"),
    "moment": pd.to_datetime(["2024-01-31 10:00"] * 4).tz_localize("Europe/Madrid"),
    "naive": pd.DatetimeIndex(["2024-01-31", "2023-02-28", "NaT", "2020-02-29"]),
    "day": [dt.date(2024, 1, 31), dt.date(2023, 2, 28), None, dt.date(2020, 2, 29)],
    "amount": [Decimal("1.10"), Decimal("12345678901234567890.12"), Decimal("0.00"), None],
    "nullable": pd.array([1, None, 3, 2**62], dtype="Int64"),
    "unsigned": np.array([1, 2, 3, 2**64 - 1], dtype=np.uint64),
    "real": [0.1, float("nan"), -1e300, 3.0],
    "code": ["007", "08", "1e5", ""],
    "text": ['quote "here"', "comma, there", "line\nbreak", "naïve ☃"],
}


def test_types_of_kept_columns_survive() -> None:
    frame = pd.DataFrame(TYPED)
    request = policy(k=2, **dict.fromkeys(TYPED, "non_sensitive"), group=QI)
    df = released(request, frame.assign(group="same"))
    assert {n: str(t) for n, t in df.dtypes.items() if n != "group"} == {
        n: str(t) for n, t in frame.dtypes.items()
    }
    key = frame["text"].map(str)
    for column in frame.columns:
        one = dict(zip(key, frame[column], strict=True))
        other = dict(zip(df["text"].map(str), df[column], strict=True))
        for text, value in one.items():
            assert (pd.isna(other[text]) and pd.isna(value)) or other[text] == value


def test_types_that_pandas_has_no_name_for_survive(tmp_path: Path) -> None:
    table = pa.table(
        {
            "half": pa.array(np.array([1.5, -2, 0, np.nan], np.float16)),
            "view": pa.array(["b", None, "", "a"], pa.string_view()),
            "long": pa.array(["b", None, "", "a"], pa.large_string()),
            "clock": pa.array([dt.time(10, 0, 0, 5), dt.time(9), None, dt.time(0)]),
            "nothing": pa.nulls(4),
            "huge": pa.array([Decimal(10) ** 50, None, Decimal(1), Decimal(0)], pa.decimal256(60)),
            "group": ["same"] * 4,
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    request = policy(**{**dict.fromkeys(table.column_names, "non_sensitive"), "group": QI})
    places = {"source": f"{tmp_path}/in.parquet", "target": f"{tmp_path}/out.parquet"}
    anonymize({**request, **{key: {"path": path} for key, path in places.items()}})
    out = pq.read_table(tmp_path / "out.parquet")
    for name in table.column_names[:-1]:
        values = [None if value != value else value for value in table[name].to_pylist()]  # noqa: PLR0124 (NaN)
        assert sorted(map(repr, out[name].to_pylist())) == sorted(map(repr, values))
        assert name == "view" or out[name].type == table[name].type


@pytest.mark.parametrize("role", ["sensitive", "non_sensitive"])
def test_integers_that_no_float_holds_are_described(role: str) -> None:
    frame = people().assign(number=2**62 + np.arange(60))
    request = policy(k=3, limit=0.1, age=AGE, sex=QI, illness="sensitive", number=role)
    summary = anonymize(request, frame=frame).exploratory.summary.xs("number", level="attribute")
    assert summary["distinct"].tolist()[0] == 60
    assert summary["median"].tolist()[0] == pytest.approx(2**62)


@pytest.mark.parametrize("column", sorted(TYPED))
def test_any_type_may_be_a_quasi_identifier(column: str) -> None:
    frame = pd.DataFrame({column: TYPED[column]})
    df = released(policy(k=4, **{column: QI}), pd.concat([frame] * 3))
    assert smallest_class(df, [column]) >= 4
    assert len(df) == 12


def test_k_above_the_number_of_records_is_refused_with_the_numbers() -> None:
    with pytest.raises(UnreachableError, match="5"):
        anonymize(policy(k=9, sex=QI), frame=pd.DataFrame({"sex": list("mmfff")}))


def test_no_records_give_no_records() -> None:
    df = released(REQUEST, people().iloc[:0])
    assert len(df) == 0
    assert list(df.columns) == ["age", "sex", "illness"]


@pytest.mark.parametrize("sampling", [None, {"fraction": 0.5}])
def test_a_source_without_records_replaces_no_release(
    tmp_path: Path, sampling: dict[str, Any] | None
) -> None:
    source, target = tmp_path / "people.csv", tmp_path / "out.csv"
    request = {
        "source": {"path": str(source)},
        "target": {"path": str(target)},
        "policy": {**REQUEST["policy"], "sampling": sampling},
    }
    people(600).to_csv(source, index=False)
    anonymize(request)
    before = target.read_bytes()
    people().iloc[:0].to_csv(source, index=False)
    with pytest.raises(SourceError, match="no records, so there is nothing to release"):
        anonymize(request)
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "people.csv"]


def test_later_records_that_are_none_replace_no_release(tmp_path: Path) -> None:
    people().iloc[:0].to_csv(tmp_path / "later.csv", index=False)
    first = anonymize(REQUEST, frame=people())
    target = tmp_path / "out.csv"
    with pytest.raises(SourceError, match="no records"):
        apply(first, source=str(tmp_path / "later.csv"), target=str(target))
    assert not target.exists()
    df = apply(first, frame=people().iloc[:0]).df
    assert df is not None
    assert len(df) == 0


def test_one_record_cannot_hide() -> None:
    with pytest.raises(UnreachableError):
        anonymize(REQUEST, frame=people(1))


def test_a_suppression_limit_of_everything_still_releases_something() -> None:
    with pytest.raises(UnreachableError):
        anonymize(policy(k=3, limit=1.0, sex=QI), frame=pd.DataFrame({"sex": ["m", "f"]}))


def test_k_records_are_one_class() -> None:
    df = released(policy(k=3, age=AGE), people(3)[["age"]])
    assert len(df["age"].drop_duplicates()) == 1


def test_all_equal_values_are_released_as_they_are() -> None:
    df = released(policy(k=5, age=AGE), pd.DataFrame({"age": [33] * 5}))
    assert df["age"].tolist() == [33] * 5


def test_all_distinct_values_end_at_the_root() -> None:
    frame = pd.DataFrame({"id": [f"v{i:03}" for i in range(50)]})
    df = released(policy(k=5, id={"role": QI, "hierarchy": {"type": "suppress"}}), frame)
    assert set(df["id"]) == {"*"}


def test_values_that_a_hierarchy_lacks_are_counted_not_shown() -> None:
    tree = {"type": "tree", "nodes": {"*": {"warm": ["red"], "cold": ["blue"]}}}
    frame = pd.DataFrame({"colour": ["red", "blue", "CANARY-1", "CANARY-2", "CANARY-2"]})
    with pytest.raises(HierarchyError, match=r"colour.*2") as caught:
        anonymize(policy(k=2, colour={"role": QI, "hierarchy": tree}), frame=frame)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_values_that_a_hierarchy_lacks_go_to_a_declared_branch() -> None:
    tree = {
        "type": "tree",
        "nodes": {"*": {"warm": ["red", "pink"], "cold": ["blue", "grey"]}},
        "other": "else",
    }
    frame = pd.DataFrame({"colour": ["red", "pink", "blue", "grey", "odd", "strange"]})
    df = released(policy(k=2, colour={"role": QI, "hierarchy": tree}), frame)
    assert df["colour"].value_counts().to_dict() == {"warm": 2, "cold": 2, "else": 2}


def test_a_column_that_the_request_forgets_is_never_published() -> None:
    with pytest.raises(SchemaMismatchError, match="does not name column 3 of the source"):
        anonymize(policy(k=2, age=AGE, sex=QI), frame=people())


def test_a_column_that_the_source_lacks_is_named() -> None:
    with pytest.raises(SchemaMismatchError, match="height"):
        anonymize(policy(k=2, age=AGE, sex=QI, illness="sensitive", height=QI), frame=people())


def test_a_column_of_mixed_types_is_refused_by_its_position() -> None:
    frame = pd.DataFrame({"odd": pd.Series(["CANARY", 3, b"x", None], dtype=object)})
    with pytest.raises(AnonError, match="column 1 of") as caught:
        anonymize(policy(k=2, odd=QI), frame=frame)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_tables_whose_product_of_sizes_passes_64_bits_are_counted_right() -> None:
    columns = {f"q{i:02}": np.arange(40) * (i + 3) % 41 for i in range(16)}
    frame = pd.DataFrame(columns)
    suppress = {"role": QI, "hierarchy": {"type": "suppress"}}
    doubled = pd.concat([frame, frame])
    df = released(policy(k=2, **dict.fromkeys(columns, suppress)), doubled)
    assert sorted(map(tuple, df.astype(str).to_numpy())) == sorted(
        map(tuple, doubled.astype(str).to_numpy())
    )


@pytest.mark.parametrize("mode", ["drop", "keep"])
def test_suppressed_records_go_or_stay_as_asked(mode: str) -> None:
    frame = pd.DataFrame({"sex": ["f"] * 4 + ["m"] * 4 + ["x", "y", "z"], "n": range(11)})
    request = policy(k=3, limit=0.3, sex=QI, n="non_sensitive")
    request["policy"]["suppressed_records"] = mode
    df = released(request, frame)
    stars = int((df["sex"] == "*").sum())
    assert (len(df), stars) == ((8, 0) if mode == "drop" else (11, 3))


def test_suppressed_records_that_stay_keep_the_promise_too() -> None:
    frame = pd.DataFrame({"sex": ["f"] * 4 + ["m"] * 4 + ["x"]})
    request = policy(k=3, limit=0.3, sex=QI)
    request["policy"]["suppressed_records"] = "keep"
    assert smallest_class(released(request, frame), ["sex"]) >= 3


@pytest.mark.parametrize("source", ["in", "in/*.csv", "in/people.csv"])
def test_a_source_is_never_written_over(tmp_path: Path, source: str) -> None:
    file = tmp_path / "in" / "people.csv"
    file.parent.mkdir()
    people().to_csv(file, index=False)
    before = file.read_bytes()
    places = {"source": {"path": str(tmp_path / source), "format": "csv"}}
    with pytest.raises(TargetError, match="is also a source"):
        anonymize({**REQUEST, **places, "target": {"path": str(file)}})
    assert file.read_bytes() == before


def test_a_tree_is_never_written_over(tmp_path: Path) -> None:
    tree = tmp_path / "sex.csv"
    tree.write_text("f,*\nm,*\n")
    sex = {"role": QI, "hierarchy": {"type": "tree", "path": str(tree)}}
    request = policy(k=3, age=AGE, sex=sex, illness="sensitive")
    with pytest.raises(TargetError, match="is also a source"):
        anonymize({**request, "target": {"path": str(tree)}}, frame=people())


GRADES = ["secret", "low", "mid", "high", "unused"]


def graded(grades: list[str], *, ordered: bool) -> pa.Table:
    """Return records of which those with a grade that no other has are suppressed."""
    frame = pd.DataFrame(
        {
            "group": ["many" if grade in {"low", "mid", "high"} else grade for grade in grades],
            "grade": pd.Categorical(grades, GRADES, ordered=ordered),
        }
    )
    return pa.Table.from_pandas(frame)


GRADED = policy(
    k=2, limit=0.5, group={"role": QI, "highest_level": 0, "hierarchy": {"type": "suppress"}},
    grade="non_sensitive",
)  # fmt: skip


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("block", [2, 2**18])
def test_categories_of_suppressed_records_alone_are_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, block: int, ordered: bool
) -> None:
    monkeypatch.setattr(recoder, "BLOCK", block)
    for part, grades in enumerate([["secret", "low", "high"], ["mid", "low", "high", "mid"]]):
        pq.write_table(graded(grades, ordered=ordered), tmp_path / f"in-{part}.parquet")
    source, target = f"{tmp_path}/in-*.parquet", f"{tmp_path}/out.parquet"
    anonymize({**GRADED, "source": {"path": source}, "target": {"path": target}})
    column = pq.read_table(tmp_path / "out.parquet")["grade"].to_pandas()
    assert sorted(column) == ["high", "high", "low", "low", "mid", "mid"]
    assert set(column.cat.categories) == set(column)
    assert b"secret" not in (tmp_path / "out.parquet").read_bytes()
    assert not ordered or list(column.cat.categories) == ["low", "mid", "high"]


@pytest.mark.parametrize("ordered", [True, False])
def test_categories_of_a_frame_lose_those_of_suppressed_records(*, ordered: bool) -> None:
    frame = graded(["mid", "low", "secret", "high"], ordered=ordered).to_pandas()
    grades = released(GRADED, frame)["grade"]
    assert grades.dtype == pd.CategoricalDtype(["low", "mid", "high"], ordered=ordered)
    assert "secret" in frame["grade"].cat.categories


def test_the_order_of_categories_is_not_that_of_the_records(tmp_path: Path) -> None:
    written = []
    for grades in (["b", "a", "c"], ["c", "a", "b"]):
        column = pa.array(grades).dictionary_encode()
        pq.write_table(pa.table({"group": ["x"] * 3, "grade": column}), tmp_path / "in.parquet")
        places = {"source": f"{tmp_path}/in.parquet", "target": f"{tmp_path}/out.parquet"}
        anonymize({**GRADED, **{key: {"path": path} for key, path in places.items()}})
        written.append((tmp_path / "out.parquet").read_bytes())
    assert written[0] == written[1]


def test_parts_may_have_more_categories_together_than_their_indices_can_count(
    tmp_path: Path,
) -> None:
    for part in "ab":
        values = [f"{part}{n}" for n in range(100)]
        column = pa.array(values).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))
        table = pa.table({"group": ["x"] * 100, "grade": column})
        pq.write_table(table, tmp_path / f"{part}.parquet")
    places = {"source": {"path": str(tmp_path), "format": "parquet"}}
    df = anonymize({**GRADED, **places}).df
    assert df is not None
    assert df["grade"].nunique() == 200


def test_columns_may_be_numbered() -> None:
    frame = people().set_axis(range(3), axis=1)
    request = policy(k=3, limit=0.1, **{"0": AGE, "1": QI, "2": "sensitive"})
    assert list(released(request, frame).columns) == ["0", "1", "2"]


def test_a_column_of_mappings_is_refused_without_their_keys() -> None:
    frame = people().assign(note=pd.Series([{"Canary4711": 1}] * 60, dtype=object))
    with pytest.raises(AnonError, match=r"note \(struct\)"):
        anonymize(policy(age=AGE, sex=QI, illness="sensitive", note="non_sensitive"), frame=frame)


@pytest.mark.parametrize("encoding", ["no-such", "rot13", "hex", "undefined"])
def test_an_encoding_that_is_none_of_text_is_refused(tmp_path: Path, encoding: str) -> None:
    people().to_csv(tmp_path / "in.csv", index=False)
    source = {"path": f"{tmp_path}/in.csv", "csv": {"encoding": encoding}}
    with pytest.raises(AnonError, match=r"csv\.encoding is unknown"):
        anonymize({**REQUEST, "source": source})


@pytest.mark.parametrize("population", ["none.csv", "lacking.csv"])
def test_a_population_that_cannot_be_counted_is_found_out_before_anything_is_written(
    tmp_path: Path, population: str
) -> None:
    (tmp_path / "lacking.csv").write_text("age\n30\n")
    request = policy(k=3, limit=0.1, age=AGE, sex=QI, illness="sensitive")
    request["policy"]["population"] = {"path": str(tmp_path / population)}
    target = tmp_path / "out.csv"
    with pytest.raises(SourceError):
        anonymize({**request, "target": {"path": str(target)}}, frame=people())
    assert not target.exists()


def test_a_release_without_columns_is_refused() -> None:
    request = policy(k=2, **dict.fromkeys(["age", "sex", "illness"], "direct_identifier"))
    with pytest.raises(RequestError, match="every column is dropped"):
        anonymize(request, frame=people())
