"""A hierarchy that is written as text is the same hierarchy when it is read."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.builders import (
    Form,
    Mask,
    by_frequency,
    by_interval,
    by_mask,
    by_order,
    from_rows,
    read_lines,
    without_arx_missing,
    write_tree,
)
from anon_dagster.core.hierarchy import Hierarchy, Label, fingerprint
from anon_dagster.errors import HierarchyError
from tests.core.builders.examples import domain, numbers, path, texts

forms = st.sampled_from(["tree", "arx"])
signs = st.sampled_from([",", ";", "\t", "|", '"', "\n", "\r", "é", "*", " ", "a", "0"])
awkward = st.lists(
    st.lists(signs, min_size=1, max_size=5).map("".join), min_size=1, max_size=9, unique=True
)


def reread(text: str, values: tuple[Label, ...], separator: str | None = None) -> Hierarchy:
    lines = read_lines(text, values, column="age", separator=separator)
    return from_rows(domain(*values), without_arx_missing(lines.rows, values))


@given(numbers, st.booleans(), forms)
def test_intervals_come_back(values: list[str], missing: bool, form: Form) -> None:  # noqa: FBT001
    given_values: tuple[Label, ...] = (*values, None) if missing else tuple(values)
    hierarchy = by_interval(domain(*given_values), widths=(7, 70, 700))
    text = write_tree(hierarchy, column="age", form=form)
    assert fingerprint(reread(text, hierarchy.labels[0])) == fingerprint(hierarchy)


@st.composite
def hierarchies(draw: st.DrawFn) -> Hierarchy:
    """Draw a hierarchy of any values: masked, ranked, grouped, or by random labels."""
    values: list[Label] = [*draw(texts | awkward)]
    known = domain(*values, *draw(st.sampled_from([(), (None,)])))
    kind = draw(st.sampled_from(["mask", "frequency", "order", "rows"]))
    if kind == "mask":
        return by_mask(known, mask=Mask("right", "*", None), levels=2)
    if kind == "frequency":
        return by_frequency(known, keep=[2, 1], rest="the rest of them")
    if kind == "order":
        return by_order(known, sizes=[2, 2], order=[v for v in values if v is not None])
    labels = st.sampled_from(["", "*", "NULL", "a", "a,b", "c;d", None])
    return Hierarchy.from_labels([known.values, [draw(labels) for _ in known.values]])


@given(hierarchies(), forms)
def test_any_hierarchy_comes_back_or_is_refused(hierarchy: Hierarchy, form: Form) -> None:
    try:
        text = write_tree(hierarchy, column="age", form=form)
    except HierarchyError:
        inner = {label for level in hierarchy.labels[:-1] for label in level}
        assert inner & {"*", "", "NULL", None}
        return
    assert fingerprint(reread(text, hierarchy.labels[0])) == fingerprint(hierarchy)


def test_a_line_has_the_value_and_what_it_becomes_level_by_level() -> None:
    hierarchy = by_interval(domain("17", "23", None), widths=(5, 10))
    assert write_tree(hierarchy, column="age") == (
        '17,"[15, 20)","[10, 20)",*\n23,"[20, 25)","[20, 30)",*\n,,,*\n'
    )
    assert write_tree(hierarchy, column="age", form="arx") == (
        "17;[15, 20);[10, 20);*\n23;[20, 25);[20, 30);*\nNULL;NULL;NULL;*\n"
    )


@pytest.mark.parametrize(
    ("values", "form"), [(("a", "", None), "tree"), (("NULL", "a", None), "arx")]
)
def test_what_would_read_alike_is_refused_by_counts(values: tuple[Label, ...], form: Form) -> None:
    hierarchy = from_rows(domain(*values), [(value, "x") for value in values if value is not None])
    other: Form = "arx" if form == "tree" else "tree"
    assert write_tree(hierarchy, column="age", form=other)
    with pytest.raises(HierarchyError, match=r"age: the hierarchy of 3 values cannot be written"):
        write_tree(hierarchy, column="age", form=form)


# -- separators ----------------------------------------------------------------------------


@given(awkward, st.sampled_from(",;\t|"))
def test_the_separator_is_that_by_which_the_values_are_found(values: list[str], sign: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=sign, lineterminator="\r\n")
    rows = [(value, f"{n % 2}, above", "*") for n, value in enumerate(values)]
    writer.writerows(rows)
    assert read_lines(text.getvalue(), values, column="age").rows == tuple(rows)
    assert read_lines(text.getvalue(), (), column="age", separator=sign).rows == tuple(rows)


def test_intervals_of_arx_hold_commas_and_are_read() -> None:
    text = "17;[0, 20[;[0, 40[;*\n23;[20, 40[;[0, 40[;*\n"
    assert path(reread(text, ("17", "23")), "23") == ["23", "[20, 40[", "[0, 40[", "*"]


def test_where_no_value_is_found_the_lines_are_separated_by_commas() -> None:
    lines = read_lines("a,b;c\nd,e;f\n", ("x",), column="age")
    assert lines.rows == (("a", "b;c"), ("d", "e;f"))
    assert lines.numbers == (1, 2)


def test_the_missing_value_of_arx_is_one_only_where_it_is_no_text() -> None:
    rows = (("NULL", "unknown", "*"), ("a", "NULL", "*"))
    assert without_arx_missing(rows, ("a", None)) == [(None, "unknown", "*"), ("a", "NULL", "*")]
    for values in (("a",), ("a", "NULL", None)):
        assert without_arx_missing(rows, values) == rows
    named = (*rows, ("", "none", "*"))
    assert without_arx_missing(named, ("a", None)) == named


def test_a_line_that_is_none_is_told_by_its_number() -> None:
    with pytest.raises(HierarchyError, match="age: line 2 of the hierarchy is no line"):
        read_lines('a,b\n"' + "c" * 200_000 + '",d\n', ("a",), column="age", separator=",")
