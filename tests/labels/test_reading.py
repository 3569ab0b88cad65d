from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.local.text import write_members, write_range, write_value
from anon_dagster.labels import ParsedLabel, parse, reader_of
from tests.labels.examples import Column, columns, texts

pytestmark = pytest.mark.hypothesis


def covers(read: ParsedLabel, exact: Fraction) -> bool:
    """Tell whether a number, or a day, lies between the ends that are told."""
    low, high = (_exact(end) for end in (read.lower, read.upper))
    return (low is None or low <= exact) and (high is None or exact <= high)


def _exact(end: float | date | str | None) -> Fraction | None:
    if isinstance(end, date):
        return Fraction(end.toordinal())
    assert not isinstance(end, str)
    return None if end is None else Fraction(end)


def rounded(exact: Fraction) -> Fraction:
    return Fraction(float(exact))


# -- laws --------------------------------------------------------------------------------------


@given(columns)
def test_every_label_of_a_hierarchy_covers_its_values(column: Column) -> None:
    hierarchy, reader = column.hierarchy, reader_of(column.policy(), "x", meaning=column.meaning)
    leaves = hierarchy.locate(column.values)
    for labels, codes in zip(hierarchy.labels, hierarchy.codes, strict=True):
        for value, leaf in zip(column.values, leaves, strict=True):
            read = reader.read(labels[codes[leaf]])
            if value in column.exact:
                assert covers(read, rounded(column.exact[value]))
                if read.members is not None:
                    assert value in read.members
            if read.midpoint is not None:
                assert covers(read, _exact(read.midpoint) or Fraction(0))


@given(columns)
def test_only_values_that_are_joined_have_no_ends(column: Column) -> None:
    """A label below ``*`` has an end at least, unless nobody can tell what it stands for."""
    hierarchy, reader = column.hierarchy, reader_of(column.policy(), "x", meaning=column.meaning)
    leaves = hierarchy.locate(column.values)
    vague = {"*", None, "unknown", column.rule.get("other"), "other"}
    for labels, codes in zip(hierarchy.labels, hierarchy.codes, strict=True):
        for label in {labels[codes[leaf]] for leaf in leaves} - vague:
            read = reader.read(label)
            if column.rule["type"] != "interval" or column.rule.get("outside") != "clip":
                assert read.lower is not None or read.upper is not None, "an end is told"


@given(columns, st.data())
def test_ranges_and_sets_of_local_recoding_cover_their_values(
    column: Column, data: st.DataObject
) -> None:
    members = data.draw(st.lists(st.sampled_from(column.values), min_size=1, unique=True))
    known = sorted((v for v in members if v in column.exact), key=lambda v: column.exact[v])
    labels = [(write_members(members), members), *((write_value(v), [v]) for v in members)]
    if len(known) > 1:
        labels.append((write_range(str(known[0]), str(known[-1])), known))
    for label, held in labels:
        read = reader_of(column.policy("sets"), "x", meaning=column.meaning).read(label)
        assert all(covers(read, rounded(column.exact[v])) for v in held if v in column.exact)
        if read.kind == "set":
            assert list(read.members or ()) == held
        if read.kind == "range":
            assert read.lower is not None
            assert read.upper is not None


@given(texts, st.sampled_from([None, "number", "whole", "date"]), st.sampled_from(".,"))
def test_any_text_is_read_as_something(text: str, meaning: Any, decimal: str) -> None:
    read = parse(text, meaning=meaning, decimal=decimal)
    if read.meaning in {"number", "date"} and None not in {read.lower, read.upper}:
        assert read.lower <= read.upper  # type: ignore[operator]
        if meaning is not None:
            assert read.meaning == ("date" if meaning == "date" else "number")
    assert (read.midpoint is None) or None not in {read.lower, read.upper}


# -- examples ----------------------------------------------------------------------------------

_DAY = date.fromisoformat


