"""What later values mean follows from what the rule and the labels of a solution name."""

from typing import Any

import pytest

from anon_dagster.core.hierarchy import Label
from anon_dagster.core.ordering import Meaning
from anon_dagster.releasing.later_meaning import later_meaning
from anon_dagster.request import QuasiIdentifier

TEXTS: dict[Meaning | None, list[str]] = {
    Meaning.number: ["7", "12", "31", "150"],
    Meaning.date: ["2024-01-05", "2024-03-01", "2025-03-01", "2026-02-11"],
    None: ["ash", "birch", "cedar", "elm"],
}
ORDER = {"type": "order", "sizes": [2]}


def meaning(rule: dict[str, Any] | None, labels: list[Label], named: list[Label]) -> Meaning | None:
    asked = {"role": "quasi_identifier"} | ({} if rule is None else {"hierarchy": rule})
    return later_meaning(QuasiIdentifier.model_validate(asked).hierarchy, named, labels)


@pytest.mark.parametrize(("expected", "texts"), TEXTS.items())
def test_values_mean_what_the_texts_do_that_a_rule_or_its_labels_name(
    expected: Meaning | None, texts: list[str]
) -> None:
    a, b, c, d = texts
    joined: list[Label] = [f"{a} .. {b}", f"{c} .. {d}", "*", None]
    told = [
        meaning(ORDER, joined, []),
        meaning(ORDER | {"order": texts}, ["*"], []),
        meaning({"type": "tree", "nodes": {"low": [a, b], "high": [c, d]}}, ["low", "high"], []),
        meaning({"type": "frequency", "keep": [2], "rest": "few"}, [a, b, "few", "*"], []),
        meaning(None, ["*"], [a, d, None]),
    ]
    assert told == [expected] * 5


@pytest.mark.parametrize("label", [*"ab", "2024", "*", None])
def test_a_label_that_joins_no_two_values_names_none(label: Label) -> None:
    assert meaning(ORDER, [label], []) is None


@pytest.mark.parametrize(
    "rule", [{"type": "interval", "widths": [10]}, {"type": "rounding", "steps": [10]}]
)
def test_what_is_cut_or_rounded_is_a_number(rule: dict[str, Any]) -> None:
    assert meaning(rule, ["*"], []) is Meaning.number


def test_numbers_that_do_not_read_plainly_were_texts() -> None:
    assert meaning(None, [], ["1.50", "12"]) is Meaning.text
    assert meaning(None, [], ["7", "12"]) is Meaning.number
