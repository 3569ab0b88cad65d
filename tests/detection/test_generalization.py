"""Hierarchies as a person would write them: for each kind of column, and laws of all of them."""

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anon_dagster
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.detection import propose_hierarchies
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.request import (
    DateRule,
    FrequencyRule,
    HierarchyRule,
    IntervalRule,
    MaskRule,
    OrderRule,
    SuppressRule,
)

DICE = np.random.default_rng(7)
NOW = pd.Timestamp.now().year


def proposed(name: str, values: Sequence[object]) -> HierarchyRule:
    """Return the rule that is proposed for a column, beside one that does not play a part."""
    return propose_hierarchies(pd.DataFrame({name: values}))[name]


def built(rule: HierarchyRule, values: Sequence[object]) -> Hierarchy:
    counts = Counter(map(str, values))
    return build_hierarchy(rule, "v", list(counts), np.array(list(counts.values())))


def label(hierarchy: Hierarchy, value: object, level: int) -> str | None:
    (leaf,) = hierarchy.locate([str(value)]).tolist()
    return hierarchy.labels[level][int(hierarchy.codes[level, leaf])]


# -- laws ----------------------------------------------------------------------------------


NAMES = st.sampled_from(["v", "age", "year", "income", "score", "job_code", "education", "month"])


@given(NAMES, st.lists(st.integers(-2000, 20_000), min_size=1, max_size=60))
def test_numbers_are_never_ranked_by_how_frequent_they_are(name: str, values: list[int]) -> None:
    rule = proposed(name, [str(value) for value in values] * 12)
    assert not isinstance(rule, FrequencyRule)


@given(NAMES, st.lists(st.text(string.ascii_lowercase + string.digits, max_size=5), max_size=60))
def test_what_is_proposed_can_be_built_for_other_values_too(name: str, values: list[str]) -> None:
    rule = proposed(name, values)
    hierarchy = built(rule, [*values, "999", "-3", "0.5", "another value"])
    assert hierarchy.labels[-1] == ("*",)


@given(st.lists(st.integers(0, 20_000).map(str), min_size=3, max_size=50, unique=True))
def test_rules_hold_no_value(values: list[str]) -> None:
    prefixed = [f"zz{value}q" for value in values]
    document = proposed("v", prefixed * 3).model_dump_json()
    assert "zz" not in document


# -- numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", [(999,), (-1,), (-9, 999), (9999,), (8888, -7), (99999,)])
def test_codes_of_no_answer_stretch_nothing_and_have_their_own_place(
    codes: tuple[int, ...],
) -> None:
    ages = [*DICE.integers(18, 90, 1500).tolist(), *[code for code in codes for _ in range(40)]]
    rule = proposed("age", ages)
    assert isinstance(rule, IntervalRule)
    assert list(rule.widths) == [5, 10, 20, 40]
    hierarchy = built(rule, ages)
    for level in range(1, 5):
        assert {label(hierarchy, code, level) for code in codes} == {"other"}
        assert "other" not in {label(hierarchy, age, level) for age in range(18, 90)}
    assert label(hierarchy, 37, 1) == "[35, 40)"


def test_a_code_of_no_answer_among_years_is_none() -> None:
    years = [*DICE.integers(1930, 2005, 900).tolist(), *[9999] * 30]
    rule = proposed("birth_year", years)
    hierarchy = built(rule, years)
    assert label(hierarchy, 9999, 1) == "other"
    assert label(hierarchy, 1984, 1) == "[1980, 1985)"


@pytest.mark.parametrize(
    ("name", "values", "widths"),
    [
        ("age", DICE.integers(18, 90, 900), (5, 10, 20, 40)),
        ("age", DICE.integers(18 * 12, 90 * 12, 900), (60, 120, 240, 480)),
        ("age", DICE.integers(18 * 365, 90 * 365, 900), (1825, 3650, 7300, 14600)),
        ("age", np.log(DICE.integers(18, 90, 900)), (0.1, 0.2, 1)),
        ("age", DICE.integers(18, 90, 900) - 50, (5, 10, 20, 40)),
        ("birth_year", DICE.integers(1930, 2005, 900), (5, 10, 20)),
        ("month", DICE.integers(1, 13, 900), (3, 6)),
        ("share", DICE.integers(0, 100, 900) / 100, (0.1, 0.2, 0.4)),
        ("grade", DICE.integers(1, 13, 900), (2, 4, 8)),
    ],
    ids=[
        "ages",
        "in months",
        "in days",
        "logarithms",
        "centred",
        "years",
        "months",
        "shares",
        "grades",
    ],
)
def test_widths_suit_what_is_measured(
    name: str, values: "np.ndarray[tuple[int], np.dtype[np.float64]]", widths: tuple[float, ...]
) -> None:
    rule = proposed(name, values.tolist())
    assert isinstance(rule, IntervalRule)
    assert rule.widths == widths


def test_months_are_joined_to_quarters() -> None:
    hierarchy = built(proposed("month", [1 + n % 12 for n in range(240)]), range(1, 13))
    assert [label(hierarchy, month, 1) for month in (1, 3, 4, 12)] == [
        "[1, 4)",
        "[1, 4)",
        "[4, 7)",
        "[10, 13)",
    ]


