"""What is kept is kept: each value as it was, in words of the target's own where these differ."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_dagster import anonymize
from anon_dagster.releasing.treatments import Spelled

QI: dict[str, Any] = {"role": "quasi_identifier"}
K2 = {"k_anonymity": {"k": 2}}


def released(values: Any, role: dict[str, Any], target: Path, **source: Any) -> str:
    """Release a column beside another one; return its file as it is stored, in order."""
    roles = {"fee": role, "sex": QI}
    frame = None if source else pd.DataFrame({"fee": values, "sex": "f"})
    policy = {"attributes": roles, "privacy": K2}
    csv = {"separator": ";", "decimal": ","} if target.suffix == ".csv" else {}
    asked = {"policy": policy, "target": {"path": str(target), "csv": csv}}
    anonymize({**asked, **source}, frame=frame)
    return target.read_text(encoding="utf-8") if csv else ""


@pytest.mark.parametrize(
    ("role", "fees"),
    [("sensitive", ["1,5", "2,5", "none"]), ("non_sensitive", ["1,50", "2,5", "none"])],
)
def test_numbers_among_texts_get_the_decimal_mark_of_the_target(
    tmp_path: Path, role: str, fees: list[str]
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("fee,sex\n" + "1.50,f\n2.5,f\nnone,f\n" * 2, encoding="utf-8")
    text = released(None, {"role": role}, tmp_path / "out.csv", source={"path": str(source)})
    assert sorted({line.split(";")[0] for line in text.split()[1:]}) == sorted(fees)


@pytest.mark.parametrize(
    ("values", "role", "fees"),
    [
        (["1.25", "2.5"], "sensitive", ["1,25", "2,5"]),
        ([1.25, 2.5], "sensitive", ["1,25", "2,5"]),
        ([1.25, 2.5], "non_sensitive", ["1,25", "2,5"]),
        (["1.25", "2.5"], "non_sensitive", ["1.25", "2.5"]),  # nobody looked at what it means
        (["1.25", "a.b", "c", "d"], "sensitive", ["1.25", "a.b", "c", "d"]),
    ],
)
def test_texts_of_a_frame_get_the_decimal_mark_of_the_target_if_they_are_numbers(
    values: list[Any], role: str, fees: list[str], tmp_path: Path
) -> None:
    text = released(values * 3, {"role": role}, tmp_path / "out.csv")
    told = [line.split(";")[0] for line in text.split()[1:]]
    assert sorted(told) == sorted(fees * 3)


@pytest.mark.parametrize("numbers", [True, False])
def test_labels_that_are_numbers_get_the_decimal_mark_of_the_target(
    tmp_path: Path, *, numbers: bool
) -> None:
    values = ["1.5", "2.5", "1.4", "2.6"] if numbers else ["1.5", "x", "y", "z"]
    if numbers:
        rule: dict[str, Any] = {"type": "rounding", "steps": [0.5]}
    else:
        rule = {"type": "tree", "nodes": {"1.5": ["1.5"], "2.5": ["x", "y", "z"]}}
    role = QI | {"hierarchy": rule, "lowest_level": 1, "highest_level": 1}
    text = released(values * 2, role, tmp_path / "out.csv")
    told = {line.split(";")[0] for line in text.split()[1:]}
    assert told == ({"1,5", "2,5"} if numbers else {"1.5", "2.5"})


@pytest.mark.parametrize(
    ("aggregate", "rule", "kind"),
    [
        ("mean", "drop", pa.float64()),
        ("mode", "drop", pa.string()),
        ("mean", "keep", pa.string()),
    ],
)
def test_averages_have_the_type_of_numbers_unless_suppressed_records_stand_among_them(
    aggregate: str, rule: str, kind: pa.DataType, tmp_path: Path
) -> None:
    few = ["1.5", "2.25"] * 3 if aggregate == "mean" else ["a", "b"] * 3
    frame = pd.DataFrame({"fee": [*few, few[0], few[0]], "sex": [*"ffffffmn"]})
    averaged = QI | {"transformation": "microaggregation", "aggregate": aggregate}
    policy = {
        "attributes": {"fee": averaged, "sex": QI | {"highest_level": 0}},
        "privacy": K2,
        "suppression_limit": 0.5,
        "suppressed_records": rule,
    }
    target = tmp_path / "out.parquet"
    anonymize({"policy": policy, "target": {"path": str(target)}}, frame=frame)
    table = pq.read_table(target)
    assert table["fee"].type == kind
    assert ("*" in table["fee"].to_pylist()) == (rule == "keep")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_numbers_that_are_none_are_missing_whatever_their_width(tmp_path: Path, kind: type) -> None:
    values: Any = np.array([1.5, np.nan, 2.25, 1.5, np.nan, 2.25], dtype=kind)
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.table({"fee": pa.array(values), "sex": ["f"] * 6}), source)
    released(None, {"role": "non_sensitive"}, target, source={"path": str(source)})
    found = pq.read_table(target)["fee"]
    assert found.type.bit_width == 8 * np.dtype(kind).itemsize
    assert found.null_count == 2
    assert sorted(map(float, found.drop_null().to_pylist())) == [1.5, 1.5, 2.25, 2.25]


def test_numbers_of_a_file_with_decimal_commas_are_numbers_of_another(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.parquet"
    source.write_text("fee;sex\n" + "1,5;f\n2,5;f\n-0,25;f\n" * 2, encoding="utf-8")
    csv = {"separator": ";", "decimal": ","}
    released(None, {"role": "non_sensitive"}, target, source={"path": str(source), "csv": csv})
    found = pq.read_table(target)["fee"]
    assert found.type == pa.float64()
    assert sorted(found.to_pylist()) == sorted([1.5, 2.5, -0.25] * 2)


@pytest.mark.parametrize(
    ("orders", "ordered"),
    [(("abc", "abc"), True), (("abc", "cab"), False), (("ab", "bc"), True)],
)
def test_categories_are_ordered_where_no_two_parts_declare_other_orders(
    orders: tuple[str, str], *, ordered: bool, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for number, order in enumerate(orders):
        codes = pa.array([0, 1, len(order) - 1] * 2, pa.int32())
        sizes = pa.DictionaryArray.from_arrays(codes, pa.array([*order]), ordered=True)
        table = pa.table({"fee": sizes, "sex": ["f"] * 6})
        pq.write_table(table, tmp_path / "in" / f"{number}.parquet")
    target = tmp_path / "out.parquet"
    released(
        None,
        {"role": "non_sensitive"},
        target,
        source={"path": str(tmp_path / "in"), "format": "parquet"},
    )
    found = pq.read_table(target)["fee"]
    assert found.type.ordered == ordered
    assert len(found) == 12


def test_only_what_is_written_in_several_ways_is_written_alike() -> None:
    spelled = Spelled(pa.array(["39", "39.0", "4"]), pa.array(["39", "39", "4"]))
    values = pa.array(["4", "x", "39.0", None, "39"])
    assert spelled.apply(values).to_pylist() == ["4", "x", "39", None, "39"]


def test_an_average_of_nothing_is_missing(tmp_path: Path) -> None:
    averaged = {**QI, "transformation": "microaggregation", "aggregate": "mode"}
    target = tmp_path / "out.parquet"
    released(pd.array([None] * 6, dtype="Float64"), averaged, target)
    assert pq.read_table(target)["fee"].null_count == 6
