"""Hierarchies that are given as rows or nested nodes."""

from typing import Any

import pytest

from anon_dagster.core.builders import from_nodes, from_rows
from anon_dagster.errors import HierarchyError
from tests.core.builders.examples import CANARY, domain, level, path

ROWS = [("Bonn", "DE", "EU"), ("Ulm", "DE", "EU"), ("Lima", "PE", "SA")]


def test_every_row_is_a_leaf_whether_it_occurs_or_not() -> None:
    hierarchy = from_rows(domain("Ulm"), ROWS)
    assert hierarchy.labels == (("Bonn", "Ulm", "Lima"), ("DE", "PE"), ("EU", "SA"), ("*",))


def test_a_last_label_that_all_share_is_the_root() -> None:
    hierarchy = from_rows(domain("a"), [("a", "any"), ("b", "any")])
    assert hierarchy.labels == (("a", "b"), ("*",))


def test_a_missing_value_is_a_leaf_only_if_it_occurs() -> None:
    assert from_rows(domain("Ulm"), ROWS).leaves == 3
    hierarchy = from_rows(domain("Ulm", None), ROWS)
    assert path(hierarchy, None) == [None, None, None, "*"]


def test_an_empty_label_names_the_missing_value() -> None:
    hierarchy = from_rows(domain("Ulm", None), [*ROWS, ("", "unknown", "unknown")])
    assert hierarchy.leaves == 4
    assert path(hierarchy, None) == [None, "unknown", "unknown", "*"]


def test_an_empty_label_is_the_empty_text_where_that_is_a_value() -> None:
    hierarchy = from_rows(domain("Ulm", "", None), [*ROWS, ("", "blank", "blank")])
    assert path(hierarchy, "") == ["", "blank", "blank", "*"]
    assert path(hierarchy, None) == [None, None, None, "*"]


def test_values_that_a_tree_lacks_go_to_the_other_branch() -> None:
    hierarchy = from_rows(domain("Ulm", "Rome", other="elsewhere"), ROWS)
    assert path(hierarchy, "Rome") == ["Rome", "elsewhere", "elsewhere", "*"]


def test_the_other_branch_may_be_one_of_the_tree() -> None:
    hierarchy = from_rows(domain("Ulm", "Rome", other="DE"), ROWS)
    assert path(hierarchy, "Rome") == ["Rome", "DE", "EU", "*"]
    higher = from_rows(domain("Ulm", "Rome", other="EU"), ROWS)
    assert path(higher, "Rome") == ["Rome", "EU", "EU", "*"]


def test_values_that_a_tree_lacks_are_an_error_that_counts() -> None:
    with pytest.raises(HierarchyError) as caught:
        from_rows(domain("Ulm", CANARY, "Rome"), ROWS)
    assert str(caught.value) == (
        "age: the hierarchy lacks 2 values of the column (5 records); add them to the hierarchy, "
        "or name a branch for them with other"
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("a", "x", CANARY), ("b", "x"), ("c", "y", CANARY)],
            "line 20: a label of level 1 with another parent|line 20: a label below other ones",
        ),
        (
            [("a", "s", "x", "y"), ("b", "s", "x", "z"), ("c", "x")],
            "line 20: a label of level 2 with another parent",
        ),
        ([(CANARY, "*"), ("b", "*"), (CANARY, "*")], "line 30: a value that an earlier one names"),
        (
            [("a", CANARY, "p"), ("b", CANARY, "q"), ("c", CANARY, "q")],
            "lines 20, 30: a label of level 1 with another parent",
        ),
    ],
)
def test_what_is_no_tree_is_named_by_its_lines(rows: list[Any], message: str) -> None:
    with pytest.raises(HierarchyError, match=message):
        from_rows(domain("a"), rows, lines=[10, 20, 30])


def test_many_faults_are_counted() -> None:
    with pytest.raises(HierarchyError, match="values 2, 3, 4, 5, 6 and 3 more: a value that"):
        from_rows(domain("a"), [("a", "*")] * 9)


def test_equal_numbers_are_one_value_where_values_are_numbers() -> None:
    rows = [("39.0", "young"), ("4e1", "old"), ("41", "old")]
    hierarchy = from_rows(domain("39", "40"), rows, numeric=True)
    assert hierarchy.labels[0] == ("39", "40", "41")
    with pytest.raises(HierarchyError, match="lacks 2 values"):
        from_rows(domain("39", "40"), rows)


def test_a_number_in_two_spellings_is_two_leaves_of_one_branch() -> None:
    hierarchy = from_rows(domain("39", "39.00"), [("39.0", "x"), ("1", "y")], numeric=True)
    assert level(hierarchy, 1) == {"39": "x", "39.00": "x", "1": "y"}


def test_nested_mappings_are_a_tree_from_the_root_down() -> None:
    nodes = {"EU": {"DE": ["Bonn", "Ulm"]}, "SA": {"PE": "Lima"}}
    hierarchy = from_nodes(domain("Ulm"), nodes)
    assert hierarchy.labels == from_rows(domain("Ulm"), ROWS).labels


def test_a_value_nearer_to_the_root_repeats_itself() -> None:
    nodes = {"*": {"EU": {"DE": ["Bonn"]}, "sea": None, "SA": ["Lima"]}}
    hierarchy = from_nodes(domain("Bonn"), nodes)
    assert path(hierarchy, "Bonn") == ["Bonn", "DE", "EU", "*"]
    assert path(hierarchy, "Lima") == ["Lima", "Lima", "SA", "*"]
    assert path(hierarchy, "sea") == ["sea", "sea", "sea", "*"]


def test_nested_values_need_no_quotes() -> None:
    nodes = {"number": [39, 1.5], "truth": [True, False], "nothing": [None]}
    hierarchy = from_nodes(domain("39", "true", None), nodes)
    assert hierarchy.labels[0] == ("39", "1.5", "true", "false", None)
    assert path(hierarchy, None) == [None, "nothing", "*"]


def test_an_empty_tree_lacks_everything() -> None:
    with pytest.raises(HierarchyError, match="lacks 1 value"):
        from_nodes(domain("a"), {})
    assert path(from_nodes(domain("a", other="other"), {}), "a") == ["a", "*"]


def test_rows_of_unequal_length_are_completed_like_nested_mappings() -> None:
    rows = [("Bonn", "DE", "EU"), ("sea",), ("Lima", "SA")]
    nodes = {"EU": {"DE": ["Bonn"]}, "sea": None, "SA": ["Lima"]}
    expected = from_nodes(domain("Bonn"), nodes).labels
    assert expected == (("Bonn", "sea", "Lima"), ("DE", "sea", "Lima"), ("EU", "sea", "SA"), ("*",))
    some = [(*rows[0], "*"), *rows[1:]]
    every = [(*row, "*") for row in rows]
    blank = [(*row, *[""] * (4 - len(row))) for row in rows]
    for written in (rows, some, every, blank):
        assert from_rows(domain("Bonn"), written).labels == expected


def test_a_level_that_all_share_below_a_root_that_is_written_stays() -> None:
    for rows in (
        [("a", "x", "all", "*"), ("b", "y", "all", "*")],
        [("a", "x", "all", "*"), ("b", "all")],
    ):
        assert path(from_rows(domain("a"), rows), "a") == ["a", "x", "all", "*"]


def test_a_short_row_names_the_branch_that_others_name() -> None:
    with pytest.raises(HierarchyError, match="value 3: a label below other ones than an earlier"):
        from_rows(domain("a"), [("a", "s", "x", "y"), ("b", "y"), ("c", "s")])
