"""A run in a file is the run that was in memory."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.runs import Run, SortedRun, merge
from anon_dagster.storage import stored_runs
from anon_dagster.storage.stored_runs import RecodedRun, StoredRun, fewer

_TUPLES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=40)
_SIZES = st.sampled_from([(7, 3), (7, 2**61), (2**40, 2**40)])


def _run(tuples: list[tuple[int, int]], sizes: tuple[int, int]) -> Run:
    columns = [np.array([each[a] for each in tuples], dtype=np.int64) for a in (0, 1)]
    return Run.of(columns, sizes, np.ones(len(tuples), dtype=np.int64))


@given(_TUPLES, _SIZES, st.integers(-1, 2**40), st.integers(1, 9))
def test_a_stored_run_reads_as_it_did(
    tuples: list[tuple[int, int]], sizes: tuple[int, int], key: int, marked: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("anon_dagster.core.runs._STRETCH", 5)
        patch.setattr("anon_dagster.core.runs.MARKED", marked)
        patch.setattr(stored_runs, "MARKED", marked)
        run = _run(tuples, sizes)
        stored = StoredRun.of(run)
        assert len(stored) == len(run)
        assert (stored.records, stored.most) == (len(tuples), int(run.counts.max(initial=0)))
        if len(run):
            assert stored.marks.tolist() == run.marks.tolist()
            keys = [key, *run.words[0].tolist()]
            assert [stored.place(each) for each in keys] == [run.place(each) for each in keys]
        for each in (stored, pickle.loads(pickle.dumps(stored))):  # noqa: S301 (it is ours)
            words, counts = each.read(slice(0, len(run)))
            assert counts.tolist() == run.counts.tolist()
            if len(run):
                assert [w.tolist() for w in words] == [w.tolist() for w in run.words]


@given(st.lists(_TUPLES.filter(bool), min_size=1, max_size=5), st.lists(st.booleans(), min_size=5))
def test_runs_are_merged_wherever_they_are(
    parts: list[list[tuple[int, int]]], stored: list[bool]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("anon_dagster.core.runs._RANGE", 8)
        patch.setattr("anon_dagster.core.runs.MARKED", 3)
        patch.setattr(stored_runs, "MARKED", 3)
        patch.setattr(stored_runs, "_MOST_RUNS", 2)
        runs = [_run(part, (7, 3)) for part in parts]
        expected = FrequencyTable.of_run(_run([each for part in parts for each in part], (7, 3)))
        kept: list[SortedRun] = [
            StoredRun.of(run) if in_file else run
            for run, in_file in zip(runs, stored, strict=False)
        ]
        whole = fewer(tuple(kept), runs[0].packing)
        for found in (
            FrequencyTable.of_runs(kept, runs[0].packing),
            FrequencyTable.of_run(merge(runs)),
            *([FrequencyTable.of_runs([whole], whole.packing)] if whole is not None else []),
        ):
            assert found.codes.array.tolist() == expected.codes.array.tolist()
            assert found.counts.tolist() == expected.counts.tolist()


@given(_TUPLES.filter(bool))
def test_codes_of_a_stored_run_are_replaced_while_it_is_read(
    tuples: list[tuple[int, int]],
) -> None:
    run = _run(tuples, (7, 3))
    codes, sizes = [np.arange(7) * 2 + 1, np.array([0, 4, 9])], (20, 10)
    again = [np.arange(20) + 5, np.arange(10)], (30, 10)
    recoded = RecodedRun.of(StoredRun.of(run)).recode(codes, sizes).recode(*again)
    expected = run.recode(codes, sizes).recode(*again)
    words, counts = recoded.read(slice(0, len(run)))
    assert words[0].tolist() == expected.words[0].tolist()
    assert counts.tolist() == expected.counts.tolist()
    assert [recoded.place(key) for key in words[0].tolist()] == list(range(len(run)))


_FULL = """
import resource, signal
import numpy as np
from anon_dagster.core.runs import Run
from anon_dagster.errors import TargetError
from anon_dagster.storage.stored_runs import StoredRun

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
run = Run.of([np.arange(5_000)], [5_000], np.ones(5_000, dtype=np.int64))
try:
    StoredRun.of(run)
except TargetError as error:
    print(error)
"""


def test_a_full_disk_is_told_with_what_to_do_and_nothing_is_left(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _FULL],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"could not be kept in {tmp_path}: File too large; let TMPDIR name a folder" in told
    assert not list(tmp_path.iterdir())
