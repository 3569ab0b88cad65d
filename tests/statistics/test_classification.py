"""Target use: cross-validation by hand and by another path, and what a request makes of it."""

import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import CategoricalNB
from sklearn.preprocessing import OneHotEncoder

from anon_dagster import RequestError, UnreachableError, anonymize, measure, verify
from anon_dagster.core.solution import Solution
from anon_dagster.report.explanation import explain_policy
from anon_dagster.request import Policy, parse_policy
from anon_dagster.statistics.classification import Classification, _folds
from anon_dagster.statistics.utility import identity


def people(records: int = 300) -> pd.DataFrame:
    """Return people whose illness follows from their age, and hardly from their town."""
    dice = np.random.default_rng(8)
    age = dice.integers(20, 80, records)
    chance = np.where(age < 40, 0.1, np.where(age < 60, 0.5, 0.9))
    return pd.DataFrame(
        {
            "age": age,
            "town": dice.choice(["Lyon", "Oslo", "Bonn", "Bari"], records),
            "illness": np.where(dice.random(records) < chance, "gout", "flu"),
        }
    )


def policy(**options: Any) -> dict[str, Any]:
    widths = {"type": "interval", "widths": [10, 20]}
    return {
        "attributes": {
            "age": {"role": "quasi_identifier", "hierarchy": widths},
            "town": {"role": "quasi_identifier"},
            "illness": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 4}},
        "target_use": {"attribute": "illness"},
        **options,
    }


def solved(frame: pd.DataFrame, **options: Any) -> tuple[Classification, Any]:
    decision = anonymize({"policy": policy(**options)}, frame=frame).decision
    asked = Classification.of(decision.plan.problem, decision.request.policy)
    return asked, decision.solution


@pytest.mark.parametrize("folds", [2, 3, 7])
def test_every_record_is_held_out_once_and_every_fold_has_its_share(folds: int) -> None:
    dice = np.random.default_rng(1)
    classes = dice.integers(0, 4, 60)
    counts = dice.integers(1, 2**40, 60)
    held_out = _folds(classes, counts, folds, 5)
    assert (held_out >= 0).all()
    assert (held_out.sum(axis=0) == counts).all()
    for each in range(4):
        sizes = held_out[:, classes == each].sum(axis=1)
        assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("classifier", ["logistic_regression", "naive_bayes"])
def test_weighted_tuples_teach_what_their_records_would(classifier: str) -> None:
    asked, solution = solved(
        people(), target_use={"attribute": "illness", "classifier": classifier}
    )
    problem = asked.problem
    rows = problem.codes.array.astype(int)
    right = 0
    for held_out in asked.held_out:
        taught = np.repeat(np.arange(len(rows)), problem.counts - held_out)
        test = np.repeat(np.arange(len(rows)), held_out)
        if classifier == "naive_bayes":
            sizes = [h.leaves for h in problem.hierarchies]
            model = CategoricalNB(min_categories=sizes).fit(rows[taught], asked.truth[taught])
            told = model.predict(rows[test])
        else:
            encoder = OneHotEncoder(handle_unknown="ignore").fit(rows)
            features = encoder.transform(rows)
            regression = LogisticRegression(max_iter=200)
            told = regression.fit(features[taught], asked.truth[taught]).predict(features[test])
        right += int((told == asked.truth[test]).sum())
    assert asked.of_source() == right / problem.records
    assert asked.of_release(identity(problem)) == asked.of_source()
    assert solution.levels is not None


@pytest.mark.parametrize(
    "classifier", ["logistic_regression", "naive_bayes", "decision_tree", "random_forest"]
)
def test_what_is_generalized_away_cannot_be_learned(classifier: str) -> None:
    frame = pd.DataFrame(
        {"age": [21, 51] * 30, "town": ["Oslo"] * 60, "illness": ["flu", "gout"] * 30}
    )
    use = {"attribute": "illness", "classifier": classifier}
    asked, solution = solved(frame, target_use=use)
    assert asked.of_source() == asked.of_release(solution) == 1
    attributes = {**policy()["attributes"]}
    attributes["age"] = {**attributes["age"], "lowest_level": 3}
    frame = frame.assign(illness=["flu"] * 40 + ["gout"] * 20)
    asked, solution = solved(frame, target_use=use, attributes=attributes)
    assert asked.majority == asked.of_release(solution) == 2 / 3


