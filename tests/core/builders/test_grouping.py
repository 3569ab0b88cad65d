"""Groups of neighbours, and of rare values."""

import numpy as np
import pytest

from anon_dagster.core.builders import Domain, by_frequency, by_order
from anon_dagster.errors import HierarchyError
from tests.core.builders.examples import CANARY, domain, level


def test_neighbours_are_joined_in_the_order_of_numbers() -> None:
    hierarchy = by_order(domain("10", "9", "8", "7", "1"), sizes=(2, 2))
    assert level(hierarchy, 1) == {
        "1": "1 .. 7",
        "7": "1 .. 7",
        "8": "8 .. 9",
        "9": "8 .. 9",
        "10": "10",
    }
    assert level(hierarchy, 2)["7"] == "1 .. 9"


def test_an_order_may_be_given_and_hold_values_that_do_not_occur() -> None:
    order = ["low", "middle", "high", "extreme"]
    hierarchy = by_order(domain("high", "low"), sizes=[2], order=order)
    assert level(hierarchy, 1) == {"high": "high .. extreme", "low": "low .. middle"}


def test_values_beyond_the_order_are_an_error_that_counts() -> None:
    with pytest.raises(HierarchyError, match=r"lacks 1 value .*; add them to the order"):
        by_order(domain("a", CANARY), sizes=[2], order=["a", "b"])


def test_an_order_that_names_a_value_twice_is_refused() -> None:
    with pytest.raises(HierarchyError, match="1 values stand in the order more than once"):
        by_order(domain("a"), sizes=[2], order=["a", "b", "a"])


def test_numbers_are_ordered_by_size_and_texts_by_characters() -> None:
    assert domain("10", "9", "9.5", "-1").in_order == ["-1", "9", "9.5", "10"]
    assert domain("b", "9", "10", "a").in_order == ["10", "9", "a", "b"]


def test_the_most_frequent_are_kept_and_the_alphabet_decides_ties() -> None:
    counts = np.array([5, 9, 5, 1, 100])
    values = Domain(("c", "a", "b", "d", None), counts)
    hierarchy = by_frequency(values, keep=(2, 1), rest="rest")
    assert level(hierarchy, 1) == {"a": "a", "b": "b", "c": "rest", "d": "rest", None: None}
    assert level(hierarchy, 2) == {"a": "a", "b": "rest", "c": "rest", "d": "rest", None: None}
