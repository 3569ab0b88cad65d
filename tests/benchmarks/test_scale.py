"""What the benchmark of whole jobs prints: shares of phases, and the same counts by others."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from anon_dagster.reading.counting import Count, count
from anon_dagster.storage.sources import open_frame
from benchmarks.scale import __main__ as scale
from benchmarks.scale.rivals import RIVALS, count_by, tally_of
from benchmarks.scale.shares import MEANINGS, shares
from benchmarks.scale.tables import write_patients

ATTRIBUTES = ("age", "sex", "birth", "income")


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    path = tmp_path / "patients.parquet"
    write_patients(path, 1_200, few=True)
    return path


def counted(path: Path, *rows: int) -> Count:
    table = pq.read_table(str(path)).to_pandas()
    return count(open_frame(table.iloc[list(rows)] if rows else table), ATTRIBUTES)


def test_every_share_is_measured_and_the_target_is_left_alone(
    patients: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.parquet"
    found, of_source = shares(patients, target, "patients", {"suppression_limit": 1.0})
    assert {phase: list(each) for phase, each in found.items()} == {
        phase: list(each) for phase, each in MEANINGS.items()
    }
    assert of_source.records == 1_200
    assert [path.name for path in tmp_path.iterdir()] == [patients.name]


def test_a_tally_has_the_tuples_that_plain_python_counts(patients: Path) -> None:
    records = pq.read_table(str(patients)).to_pylist()
    tuples = Counter(tuple(record[name] for name in ATTRIBUTES) for record in records)
    tally = tally_of(counted(patients))
    assert (tally.tuples, tally.records) == (len(tuples), 1_200)
    assert tally.distinct == {name: len({r[name] for r in records}) for name in records[0]}


def test_a_tally_depends_on_the_records_but_not_on_their_order(patients: Path) -> None:
    assert tally_of(counted(patients, 0, 1, 2)) == tally_of(counted(patients, 2, 0, 1))
    twice, other = tally_of(counted(patients, 0, 0, 1)), tally_of(counted(patients, 0, 1, 1))
    assert (twice.tuples, twice.records) == (other.tuples, other.records)
    assert twice.digest != other.digest


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_databases_count_the_same(rival: str, form: str, tmp_path: Path) -> None:
    pytest.importorskip(rival, reason="make bench-scale installs it")
    path = tmp_path / f"patients.{form}"
    write_patients(path, 1_200, few=True)
    _, of_source = shares(path, tmp_path / f"out.{form}", "patients", {"suppression_limit": 1.0})
    _, _, tally = count_by(rival, path, of_source.attributes)
    assert tally == tally_of(of_source)


@pytest.mark.slow
def test_the_table_names_every_share_and_goes_on_without_databases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale, "is_installed", lambda _: False)
    scale.print_ratios(scale.Bench(tmp_path), 0.001, ("few", 1_200_000, "parquet", {}))
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    named = {line[0] for line in printed if "CPU" in line}
    inner = {name for each in MEANINGS.values() for name in each}
    assert named >= {*MEANINGS, *inner, "search", "statistics", "residual", "count+write", "whole"}
    absent = [line[1] for line in printed if line[2:4] == ["not", "installed;"]]
    assert absent == list(RIVALS)


@pytest.mark.parametrize("records", [1, 999, 3_010])
def test_a_table_of_few_tuples_has_as_many_records_as_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: int
) -> None:
    monkeypatch.setattr("benchmarks.scale.tables._BLOCK", 3_000)
    path = tmp_path / "few.parquet"
    write_patients(path, records, few=True)
    table = pq.read_table(str(path), columns=["id", *ATTRIBUTES])
    assert table.num_rows == len(table["id"].unique()) == records
    tuples = table.group_by(list(ATTRIBUTES)).aggregate([]).num_rows
    assert tuples <= 1_010


_TOLD_TO_END = """
import sys, tempfile
from pathlib import Path
from benchmarks._ending import end_when_told, run

end_when_told()
with tempfile.TemporaryDirectory() as folder:
    if sys.argv[1:]:
        run([sys.executable, "-c", sys.argv[1]], cwd=Path(folder))
    else:
        print(folder, flush=True)
        input()
"""


def test_a_benchmark_that_is_told_to_end_leaves_nothing_nor_do_those_that_it_started(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _TOLD_TO_END, _TOLD_TO_END],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        inner = Path(process.stdout.readline().strip())
        assert inner.parent == tmp_path
        assert len(list(tmp_path.iterdir())) == 2
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())
