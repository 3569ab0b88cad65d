"""The order in which configurations are tried: every kind early, the least promised first."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.assessment.comparison import Configuration
from anon_dagster.operations.grid import PAIR, grid_of, untried_kinds, weaker_grid_of
from anon_dagster.request import Policy, parse_policy

PROMISES = ("k", "suppression_limit")


def policy(k: int = 5, **privacy: object) -> Policy:
    return parse_policy(
        {
            "attributes": {"age": {"role": "quasi_identifier"}, "ill": {"role": "sensitive"}},
            "privacy": {"k_anonymity": {"k": k}, **privacy},
        }
    )


risks = st.floats(0.01, 1.0)


@given(risks, st.integers(2, 50))
def test_no_configuration_allows_a_larger_risk_than_is_acceptable(risk: float, k: int) -> None:
    grid = grid_of(policy(k), risk)
    assert all(1 / each.settings["k"] <= risk + 1e-9 for each in grid)
    assert len({tuple(each.settings.items()) for each in grid}) == len(grid) >= 12


@given(risks, st.integers(2, 50))
def test_a_solution_of_any_configuration_is_one_of_the_first_with_its_recoding(
    risk: float, k: int
) -> None:
    grid = grid_of(policy(k), risk)
    first = grid[:PAIR]
    assert [each.policy.recoding for each in first] == ["global", "local"]
    for each in grid:
        assert each.settings["k"] >= first[0].settings["k"]
        assert each.settings["suppression_limit"] <= first[0].settings["suppression_limit"]


@given(risks, st.integers(2, 50))
def test_each_value_of_each_setting_comes_before_two_are_changed_together(
    risk: float, k: int
) -> None:
    grid = grid_of(policy(k), risk)
    base = grid[0].settings

    def changed(each: Configuration) -> int:
        return sum(each.settings[name] != base[name] for name in PROMISES)

    alone = next(place for place in count() if changed(grid[place]) > 1)
    assert not untried_kinds(grid[:alone], grid[alone:])
    assert [each.policy.recoding for each in grid] == ["global", "local"] * (len(grid) // 2)


def test_what_is_weaker_is_asked_of_the_models_that_the_policy_has() -> None:
    guarded = policy(l_diversity=[{"attribute": "ill", "l": 3}])
    assert [dict(each.settings) for each in weaker_grid_of(guarded, 0.1)] == [
        {"k": 10, "l": 2.0, "suppression_limit": 0.2, "recoding": recoding}
        for recoding in ("global", "local")
    ]
    assert "l" not in weaker_grid_of(policy(), 0.1)[0].settings


@pytest.mark.parametrize(
    ("tried", "untried"),
    [
        (1, ["recoding: local", "k: 20", "suppression_limit: 0.01", "k: 40"]),
        (2, ["k: 20", "suppression_limit: 0.01", "k: 40"]),
        (3, ["suppression_limit: 0.01", "k: 40"]),
    ],
)
def test_the_settings_that_nothing_was_tried_with_are_named(tried: int, untried: list[str]) -> None:
    grid = grid_of(policy(), 0.1)
    assert untried_kinds(grid[:tried], grid[tried:])[: len(untried)] == untried
