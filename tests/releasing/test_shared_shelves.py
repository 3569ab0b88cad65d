"""Parts in files that all processes see: all of their records, and nothing of whose they are."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest

from anon_dagster.reading.persons import HOUSEHOLD, PERSON
from anon_dagster.releasing.arrangement import Shelf
from anon_dagster.releasing.shared_shelves import SharedShelves, store_shelf

KEY = b"k" * 32
BLOCKS = 3


def parts(owners: tuple[str, ...]) -> list[Shelf]:
    dice = np.random.default_rng(2)
    shelves = []
    for _ in range(3):
        table = pa.table({"age": [f"[{n % 7}, 9)" for n in range(40)], "row": range(40)})
        for name in owners:
            table = table.append_column(name, pa.array(dice.integers(-(2**62), 2**62, 40)))
        shelves.append(Shelf.of(table, dice.random(40) < 0.8, BLOCKS))
    return shelves


@pytest.mark.parametrize("owners", [(), (PERSON,), (PERSON, HOUSEHOLD)])
def test_what_is_stored_comes_back_and_does_not_tell_whose_it_is(
    owners: tuple[str, ...], tmp_path: Path
) -> None:
    shelves = parts(owners)
    stored = [store_shelf(shelf, str(tmp_path), KEY) for shelf in shelves]
    assert len({each.path for each in stored}) == len({each.nonce for each in stored}) == 3
    shared = SharedShelves.of(stored, BLOCKS, KEY)
    assert shared.records == sum(shelf.table.num_rows for shelf in shelves)
    for number in range(BLOCKS):
        expected = pa.concat_tables([shelf.block(number) for shelf in shelves])
        assert shared.block(number).equals(expected.combine_chunks())
        assert shared.ends[number + 1] - shared.ends[number] == expected.num_rows
    for shelf, each in zip(shelves, stored, strict=True):
        table = pa.ipc.open_file(each.path).read_all()
        assert table["row"].equals(shelf.table["row"])
        for name in owners:
            told = {*table[name].to_pylist()}
            assert len(told) == table.num_rows, "who has several records cannot be told, either"
            assert not told & {*shelf.table[name].to_pylist()}
