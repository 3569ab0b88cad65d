from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from pydantic import TypeAdapter

from anon_dagster.core.hierarchy import Hierarchy, Label, fingerprint
from anon_dagster.core.ordering import Ordering
from anon_dagster.errors import HierarchyError
from anon_dagster.hierarchies import build_hierarchy, default_rule
from anon_dagster.request import (
    DateRule,
    FrequencyRule,
    HierarchyRule,
    IntervalRule,
    KnownRule,
    MaskRule,
    SuppressRule,
    TreeRule,
)
from anon_dagster.storage.meaning import ordering_of
from tests.known_tables import known_table

CANARY = "CANARY-7f3a"


def build(
    rule: HierarchyRule | None, values: Sequence[Label], kind: str | None = None, **options: Any
) -> Hierarchy:
    counts = np.arange(len(values), 0, -1)
    built = build_hierarchy(rule, "town", values, counts, **options)
    assert kind in {None, meant(values, **options).meaning.value}
    return built


def meant(values: Sequence[Label], decimal: str = ".") -> Ordering:
    return ordering_of(pa.array(values, pa.string()), decimal=decimal)


def path(hierarchy: Hierarchy, value: Label) -> list[Label]:
    leaf = int(hierarchy.locate([value])[0])
    assert leaf >= 0
    pairs = zip(hierarchy.labels, hierarchy.codes[:, leaf], strict=True)
    return [labels[code] for labels, code in pairs]


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# -- every rule of a request -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "value", "expected"),
    [
        ({"type": "interval", "widths": [5, 10]}, "17", ["17", "[15, 20)", "[10, 20)", "*"]),
        ({"type": "rounding", "powers_of_ten": 1}, "1747", ["1747", "1750", "*"]),
        ({"type": "rounding", "steps": [5, 15]}, "14", ["14", "15", "15", "*"]),
        ({"type": "rounding", "steps": [0.5]}, "1.7", ["1.7", "1.5", "*"]),
        ({"type": "mask", "from": "left", "levels": 1}, "abc", ["abc", "*bc", "*"]),
        (
            {"type": "mask", "parts": ".", "levels": 2},
            "10.2.3",
            ["10.2.3", "10.2.*", "10.*.*", "*"],
        ),
        ({"type": "date", "levels": ["year"]}, "2024-05-17", ["2024-05-17", "2024", "*"]),
        ({"type": "order", "sizes": [2], "order": ["s", "m"]}, "m", ["m", "s .. m", "*"]),
        ({"type": "frequency", "keep": [1], "rest": "rare"}, "a", ["a", "a", "*"]),
        ({"type": "suppress"}, "a", ["a", "*"]),
        ({"type": "tree", "nodes": {"EU": ["Bonn"], "SA": ["Lima"]}}, "Bonn", ["Bonn", "EU", "*"]),
        ({"type": "interval", "widths": [5], "other": "none"}, "?", ["?", "none", "*"]),
    ],
)
def test_every_rule_of_a_request_is_built(
    document: dict[str, Any], value: str, expected: list[str]
) -> None:
    rule: HierarchyRule = TypeAdapter(HierarchyRule).validate_python(document)
    assert path(build(rule, [value]), value) == expected


def test_numbers_may_have_a_decimal_comma() -> None:
    hierarchy = build(IntervalRule(widths=(0.5,)), ["1,7"], "number", decimal=",")
    assert path(hierarchy, "1,7") == ["1,7", "[1.5, 2)", "*"]


# -- trees in files ----------------------------------------------------------------------------


def written(folder: Path, content: str | bytes, name: str = "towns.csv") -> str:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def test_a_file_is_read_with_its_separator_encoding_and_header(tmp_path: Path) -> None:
    content = "town|country\nKöln|DE\nNîmes|FR\n".encode("latin-1")
    file = written(tmp_path, content)
    rule = TreeRule(path=file, separator="|", encoding="latin-1", header=True)
    assert build(rule, ["Köln"]).labels == (("Köln", "Nîmes"), ("DE", "FR"), ("*",))


def test_a_mark_of_utf_8_blank_lines_and_quotes_are_no_labels(tmp_path: Path) -> None:
    content = '\ufeffBonn,"DE, west"\r\n\r\n"Ulm","DE, ""south"""\r\n'
    hierarchy = build(TreeRule(path=written(tmp_path, content)), ["Ulm"])
    assert hierarchy.labels == (("Bonn", "Ulm"), ("DE, west", 'DE, "south"'), ("*",))


def test_a_file_may_lie_in_any_store() -> None:
    MemoryFileSystem().pipe_file("/hierarchies/towns.csv", b"Bonn,DE\nLima,PE\n")
    rule = TreeRule(path="memory://hierarchies/towns.csv")
    assert build(rule, ["Lima"]).labels[1] == ("DE", "PE")


