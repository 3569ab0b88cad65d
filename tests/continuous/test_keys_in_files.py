"""A file that names whom to erase is read as those of the dataset are, and is never quoted."""

from pathlib import Path

import pandas as pd
import pytest

from anon_dagster.continuous import keys_at
from anon_dagster.errors import AnonError
from tests.continuous.streams import stream_at


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_columns_that_name_a_person_are_read_and_no_others(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"whom.{ending}"
    frame = pd.DataFrame({"why": ["a", "b"], "id": [7, 8]})
    if ending == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    keys = keys_at(stream_at(tmp_path), str(path))
    assert keys.column_names == ["id"]
    assert [int(key) for key in keys["id"].to_pylist()] == [7, 8]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "there is no file"),
        ("id\n", "names nobody"),
        ("Zeisig\n7\n", "lack the columns id"),
        ("Zeisig,Zeisig\n7,7\n", "cannot be read as a table with the columns id"),
        ("id,why\n7,a\n8,a,Zeisig\n", "cannot be read as a table with the columns id"),
    ],
    ids=["no file", "nobody", "no header", "no header, a key twice", "a cell too many"],
)
def test_a_file_that_names_nobody_is_refused_and_not_quoted(
    tmp_path: Path, content: str | None, why: str
) -> None:
    path = tmp_path / "whom.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(AnonError, match=why) as caught:
        keys_at(stream_at(tmp_path), str(path))
    assert "Zeisig" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_where_nobody_is_named_nobody_can_be_erased(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, policy={"person": None}, people_return="never")
    with pytest.raises(AnonError, match="names nobody"):
        keys_at(stream, str(tmp_path / "whom.csv"))