def test_few_large_sums_are_joined() -> None:
    sums = np.exp(DICE.normal(10, 1.5, 3000)).round().astype(int)
    rule = proposed("turnover", sums.tolist())
    assert isinstance(rule, IntervalRule)
    assert rule.upper is not None
    hierarchy = built(rule, sums.tolist())
    beyond = sums[sums >= rule.upper]
    assert 2 <= len(beyond) <= 0.05 * len(sums)
    assert len({label(hierarchy, each, 1) for each in beyond}) == 1


def test_full_precision_is_no_text() -> None:
    rule = proposed("ratio", (DICE.random(800) * 3).tolist())
    assert isinstance(rule, IntervalRule)
    assert rule.widths[0] == 0.2


def test_sums_with_a_currency_are_not_all_thrown_together() -> None:
    prices = [f"${n % 90},{n % 10}00" for n in range(1000, 1400)]
    hierarchy = built(proposed("v", prices), prices)
    assert len(hierarchy.labels[1]) > 2


# -- dates ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["%d-%b-%y", "%d/%m/%y", "%d.%m.%y"])
@pytest.mark.parametrize("oldest", [60, 85, 97])
def test_nobody_is_born_in_the_future(form: str, oldest: int) -> None:
    days = pd.Timestamp(f"{NOW}-01-01") - pd.to_timedelta(DICE.integers(0, oldest * 365, 700), "D")
    born = days[(days.year % 100) != (NOW + 4) % 100].strftime(form).tolist()  # a gap to fall into
    rule = proposed("date_of_birth", born)
    assert isinstance(rule, DateRule)
    assert rule.two_digit_years_until == NOW
    years = [int(text[:4]) for text in built(rule, born).labels[-2] if text and text != "other"]
    assert max(years) <= NOW


def test_a_card_may_expire_in_the_future() -> None:
    days = [f"{1 + n % 28:02}/{1 + n % 12:02}/{(NOW - 3 + n % 8) % 100:02}" for n in range(600)]
    rule = proposed("card_expires", days)
    assert isinstance(rule, DateRule)
    assert rule.two_digit_years_until == NOW + 4


# -- codes and texts -----------------------------------------------------------------------


@pytest.mark.parametrize("length", [3, 5, 8, 12])
def test_codes_are_masked_in_at_most_four_steps(length: int) -> None:
    digits = length - 1
    codes = [f"{n * 7919 % 10**digits:0{digits}}{'KX'[n % 2]}" for n in range(300)] * 2
    rule = proposed("v", codes)
    assert isinstance(rule, MaskRule)
    hierarchy = built(rule, codes)
    assert 4 <= hierarchy.levels <= 6
    assert re.fullmatch(r"[0-9]{1,3}\*+", str(label(hierarchy, codes[0], hierarchy.levels - 2)))


def test_an_order_that_the_table_declares_is_kept() -> None:
    levels = ["low", "medium", "high", "very high", "highest", "beyond"]
    answers = pd.Categorical([levels[n % 6] for n in range(300)], categories=levels, ordered=True)
    table = pd.DataFrame({"answer": answers, "age": [20 + n % 50 for n in range(300)]})
    rule = propose_hierarchies(table)["answer"]
    assert rule == OrderRule(sizes=(2, 2), other=rule.other)
    policy = {
        "attributes": {
            "answer": {"role": "quasi_identifier", "hierarchy": rule, "lowest_level": 1},
            "age": {"role": "non_sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 3}},
    }
    df = anon_dagster.anonymize({"policy": policy}, frame=table).df
    assert df is not None
    assert set(df["answer"]) == {"low .. medium", "high .. very high", "highest .. beyond"}


def test_ranges_are_joined_with_their_neighbours_only_where_the_alphabet_knows_these() -> None:
    decades = [f"{10 * (1 + n % 8)}-{10 * (1 + n % 8) + 9}" for n in range(400)]
    assert isinstance(proposed("age_group", decades), OrderRule)
    uneven = [f"{5 * (n % 9)}-{5 * (n % 9) + 4}" for n in range(450)]  # 10-14 stands before 5-9
    assert not isinstance(proposed("age_group", uneven), OrderRule)


def test_only_texts_that_are_frequent_are_kept() -> None:
    usual = [f"Zy{chr(97 + n % 15)}x" for n in range(600)]
    rare = [f"Ov{chr(97 + n % 26)}{chr(97 + n // 26)}r" for n in range(200)]
    rule = proposed("v", usual + rare)
    assert rule == FrequencyRule(keep=(10, 5, 3), rest="other")
    assert isinstance(proposed("v", rare * 2), SuppressRule)


@pytest.mark.parametrize("name", ["month", "weekday"])
def test_names_of_months_and_days_are_not_ranked(name: str) -> None:
    days = pd.date_range("2024-01-01", periods=400)
    texts = days.month_name() if name == "month" else days.day_name()
    assert isinstance(proposed(name, list(texts)), SuppressRule)
