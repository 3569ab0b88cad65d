"""The order of a release follows from its records alone."""

import errno
import os
import pickle
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.engine import LocalEngine, keeping
from anon_dagster.errors import SourceChangedError, TargetError
from anon_dagster.operations.anonymize import anonymize
from anon_dagster.operations.preparation import as_request, count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import plan
from anon_dagster.reading import scanning
from anon_dagster.reading.scanning import Scan
from anon_dagster.releasing import recoder
from anon_dagster.releasing.arrangement import (
    Shelf,
    Shelves,
    StoredShelf,
    by_value,
    drawn_blocks,
    order_by_value,
)
from anon_dagster.releasing.class_lookup import ByTuple, ByValue, class_lookup
from anon_dagster.releasing.recipe import recipe
from anon_dagster.request import Target
from anon_dagster.storage.sources import open_frame
from anon_dagster.storage.targets import stage
from tests.engine.travelling import TravellingEngine

POLICY: dict[str, Any] = {
    "attributes": {
        "admitted": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5, 20]}},
        "town": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
        "note": {"role": "non_sensitive"},
        "cost": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 3}},
    "suppression_limit": 0.2,
}


def _people(records: int = 300) -> pd.DataFrame:
    random = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "admitted": [f"day {n:03d}" for n in range(records)],
            "age": random.integers(20, 60, records),
            "town": random.choice(["Bonn", "Ulm", "Hof"], records, p=[0.6, 0.3, 0.1]),
            "illness": random.choice(np.array(["flu", "cold", None], dtype=object), records),
            "note": [f"note {n}" if n % 3 else None for n in range(records)],
            "cost": random.integers(0, 9, records) / 4,
        }
    )


def _released(frame: pd.DataFrame, folder: Path, ending: str, policy: dict[str, Any]) -> bytes:
    source, target = folder / "source.parquet", folder / f"target{ending}"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), source)
    places = {"source": {"path": str(source)}, "target": {"path": str(target)}}
    anonymize({**places, "policy": policy})
    return target.read_bytes()


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("changes", [{}, {"recoding": "local"}, {"suppressed_records": "keep"}])
def test_two_orders_of_one_source_give_the_same_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], ending: str
) -> None:
    monkeypatch.setattr(recoder, "BLOCK", 31)
    monkeypatch.setattr(scanning, "_PIECE", 50)
    monkeypatch.setattr("anon_dagster.storage.parquet_source.ROWS", 40)
    people, policy = _people(), POLICY | changes
    sorted_by_admission = _released(people, tmp_path, ending, policy)
    shuffled = people.sample(frac=1, random_state=1)
    assert _released(shuffled, tmp_path, ending, policy) == sorted_by_admission


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_release_is_the_same_however_many_threads_work_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(recoder, "BLOCK", 31)
    monkeypatch.setattr(scanning, "_PIECE", 20)
    monkeypatch.setattr("anon_dagster.storage.parquet_source.ROWS", 20)
    written = set()
    for threads in (1, 2, 8):
        monkeypatch.setenv("ANON_ENGINE", f"{{type: local, threads: {threads}}}")
        written.add(_released(_people(), tmp_path, ending, POLICY))
    assert len(written) == 1