def test_a_label_of_the_class_is_taken_for_its_most_frequent_value() -> None:
    frame = pd.DataFrame(
        {
            "age": [20] * 6 + [21] * 3 + [45] * 6,
            "town": ["Oslo"] * 9 + ["Lyon"] * 6,
            "illness": "flu",
        }
    )
    attributes = {**policy()["attributes"]}
    attributes["age"] = {**attributes["age"], "lowest_level": 1, "highest_level": 1}
    asked, solution = solved(
        frame, attributes=attributes, target_use={"attribute": "age", "features": ["town"]}
    )
    assert asked.of_release(solution) == (6 + 6) / 15  # [20, 30) is taken for 20
    assert asked.majority == 6 / 15


def test_suppressed_records_are_not_learned_from_but_asked_about() -> None:
    frame = pd.DataFrame(
        {
            "age": [21] * 20 + [51] * 21,
            "town": ["Oslo"] * 40 + ["Lyon"],
            "illness": ["flu"] * 20 + ["gout"] * 20 + ["flu"],
        }
    )
    asked, solution = solved(frame, suppression_limit=0.1)
    assert (solution.classes < 0).sum() == 1
    assert asked.of_release(solution) == 40 / 41  # who is 51 is taken to have gout


@pytest.mark.parametrize("recoding", ["global", "local"])
def test_the_statistics_say_how_well_the_target_use_is_served(recoding: str) -> None:
    table = anonymize({"policy": policy(recoding=recoding)}, frame=people()).utility
    accuracy, majority = table.loc["accuracy(illness)"], table.loc["majority_accuracy(illness)"]
    frequent = people()["illness"].value_counts(normalize=True).max()
    assert majority["source"] == majority["release"] == accuracy["lowest"] == frequent
    assert frequent < accuracy["release"] <= 1
    relative = table.loc["relative_accuracy(illness)", "release"]
    learned = accuracy["source"] - frequent
    assert relative == pytest.approx((accuracy["release"] - frequent) / learned)
    assert 0 <= accuracy["quality"] <= 1


@pytest.mark.slow
def test_the_most_accurate_of_the_best_is_released_and_keeps_every_promise() -> None:
    judged = {"metric": "classification", "of_best": 6}
    asked = {"policy": policy(objective=judged, suppression_limit=0.05)}
    result = anonymize(asked, frame=people())
    proof = result.decision.solution.proof
    assert not proof.optimal
    ranked = measure(
        {"policy": policy(suppression_limit=0.05)}, measurement={"best": 6}, frame=people()
    )
    best = ranked["accuracy(illness)"].max()
    assert result.utility.loc["accuracy(illness)", "release"] == best
    assert best > ranked["accuracy(illness)"].min()
    assert proof.loss == ranked["infoLoss"][ranked["accuracy(illness)"] == best].min()
    assert result.df is not None
    assert verify(parse_policy(policy(suppression_limit=0.05)), result.df).holds
    assert "learns best to tell illness" in explain_policy(Policy.model_validate(asked["policy"]))
    table = measure(asked, measurement={"k": [4, 9], "best": 2}, frame=people())
    assert table["rank"].tolist() == [1, 2, 1, 2]
    assert table["accuracy(illness)"][0] == best


