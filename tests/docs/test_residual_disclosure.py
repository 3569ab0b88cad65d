"""What the page of residual disclosure shows is so."""

import doctest
import json
import re
from pathlib import Path

from anon_dagster.request import ResidualRule
from anon_dagster.request.documents import parse_yaml

PAGE = Path(__file__).resolve().parents[2] / "docs" / "residual-disclosure.md"


def test_the_example_runs_as_shown() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert tried
    assert not failed


def test_the_settings_are_those_of_a_request() -> None:
    text = PAGE.read_text(encoding="utf-8")
    snippet = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)[0]
    settings = parse_yaml(snippet, name="page")["policy"]["residual"]
    assert set(settings) == set(ResidualRule.model_fields)
    ResidualRule.model_validate_json(json.dumps(settings))
