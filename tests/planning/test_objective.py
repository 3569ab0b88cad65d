"""Objectives as a request asks for them, and the page that tells of them."""

import doctest
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import RequestError, anonymize, measure, verify
from anon_dagster.report.explanation import explain_policy
from anon_dagster.request import parse_policy
from anon_dagster.request.documents import parse_yaml
from anon_dagster.request.objective import ATTRIBUTE_WISE, COSTING, LEVELLED, PROVEN

PAGE = Path(__file__).resolve().parents[2] / "docs" / "objectives.md"
METRICS = (*PROVEN, "classification")
AGGREGATES = ("arithmetic_mean", "geometric_mean", "maximum")


def people() -> pd.DataFrame:
    dice = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "age": dice.integers(20, 80, 200),
            "sex": dice.choice(["f", "m"], 200),
            "town": dice.choice(["Lyon", "Oslo", "Bonn", "Bari"], 200, p=[0.6, 0.2, 0.1, 0.1]),
            "illness": dice.choice(["flu", "gout", "cold"], 200),
        }
    )


def policy(**options: Any) -> dict[str, Any]:
    widths = {"type": "interval", "widths": [5, 10, 20]}
    return {
        "attributes": {
            "age": {"role": "quasi_identifier", "hierarchy": widths},
            "sex": {"role": "quasi_identifier", "importance": 0.5},
            "town": {"role": "quasi_identifier"},
            "illness": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 5}, "l_diversity": {"attribute": "illness", "l": 2}},
        "suppression_limit": 0.05,
        **options,
    }


def snippets() -> list[dict[str, Any]]:
    text = PAGE.read_text(encoding="utf-8")
    return [
        parse_yaml(each, name="the example")
        for each in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    ]


@pytest.mark.parametrize("snippet", snippets())
def test_every_snippet_of_the_page_does_what_it_says(snippet: dict[str, Any]) -> None:
    if "measurement" in snippet:
        table = measure({"policy": policy(), **snippet}, frame=people())
        assert table["objective"].tolist() == [
            "certainty_penalty",
            "discernibility",
            "precision (maximum)",
        ]
        assert table["discernibility"].astype(float).argmin() == 1
        assert table["infoLoss"].astype(float).argmin() == 0
        return
    result = anonymize({"policy": policy(**snippet)}, frame=people())
    assert result.df is not None
    assert verify(parse_policy(policy()), result.df).holds
    words = explain_policy(parse_policy(policy(**snippet)))
    judged = isinstance(snippet.get("objective"), dict) and "of_best" in snippet["objective"]
    assert result.decision.solution.proof.optimal is not judged
    assert ("learns best to tell illness" in words) == judged
    assert ("the one of least" in words) == ("objective" in snippet and not judged)
    for statistic in ("accuracy", "majority_accuracy", "relative_accuracy"):
        name = f"{statistic}(illness)"
        assert name in PAGE.read_text(encoding="utf-8")
        assert (name in result.utility.index) == ("target_use" in snippet)


def test_the_python_of_the_page_prints_what_it_says() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert tried > 0
    assert failed == 0


def test_the_page_knows_every_metric_and_aggregate() -> None:
    rows = [
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")
    ]
    for name in (*METRICS, *AGGREGATES):
        assert any(f"`{name}`" in row for row in rows), name
    for metric in METRICS:
        (row,) = [row for row in rows if row.startswith(f"| `{metric}`")]
        _, _, _, importance, cost, _, _ = row.split("|")
        assert (importance.strip() == "weighs") == (metric in ATTRIBUTE_WISE)
        assert (cost.strip() == "yes") == (metric in COSTING)


@pytest.mark.parametrize("metric", PROVEN)
def test_what_was_asked_for_is_what_no_other_objective_does_better(metric: str) -> None:
    statistic = {
        "certainty_penalty": "infoLoss",
        "precision": "generalization_intensity",
    }.get(metric, metric)
    limit = 0 if metric in {"average_class_size", "height"} else 0.05  # the statistics of released
    found: dict[str, float] = {}
    for each in PROVEN:
        asked = policy(objective=each, suppression_limit=limit)
        asked["attributes"]["sex"]["importance"] = 1
        found[each] = anonymize({"policy": asked}, frame=people()).utility["release"][statistic]
    assert found[metric] == pytest.approx(min(found.values()))


@pytest.mark.parametrize("metric", [metric for metric in PROVEN if metric not in LEVELLED])
def test_local_recoding_is_never_worse_by_its_objective(metric: str) -> None:
    asked = {"objective": metric, "suppression_limit": 0.05}
    whole = anonymize({"policy": policy(**asked)}, frame=people())
    local = anonymize({"policy": policy(**asked, recoding="local")}, frame=people())
    losses = [each.decision.solution.proof.loss for each in (whole, local)]
    assert 0 <= local.decision.solution.proof.lower_bound <= losses[1] <= losses[0] + 1e-12
    assert local.df is not None
    assert verify(parse_policy(policy(recoding="local")), local.df).holds


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"objective": "beauty"}, "policy.objective.metric"),
        ({"objective": 3}, "policy.objective: the name of a metric"),
        ({"objective": {"metric": "height", "weight": 2}}, "policy.objective.weight"),
        ({"objective": {"metric": "height", "aggregate": "maximum"}}, "policy.objective"),
        ({"objective": "height", "recoding": "local"}, "policy.objective.metric"),
        ({"objective": "precision", "recoding": "local"}, "policy.objective.metric"),
        ({"objective": "kl_divergence", "suppression_cost": 0.5}, "policy.suppression_cost"),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_place(
    options: dict[str, Any], path: str
) -> None:
    with pytest.raises(RequestError) as refused:
        parse_policy(policy(**options))
    assert path in str(refused.value)


def test_a_policy_with_an_objective_is_measured_and_read_back() -> None:
    asked = parse_policy(policy(objective="discernibility"))
    assert parse_policy(asked.model_dump(by_alias=True)) == asked
    table = measure(
        {"policy": policy(objective="ambiguity")}, measurement={"k": [2, 9]}, frame=people()
    )
    assert table["reachable"].all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"objective": "discernibility"}, "for the least discernibility"),
        (
            {"objective": {"metric": "precision", "aggregate": "maximum"}},
            "for the least weighted maximum of the loss of precision",
        ),
        pytest.param(
            {"objective": "classification", "target_use": {"attribute": "illness"}},
            "from none of the 10 of least loss is illness learned better",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_report_says_what_was_lost_least(options: dict[str, Any], words: str) -> None:
    result = anonymize({"policy": policy(**options)}, frame=people())
    page = result.report()
    assert words in page
    assert ("no better one exists" in page) == (options["objective"] != "classification")


def test_labels_by_range_and_set_have_the_statistics_of_what_they_cover() -> None:
    frame = pd.DataFrame({"age": [20, 21, 24, 24], "sex": ["f", "f", "f", "f"]})
    sizes = {20: 1, 21: 1, 24: 2}
    for labels in ("ranges", "sets"):
        attributes = {
            "age": {"role": "quasi_identifier", "local_labels": labels},
            "sex": {"role": "quasi_identifier"},
        }
        asked = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 4}}}
        found = anonymize({"policy": {**asked, "recoding": "local"}}, frame=frame).utility
        bits = sum(n * np.log2(4 / n) for n in sizes.values()) / 4
        assert found["release"]["non_uniform_entropy"] == pytest.approx(bits)
