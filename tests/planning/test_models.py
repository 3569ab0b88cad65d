"""Privacy models as a request asks for them, and the page that tells of them."""

import re
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

from anon_dagster import (
    RequestError,
    UnreachableError,
    anonymize,
    apply,
    measure,
    verify,
)
from anon_dagster.report.explanation import explain_policy
from anon_dagster.request import GUARDING, GuardingRule, Privacy, parse_policy
from anon_dagster.request.documents import parse_yaml

PAGE = Path(__file__).resolve().parents[2] / "docs" / "privacy-models.md"
ATTRIBUTES: dict[str, Any] = {
    "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
    "diagnosis": {
        "role": "sensitive",
        "hierarchy": {"type": "tree", "nodes": {"virus": ["HIV", "flu"], "other": ["ulcer"]}},
    },
    "income": {"role": "sensitive"},
}
K_MAP = {"estimator": "poisson", "sampling_fraction": 0.5}
PEOPLE = pd.DataFrame(
    {
        "age": list(range(20, 50)) * 2,
        "diagnosis": ["HIV", "flu", "ulcer", "flu", "ulcer"] * 12,
        "income": [1, 2, 3, 4, 5, 6] * 10,
    }
)


def snippets() -> list[str]:
    """Return the examples of one table."""
    found = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [snippet for snippet in found if not snippet.startswith("tables:")]


def asking(privacy: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"attributes": ATTRIBUTES, "privacy": privacy, **options}


@pytest.fixture
def population(tmp_path: Path) -> str:
    """Everybody of PEOPLE, and one more of each age."""
    path = tmp_path / "population.csv"
    pd.DataFrame({"age": [*PEOPLE["age"], *range(20, 50)]}).to_csv(path, index=False)
    return str(path)


def asked_for(snippet: str, population: str) -> dict[str, Any]:
    """Return the policy of a snippet, which is its promises or, besides, a population."""
    shown = parse_yaml(snippet, name="the example")
    options = shown if "privacy" in shown else {"privacy": shown}
    if isinstance(options.get("population"), dict):
        options["population"] = {"path": population}
    return {"attributes": ATTRIBUTES, **options}


@pytest.mark.parametrize("snippet", snippets())
def test_every_snippet_of_the_page_is_kept_and_told_in_words(snippet: str, population: str) -> None:
    policy = asked_for(snippet, population)
    result = anonymize({"policy": policy}, frame=PEOPLE[[*policy["attributes"]]])
    assert result.df is not None
    promises = verify(parse_policy(policy), result.df)
    assert promises.holds
    assert len(promises.promises) >= 1
    assert len(explain_policy(parse_policy(policy)).splitlines()) >= 2


def test_the_page_knows_every_model() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    for model in Privacy.model_fields:
        assert any(f"`{model}`" in row for row in rows)
        assert any(f"{model}:" in snippet for snippet in snippets())
    for rule in get_args(GuardingRule):
        variants = rule.model_fields.get("variant") or rule.model_fields.get("distance")
        for variant in get_args(variants.annotation) if variants else ():
            assert any(f"`{variant}`" in row for row in rows)


@pytest.mark.parametrize("model", GUARDING)
def test_only_sensitive_attributes_of_the_policy_are_guarded(model: str) -> None:
    rules: dict[str, dict[str, Any]] = {
        "alpha_k_anonymity": {"alpha": 0.5, "k": 2},
        "l_diversity": {"l": 2},
        "t_closeness": {"t": 0.5},
        "delta_disclosure": {"delta": 1},
        "beta_likeness": {"beta": 1},
    }
    for attribute in ("age", "height"):
        with pytest.raises(RequestError, match=f"privacy.{model}.0.attribute"):
            parse_policy(asking({model: {"attribute": attribute, **rules[model]}}))


def test_guarded_values_that_do_not_occur_are_refused_without_being_repeated() -> None:
    rule = {"attribute": "diagnosis", "alpha": 0.5, "k": 2, "guarded": ["Hiv"]}
    with pytest.raises(RequestError, match="none of the 1 values occurs in diagnosis") as refused:
        anonymize({"policy": asking({"alpha_k_anonymity": rule})}, frame=PEOPLE)
    assert "Hiv" not in str(refused.value)


