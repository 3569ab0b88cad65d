"""The page of risks knows everything that there is."""

from dataclasses import fields
from pathlib import Path

import pytest

from anon_dagster.request import RiskAnalysis, parse_policy
from anon_dagster.request.documents import parse_yaml
from anon_dagster.statistics import RiskDetails
from tests.pages import texts

POLICY = {
    "attributes": {"age": {"role": "quasi_identifier"}},
    "privacy": {"k_anonymity": {"k": 2}},
}


@pytest.fixture
def page(project_folder: Path) -> Path:
    return project_folder / "docs" / "risk.md"


def test_the_request_that_the_page_shows_asks_for_everything_that_there_is() -> None:
    (block,) = texts("docs/risk.md", "yaml")
    asked = parse_policy({**POLICY, **parse_yaml(block, name="the example")})
    assert all(getattr(asked.risk_analysis, name) for name in RiskAnalysis.model_fields)


def test_the_page_knows_every_examination_and_its_tables(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in RiskAnalysis.model_fields)
    assert all(field.name in text for field in fields(RiskDetails))
