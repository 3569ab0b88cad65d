"""Different persons are counted, however rows are joined and however many rows one has."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core import persons as module
from anon_dagster.core.persons import Persons

tables = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=0, max_size=60
)  # (row, person)
cells = st.lists(st.integers(0, 3), min_size=10, max_size=10)


def of(records: list[tuple[int, int]]) -> tuple[Persons, pd.DataFrame]:
    frame = pd.DataFrame(records, columns=["row", "person"], dtype=np.int64)
    return Persons.of(frame["row"].to_numpy(), frame["person"].to_numpy(), 10), frame


@pytest.mark.parametrize("near", [1, 3, 12])
@given(records=tables, where=cells)
def test_each_cell_counts_its_different_persons(
    near: int, records: list[tuple[int, int]], where: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_NEAR", near)
        persons, frame = of(records)
        frame["cell"] = np.array(where)[frame["row"]]
        wanted = frame.groupby("cell")["person"].nunique().reindex(range(4), fill_value=0)
        assert persons.count(np.array(where), 4).tolist() == wanted.tolist()
        rolled = persons.rolled_up(np.array(where), 4)
        assert rolled.count(np.arange(4), 4).tolist() == wanted.tolist()
        assert rolled.total == persons.total == frame["person"].nunique()
        assert rolled.pairs == wanted.sum()
        chosen = np.array(where) < 2
        inside = frame["person"][frame["cell"] < 2].nunique()
        assert persons.among(chosen) == rolled.among(np.arange(4) < 2) == inside


@given(records=tables, where=cells, values=cells)
def test_what_persons_hold_is_told_once_for_each(
    records: list[tuple[int, int]], where: list[int], values: list[int]
) -> None:
    persons, frame = of(records)
    classes = np.array(where) - 1  # some rows are in none
    held = persons.holdings(classes, np.array(values))
    frame["cell"], frame["value"] = classes[frame["row"]], np.array(values)[frame["row"]]
    frame = frame[frame["cell"] >= 0]
    values_held = held.values  # noqa: PD011 (no frame)
    counted = pd.DataFrame({"cell": held.classes, "value": values_held, "n": held.weights})
    wanted = frame.groupby(["cell", "value"])["person"].nunique()
    assert counted.groupby(["cell", "value"])["n"].sum().to_dict() == wanted.to_dict()
    sizes = frame.groupby("cell")["person"].nunique().reindex(range(3), fill_value=0)
    assert held.sizes(3).tolist() == sizes.tolist()
    together = held.joined()
    assert together.sizes(1).tolist() == [frame["person"].nunique()]
    counts = pd.Series(together.weights).groupby(together.values).sum()
    assert counts.to_dict() == frame.groupby("value")["person"].nunique().to_dict()


def test_a_person_with_many_rows_is_one() -> None:
    rows, owners = np.arange(5000), np.repeat([7, 3], [4000, 1000])
    persons = Persons.of(rows, owners, 5000)
    assert persons.count(np.zeros(5000, dtype=np.int64), 1).tolist() == [2]
    assert persons.count(rows % 2, 2).tolist() == [2, 2]
    assert (persons.total, persons.pairs) == (2, 5000)