def test_local_recoding_is_steered_by_what_is_to_be_learned() -> None:
    """A target is told by one attribute of many values, which is the first to be given up."""
    dice = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "town": dice.choice(list("abcd"), 300),
            "street": dice.choice(list("abcd"), 300),
            "job": [f"{job}" for job in dice.integers(0, 24, 300)],
        }
    )
    told = (frame["job"].astype(int) % 3).map({0: "x", 1: "y", 2: "z"})
    frame["illness"] = np.where(dice.random(300) < 0.9, told, "z")
    quasi = {"role": "quasi_identifier", "hierarchy": {"type": "suppress"}}
    asked = {
        "attributes": {
            **dict.fromkeys(("town", "street", "job"), quasi),
            "illness": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 8}},
        "suppression_limit": 0.2,
        "recoding": "local",
        "target_use": {"attribute": "illness", "classifier": "naive_bayes", "folds": 2},
    }
    plain, steered = (
        anonymize({"policy": {**asked, "objective": objective}}, frame=frame)
        for objective in ("certainty_penalty", "classification")
    )
    learned = [float(str(r.utility.loc["accuracy(illness)", "release"])) for r in (plain, steered)]
    assert learned[1] > learned[0] + 0.05
    proofs = [r.decision.solution.proof for r in (plain, steered)]
    assert proofs[1].loss == steered.utility.loc["infoLoss", "release"]
    assert proofs[0].lower_bound <= proofs[1].lower_bound + 1e-12 <= proofs[1].loss + 1e-12
    assert not proofs[1].optimal
    assert steered.release.verification.holds
    assert "from none of those that were judged is illness learned better" in steered.report()
    late = {**asked, "objective": "classification", "search": {"seconds": 1e-9}}
    assert anonymize({"policy": late}, frame=frame).release.verification.holds


@pytest.mark.parametrize(
    ("search", "most"), [({"steps": 1}, 1), ({"steps": 2}, 2), ({"seconds": 1e-9}, 1), (None, 6)]
)
def test_the_budget_of_the_search_bounds_what_is_judged(
    search: dict[str, Any] | None, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []
    of_release = Classification.of_release

    def counted(asked: Classification, solution: Solution) -> float:
        judged.append(solution)
        return of_release(asked, solution)

    monkeypatch.setattr(Classification, "of_release", counted)
    objective = {"metric": "classification", "of_best": 6}
    asked = policy(suppression_limit=1, objective=objective, search=search)
    assert anonymize({"policy": asked}, frame=people()).release.verification.holds
    assert 1 <= len(judged) <= most
    assert search is not None or len(judged) == most


def test_without_scikit_learn_the_extra_is_named_before_the_work_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(RequestError, match=r"target_use.*anon-dagster\[classification\]"):
        anonymize({"policy": policy()}, frame=people())
    plain = policy()
    del plain["target_use"]
    assert "accuracy(illness)" not in anonymize({"policy": plain}, frame=people()).utility.index


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"target_use": {"attribute": "job"}}, "policy.target_use.attribute"),
        (
            {"target_use": {"attribute": "illness", "features": ["job"]}},
            "policy.target_use.features.0",
        ),
        (
            {"target_use": {"attribute": "illness", "features": ["age", "illness"]}},
            "policy.target_use.features.1",
        ),
        (
            {"target_use": {"attribute": "illness", "classifier": "oracle"}},
            "policy.target_use.classifier",
        ),
        ({"target_use": {"attribute": "illness", "folds": 1}}, "policy.target_use.folds"),
        ({"target_use": None, "objective": "classification"}, "policy.target_use"),
        ({"objective": {"metric": "height", "of_best": 5}}, "policy.objective"),
        (
            {
                "attributes": {**policy()["attributes"], "illness": {"role": "non_sensitive"}},
            },
            "policy.target_use.attribute",
        ),
    ],
)
def test_what_cannot_be_learned_is_refused_with_its_place(
    options: dict[str, Any], path: str
) -> None:
    with pytest.raises(RequestError) as refused:
        parse_policy(policy(**options))
    assert path in str(refused.value)


def test_a_table_of_one_record_or_one_class_is_no_obstacle() -> None:
    one = anonymize({"policy": policy(suppression_limit=0)}, frame=people(40).assign(illness="flu"))
    assert one.utility.loc["accuracy(illness)", "release"] == 1
    few = policy(privacy={"average_risk": {"risk": 0.99}})
    with pytest.raises(UnreachableError):
        anonymize({"policy": few}, frame=people(1))