@pytest.mark.parametrize("rows_per_file", [None, 13])
@pytest.mark.parametrize("person", [None, "admitted"])
def test_a_release_is_the_same_where_others_write_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_per_file: int | None, person: str | None
) -> None:
    monkeypatch.setattr(recoder, "BLOCK", 31)
    monkeypatch.setattr("anon_dagster.storage.targets.formats._ROWS", 20)
    monkeypatch.setattr("anon_dagster.storage.parquet_source.ROWS", 60)
    people = _people(120).assign(admitted=[f"person {n // 2 % 50}" for n in range(120)])
    source = tmp_path / "source.parquet"
    pq.write_table(pa.Table.from_pandas(people, preserve_index=False), source, row_group_size=60)
    target: dict[str, Any] = {"path": str(tmp_path / "target"), "format": "csv"}
    if rows_per_file is not None:
        target |= {"single_file": False, "rows_per_file": rows_per_file}
    policy = POLICY | {"person": person, "residual": {"repeated": "ignore"}}
    request = {"source": {"path": str(source)}, "target": target, "policy": policy}
    told = []
    for engine in (LocalEngine(1, 2**30), TravellingEngine(1, 2**30)):
        with keeping(engine):
            release = anonymize(request).release
        files = [Path(path).read_bytes() for path in release.paths]
        persons = release.count.persons
        held = None if persons is None else sorted(zip(persons.tuples.tolist(), strict=True))
        told.append((files, held, [str(each) for each in release.verification.promises]))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["source.parquet", "target"]
    assert told[0] == told[1]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("changes", [{}, {"recoding": "local"}, {"suppressed_records": "keep"}])
def test_a_release_is_the_same_whatever_goes_into_files_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], ending: str
) -> None:
    monkeypatch.setattr(recoder, "BLOCK", 31)
    monkeypatch.setattr(scanning, "_PIECE", 20)
    monkeypatch.setattr("anon_dagster.storage.parquet_source.ROWS", 20)
    within = tmp_path / "within"
    within.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(within))
    stored: list[int] = []
    block = Shelves.block

    def counted(shelves: Shelves, number: int) -> pa.Table:
        stored.append(shelves.stored)
        return block(shelves, number)

    monkeypatch.setattr(Shelves, "block", counted)
    written = set()
    for memory in ("0", "100kB", "1GiB"):
        monkeypatch.setenv("ANON_ENGINE", f"{{threads: 2, memory: {memory}}}")
        stored.clear()
        written.add(_released(_people(), tmp_path, ending, POLICY | changes))
        assert (max(stored) > 0) == (memory != "1GiB")
    assert len(written) == 1
    assert not list(within.iterdir()), "nothing is left in the folder of temporary files"


def test_a_disk_without_room_is_told_without_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    shelf = Shelf.of(pa.table({"name": ["Lovegrove"]}), np.ones(1, np.bool_), 1)
    monkeypatch.setattr("anon_dagster.storage.scratch.os.pwrite", full)
    with pytest.raises(TargetError, match="No space left on device; let TMPDIR name") as caught:
        StoredShelf(shelf)
    assert "Lovegrove" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_blocks_have_every_record_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = anonymize({"policy": POLICY}, frame=_people()).df
    monkeypatch.setattr(recoder, "BLOCK", 31)
    blocks = anonymize({"policy": POLICY}, frame=_people()).df
    assert whole is not None
    assert blocks is not None
    records = [Counter(map(str, df.to_numpy().tolist())) for df in (whole, blocks)]
    assert records[0] == records[1]
    assert not whole.equals(blocks)


def test_records_that_read_alike_share_a_block() -> None:
    alike = pa.table({"a": ["x", "y", None] * 40, "b": [1.5, 2.0, 1.5] * 40})
    other_shape = alike.set_column(0, "a", alike["a"].dictionary_encode())
    drawn = drawn_blocks(alike, 7)
    assert len({*drawn[::3]}) == len({*drawn[1::3]}) == len({*drawn[2::3]}) == 1
    assert drawn_blocks(other_shape, 7).tolist() == drawn.tolist()


@pytest.mark.parametrize("blocks", [2, 8])
def test_blocks_are_of_about_one_size(blocks: int) -> None:
    records = blocks * 1_000
    table = pa.table({"a": [f"value {n}" for n in range(records)], "b": ["same"] * records})
    sizes = np.bincount(drawn_blocks(table, blocks), minlength=blocks)
    assert sizes.min() > 850
    assert sizes.max() < 1_150


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", None]),
            st.sampled_from(["x", "xy", "", None]),
            st.sampled_from([1.5, -2.0, None]),
        ),
        max_size=30,
    ),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_records_are_sorted_column_after_column_missing_values_last(
    rows: list[tuple[Any, ...]], encoded: Sequence[bool]
) -> None:
    kinds = (pa.string(), pa.string(), pa.float64())
    columns = [pa.array([row[c] for row in rows], kind) for c, kind in enumerate(kinds)]
    columns = [c.dictionary_encode() if e else c for c, e in zip(columns, encoded, strict=True)]
    ordered = [rows[place] for place in order_by_value(columns)]
    empty = ("", "", 0.0)

    def missing_last(row: tuple[Any, ...]) -> list[tuple[bool, Any]]:
        return [(v is None, other if v is None else v) for v, other in zip(row, empty, strict=True)]

    assert ordered == sorted(rows, key=missing_last)


