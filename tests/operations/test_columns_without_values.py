"""Columns that have no value in any record, in a source of several parts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_dagster import anonymize


@pytest.mark.parametrize("role", ["non_sensitive", "sensitive", "quasi_identifier"])
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_column_without_a_type_is_released_without_a_value(
    tmp_path: Path, role: str, ending: str
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(2):
        table = pa.table({"age": [30, 31] * 20, "gone": pa.nulls(40)})
        pq.write_table(table, source / f"{number}.parquet")
    result = anonymize(
        {
            "source": {"path": str(source), "format": "parquet"},
            "policy": {
                "attributes": {"age": {"role": "quasi_identifier"}, "gone": {"role": role}},
                "privacy": {"k_anonymity": {"k": 2}},
            },
            "target": {"path": str(tmp_path / f"release.{ending}")},
        }
    )
    assert result.release is not None
    assert result.release.count.records == 80
    assert result.release.count.columns["gone"].missing == 80
