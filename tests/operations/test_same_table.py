"""A table means the same release, whatever file, encoding, order of rows and parts it comes in."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anon_dagster
from anon_dagster.errors import AnonError

Rows = list[tuple[str | None, int | None, str]]

HOSTILE = (
    *(
        "",
        " ",
        " a",
        "a ",
        "a",
        "A",
        "ä",
        "a\u0308",
        "a,b",
        'say "a"',
        "a\nb",
        "a\r\nb",
        "'",
        "\\",
        "#",
    ),
    *("*", "NA", "null", "nan", "None", "-", "0", "00", "1.50", "1,5", "1e3", "0x1F", "=1+1"),
    *("true", "True", "2024-02-29", "2024-2-9", "[1, 2)", "sep=;", "\ufeff", "\u200b", "日本"),
)
TEXTS = st.none() | st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8"), max_size=3)
USABLE = TEXTS.map(lambda text: text.replace("\0", "") if text else text)
NUMBERS = st.none() | st.sampled_from([0, -1, 7, 41, 10**6]) | st.integers(-(10**6), 10**6)
RECORDS = st.lists(
    st.tuples(USABLE, NUMBERS, st.sampled_from("fm")), min_size=1, max_size=6
).flatmap(lambda rows: st.permutations([*rows, *rows, *rows]))

POLICY = {
    "attributes": {
        "town": {"role": "quasi_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "suppress"}},
        "sex": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
}


def table_of(rows: Rows) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    kinds = {"town": pa.string(), "age": pa.int64(), "sex": pa.string()}
    arrays = [pa.array(c, kind) for c, kind in zip(columns, kinds.values(), strict=True)]
    return pa.table(dict(zip(kinds, arrays, strict=True)))


def as_csv(table: pa.Table) -> bytes:
    """Write every text in quotes, and nothing for a missing value."""

    def cell(value: object) -> str:
        if value is None:
            return ""
        return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else str(value)

    lines = [table.column_names, *([*row.values()] for row in table.to_pylist())]
    return "\n".join(",".join(map(cell, line)) for line in lines).encode() + b"\n"


def encodings(table: pa.Table, folder: Path) -> Iterator[dict[str, Any]]:
    """Give the table in one way after the other, as a source of a request or as a frame."""
    reverse = table.take(list(reversed(range(table.num_rows))))
    half = table.num_rows // 2
    for name, whole in (("one", table), ("two", reverse)):
        (folder / f"{name}.csv").write_bytes(as_csv(whole))
        yield {"source": {"path": f"{folder}/{name}.csv"}}
        pq.write_table(whole, folder / f"{name}.parquet", row_group_size=2)
        yield {"source": {"path": f"{folder}/{name}.parquet"}}
    yield from _in_parts(table.slice(0, half), table.slice(half), folder)
    frame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    yield {"frame": frame}
    yield {"frame": frame.iloc[::-1].astype({"town": "category"})}


def _in_parts(first: pa.Table, second: pa.Table, folder: Path) -> Iterator[dict[str, Any]]:
    """Give two parts, of CSV, and of Parquet with other types in each."""
    for number, part in enumerate((first, second)):
        (folder / f"part-{number}.csv").write_bytes(as_csv(part))
        encoded = part.set_column(0, "town", part["town"].dictionary_encode())
        wide = part.set_column(1, "age", part["age"].cast(pa.float64()))
        wide = wide.set_column(0, "town", part["town"].cast(pa.large_string()))
        pq.write_table((encoded, wide)[number], folder / f"part-{number}.parquet")
    yield {"source": {"path": f"{folder}/part-*.csv"}}
    yield {"source": {"path": f"{folder}/part-*.parquet"}}


def released(given_as: dict[str, Any], folder: Path) -> list[str]:
    """Return the release as it is written to a CSV file, line by line, or why there is none."""
    target = folder / "release.csv"
    request = {"policy": POLICY, "target": {"path": str(target)}}
    frame = given_as.get("frame")
    if frame is None:
        request["source"] = given_as["source"]
    try:
        anon_dagster.anonymize(request, frame=frame)
    except AnonError as error:
        return [type(error).__name__]
    return sorted(target.read_bytes().decode().split("\n"))


@pytest.mark.slow
@given(RECORDS)
def test_a_table_means_the_same_release_however_it_is_stored(rows: Rows) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        releases = [released(way, folder) for way in encodings(table_of(rows), folder)]
    assert all(release == releases[0] for release in releases)


def test_a_hostile_table_means_the_same_release_however_it_is_stored(tmp_path: Path) -> None:
    texts = [text for text in HOSTILE if text != "*"]  # which is refused: it is a label
    rows: Rows = [(text, 41, "f") for text in (*texts, None) for _ in range(2)]
    releases = [released(way, tmp_path) for way in encodings(table_of(rows), tmp_path)]
    assert len(releases[0]) > 2
    assert all(release == releases[0] for release in releases)
