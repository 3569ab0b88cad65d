"""Risk and utility reproduce the known answers of Adult, which another program gave."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.problem import Problem
from anon_dagster.core.search.solution_of import solution_of
from anon_dagster.core.solution import Proof, Solution
from anon_dagster.request import Policy
from anon_dagster.statistics.risk import risk_statistics
from anon_dagster.statistics.utility import identity, utility_statistics
from tests.adult import adult_problem

RISKS = {
    "records": "released",
    "suppressed": "suppressed",
    "classes": "classes",
    "smallest_class": "smallest_class",
    "largest_class": "largest_class",
    "k": "smallest_class",
    "avgRecordIdentification": "avgRecordIdentification",
    "maxProbabilityIdentification": "maxProbabilityIdentification",
    "riskAboveThreshold": "riskAboveThreshold",
    "prosecutor_average": "avgRecordIdentification",
    "journalist_highest": "maxProbabilityIdentification",
    "marketer_average": "avgRecordIdentification",
}
UTILITIES = (
    "ambiguity",
    "average_class_size",
    "discernibility",
    "generalization_intensity",
    "infoLoss",
)
CASES = 11


def policy_of(case: dict[str, Any]) -> Policy:
    attributes = {name: {"role": "quasi_identifier"} for name in case["quasi_identifiers"]}
    if "sensitive" in case:
        attributes[case["sensitive"]] = {"role": "sensitive"}
    return Policy.model_validate(
        {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}, "risk_threshold": 0.1}
    )


def known(folder: Path) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads((folder / "known_answers.json").read_text())
    return answers


def exact(loss: float) -> Proof:
    return Proof(
        optimal=True, loss=loss, lower_bound=loss, candidates=1, evaluated=1, method="exact"
    )


def solved(problem: Problem, levels: list[int]) -> Solution:
    loss = evaluate(problem, levels).loss
    return solution_of(problem, tuple(levels), exact(loss))


def statistics(problem: Problem, solution: Solution, policy: Policy) -> pd.DataFrame:
    risk = risk_statistics(problem, solution, policy)
    return pd.concat([risk, utility_statistics(problem, solution)])


def assert_are(found: pd.Series, answers: dict[str, Any]) -> None:
    for statistic, key in RISKS.items():
        assert found[statistic] == answers[key], statistic
    for statistic in UTILITIES:
        assert found[statistic] == pytest.approx(answers[statistic], rel=1e-14), statistic
    assert found["discernibility"] == answers["discernibility"]


@pytest.mark.parametrize("case", range(CASES))
def test_a_release_of_adult_has_the_known_statistics(case: int, adult_folder: Path) -> None:
    answers = known(adult_folder)["cases"][case]
    problem = adult_problem(adult_folder, answers)
    found = statistics(problem, solved(problem, answers["levels"]), policy_of(answers))
    assert_are(found["release"], answers)


@pytest.mark.parametrize(
    ("case", "statistic", "bound"),
    [(7, "distinct_l", 3), (8, "entropy_l", 3), (9, "recursive_c", 4), (10, "t_equal", 0.2)],
)
def test_a_release_of_adult_reaches_what_its_model_asks(
    case: int, statistic: str, bound: float, adult_folder: Path
) -> None:
    answers = known(adult_folder)["cases"][case]
    problem = adult_problem(adult_folder, answers)
    found = statistics(problem, solved(problem, answers["levels"]), policy_of(answers))
    row = "recursive_c(occupation, l=3)" if case == 9 else f"{statistic}(occupation)"
    if statistic.endswith("_l"):
        assert found["release"][row] >= bound - 1e-12
    else:
        assert found["release"][row] <= bound


def test_every_known_answer_is_tested(adult_folder: Path) -> None:
    assert len(known(adult_folder)["cases"]) == CASES


def test_adult_itself_has_the_known_statistics(adult_folder: Path) -> None:
    answers = known(adult_folder)
    case = answers["cases"][0]
    problem = adult_problem(adult_folder, case)
    found = statistics(problem, identity(problem), policy_of(case))
    assert_are(found["source"], answers["source"])
    assert (found["source"] == found["release"]).all()
    assert (found.loc[list(UTILITIES), "quality"] == 1).all()