def test_the_bounds_of_every_model_are_compared_on_one_reading() -> None:
    policy = asking(
        {
            "alpha_k_anonymity": {"attribute": "diagnosis", "alpha": 0.9, "k": 2},
            "delta_disclosure": {"attribute": "diagnosis", "delta": 3},
            "beta_likeness": {"attribute": "income", "beta": 5},
        },
    )
    grid = {"alpha": [0.4, 0.9], "delta": [0.5, 3], "beta": [0.1, 5]}
    table = measure({"policy": policy}, measurement=grid, frame=PEOPLE)
    assert len(table) == 8
    assert table["reachable"].all()
    strict = table.query("alpha == 0.4 and delta == 0.5 and beta == 0.1")["infoLoss"].iloc[0]
    assert strict == table["infoLoss"].max()


def test_each_promise_is_measured_in_its_own_unit() -> None:
    frame = pd.DataFrame({"age": [1, 1, 2, 2], "diagnosis": ["HIV", "flu", "flu", "flu"]})
    attributes = {name: ATTRIBUTES[name] for name in ("age", "diagnosis")}
    privacy = {
        "alpha_k_anonymity": {"attribute": "diagnosis", "alpha": 0.5, "k": 2},
        "delta_disclosure": {"attribute": "diagnosis", "delta": 2, "compare": "present"},
        "beta_likeness": {"attribute": "diagnosis", "beta": 0.5},
    }
    found = verify(parse_policy({"attributes": attributes, "privacy": privacy}), frame)
    alpha, delta, beta = found.promises
    assert (alpha.reached, alpha.holds, alpha.classes_failing) == (1.0, False, 1)
    assert (delta.reached, delta.holds) == (1.0, True)  # HIV: 1 of 4 in all, 1 of 2 in its class
    assert (beta.reached, beta.holds, beta.records_failing) == (1.0, False, 2)


def test_the_cost_of_suppression_moves_the_choice_and_not_the_reported_loss() -> None:
    frame = pd.DataFrame({"age": [21, 21, 21, 22, 22, 22, 35, 48], "diagnosis": ["flu"] * 8})
    attributes = {name: ATTRIBUTES[name] for name in ("age", "diagnosis")}
    privacy = {"k_anonymity": {"k": 3}}
    policy = {"attributes": attributes, "privacy": privacy, "suppression_limit": 0.25}
    table = measure(
        {"policy": policy}, measurement={"suppression_cost": [0, 1, 10]}, frame=frame
    ).set_index("suppression_cost")
    assert table["suppressed"].tolist() == [2, 2, 0]
    assert table["infoLoss"].tolist() == [0.25, 0.25, 1.0]
    words = explain_policy(parse_policy({**policy, "suppression_cost": 0.5}))
    assert "preferred to generalization" in words


def test_promises_of_the_whole_release_are_measured_and_unreachable_ones_refused() -> None:
    frame = pd.DataFrame({"age": [1, 2, 2, 3, 3, 3], "diagnosis": ["flu"] * 6})
    attributes = {name: ATTRIBUTES[name] for name in ("age", "diagnosis")}

    def asked(risk: float, share: float) -> dict[str, Any]:
        rules = {"average_risk": {"risk": risk}, "sample_uniqueness": {"share": share}}
        return {"attributes": attributes, "privacy": rules}

    risk, unique = verify(parse_policy(asked(0.5, 0.1)), frame).promises
    assert (risk.reached, risk.holds) == (0.5, True)
    assert (unique.reached, unique.holds, unique.records_failing) == (1 / 6, False, 6)
    result = anonymize({"policy": asked(0.5, 0.2)}, frame=frame)
    assert result.levels == {"age": 0}
    assert anonymize({"policy": asked(0.4, 0)}, frame=frame).levels == {"age": 1}
    with pytest.raises(UnreachableError, match=r"average risk of at most 0.1.*break a promise"):
        anonymize({"policy": asked(0.1, 0)}, frame=frame)


