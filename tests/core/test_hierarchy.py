import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.hierarchy import Hierarchy, fingerprint
from anon_dagster.errors import HierarchyError


def cities() -> Hierarchy:
    return Hierarchy.from_labels([["Bonn", "Ulm", "Nice"], ["DE", "DE", "FR"]])


def test_the_root_is_added_and_named() -> None:
    assert cities().labels == (("Bonn", "Ulm", "Nice"), ("DE", "FR"), ("*",))
    assert cities().codes.tolist() == [[0, 1, 2], [0, 0, 1], [0, 0, 0]]


def test_a_root_by_any_name_is_the_root() -> None:
    named = Hierarchy.from_labels([["a", "b"], ["everything", "everything"]])
    assert named.labels == (("a", "b"), ("*",))


def test_a_single_value_keeps_its_level() -> None:
    assert Hierarchy.from_labels([["a"]]).labels == (("a",), ("*",))


def test_no_values_still_have_a_root() -> None:
    empty = Hierarchy.from_labels([[], []])
    assert (empty.leaves, empty.labels[-1]) == (0, ("*",))
    assert [covered.tolist() for covered in empty.covered] == [[], [], [0]]


def test_a_node_covers_its_leaves() -> None:
    assert [covered.tolist() for covered in cities().covered] == [[1, 1, 1], [2, 1], [3]]


def test_values_are_located_and_unknown_ones_are_not() -> None:
    assert cities().locate(["Nice", "Rome", None, "Bonn"]).tolist() == [2, -1, -1, 0]


def test_a_missing_value_is_a_value() -> None:
    hierarchy = Hierarchy.from_labels([["a", None]])
    assert hierarchy.locate([None]).tolist() == [1]


def test_a_value_that_stands_twice_is_refused() -> None:
    with pytest.raises(HierarchyError, match="1 values stand in more than one line"):
        Hierarchy.from_labels([["a", "b", "a"]])


def test_a_label_with_two_parents_is_refused() -> None:
    rows = [["a", "b", "c"], ["x", "x", "y"], ["p", "q", "q"]]
    with pytest.raises(HierarchyError, match="1 labels of level 1 have more than one parent"):
        Hierarchy.from_labels(rows)


def test_levels_of_different_lengths_are_refused() -> None:
    with pytest.raises(HierarchyError, match="one label per value"):
        Hierarchy.from_labels([["a", "b"], ["x"]])


@given(st.data())
def test_whatever_is_no_tree_is_refused_and_whatever_is_one_is_not(data: st.DataObject) -> None:
    leaves = data.draw(st.integers(1, 6))
    labels = st.lists(st.sampled_from(["x", "y", "z"]), min_size=leaves, max_size=leaves)
    rows = [[str(leaf) for leaf in range(leaves)], data.draw(labels), data.draw(labels)]
    is_tree = len(set(zip(*rows[1:], strict=True))) == len(set(rows[1]))
    if is_tree:
        assert Hierarchy.from_labels(rows).leaves == leaves
    else:
        with pytest.raises(HierarchyError):
            Hierarchy.from_labels(rows)


def test_the_order_of_the_leaves_leaves_no_trace_in_the_fingerprint() -> None:
    turned = Hierarchy.from_labels([["Nice", "Ulm", "Bonn"], ["FR", "DE", "DE"]])
    assert fingerprint(turned) == fingerprint(cities())


def test_another_label_or_another_tree_has_another_fingerprint() -> None:
    others = [
        Hierarchy.from_labels([["Bonn", "Ulm", "Nice"], ["DE", "DE", "IT"]]),
        Hierarchy.from_labels([["Bonn", "Ulm", "Nice"], ["DE", "FR", "FR"]]),
        Hierarchy.from_labels([["Bonn", "Ulm", "Nice"]]),
        Hierarchy.from_labels([["Bonn", "Ulm", None], ["DE", "DE", "FR"]]),
    ]
    assert len({fingerprint(each) for each in [*others, cities()]}) == len(others) + 1


def test_the_arrays_are_whole_numbers() -> None:
    assert cities().codes.dtype == np.int32
    assert all(covered.dtype == np.int64 for covered in cities().covered)