@pytest.mark.parametrize(("values", "columns"), [(5, 1), (1, 140), (3, 70), (15, 40), (600, 16)])
def test_categories_are_sorted_however_many_rows_there_could_be(values: int, columns: int) -> None:
    dice = np.random.default_rng(values)
    codes = dice.integers(-1, values, (columns, 50)) * (dice.random(50) < 0.5)  # -1 is missing
    texts = pa.array([f"{n:03d}" for n in range(values)])
    encoded = [
        pa.DictionaryArray.from_arrays(pa.array(column, mask=column < 0), texts) for column in codes
    ]
    rows = np.where(codes < 0, values, codes).T.tolist()
    assert [rows[place] for place in order_by_value(encoded)] == sorted(rows)
    assert order_by_value([]).tolist() == []


@pytest.mark.parametrize("blocks", [1, 2, 2**15 + 5, 2**17 - 1])
def test_a_record_that_stays_is_in_its_block_however_many_there_are(blocks: int) -> None:
    table = pa.table({"n": range(400)})
    numbers = drawn_blocks(table, blocks)
    for stay in (np.arange(400) % 3 > 0, np.ones(400, dtype=np.bool_)):
        shelf = Shelf.of(table, stay, blocks)
        assert len(shelf.ends) == blocks + 1
        for number in set(numbers.tolist()):
            expected = np.flatnonzero((numbers == number) & stay)
            assert shelf.block(number)["n"].to_pylist() == expected.tolist()


def test_parts_are_kept_in_memory_as_long_as_they_may_take_it() -> None:
    part = Shelf.of(pa.table({"n": range(100)}), np.ones(100, np.bool_), 1)
    nothing = Shelf.of(pa.table({"n": range(100)}), np.zeros(100, np.bool_), 1)
    for most, stored in ((2, 1), (3, 0), (4, 0)):
        shelves = Shelves(1, most_bytes=most * part.table.nbytes)
        for shelf in (part, nothing, part, part, nothing):
            shelves.add(shelf)
        assert (shelves.records, shelves.stored) == (300, stored)
        assert shelves.block(0)["n"].to_pylist() == [*range(100)] * 3


# -- the recipe ----------------------------------------------------------------------------


def _decision(changes: dict[str, Any], frame: pd.DataFrame | None = None) -> Decision:
    request = as_request({"policy": POLICY | changes})
    frame = _people() if frame is None else frame
    counted = count_records(request, open_table(request, frame=frame))
    made = plan(request, counted)
    return Decision(request, counted, made, decide(made))


@pytest.mark.parametrize("changes", [{}, {"recoding": "local"}])
def test_a_recipe_may_travel_to_another_process(changes: dict[str, Any]) -> None:
    decision = _decision(changes)
    source = open_table(decision.request, frame=_people())
    made = recipe(decision, source)
    travelled = pickle.loads(pickle.dumps(made))  # noqa: S301 (our own)
    (part,) = source.parts
    table = pa.Table.from_batches(source.batches(part))
    here, there = made.recode(table), travelled.recode(table)
    assert here.table.equals(there.table)
    assert here.stay.tolist() == there.stay.tolist()
    assert int(here.stay.sum()) == made.records


