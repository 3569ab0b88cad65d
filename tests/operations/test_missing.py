"""A missing value is one thing, whatever stands for it and whatever the format."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_dagster import RequestError, UnreachableError, anonymize, apply

QI, SENSITIVE, KEPT = ({"role": r} for r in ("quasi_identifier", "sensitive", "non_sensitive"))
K2 = {"k_anonymity": {"k": 2}}


def released(frame: pd.DataFrame, roles: dict[str, Any], **request: Any) -> pd.DataFrame:
    privacy = request.pop("privacy", K2)
    result = anonymize(
        {"policy": {"attributes": roles, "privacy": privacy}, **request}, frame=frame
    )
    assert result.df is not None
    return result.df


@pytest.mark.parametrize(
    ("values", "tokens"),
    [
        ([41, -9, 41, -9], ["-9"]),
        ([41.5, -9.0, 41.5, -9.0], ["-9"]),
        (["41", "unknown", "41", "n/a"], ["unknown", "n/a"]),
        (pd.Categorical(["a", "?", "a", "?"]), ["?"]),
        (pd.to_datetime(["2024-01-01", "1900-01-01"] * 2), ["1900-01-01T00:00:00"]),
    ],
)
@pytest.mark.parametrize("role", [QI, SENSITIVE, KEPT])
def test_what_an_attribute_names_is_missing_in_a_frame(
    values: Any, tokens: list[str], role: dict[str, str]
) -> None:
    frame = pd.DataFrame({"x": values, "sex": ["f"] * 4})
    df = released(frame, {"x": {**role, "missing": tokens}, "sex": QI})
    assert df["x"].isna().sum() == 2
    assert df["x"].dropna().tolist() == [frame["x"].iloc[0]] * 2


def test_what_an_attribute_names_is_missing_in_parquet_and_later(tmp_path: Path) -> None:
    table = pa.table({"x": [1, 99, 1, 99, 2, 2], "sex": ["f"] * 6})
    pq.write_table(table, tmp_path / "in.parquet")
    roles = {"x": {**QI, "missing": ["99"]}, "sex": QI}
    request = {
        "source": {"path": f"{tmp_path}/in.parquet"},
        "target": {"path": f"{tmp_path}/out.parquet"},
        "policy": {"attributes": roles, "privacy": K2},
    }
    result = anonymize(request)
    out = pq.read_table(tmp_path / "out.parquet")["x"]
    assert out.null_count == 2
    assert sorted(out.drop_null().to_pylist()) == [1, 1, 2, 2]
    later = apply(result.document(), frame=pd.DataFrame({"x": [99, 1], "sex": ["f", "f"]}))
    assert later.df is not None
    assert later.df["x"].isna().sum() == 1


def test_an_empty_text_is_missing_where_a_csv_file_is_read_or_written(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [1] * 4, "ill": ["", None, "", None]}, dtype=object)
    roles = {"age": QI, "ill": SENSITIVE}
    diverse = {"l_diversity": {"attribute": "ill", "l": 2}}
    kept = released(frame, roles, privacy=diverse)  # a DataFrame tells the two apart
    assert kept["ill"].isna().sum() == 2
    target = {"path": f"{tmp_path}/out.csv"}
    policy = {"attributes": roles, "privacy": diverse}
    with pytest.raises(UnreachableError):
        anonymize({"policy": policy, "target": target}, frame=frame)
    apart = {**target, "csv": {"quoted_empty": "text"}}
    with pytest.raises(RequestError, match="2 values of ill read alike in a CSV file"):
        anonymize({"policy": policy, "target": apart}, frame=frame)


def test_nan_and_null_and_both_zeros_are_released_as_one(tmp_path: Path) -> None:
    values = pa.array([np.nan, None, -0.0, 0.0, np.nan, -0.0], pa.float64())
    pq.write_table(pa.table({"x": values, "y": values}), tmp_path / "in.parquet")
    anonymize(
        {
            "source": {"path": f"{tmp_path}/in.parquet"},
            "target": {"path": f"{tmp_path}/out.parquet"},
            "policy": {"attributes": {"x": QI, "y": KEPT}, "privacy": {"k_anonymity": {"k": 3}}},
        }
    )
    out = pq.read_table(tmp_path / "out.parquet")
    for name in ("x", "y"):
        assert sorted(map(repr, out[name].to_pylist())) == ["0.0"] * 3 + ["None"] * 3


def test_a_guarded_attribute_without_values_keeps_an_ordered_distance() -> None:
    frame = pd.DataFrame({"age": ["1"] * 4, "pay": pd.array([None] * 4, dtype="string")})
    close = {"t_closeness": {"attribute": "pay", "t": 0, "distance": "ordered"}}
    df = released(frame, {"age": QI, "pay": SENSITIVE}, privacy=close)
    assert df["pay"].isna().all()