def ages(tmp_path: Path, values: list[int]) -> dict[str, str]:
    path = tmp_path / "people.csv"
    pd.DataFrame({"age": values}).to_csv(path, index=False)
    return {"path": str(path)}


def of_age(population: Any, **options: Any) -> dict[str, Any]:
    return {"attributes": {"age": ATTRIBUTES["age"]}, "population": population, **options}


def test_records_are_mapped_to_people_at_the_levels_of_the_release(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [21, 35, 36]})
    few = of_age(ages(tmp_path, [21, 35, 36, 28, 29, 31]), privacy={"k_map": {"k": 3}})
    result = anonymize({"policy": few}, frame=frame)
    assert result.levels == {"age": 1}
    (told, _) = result.release.verification.promises
    assert (str(told), told.reached) == ("3-map holds", 3)
    assert verify(few, frame).failures[0].classes_failing == 3
    table = measure({"policy": few}, measurement={"k_map": [2, 3, 4]}, frame=frame)
    assert table["level.age"].tolist() == [1, 1, 2]


def test_bounds_of_every_kind_are_compared(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [21, 22, 23, 35, 36, 37]})
    people = ages(tmp_path, [*frame["age"], 24, 25, 38, 39, 39])
    bounds = {
        "delta_presence": ("delta_max", [0.6, 1]),
        "average_risk": ("average_risk", [0.4, 0.9]),
        "sample_uniqueness": ("sample_uniqueness", [0, 0.9]),
        "population_uniqueness": ("population_uniqueness", [0, 0.9]),
    }
    rules: dict[str, Any] = {
        "delta_presence": {"delta_max": 1},
        "average_risk": {"risk": 0.99},
        "sample_uniqueness": {"share": 0.99},
        "population_uniqueness": {"share": 0.99, "estimator": "zayatz"},
    }
    for model, (key, values) in bounds.items():
        asked = of_age(people, privacy={model: rules[model], "k_map": {"k": 2, **K_MAP}})
        table = measure({"policy": asked}, measurement={key: values}, frame=frame)
        assert table[key].tolist() == values
        strict, weak = table["infoLoss"]
        assert strict >= weak, model
    with pytest.raises(RequestError, match=r"measurement.delta_min: the policy has no"):
        measure(
            {"policy": of_age(people, privacy={"k_map": {"k": 2}})},
            measurement={"delta_min": [0]},
            frame=frame,
        )


def test_numbers_of_the_population_are_those_of_the_records_however_they_are_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("age\n21,0\n35,00\n21\n35\n", encoding="utf-8")
    population = {"path": str(path), "csv": {"separator": ";", "decimal": ","}}
    asked = of_age(population, privacy={"k_map": {"k": 2}})
    result = anonymize({"policy": asked}, frame=pd.DataFrame({"age": [21, 35]}))
    assert result.levels == {"age": 0}
    assert verify(asked, pd.DataFrame({"age": [21.0, 35.0]})).holds


def test_who_can_be_ruled_out_breaks_a_lower_bound_of_presence(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [21, 22, 35]})
    people = ages(tmp_path, [21, 22, 23, 24, 35, 36, 41])
    asked = of_age(people, privacy={"delta_presence": {"delta_max": 0.5}})
    assert anonymize({"policy": asked}, frame=frame).levels == {"age": 1}
    asked["privacy"]["delta_presence"]["delta_min"] = 0.4  # of those in their forties none is here
    assert anonymize({"policy": asked}, frame=frame).levels == {"age": 2}
    broken = verify(asked, pd.DataFrame({"age": ["[20, 30)"] * 2 + ["[30, 40)"]})).failures
    assert [(p.classes_failing, p.records_failing) for p in broken] == [(1, 0)]


def test_people_behind_no_class_are_behind_the_suppressed_records_that_stay(
    tmp_path: Path,
) -> None:
    frame = pd.DataFrame({"age": [21, 22, 35]})
    people = ages(tmp_path, [21, 22, 23, 35, 41, 42])
    asked = of_age(
        people,
        privacy={"delta_presence": {"delta_min": 0.3, "delta_max": 0.7}},
        suppression_limit=0.5,
        suppressed_records="keep",
        suppression_cost=0,
    )
    result = anonymize({"policy": asked}, frame=frame)
    assert result.df is not None
    assert sorted(result.df["age"]) == ["*", "[20, 30)", "[20, 30)"]
    assert verify(asked, result.df).holds


