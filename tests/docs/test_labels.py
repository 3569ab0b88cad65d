"""The page of labels shows what is so."""

import re
from pathlib import Path
from typing import Any

from anon_dagster import labels
from anon_dagster.request import parse_policy
from anon_dagster.request.documents import parse_yaml
from tests.pages import require_examples

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "labels.md").read_text(encoding="utf-8")
QUASI = {"role": "quasi_identifier"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_python_gives_what_the_page_shows() -> None:
    require_examples("\n".join(blocks("python")), "docs/labels.md")


def test_the_request_that_the_page_shows_is_valid() -> None:
    (block,) = blocks("yaml")
    asked = parse_yaml(block, name="the example")["policy"]
    policy = parse_policy(
        {
            "attributes": {"age": QUASI, "income": QUASI, "admitted": QUASI},
            "privacy": {"k_anonymity": {"k": 2}},
            **asked,
        }
    )
    names = [column.name for column in policy.number_columns]
    assert names == ["age_midpoint", "income_midpoint", "admitted_midpoint"]


def test_every_kind_of_label_is_on_the_page() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE.partition("## One label")[2], re.MULTILINE)
    assert len(rows) == 7
    for kind, shown_labels in rows:
        for label in re.findall(r"`([^`]+)`", shown_labels.partition("where values")[0]):
            meaning: Any = "date" if label == "2024" else None
            assert labels.parse(label, meaning=meaning).kind == kind, label
