"""What files that add up to one release ask of a request, each told with its place and a cure."""

from typing import Any

import pytest

from anon_dagster.errors import RequestError
from anon_dagster.request import Request, parse_request

POPULATION = {"population": 1_000_000}
K = {"k_anonymity": {"k": 5}}


def asked(
    *,
    policy: dict[str, Any] | None = None,
    privacy: dict[str, Any] | None = None,
    age: dict[str, Any] | None = None,
    arrivals: dict[str, Any] | None = None,
    **request: Any,
) -> Request:
    attributes = {
        "id": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", **(age or {})},
        "illness": {"role": "sensitive"},
    }
    said = {"person": "id", "privacy": {**K, **(privacy or {})}, **(policy or {})}
    return parse_request(
        {
            "source": {"path": "in/*.csv"},
            "arrivals": {"mode": "append", "target": {"path": "{delta}.csv"}, **(arrivals or {})},
            "policy": {
                "attributes": {**attributes, **said.pop("more", {})},
                **{name: value for name, value in said.items() if value is not None},
            },
            **request,
        }
    )


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "nobody is named": (
        {"policy": {"person": None}},
        "policy.person",
        "name the attribute that tells whose a record is, or say arrivals.people_return: never",
    ),
    "somebody is named who never returns": (
        {"arrivals": {"people_return": "never"}},
        "arrivals.people_return",
        "is said where no policy.person is named",
    ),
    "records without a name, together": (
        {"policy": {"without_person": "together"}},
        "policy.without_person",
        "must be refuse",
    ),
    "records without a name, each its own": (
        {"policy": {"without_person": "own"}},
        "policy.without_person",
        "must be refuse",
    ),
    "k-map": (
        {"policy": POPULATION, "privacy": {"k_map": {"k": 5}}},
        "policy.privacy.k_map",
        "the population that it counts moves between deltas",
    ),
    "delta-presence": (
        {
            "policy": {"population": {"path": "people.csv", "person": "id"}},
            "privacy": {"delta_presence": {"delta_min": 0, "delta_max": 0.5}},
        },
        "policy.privacy.delta_presence",
        "the population that it counts moves between deltas",
    ),
    "population uniqueness": (
        {"policy": POPULATION, "privacy": {"population_uniqueness": {"share": 0.1}}},
        "policy.privacy.population_uniqueness",
        "the population that it counts moves between deltas",
    ),
    "sample uniqueness": (
        {"privacy": {"sample_uniqueness": {"share": 0.1}}},
        "policy.privacy.sample_uniqueness",
        "it is told of a whole release, and there are deltas",
    ),
    "average risk": (
        {"privacy": {"average_risk": {"risk": 0.1}}},
        "policy.privacy.average_risk",
        "it is told of a whole release, and there are deltas",
    ),
    "differential privacy": (
        {"privacy": {"differential_privacy": {"epsilon": 1, "delta": 0.001}}},
        "policy.privacy.differential_privacy",
        "every delta would spend epsilon anew",
    ),
    "delta-disclosure of present values": (
        {
            "privacy": {
                "delta_disclosure": {"attribute": "illness", "delta": 1.5, "compare": "present"}
            }
        },
        "policy.privacy.delta_disclosure.compare",
        "two deltas that keep it may break it together; leave compare out",
    ),
    "a sample": (
        {"policy": {"sampling": {"fraction": 0.5}}},
        "policy.sampling",
        "everybody who is not drawn would wait for ever",
    ),
    "households": (
        {
            "policy": {
                "household": {"by": "home", "k": 2},
                "more": {"home": {"role": "direct_identifier"}},
            }
        },
        "policy.household",
        "nobody can tell yet",
    ),
    "trajectories": (
        {"policy": {"trajectory": {"k": 2}}},
        "policy.trajectory",
        "nobody can tell yet",
    ),
    "suppressed records that stay": (
        {"policy": {"suppressed_records": "keep"}},
        "policy.suppressed_records",
        "must be drop",
    ),
    "a schedule": ({"schedule": "0 3 * * *"}, "schedule", "nothing is anonymized anew"),
    "an average": (
        {"age": {"transformation": "microaggregation", "aggregate": "mean"}},
        "policy.attributes.age.transformation",
        "must be generalization",
    ),
    "clusters": (
        {"age": {"transformation": "microaggregation", "aggregate": "mean", "groups": "mdav"}},
        "policy.attributes.age.transformation",
        "must be generalization",
    ),
    "shifted dates": (
        {"policy": {"more": {"seen": {"role": "sensitive", "shift": {"weeks": 4}}}}},
        "policy.attributes.seen.shift",
        "how far its dates are shifted",
    ),
    "weights": (
        {"policy": {"more": {"pw": {"role": "weight"}}}},
        "policy.attributes.pw.role",
        "weights do not go with",
    ),
    "classes judged too early": (
        {"arrivals": {"judge_at": 4}},
        "arrivals.judge_at",
        "must be at least k, which is 5",
    ),
    "classes judged before they can keep alpha": (
        {
            "arrivals": {"judge_at": 6},
            "privacy": {"alpha_k_anonymity": {"attribute": "illness", "alpha": 0.5, "k": 7}},
        },
        "arrivals.judge_at",
        "must be at least k, which is 7",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_go_with_deltas_is_told_with_its_place_and_what_to_do(name: str) -> None:
    said, path, cure = REFUSED[name]
    with pytest.raises(RequestError) as raised:
        asked(**said)
    assert any(p.path == path and cure in p.message for p in raised.value.problems)
    assert "unknown key" not in str(raised.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(RequestError) as raised:
        asked(
            policy={"person": None, "suppressed_records": "keep"},
            arrivals={"judge_at": 2},
            schedule="0 3 * * *",
        )
    assert {problem.path for problem in raised.value.problems} == {
        "policy.person",
        "policy.suppressed_records",
        "arrivals.judge_at",
        "schedule",
    }


@pytest.mark.parametrize(
    "arrivals",
    [
        {"judge_at": 5},
        {"wait_at_most": "30d", "returning": "set_aside"},
        {"observer": "union", "new_solution": {"waiting": None, "drift": 0.5}},
    ],
)
def test_what_goes_with_deltas_is_taken(arrivals: dict[str, Any]) -> None:
    request = asked(
        arrivals=arrivals,
        privacy={
            "l_diversity": {"attribute": "illness", "l": 2},
            "t_closeness": {"attribute": "illness", "t": 0.4},
            "alpha_k_anonymity": {"attribute": "illness", "alpha": 0.5, "k": 3},
            "beta_likeness": {"attribute": "illness", "beta": 1},
            "delta_disclosure": {"attribute": "illness", "delta": 1.5},
        },
    )
    assert request.arrivals is not None
    assert request.arrivals.mode == "append"


def test_where_nobody_returns_nobody_needs_a_name() -> None:
    request = asked(policy={"person": None}, arrivals={"people_return": "never"})
    assert request.policy.person is None


@pytest.mark.parametrize(
    ("arrivals", "told"),
    [
        ({"target": {"path": "out.csv"}}, "needs {delta} once"),
        ({"target": {"path": "{delta}/{delta}.csv"}}, "needs {delta} once"),
        ({"target": {"path": "{file}.csv"}}, "needs {delta} once"),
        ({"target": {"path": "{delta}", "format": "csv", "single_file": False}}, "a single file"),
        ({"wait_at_most": "0d"}, "wait_at_most"),
        ({"wait_at_most": "a month"}, "wait_at_most"),
        ({"judge_at": 1}, "judge_at"),
        ({"mode": "anonymize", "target": {"path": "{file}.csv"}, "judge_at": 9}, "goes with mode"),
    ],
)
def test_settings_that_mean_nothing_are_refused(arrivals: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError) as raised:
        asked(arrivals=arrivals)
    assert told in str(raised.value)
