"""Columns say more together than each does: questions alike, events and times, shares, offers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from anon_dagster.detection import detect
from anon_dagster.detection.fellows import alternatives

RECORDS = 300


def whole(least: int, most: int, *, seed: int) -> list[int]:
    return list(np.random.default_rng(seed).integers(least, most + 1, RECORDS).tolist())


def roles(columns: Mapping[str, Sequence[object]]) -> dict[str, str]:
    return {c.column: c.role for c in detect(pd.DataFrame(columns)).columns}


def test_answers_on_one_scale_to_many_questions_are_sensitive_and_to_few_they_are_not() -> None:
    asked = {f"xq{n}": whole(1, 5, seed=n) for n in range(6)}
    assert set(roles(asked).values()) == {"sensitive"}
    assert "sensitive" not in roles({name: asked[name] for name in ("xq0", "xq1")}).values()


def test_a_state_in_each_of_many_weeks_is_a_history() -> None:
    weekly = {f"stip{week}": whole(0, 1, seed=week) for week in range(1, 20)}
    assert set(roles(weekly).values()) == {"sensitive"}


def test_what_happened_beside_how_long_that_took_is_sensitive() -> None:
    took = [1 + n * 7 % 900 for n in range(RECORDS)]
    beside = roles({"zorstat": whole(0, 1, seed=1), "zortime": took})
    alone = roles({"zorstat": whole(0, 1, seed=1), "brmtime": took})
    assert (beside["zorstat"], alone["zorstat"]) == ("sensitive", "quasi_identifier")


def test_shares_that_add_up_to_one_are_sensitive_and_others_are_not() -> None:
    dice = np.random.default_rng(5)
    budget = dice.dirichlet([3, 2, 4], RECORDS).round(3)
    names = ("xa", "xb", "xc")
    parts = {name: budget[:, n].tolist() for n, name in enumerate(names)}
    assert set(roles(parts).values()) == {"sensitive"}
    parts["xb"] = dice.random(RECORDS).round(3).tolist()
    assert "sensitive" not in roles(parts).values()


def test_numbers_without_known_names_are_measurements_where_there_are_many() -> None:
    dice = np.random.default_rng(7)
    many = {f"{c}vq": dice.gamma(9, 2, RECORDS).round(1).tolist() for c in "abcdefghijkl"}
    assert set(roles(many).values()) == {"sensitive"}
    few = {name: many[name] for name in ("avq", "bvq")}
    assert set(roles(few).values()) == {"quasi_identifier"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["fuel_bus", "fuel_car", "wait_bus", "wait_car", "age"], 4),
        (["fuel_bus", "fuel_car", "wait_bus"], 0),  # nothing else goes with both
        (["speed1", "speed2", "speed3"], 0),  # one thing alone
    ],
)
def test_alternatives_are_several_things_of_the_same_several(
    names: list[str], expected: int
) -> None:
    found = set(alternatives(names))
    assert len(found) == expected
    assert "age" not in found


def test_what_could_be_chosen_is_harmless_and_who_chose_is_not() -> None:
    found = roles(
        {
            "choice": ["bus", "car", "train"] * (RECORDS // 3),
            "price_bus": whole(2, 9, seed=1),
            "price_car": whole(4, 20, seed=2),
            "seats_bus": whole(20, 60, seed=3),
            "seats_car": whole(4, 7, seed=4),
            "psize": whole(1, 6, seed=5),
        }
    )
    assert found["seats_bus"] == "non_sensitive"
    assert found["psize"] != "non_sensitive"


def test_what_an_advertisement_asks_for_is_harmless_and_what_an_applicant_has_is_not() -> None:
    asked = ["yes", "no", "no"] * (RECORDS // 3)
    found = roles({"post_req_degree": asked, "post_req_diploma": asked, "degree": asked})
    assert found["post_req_degree"] == "non_sensitive"
    assert found["degree"] == "quasi_identifier"
