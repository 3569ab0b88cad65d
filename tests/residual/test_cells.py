"""Cells that read alike have the same number, whatever batch, type or category they come from."""

import numpy as np
import pyarrow as pa
import pytest

from anon_dagster.residual.cells import cell_keys
from anon_dagster.residual.reading import codes_of, column_of

COLUMNS = {
    "integers": pa.array([1, 2, None, 1, 2**60], pa.int64()),
    "small": pa.array([1, 2, None, 1, 7], pa.int8()),
    "unsigned": pa.array([1, 2, None, 1, 2**63], pa.uint64()),
    "floats": pa.array([0.0, 1.5, None, -0.0, 2.5]),
    "narrow": pa.array([0.0, 1.5, None, 0.0, 2.5], pa.float32()),
    "texts": pa.array(["a", "b", None, "a", ""]),
    "dates": pa.array([0, 1, None, 0, 9], pa.date32()),
    "truths": pa.array([True, False, None, True, None]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_cells_that_read_alike_have_the_same_number_in_every_batch(name: str) -> None:
    column = COLUMNS[name]
    keys = cell_keys(column)
    assert keys[0] == keys[3]
    distinct = len(set(column.to_pylist()))
    assert len(set(keys.tolist())) == distinct
    assert (cell_keys(column.slice(3)) == keys[3:]).all(), "with or without a missing value"


def test_not_a_number_is_missing() -> None:
    keys = cell_keys(pa.array([float("nan"), None, 1.0]))
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("texts", "marks", "numbers"),
    [
        (["1.5", "2", "3e2"], (".",), [1.5, 2.0, 300.0]),
        (["1,5", "2", "3"], (",", "."), [1.5, 2.0, 3.0]),
        (["1.5", "2", "3"], (",", "."), [1.5, 2.0, 3.0]),
        (["00501", "10001", "94110"], (".",), [501.0, 10_001.0, 94_110.0]),
        (["1,200", "$3,400,000", "12 %"], (".",), [1_200.0, 3_400_000.0, 12.0]),
        (["1,5", "23,25", "3,125", "0,5"], (".",), [1.5, 23.25, 3.125, 0.5]),
        (["1.200,5", "3.400.000", "€ 12,75"], (".",), [1_200.5, 3_400_000.0, 12.75]),
        (["1970-01-02", "1969-12-31", None], (".",), [1.0, -1.0, np.nan]),
        (["1970-01-01T12:00:00", "1970-01-02T00:00:00"], (".",), [0.5, 1.0]),
        (["02.01.1970", "31.12.1969", "25.01.1970"], (".",), [1.0, -1.0, 24.0]),
        (["02.01.70", "31.12.69", "25.01.50"], (".",), [1.0, -1.0, -7281.0]),
        (["red", "green", "12"], (".",), [np.nan] * 3),
    ],
)
def test_texts_are_read_as_the_numbers_or_days_that_they_write(
    texts: list[str | None], marks: tuple[str, ...], numbers: list[float]
) -> None:
    column = column_of(pa.array(texts), marks=marks)
    np.testing.assert_allclose(column.numbers, numbers)
    assert column.texts is not None
    assert [column.texts[code] for code in column.codes] == texts
    assert column.missing.tolist() == [text is None for text in texts]


def test_columns_of_a_type_need_no_text() -> None:
    column = column_of(pa.array([3, None, 3, 1], pa.int32()))
    np.testing.assert_allclose(column.numbers, [3, np.nan, 3, 1])
    assert column.codes[0] == column.codes[2]
    assert len(set(column.codes.tolist())) == 3
    assert codes_of(pa.nulls(3)).tolist() == [0, 0, 0]
    assert column_of(pa.array([], pa.string())).records == 0