@pytest.mark.parametrize(
    ("label", "kind", "lower", "upper", "midpoint"),
    [
        ("[20, 30)", "interval", 20, 30, 25),
        ("[-5, -2.5)", "interval", -5, -2.5, -3.75),
        ("< 18", "interval", None, 18, None),
        (">= 90", "interval", 90, None, None),
        ("[23, 29]", "range", 23, 29, 26),
        ("7 .. 12", "range", 7, 12, 9.5),
        ("{3, 8, 4}", "set", 3, 8, 5.5),
        (r"{3, \N}", "set", 3, 3, 3),
        ("42", "value", 42, 42, 42),
        ("2024-02", "period", _DAY("2024-02-01"), _DAY("2024-02-29"), _DAY("2024-02-15")),
        ("2024-Q2", "period", _DAY("2024-04-01"), _DAY("2024-06-30"), _DAY("2024-05-16")),
        ("2024-H2", "period", _DAY("2024-07-01"), _DAY("2024-12-31"), _DAY("2024-09-30")),
        ("2020/2029", "period", _DAY("2020-01-01"), _DAY("2029-12-31"), _DAY("2024-12-31")),
        ("0000/0009", "period", _DAY("0001-01-01"), _DAY("0009-12-31"), _DAY("0005-07-02")),
        ("[2024-01-05, 2024-01-09]", "range", _DAY("2024-01-05"), _DAY("2024-01-09"), None),
        ("2024-05-03T23:15", "value", _DAY("2024-05-03"), _DAY("2024-05-03"), None),
        ("2024-05-03", "period", _DAY("2024-05-03"), _DAY("2024-05-03"), None),
        ("2024-02-30", "value", None, None, None),
        ("*", "anything", None, None, None),
        (None, "missing", None, None, None),
        (float("nan"), "missing", None, None, None),
        ("flu", "value", None, None, None),
        ("123**", "value", None, None, None),
        ("a .. b .. c", "value", None, None, None),
        ("[a, b)", "value", None, None, None),
        ("[20, 10)", "value", None, None, None),
        ("{01234, 01299}", "set", None, None, None),
        ("07", "value", None, None, None),
        ("1e999", "value", None, None, None),
    ],
)
def test_labels_are_read(label: Any, kind: str, lower: Any, upper: Any, midpoint: Any) -> None:
    read = parse(label)
    assert (read.kind, read.lower, read.upper) == (kind, lower, upper)
    if midpoint is not None or lower is None:
        assert read.midpoint == midpoint


def test_texts_have_the_ends_of_their_order_and_members() -> None:
    assert (parse("low .. mid").lower, parse("low .. mid").upper) == ("low", "mid")
    assert parse(r"{a\, b, \[c\]}").members == ("a, b", "[c]")
    assert parse("low .. mid").midpoint is None


def test_whole_numbers_end_below_the_next_interval() -> None:
    read = parse("[20, 30)", meaning="whole")
    assert (read.lower, read.upper, read.upper_included, read.midpoint) == (20, 29, True, 24.5)
    assert parse("[0, 2.5)", meaning="whole").upper == 2
    assert parse("< 18", meaning="whole").upper == 17
    assert parse("[0.2, 0.7)", meaning="whole").lower is None


def test_a_year_by_itself_is_a_number_unless_values_are_dates() -> None:
    assert parse("2024").lower == 2024
    assert parse("2024", meaning="date").upper == _DAY("2024-12-31")


def test_a_number_by_itself_has_the_decimal_mark_of_the_release() -> None:
    assert parse("1,5", decimal=",").lower == 1.5
    assert parse("1.500", decimal=",").lower is None
    assert parse("[1.5, 2.5]", decimal=",").midpoint == 2
    assert parse(r"[1\,5, 2\,5]", decimal=",").midpoint == 2
    assert parse("1,5").lower is None


def test_a_rule_tells_what_its_labels_hide() -> None:
    def read(rule: dict[str, Any], label: str) -> tuple[Any, Any]:
        found = reader_of(Column(rule, [], {}, "number").policy(), "x").read(label)
        return found.lower, found.upper

    assert read({"type": "rounding", "steps": [5, 15]}, "20") == (17.5, 22.5)
    assert read({"type": "rounding", "steps": [5, 15]}, "30") == (22.5, 37.5)
    assert read({"type": "rounding", "steps": [5, 15]}, "31") == (31, 31)
    clip = {"type": "interval", "widths": [10], "lower": 0, "upper": 100, "outside": "clip"}
    assert read(clip, "[90, 100)") == (90, None)
    assert read(clip, "[0, 10)") == (None, 10)
    assert read({"type": "interval", "widths": [10], "other": "0"}, "0") == (None, None)
    english = {"type": "date", "levels": ["day"], "format": "%Y-%d-%m"}
    assert read(english, "2024-03-05") == (None, None), "May the 3rd, or March the 5th"
    assert read(english, "2024-13-05") == (_DAY("2024-05-13"), _DAY("2024-05-13"))


def test_no_label_is_shown_unasked() -> None:
    for label in ("CANARY-7f3a", "{CANARY-7f3a, b}", "a .. CANARY-7f3a"):
        assert "CANARY" not in repr(parse(label))
    rule = {"type": "interval", "widths": [10], "other": "CANARY-7f3a"}
    assert "CANARY" not in repr(reader_of(Column(rule, [], {}, "number").policy(), "x"))
