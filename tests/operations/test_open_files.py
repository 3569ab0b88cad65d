"""A job opens few files at a time, whatever the table."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from anon_dagster.errors import SourceError
from anon_dagster.operations.anonymize import anonymize
from anon_dagster.reading import part, scanning

_FILES, _RECORDS, _TEXTS = 40, 6, 6
"""So many files, each of so many records, with so many columns of many values."""
_ROOM = 16
"""How many files a job may open beside those that are open."""
_IGNORED = dict.fromkeys(("given_back", "alone", "outcome_in_pattern", "intruder"), "ignore")
_POLICY: dict[str, Any] = {
    "attributes": {
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
        **{f"text{n}": {"role": "non_sensitive"} for n in range(_TEXTS)},
    },
    "privacy": {"k_anonymity": {"k": 3}},
    "suppression_limit": 0.5,
    "residual": _IGNORED,
}


@contextmanager
def _few_files(room: int) -> Iterator[None]:
    """Let this process open so many files at most beside those that are open."""
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = {int(path.name) for path in Path("/dev/fd").iterdir()}  # and the one that looks
    in_use = {number for number in in_use if _is_open(number)}
    free = (number for number in count() if number not in in_use)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next(islice(free, room, None)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _write_source(folder: Path, ending: str) -> None:
    folder.mkdir()
    ages = np.random.default_rng(1).integers(20, 60, (_FILES, _RECORDS))
    for file, of_file in enumerate(ages):
        texts = [f"{file} {record}" for record in range(_RECORDS)]
        table = pa.table({"age": of_file, **{f"text{n}": texts for n in range(_TEXTS)}})
        path = folder / f"part-{file}{ending}"
        if ending == ".csv":
            pa.csv.write_csv(table, path)
        else:
            pq.write_table(table, path)


def _released(source: Path, target: Path) -> bytes:
    kind = target.suffix[1:]
    anonymize(
        {
            "source": {"path": str(source), "format": kind},
            "target": {"path": str(target)},
            "policy": _POLICY,
        }
    )
    return target.read_bytes()


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_columns_runs_and_parts_take_no_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(part, "MOST_VALUES", 5)
    _write_source(tmp_path / "source", ending)
    monkeypatch.setenv("ANON_ENGINE", "{threads: 2, memory: 1GiB}")
    expected = _released(tmp_path / "source", tmp_path / f"usual{ending}")
    monkeypatch.setenv("ANON_ENGINE", "{threads: 2, memory: 0}")
    with _few_files(_ROOM):
        assert _released(tmp_path / "source", tmp_path / f"kept-aside{ending}") == expected


def test_a_source_is_not_blamed_for_what_the_process_may_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_source(tmp_path / "source", ".csv")
    pieces = scanning.pieces

    def later(*given: Any) -> Iterator[scanning.Piece]:
        with _few_files(0):
            yield from pieces(*given)

    monkeypatch.setattr(scanning, "pieces", later)
    with pytest.raises(SourceError, match="nothing is wrong with it, but this process may open"):
        _released(tmp_path / "source", tmp_path / "target.csv")
