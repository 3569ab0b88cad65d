"""Bytes that are no UTF-8 where text should be are refused; no exception holds the cell."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import anon_dagster
from anon_dagster import SourceError

CANARY = b"Zorblatt\xff"
POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "quasi_identifier"},
        "dropped": {"role": "direct_identifier"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
}


def broken(kind: pa.DataType) -> pa.Array:
    """Return texts of which one is no text, as other programs write them."""
    texts = pa.array(
        [CANARY, b"fine"] * 2, pa.large_binary() if kind == pa.large_string() else pa.binary()
    )
    made = pa.Array.from_buffers(
        pa.large_string() if kind == pa.large_string() else pa.string(), len(texts), texts.buffers()
    )
    return made.dictionary_encode() if pa.types.is_dictionary(kind) else made


KINDS = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]


def everything_of(error: BaseException | None) -> str:
    """Return all that an error and those behind it hold."""
    told = ""
    while error is not None:
        told += f"{error!r} {error.args!r} {getattr(error, 'object', '')!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return told


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", ["name", "dropped"])
def test_a_parquet_file_with_text_that_is_none_is_refused(
    kind: pa.DataType, column: str, tmp_path: Path
) -> None:
    fine = pa.array(["a", "a", "b", "b"])
    columns = {"name": fine, "dropped": fine, column: broken(kind)}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    source = {"path": str(tmp_path / "t.parquet")}
    for read in (
        lambda: anon_dagster.anonymize({"source": source, "policy": POLICY}),
        lambda: anon_dagster.detect(source),
        lambda: anon_dagster.verify(POLICY, source["path"]),
    ):
        with pytest.raises(
            SourceError, match=f"column {column} has text that is not UTF-8"
        ) as caught:
            read()
        assert "Zorblatt" not in everything_of(caught.value)


@pytest.mark.parametrize("kind", KINDS[:2])
def test_so_is_a_dataframe_of_such(kind: pa.DataType) -> None:
    series = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([broken(kind)])))
    frame = pd.DataFrame({"name": series, "dropped": "x"})
    with pytest.raises(SourceError, match="column 1 of the DataFrame") as caught:
        anon_dagster.anonymize({"policy": POLICY}, frame=frame)
    assert "Zorblatt" not in everything_of(caught.value)
