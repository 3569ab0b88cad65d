"""What the benchmark finds given back is given back, and what is there it finds."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from benchmarks.real.joining import Joined
from benchmarks.real.recovery import Recovery, recoveries

RECORDS = 600


def tens(values: pd.Series) -> pd.Series:
    lower = values.astype(float) // 10 * 10
    return lower.map("[{:g}, ".format) + (lower + 10).map("{:g})".format)


def table(seed: int = 0) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": dice.integers(18, 90, RECORDS),
            "height": dice.normal(170, 9, RECORDS).round(1),
            "children": dice.poisson(1.5, RECORDS),
            "sex": dice.choice(["f", "m"], RECORDS),
            "town": dice.choice(["a", "b", "c", "d", "e", "f", "g", "h"], RECORDS),
        }
    )


def released(frame: pd.DataFrame, **labels: pd.Series) -> list[Recovery]:
    """Look into a release with some labels, and everything else as it was."""
    texts = frame.astype(str)
    return list(recoveries(Joined(texts, texts.assign(**labels), 0.0)))


def relations(found: list[Recovery]) -> set[tuple[str, tuple[str, ...], str]]:
    return {(each.protected, each.columns, each.relation) for each in found}


FORMS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "copy": lambda age: age,
    "linear": lambda age: 2030 - age,
    "square": lambda age: age**2,
    "logarithm": np.log,
    "root": lambda age: age**2 + 0,
}


@pytest.mark.parametrize("relation", ["copy", "linear", "square", "logarithm"])
def test_a_formula_of_a_generalized_number_is_found_and_named(relation: str) -> None:
    frame = table()
    inverse = {"square": "root"}.get(relation, relation)
    frame["twin"] = FORMS[relation](frame["age"])
    found = released(frame, age=tens(frame["age"]))
    assert relations(found) == {("age", ("twin",), inverse)}
    assert found[0].records == RECORDS


def test_a_number_that_was_measured_finer_is_found() -> None:
    frame = table()
    days = frame["age"] * 365.25 + np.random.default_rng(1).uniform(0, 365, RECORDS)
    found = released(frame.assign(days=days.round()), age=tens(frame["age"]))
    assert relations(found) == {("age", ("days",), "linear")}


def test_a_code_of_a_place_is_found() -> None:
    frame = table()
    codes = dict(zip("abcdefgh", np.random.default_rng(2).permutation(8) + 100, strict=True))
    frame["code"] = frame["town"].map(codes).map("T{}".format)
    star = pd.Series("*", frame.index)
    assert relations(released(frame, town=star)) == {("town", ("code",), "one-column function")}


def test_a_group_that_follows_from_a_number_is_found() -> None:
    frame = table()
    frame["grown"] = np.where(frame["height"] > 175, "tall", "small")
    found = released(frame, grown=pd.Series("*", frame.index))
    assert relations(found) == {("grown", ("height",), "steps of a number")}


def test_a_sum_of_two_is_found() -> None:
    frame = table()
    frame["school"] = np.random.default_rng(3).integers(8, 18, RECORDS)
    frame["experience"] = frame["age"] - frame["school"] - 6
    found = released(frame, age=tens(frame["age"]))
    assert relations(found) == {("age", ("school", "experience"), "sum of two")}


def test_the_day_of_a_date_of_birth_is_found() -> None:
    frame = table()
    days = np.random.default_rng(4).integers(0, 365 * 40, RECORDS)
    born = pd.Series(pd.Timestamp("1950-01-01") + pd.to_timedelta(days, unit="D"))
    frame["born"], frame["on"] = born.dt.strftime("%Y-%m-%d"), born.dt.day
    found = released(frame, born=born.dt.strftime("%Y"))
    assert relations(found) == {("born", ("on",), "day of a date")}


@pytest.mark.parametrize("seed", range(4))
def test_columns_that_have_nothing_to_do_with_each_other_give_nothing_back(seed: int) -> None:
    frame = table(seed)
    star = pd.Series("*", frame.index)
    assert released(frame, age=tens(frame["age"]), height=star, sex=star, town=star) == []


def test_columns_that_only_go_together_give_nothing_back() -> None:
    frame = table()
    noise = np.random.default_rng(5).normal(0, 4, RECORDS)
    frame["weight"] = (frame["height"] - 100 + noise).round(1)
    assert released(frame, height=tens(frame["height"])) == []


def test_a_number_for_every_record_gives_nothing_back() -> None:
    frame = table()
    frame["number"] = np.random.default_rng(6).permutation(RECORDS)
    assert released(frame, sex=pd.Series("*", frame.index), age=tens(frame["age"])) == []


def test_what_the_label_tells_anyway_is_not_given_back() -> None:
    frame = table()
    frame["rare"] = np.where(np.arange(RECORDS) < 30, "yes", "no")
    frame["twin"] = frame["rare"]
    assert released(frame, rare=pd.Series("*", frame.index)) == []


def test_what_is_generalized_as_well_gives_nothing_back() -> None:
    frame = table()
    frame["twin"] = frame["age"] ** 2
    star = pd.Series("*", frame.index)
    assert released(frame, age=tens(frame["age"]), twin=star) == []


def test_a_label_of_another_column_may_tell_what_the_own_one_hides() -> None:
    frame = table()
    frame["group"] = np.where(frame["age"] < 50, "young", "old")
    found = released(frame, group=pd.Series("*", frame.index), age=tens(frame["age"]))
    assert relations(found) == {("group", ("age",), "one-column function")}


def test_a_half_of_the_country_does_not_tell_the_state() -> None:
    frame = table()
    frame["south"] = frame["town"].isin(list("abcd")).astype(int)
    assert released(frame, town=pd.Series("*", frame.index)) == []


def test_a_relation_among_the_hidden_values_alone_is_one_that_nobody_knows() -> None:
    frame = table()
    frame["flag"] = np.random.default_rng(9).integers(0, 2, RECORDS)
    alike = (frame["sex"] == "f") == (frame["flag"] == 1)
    assert released(frame, sex=frame["sex"].mask(alike, "*")) == []