def test_whole_numbers_of_a_file_are_those_of_the_column(tmp_path: Path) -> None:
    rule = TreeRule(path=written(tmp_path, "39.0,young\n40.0,old\n"))
    assert build(rule, ["39"], "number").labels[0] == ("39", "40.0")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"a,x,{CANARY}\n\n{CANARY}1,x\nb,x,{CANARY}\n", "line 3: a label below other ones"),
        (f"{CANARY},*\nb,*\n{CANARY},*\n", "line 3: a value that an earlier one names"),
        (f'"a\n",{CANARY},p\nb,{CANARY},q\n', "line 3: a label of level 1 with another parent"),
        (f"a,x\n{CANARY},x\n".encode("utf-16"), "is not written in utf-8"),
        (f"a,x\n{CANARY}\xe9,x\n".encode("latin-1"), "line 2 of the hierarchy is not written in"),
        (f'a,x\n"{CANARY * 20_000}",x\n', "line 2 of the hierarchy is no line of a CSV file"),
        (f"{CANARY},x\n", r"lacks 1 value of the column \(1 record\)"),
        ("", "lacks 1 value"),
    ],
)
def test_a_faulty_file_is_named_with_its_lines_and_no_label(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(HierarchyError, match=message) as caught:
        build(TreeRule(path=written(tmp_path, content)), ["Ulm"])
    assert str(caught.value).startswith("town (towns.csv): ")
    assert all(CANARY not in repr(error) for error in chain(caught.value))


def test_a_file_that_is_not_there_is_named_with_its_column(tmp_path: Path) -> None:
    with pytest.raises(HierarchyError, match=r"town \(nowhere.csv\): cannot read .*nowhere.csv"):
        build(TreeRule(path=str(tmp_path / "nowhere.csv")), ["Ulm"])


def test_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    rule = TreeRule(path=written(tmp_path, "a,b\n"), encoding="utf-9")
    with pytest.raises(HierarchyError, match="utf-9 is no known encoding"):
        build(rule, ["a"])


# -- the hierarchies of real tables ------------------------------------------------------------

COLUMNS = {
    "adult": (
        *("age", "education", "marital-status", "native-country", "occupation"),
        *("race", "salary-class", "sex", "workclass"),
    ),
    "workers": ("age", "education", "ethnicity", "gender", "married", "occupation"),
}


@pytest.mark.parametrize(
    ("name", "column"), [(name, column) for name, names in COLUMNS.items() for column in names]
)
def test_the_hierarchies_of_a_table_are_what_their_lines_say(
    name: str, column: str, tmp_path: Path
) -> None:
    table = known_table(name)
    lines = [list(path) for path in table.paths[column].values()]
    file = written(tmp_path, "".join(f"{';'.join(line)}\n" for line in lines))
    values = sorted({record[column] for record in table.records})
    kind = "number" if all(value.isdecimal() for value in values) else "text"
    hierarchy = build(TreeRule(path=file, separator=";"), values, kind)
    assert (hierarchy.levels, hierarchy.leaves) == (len(lines[0]), len(lines))
    assert all(path(hierarchy, line[0]) == line for line in lines)
    assert (hierarchy.locate(values) >= 0).all()


# -- no rule -----------------------------------------------------------------------------------


def words(count: int, length: int = 4) -> list[str]:
    return ["".join(chr(97 + n // 20**p % 20) for p in range(length)) for n in range(count)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([str(age) for age in range(17, 91)], (5, 10, 20)),
        (["0", "3", "12"], (2, 10)),
        (["0", "10"], None),
        (["0.25", "0.5", "4.75"], (0.5, 1, 2)),
        (["0", "650000.5", "1000000"], (50_000, 100_000, 200_000)),
        ([str(10**20 * n) for n in range(5)], (2e19, 1e20, 2e20)),
    ],
)
def test_numbers_without_a_rule_have_intervals_of_nice_widths(
    values: list[str], expected: tuple[float, ...] | None
) -> None:
    rule = default_rule([*values, None], meant(values))
    assert rule.type == ("suppress" if expected is None else "interval")
    assert getattr(rule, "widths", None) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2024-01-31", "2024-03-01"], ("month", "quarter", "year")),
        (["1931-01-31", "2024-03-01"], ("month", "year", "decade")),
        (["2024-01-31T10:00:00"], ("day", "month", "quarter", "year")),
    ],
)
def test_dates_without_a_rule_have_periods_by_their_span(
    values: list[str], expected: tuple[str, ...]
) -> None:
    rule = default_rule([*values, None], meant(values))
    assert isinstance(rule, DateRule)
    assert rule.levels == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["true", "false"], SuppressRule()),
        (["m", "f", None], SuppressRule()),
        ([f"{n:05d}" for n in range(100)], MaskRule()),
        ([f"{n:02d}" for n in range(100)], FrequencyRule(keep=(20, 10, 5))),
        (words(100), FrequencyRule(keep=(20, 10, 5))),
        ([], SuppressRule()),
    ],
)
def test_texts_without_a_rule_are_masked_suppressed_or_counted(
    values: list[Label], expected: HierarchyRule
) -> None:
    assert default_rule(values, meant(values)) == expected


def test_the_obvious_hierarchy_is_that_of_the_obvious_rule() -> None:
    values = [str(age) for age in range(17, 91)]
    rule = default_rule(values, meant(values))
    assert fingerprint(build(None, values, "number")) == fingerprint(build(rule, values, "number"))


def test_a_number_that_is_none_does_not_stop_the_obvious_hierarchy() -> None:
    hierarchy = build(None, ["1", "2", "3", "inf"], "number")
    assert path(hierarchy, "inf") == ["inf", *["other"] * (hierarchy.levels - 2), "*"]


@pytest.mark.parametrize("other", [[], ["Japan"], ["Japan", "Chile", "nowhere"]])
def test_what_a_known_value_becomes_depends_on_no_other_value(other: list[str]) -> None:
    rule = KnownRule(tree="country", other="elsewhere")
    values = ["France", "Germany", *other]
    built = build_hierarchy(rule, "land", values, np.ones(len(values), dtype=np.int64))
    leaf = int(built.locate(["France"])[0])
    read = [built.labels[level][built.codes[level][leaf]] for level in range(built.levels)]
    assert read == ["France", "Western Europe", "Europe", "*"]
