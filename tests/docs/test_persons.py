"""The policies on the page of persons are kept, and no model is left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.report.explanation import explain_policy
from anon_dagster.request import Privacy, parse_policy
from anon_dagster.request.documents import parse_yaml
from tests.pages import texts

PAGE = Path(__file__).resolve().parents[2] / "docs" / "persons.md"
OF_PEOPLE = {"k_map", "delta_presence"}
"""Models that go with persons where the table of the population names them."""


POLICIES = [each for each in texts("docs/persons.md", "yaml") if not each.startswith("tables:")]


@pytest.mark.parametrize("snippet", POLICIES)
def test_every_policy_of_the_page_is_kept_and_told_in_words(snippet: str) -> None:
    policy = parse_yaml(snippet, name="the example")
    who = np.repeat(np.arange(60), 2)  # each has two visits of one age
    frame = pd.DataFrame(
        {
            "patient_id": who,
            "house_id": who // 3,
            "age": 20 + who % 5,
            "diagnosis": [f"d{number}" for number in (who + np.arange(120) // 60) % 3],
        }
    )
    result = anonymize({"policy": policy}, frame=frame[[*policy["attributes"]]])
    assert result.release.verification.holds
    assert len(explain_policy(parse_policy(policy)).splitlines()) >= 2


def test_the_linked_tables_of_the_page_are_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (snippet,) = set(texts("docs/persons.md", "yaml")) - {*POLICIES}
    (tmp_path / "request.yaml").write_text(snippet)
    number = np.arange(60)
    people = pd.DataFrame({"patient_id": number, "age": 20 + number % 5})
    visits = pd.DataFrame({"patient_id": number, "ward": "w", "diagnosis": number % 3})
    people.to_csv("patients.csv", index=False)
    pd.concat([visits, visits]).to_csv("visits.csv", index=False)
    result = anonymize("request.yaml")
    assert result.linked is not None
    assert result.linked.holds
    assert pd.read_csv("visits-release.csv").columns.to_list() == ["ward", "diagnosis"]


def test_the_page_says_of_every_model_what_it_counts() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    for model in Privacy.model_fields:
        (told, *more) = [row for row in rows if f"`{model}`" in row]
        assert ("refused" in told) == (model == "differential_privacy"), model
        assert any("refused, unless" in row for row in more) == (model in OF_PEOPLE), model