@pytest.mark.parametrize("stay", ["keep", "drop"])
@pytest.mark.parametrize("k", [3, 40])
@pytest.mark.parametrize("limit", [0.0, 0.2])
def test_categories_of_recoded_records_all_differ(stay: str, k: int, limit: float) -> None:
    changes = {"suppressed_records": stay, "suppression_limit": limit}
    decision = _decision(changes | {"privacy": {"k_anonymity": {"k": k}}})
    source = open_table(decision.request, frame=_people())
    made = recipe(decision, source)
    assert made.keeps_suppressed == (stay == "keep" and decision.suppressed > 0)
    recoded = made.recode(pa.Table.from_batches(source.batches(source.parts[0])))
    assert int(recoded.stay.sum()) == made.records
    for column in recoded.table.columns:
        if pa.types.is_dictionary(column.type):
            values = column.chunk(0).dictionary
            assert values.null_count == 0
            assert len(values.unique()) == len(values)


def test_a_private_release_is_sorted_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    people = pd.concat([_people(40)] * 3, ignore_index=True).assign(note="same")
    decision = _decision({}, people)
    source = open_table(decision.request, frame=people)
    made = recipe(decision, source)
    whole = pa.concat_tables(recoder.blocks(source, made, Scan("write")))
    assert whole.equals(by_value(whole)), "one block is sorted as a whole, too"
    monkeypatch.setattr(recoder, "BLOCK", 31)
    monkeypatch.setattr(scanning, "_PIECE", 20)
    private = list(recoder.blocks(source, replace(made, private=True), Scan("write")))
    sizes = [block.num_rows for block in private]
    assert sizes == [31] * (made.records // 31) + [made.records % 31]
    assert made.records > 2 * 31
    assert pa.concat_tables(private).equals(by_value(whole))


@pytest.mark.parametrize(
    ("files", "private", "records", "sent"),
    [
        ({}, False, 120, "order"),
        ({"single_file": False, "rows_per_file": 13}, False, 120, "file"),
        ({"single_file": False, "rows_per_file": 13}, True, 120, None),
        ({"single_file": False, "rows_per_file": 13}, False, 0, "order"),
        ({}, False, 0, "order"),
    ],
)
def test_others_write_what_may_be_written_apart(
    files: dict[str, Any], *, private: bool, records: int, sent: str | None, tmp_path: Path
) -> None:
    people = _people(120)
    decision = _decision({}, people)
    source = open_table(decision.request, frame=people)
    if not records:
        nobody = replace(decision.solution, classes=np.full(len(decision.solution.classes), -1))
        decision = replace(decision, solution=nobody)
    made = replace(recipe(decision, source), private=private)
    target = Target(path=str(tmp_path / "target"), format="csv", **files)
    told = {}
    for engine in (LocalEngine(1, 2**30), TravellingEngine(1, 2**30)):
        with keeping(engine), stage(target, made.schema, token="job") as staged:  # noqa: S106
            recoder.write_records(staged, source, made, Scan("write"), encoded=False)
            staged.seal()
            paths = sorted(staged.publish())
        told[type(engine)] = [Path(path).read_bytes() for path in paths]
        if isinstance(engine, TravellingEngine):
            assert {*engine.kinds} & {"order", "file"} == ({sent} if sent else set())
    assert told[LocalEngine] == told[TravellingEngine]


def test_of_no_records_there_is_no_block() -> None:
    decision = _decision({})
    nobody = open_frame(_people().head(0))
    made = replace(recipe(decision, open_frame(_people())), records=0)
    for private in (False, True):
        assert not list(recoder.blocks(nobody, replace(made, private=private), Scan("write")))


@pytest.mark.parametrize("other", [-3, 5])
@pytest.mark.parametrize("private", [False, True])
def test_a_source_of_fewer_or_more_records_changed(other: int, *, private: bool) -> None:
    people = pd.concat([_people(40)] * 3, ignore_index=True)
    decision = _decision({"suppression_limit": 0.0}, people)
    source = open_table(decision.request, frame=people)
    made = replace(recipe(decision, source), private=private)
    later = open_frame(pd.concat([people, people]).head(120 + other))
    with pytest.raises(SourceChangedError, match=f"{abs(other)} records were not there"):
        list(recoder.blocks(later, made, Scan("write")))


@pytest.mark.parametrize("changes", [{}, {"recoding": "local"}])
def test_records_find_the_class_of_their_tuple(changes: dict[str, Any]) -> None:
    decision = _decision(changes)
    table, solution = decision.counted.table, decision.solution
    lookup = class_lookup(table, solution)
    assert isinstance(lookup, ByTuple if changes else ByValue)
    codes = list(table.codes.array.T)
    labels, suppressed, unknown = lookup.place(codes, len(table))
    assert not unknown
    assert suppressed.tolist() == (solution.classes < 0).tolist()
    kept = ~suppressed
    for own, column in zip(labels, solution.generalized, strict=True):
        assert own[kept].tolist() == column.codes[solution.classes[kept]].tolist()


_LITTLE_ROOM = """
import resource, signal
import numpy as np
import pyarrow as pa
from anon_dagster.errors import TargetError
from anon_dagster.releasing.arrangement import Shelf, StoredShelf

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
table = pa.table({"name": [f"hush {n}" for n in range(3_000)]})
shelf = Shelf.of(table, np.ones(3_000, dtype=np.bool_), 3)
for room in range(0, 60_000, 997):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        stored = StoredShelf(shelf)
        assert sum(stored.block(number).num_rows for number in range(3)) == 3_000
        print("kept")
    except TargetError as error:
        print(error)
"""


def test_however_little_room_there_is_a_part_is_kept_or_told(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LITTLE_ROOM],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert {"kept"} < set(told)
    assert all("let TMPDIR name" in line for line in told if line != "kept")
    assert not any("hush" in line for line in told)
    assert not list(tmp_path.iterdir())


def test_a_tuple_that_is_left_out_though_others_read_alike_is_found_by_itself() -> None:
    codes = np.array([[0, 0], [0, 1], [1, 1]], dtype=np.int32)
    table = FrequencyTable.of(codes, np.ones(3, dtype=np.int64), (2, 2))
    everything = Hierarchy.from_labels([["a", "b"], ["*", "*"]])
    column = Generalized(
        np.zeros(1, dtype=np.int32), everything.labels[1], everything.covered[1], np.ones(1), 2
    )
    proof = Proof(optimal=True, loss=0, lower_bound=0, candidates=1, evaluated=1, method="exact")
    solution = Solution(np.array([0, -1, 0]), (column, column), proof, (1, 1))
    lookup = class_lookup(table, solution)
    assert isinstance(lookup, ByTuple)
    assert lookup.place(list(codes.T), 3)[1].tolist() == [False, True, False]


@pytest.mark.parametrize("attributes", [3, 45])
def test_tuples_of_however_many_attributes_find_their_class(attributes: int) -> None:
    dice = np.random.default_rng(attributes)
    codes = np.unique(dice.integers(0, 3, (60, attributes)), axis=0).astype(np.int32)
    table = FrequencyTable.of(codes, np.ones(len(codes), dtype=np.int64), (3,) * attributes)
    classes = np.where(dice.random(len(codes)) < 0.2, -1, np.arange(len(codes)))
    of_classes = Hierarchy.from_labels([["a", "b", "c"]])
    columns = tuple(
        Generalized(
            table.codes.array[:, q].astype(np.int32),
            of_classes.labels[0],
            of_classes.covered[0],
            np.zeros(3),
            3,
        )
        for q in range(attributes)
    )
    proof = Proof(optimal=True, loss=0, lower_bound=0, candidates=1, evaluated=1, method="exact")
    lookup = class_lookup(table, Solution(classes, columns, proof, (0,) * attributes))
    assert isinstance(lookup, ByValue) == (attributes == 3)
    labels, suppressed, unknown = lookup.place(list(table.codes.array.T), len(table))
    assert not unknown
    assert suppressed.tolist() == (classes < 0).tolist()
    for own, column in zip(labels, columns, strict=True):
        assert own[~suppressed].tolist() == column.codes[classes[~suppressed]].tolist()