def test_a_population_without_the_records_of_the_source_is_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [21, 21, 35]})
    presence = {"delta_presence": {"delta_max": 1}}
    asked = of_age(ages(tmp_path, [21, 35, 35]), privacy=presence)
    with pytest.raises(RequestError, match="1 records of the source are of nobody"):
        anonymize({"policy": asked}, frame=frame)
    asked = of_age(ages(tmp_path, [21, 36, 37, 38]), privacy={"k_map": {"k": 2}})
    with pytest.raises(RequestError, match="no person with 1 of the values of age"):
        anonymize({"policy": asked}, frame=frame)
    estimate = {"k_map": {"k": 2, "estimator": "poisson"}}
    with pytest.raises(RequestError, match="its 2 people are fewer than the 3 records"):
        anonymize({"policy": of_age(2, privacy=estimate)}, frame=frame)


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"privacy": {"k_map": {"k": 2}}}, "policy.privacy.k_map"),
        ({"privacy": {"k_map": {"k": 2}}, "population": 9}, "policy.privacy.k_map"),
        (
            {"privacy": {"k_map": {"k": 2, "estimator": "poisson"}}},
            "policy.privacy.k_map.sampling_fraction",
        ),
        (
            {"privacy": {"delta_presence": {"delta_max": 1}}, "population": 9},
            "policy.privacy.delta_presence",
        ),
        (
            {"privacy": {"population_uniqueness": {"share": 0}}},
            "policy.privacy.population_uniqueness",
        ),
        (
            {
                "privacy": {"k_map": {"k": 2}},
                "population": {"path": "a.csv"},
                "recoding": "local",
            },
            "policy.recoding",
        ),
    ],
)
def test_what_promises_about_the_population_need_is_said(
    options: dict[str, Any], place: str
) -> None:
    with pytest.raises(RequestError) as refused:
        parse_policy(asking(**options))
    assert [problem.path for problem in refused.value.problems] == [place]


def test_later_records_are_matched_with_the_same_population(tmp_path: Path) -> None:
    people = ages(tmp_path, [21, 22, 23, 35, 36, 37])
    asked = of_age(people, privacy={"k_map": {"k": 3}})
    first = anonymize({"policy": asked}, frame=pd.DataFrame({"age": [21, 35]}))
    later = apply(first.document(), frame=pd.DataFrame({"age": [22, 37, 38]}), enforce=True)
    assert later.df is not None
    assert sorted(later.df["age"]) == ["[20, 30)", "[30, 40)", "[30, 40)"]
    assert later.alone.holds


@pytest.mark.parametrize(
    "values",
    [[3, 1, 10, 2], ["2024-01-03", "2024-01-01", "2024-02-01", None], [True, False, True, False]],
)
def test_numbers_and_dates_are_compared_along_their_order(values: list[Any]) -> None:
    assert anonymize(ordered(), frame=grades(values)).df is not None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (
            ["low", "mid", "high", "mid"],
            "the values of grade are neither all numbers nor all dates",
        ),
        (["1", "2", "n/a", "10"], "1 of the 4 values of grade is no number"),
    ],
)
def test_texts_are_not_compared_along_the_alphabet(values: list[str], found: str) -> None:
    with pytest.raises(RequestError) as caught:
        anonymize(ordered(), frame=grades(values))
    assert str(caught.value) == (
        f"policy.privacy.t_closeness.0.distance: {found}: name in csv.missing what stands for "
        "none, write them as numbers in their order, or ask for distance: equal or hierarchical"
    )


def ordered() -> dict[str, Any]:
    attributes = {"sex": {"role": "quasi_identifier"}, "grade": {"role": "sensitive"}}
    rule = {"attribute": "grade", "t": 0.5, "distance": "ordered"}
    return {"policy": {"attributes": attributes, "privacy": {"t_closeness": rule}}}


def grades(values: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"sex": ["f", "m", "f", "m"], "grade": values})
