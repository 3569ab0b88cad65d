"""Labels that a reader of the release could take for values of the column."""

from collections.abc import Callable

import pytest

from anon_dagster.core.builders import (
    Domain,
    by_frequency,
    by_interval,
    by_mask,
    by_order,
    by_period,
    by_rounding,
    free_label,
    from_nodes,
    refuse_confusion,
)
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.errors import HierarchyError
from tests.core.builders.examples import domain, path
from tests.core.builders.test_domain import BUILDERS

ALIKE: dict[str, Callable[[Domain], Hierarchy]] = {
    "an interval": lambda d: by_interval(d, widths=[10]),
    "a side of intervals": lambda d: by_interval(d, widths=[10], upper=90, outside="group"),
    "a period": lambda d: by_period(d, levels=["month", "year"]),
    "an order": lambda d: by_order(d, sizes=[2], order=["a", "b", "c", "a .. b"]),
    "a tree": lambda d: from_nodes(d, {"north": ["a", "b"], "south": ["north"]}),
}


@pytest.mark.parametrize(
    ("build", "values", "alike"),
    [
        ("an interval", ("4", "17"), "[10, 20)"),
        ("a side of intervals", ("4", "99"), ">= 90"),
        ("a period", ("2024-05-17", "2023-01-01"), "2024"),
        ("a period", ("2024-05-17", "2023-01-01"), "2023-01"),
        ("an order", ("a", "b", "c"), "a .. b"),
        ("a tree", ("a", "b"), "north"),
    ],
)
def test_no_label_reads_like_a_value_that_it_does_not_cover(
    build: str, values: tuple[str, ...], alike: str
) -> None:
    clear = domain(*values, other="rest")
    refuse_confusion(clear, ALIKE[build](clear))
    confused = domain(*values, alike, other="rest")
    hierarchy = ALIKE[build](confused)
    counted = rf"age: 1 value of the column \({len(values) + 1} records\) read like labels"
    with pytest.raises(HierarchyError, match=counted) as caught:
        refuse_confusion(confused, hierarchy)
    assert alike not in str(caught.value)


@pytest.mark.parametrize("case", range(len(BUILDERS)))
def test_a_star_is_no_value_that_is_released(case: int) -> None:
    build, _ = BUILDERS[case]
    starred = domain("4", "*", other="rest")
    with pytest.raises(HierarchyError, match=r'\(2 records\) is \*.*missing: \["\*"\]'):
        refuse_confusion(starred, build(starred))


def test_a_label_may_read_like_a_value_that_it_covers() -> None:
    cases: list[tuple[tuple[str, ...], Callable[[Domain], Hierarchy]]] = [
        (("10", "12", "15"), lambda d: by_rounding(d, steps=[5, 15])),
        (("12*", "123", "1**"), lambda d: by_mask(d, levels=2)),
        (("x", "y"), lambda d: from_nodes(d, {"x": ["x"], "z": ["y"]})),
        (("x", "y"), lambda d: by_frequency(d, keep=[1])),
    ]
    for values, build in cases:
        column = domain(*values)
        refuse_confusion(column, build(column))


def test_values_are_not_joined_under_the_name_of_one_of_them() -> None:
    with pytest.raises(HierarchyError, match=r"rest gives .* \(2 records\)"):
        by_frequency(domain("a", "other", "b"), keep=[2])
    assert by_frequency(domain("a", "other"), keep=[1], rest="a").levels == 3
    with pytest.raises(HierarchyError, match=r"other gives .* \(3 records\)"):
        from_nodes(domain("a", "b", "x", other="x"), {"north": ["a"]})
    alone = from_nodes(domain("a", "x", other="x"), {"north": ["a"]})
    assert path(alone, "x") == ["x", "*"]


def test_a_label_that_is_free_is_no_value() -> None:
    assert free_label(["a"]) == "other"
    assert free_label(["other"]) == "other values"
    assert free_label(["other", "other values", "other values 2"]) == "other values 3"
