"""Labels of ranges and sets are read back as what they were."""

import pytest

from anon_dagster.core.hierarchy import Label
from anon_dagster.core.local import Anything, Members, Range, Value, parse_label
from anon_dagster.core.local.text import write_members, write_range, write_value
from anon_dagster.errors import HierarchyError


@pytest.mark.parametrize(
    "values",
    [
        ["a"],
        ["a", "b"],
        [None],
        ["a", None],
        ["*"],
        ["[1, 2]"],
        ["{x}"],
        ["a, b", "c\\", "\\N"],
        ["", " "],
    ],
)
def test_any_values_can_be_read_back_from_their_label(values: list[Label]) -> None:
    written = write_value(values[0]) if len(values) == 1 else write_members(values)
    read = parse_label(written)
    assert isinstance(read, Members | Value)
    assert (list(read.values) if isinstance(read, Members) else [read.value]) == values


def test_a_range_is_read_back_with_its_ends() -> None:
    assert write_range("20", "37") == "[20, 37]"
    assert parse_label("[20, 37]") == Range("20", "37")
    assert parse_label(write_range("1,5", "[7]")) == Range("1,5", "[7]")
    assert parse_label("*") == Anything()
    for broken in ("[1]", "[1, 2, 3]", "[1, 2", "{a", "{a,b}", "{1, 2]", "[1, 2}"):
        with pytest.raises(HierarchyError):
            parse_label(broken)
