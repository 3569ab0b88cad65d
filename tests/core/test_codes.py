"""Codes are what their array is, in less memory."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes, kind_for, narrow_counts

_ARRAYS = arrays.arrays(
    np.int32,
    st.tuples(st.integers(0, 6), st.integers(0, 4)),
    elements=st.sampled_from([-1, 0, 1, 255, 256, 65_535, 65_536, 2**31 - 1]),
)


@given(_ARRAYS, st.data())
def test_codes_read_as_the_array_that_they_are_of(
    array: NDArray[np.int32], data: st.DataObject
) -> None:
    codes = Codes.of(array)
    assert codes.shape == array.shape
    assert codes.array.dtype == np.int32
    assert np.array_equal(codes.array, array)
    assert np.array_equal(np.asarray(codes), array)
    rows = np.array(data.draw(st.lists(st.booleans(), min_size=len(array), max_size=len(array))))
    rows = rows.astype(np.bool_)
    assert np.array_equal(codes.take(rows).array, array[rows])
    assert np.array_equal(codes.take(np.flatnonzero(rows)).array, array[rows])
    assert len(codes.take(rows)) == rows.sum()
    assert np.array_equal(codes.append(codes).array, np.concatenate([array, array]))
    for a in range(array.shape[1]):
        assert codes[:, a].dtype == np.int32
        assert np.array_equal(codes[:, a], array[:, a])
        assert np.array_equal(codes[rows, a], array[rows, a])
        assert np.array_equal(codes.select([a, a]).array, array[:, [a, a]])


def test_a_column_takes_no_more_bytes_than_its_codes_need() -> None:
    codes = Codes.of(np.array([[255, 256, 65_536, -1]], dtype=np.int32))
    assert [column.itemsize for column in codes.columns] == [1, 2, 4, 4]
    assert [np.dtype(kind_for(size)).itemsize for size in (0, 256, 257, 2**16, 2**16 + 1)] == [
        1,
        1,
        2,
        2,
        4,
    ]


@given(st.lists(st.sampled_from([1, 255, 256, 2**16, 2**40]), max_size=5))
def test_counts_stay_what_they_are(counts: list[int]) -> None:
    assert narrow_counts(np.array(counts, dtype=np.int64)).tolist() == counts
