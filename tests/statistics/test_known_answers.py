"""Risk and utility reproduce known answers: another program's of Adult, an oracle's of workers."""

import pandas as pd
import pytest
from pycanon import anonymity

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.problem import Problem
from anon_dagster.core.search.solution_of import solution_of
from anon_dagster.core.solution import Proof, Solution
from anon_dagster.request import Policy
from anon_dagster.statistics.risk import risk_statistics
from anon_dagster.statistics.utility import identity, utility_statistics
from tests import exhaustive
from tests.known_tables import KNOWN, Answers, known_case, known_table

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
TABLES = ("workers", "adult")


def policy_of(case: Answers) -> Policy:
    attributes = {name: {"role": "quasi_identifier"} for name in case["quasi_identifiers"]}
    if "sensitive" in case:
        attributes[case["sensitive"]] = {"role": "sensitive"}
    return Policy.model_validate(
        {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}, "risk_threshold": 0.1}
    )


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


def assert_are(found: pd.Series, answers: Answers) -> None:
    for statistic, key in RISKS.items():
        assert found[statistic] == answers[key], statistic
    for statistic in UTILITIES:
        assert found[statistic] == pytest.approx(answers[statistic], rel=1e-14), statistic
    assert found["discernibility"] == answers["discernibility"]


@pytest.mark.parametrize(("name", "case"), KNOWN)
def test_a_release_has_the_known_statistics(name: str, case: int) -> None:
    table, answers = known_case(name, case)
    problem = table.problem(answers)
    found = statistics(problem, solved(problem, answers["levels"]), policy_of(answers))
    assert_are(found["release"], answers)


@pytest.mark.parametrize(
    ("model", "statistic", "bound"),
    [
        ("distinct l=3", "distinct_l", 3),
        ("entropy l=3", "entropy_l", 3),
        ("recursive (4,3)", "recursive_c", 4),
        ("t=0.2 equal", "t_equal", 0.2),
    ],
)
@pytest.mark.parametrize("name", TABLES)
def test_a_release_reaches_what_its_model_asks(
    name: str, model: str, statistic: str, bound: float
) -> None:
    places = [
        place for place, asked in enumerate(known_table(name).cases) if asked.get("model") == model
    ]
    table, answers = known_case(name, places[0])
    problem = table.problem(answers)
    found = statistics(problem, solved(problem, answers["levels"]), policy_of(answers))
    row = f"{statistic}(occupation)"
    if statistic == "recursive_c":
        row = "recursive_c(occupation, l=3)"
    if statistic.endswith("_l"):
        assert found["release"][row] >= bound - 1e-12
    else:
        assert found["release"][row] <= bound


@pytest.mark.parametrize("name", TABLES)
def test_every_known_answer_is_tested(name: str) -> None:
    numbers = [number for table, number in KNOWN if table == name]
    assert numbers == list(range(len(known_table(name).cases)))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_itself_has_the_known_statistics(name: str) -> None:
    table, case = known_case(name, 0)
    problem = table.problem(case)
    found = statistics(problem, identity(problem), policy_of(case))
    assert_are(found["source"], table.source)
    assert (found["source"] == found["release"]).all()
    assert (found.loc[list(UTILITIES), "quality"] == 1).all()


@pytest.mark.slow
def test_the_oracle_of_the_workers_gives_the_other_programs_answers_of_adult() -> None:
    table = known_table("adult")
    for answers in table.cases:
        found = exhaustive.figures(table.asked(answers), answers["levels"])
        assert {key: answers[key] for key in found} == pytest.approx(found)


@pytest.mark.parametrize("place", [4, 7])
def test_pycanon_measures_what_the_oracle_says_that_a_release_reaches(place: int) -> None:
    table, answers = known_case("workers", place)
    case, names = table.asked(answers), list(answers["quasi_identifiers"])
    classes = case.classes(answers["levels"])
    kept = [
        (*label, value)
        for label in case.kept(answers["levels"])
        for value in classes[label].elements()
    ]
    release = pd.DataFrame(kept, columns=[*names, "guarded"])
    assert anonymity.k_anonymity(release, names) == answers["smallest_class"] >= answers["k"]
    if answers["model"] == "distinct l=3":
        assert anonymity.l_diversity(release, names, ["guarded"]) >= 3
    else:
        assert anonymity.t_closeness(release, names, ["guarded"]) <= 0.2
