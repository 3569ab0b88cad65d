"""What the labels of a release may stand for, as somebody reads them who did not make them."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster import anonymize
from anon_dagster.reading.counting import count
from anon_dagster.request import IntervalRule, TreeRule, parse_policy
from anon_dagster.residual.labels import Column, ColumnOfLabels, points_of
from anon_dagster.residual.people import columns_of
from anon_dagster.storage.meaning import ordering_of
from anon_dagster.storage.sources import open_frame
from tests.parameters import slow_but

QI: dict[str, Any] = {"role": "quasi_identifier"}
RULES: dict[str, dict[str, Any]] = {
    "age": {"hierarchy": {"type": "interval", "widths": [5, 10, 40]}},
    "sides": {
        "hierarchy": {
            "type": "interval",
            "widths": [10, 20],
            "lower": 20,
            "upper": 60,
            "outside": "group",
        }
    },
    "weight": {"hierarchy": {"type": "rounding", "steps": [5, 15]}},
    "born": {"hierarchy": {"type": "date", "levels": ["month", "quarter", "year", "decade"]}},
    "zip": {"hierarchy": {"type": "mask"}},
    "grade": {"hierarchy": {"type": "order", "sizes": [2, 2]}},
    "town": {"hierarchy": {"type": "frequency", "keep": [3, 1]}},
    "land": {"hierarchy": {"type": "tree", "nodes": {"a": ["aa", "ab"], "b": ["ba", "bb"]}}},
}


def people(records: int, seed: int) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    days = pd.Timestamp("1950-01-01") + pd.to_timedelta(dice.integers(0, 20_000, records), "D")
    return pd.DataFrame(
        {
            "age": dice.integers(18, 70, records),
            "sides": dice.integers(0, 90, records),
            "weight": dice.integers(400, 1000, records) / 10,
            "born": days.strftime("%Y-%m-%d"),
            "zip": [f"{n:05d}" for n in dice.integers(10_000, 10_400, records)],
            "grade": dice.choice(list("abcdefgh"), records),
            "town": dice.choice(list("tuvwxyz"), records),
            "land": dice.choice(["aa", "ab", "ba", "bb"], records),
            "row": [f"r{n}" for n in range(records)],
        }
    )


def released(frame: pd.DataFrame, name: str, **policy: Any) -> tuple[pd.Series, pd.Series]:
    """Return the values of a column, and how they are released."""
    asked = {
        "attributes": {name: QI | RULES[name], "row": {"role": "non_sensitive"}},
        "privacy": {"k_anonymity": {"k": 4}},
        "residual": {"alone": "ignore", "given_back": "ignore"},
        "suppression_limit": 0.3,
        **policy,
    }
    df = anonymize({"policy": asked}, frame=frame[[name, "row"]]).df
    assert df is not None
    own = df["row"].map(dict(zip(frame["row"], frame[name], strict=True)))
    return own, df[name]


def column(*values: str | None) -> Column:
    return Column(values, ordering_of(pa.array(values, pa.string())))


@pytest.mark.parametrize("recoding", slow_but({"global"}, ["global", "local"]))
@pytest.mark.parametrize("ruled", [True, False], ids=["rules known", "rules unknown"])
@pytest.mark.parametrize("name", RULES)
def test_a_label_stands_for_every_value_that_it_was_made_of(
    name: str, *, ruled: bool, recoding: str
) -> None:
    frame = people(60, seed=len(name))
    own, labels = released(frame, name, recoding=recoding)
    table = count(open_frame(frame), [name]).understood()
    read = columns_of(table, [name], None)[name]
    if ruled:
        privacy = {"k_anonymity": {"k": 4}}
        policy = parse_policy({"attributes": {name: QI | RULES[name]}, "privacy": privacy})
        read = columns_of(table, [name], policy)[name]
    elif name in {"land", "town"}:
        pytest.skip("no reader knows a tree, or which values are the rest, unless it is named")
    if not ruled and name == "weight":
        pytest.skip("a rounded number reads as a number")
    texts = labels.astype(str).tolist()
    distinct = sorted(set(texts))
    values = list(read.values)
    canonical = {float(str(v)): n for n, v in enumerate(values)} if name == "weight" else {}
    at = [
        canonical[float(value)] if canonical else values.index(str(value)) for value in own.tolist()
    ]
    covers = read.reach(distinct).covers(np.array(at))
    assert covers[[distinct.index(text) for text in texts], np.arange(len(at))].all()
    assert not covers.all()  # nor for all others


def test_labels_stand_for_nothing_else() -> None:
    read = column("20", "25", "30", "35", None)
    labels = ["[20, 30)", "[20, 30]", "{20, 35}", "25", "< 30", ">= 30", "*", "20 .. 25", None]
    expected = [
        *([1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, 0], [1, 1, 0, 0, 0]),
        *([0, 0, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 1]),
    ]
    assert read.reach(labels).covers(np.arange(5)).astype(int).tolist() == expected


def test_a_range_whose_ends_have_no_place_stands_for_anything() -> None:
    read = column("1", "2", "3")
    assert read.reach(["[a, b]"]).covers(np.arange(3)).all()


def test_the_rest_of_a_rule_stands_for_anything() -> None:
    read = Column(("x", "y"), ordering_of(pa.array(["x", "y"])), (TreeRule(nodes={}, other="o"),))
    assert read.reach(["o"]).covers(np.arange(2)).all()


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("[20, 30)", "[25, 35)", True),
        ("[20, 30)", "[30, 40)", False),
        ("[20, 30)", "30", False),
        ("[20, 30]", "30", True),
        ("< 20", "< 10", True),
        ("< 20", ">= 20", False),
        ("{1, 2}", "{2, 3}", True),
        ("{1, 2}", "{3, 4}", False),
        ("123**", "1234*", True),
        ("123**", "124**", False),
        ("2024", "2024-Q2", True),
        ("2024-05", "2024-Q2", True),
        ("2024-07", "2024-Q2", False),
        ("2020/2029", "2024", True),
        ("*", "anything", True),
        ("this", "that", False),
    ],
)
def test_labels_have_something_in_common_if_a_value_can_be_both(
    one: str, other: str, *, common: bool
) -> None:
    points = points_of([one, other])
    for first, second in ((one, other), (other, one)):
        overlap = ColumnOfLabels((first,), points).reach([second]).covers(np.array([0]))
        assert overlap.tolist() == [[common]]


def test_a_tree_that_is_named_tells_what_its_labels_have_in_common() -> None:
    rule = TreeRule(nodes={"Europe": {"West": ["France"], "East": ["Poland"]}, "Asia": ["Japan"]})
    points = points_of(["Europe", "West", "East", "Asia"], [rule])
    overlap = ColumnOfLabels(("West",), points).reach(["Europe", "West", "East", "Asia", "France"])
    assert overlap.covers(np.array([0])).ravel().tolist() == [True, True, False, False, True]


def test_a_rule_of_other_values_plays_no_part() -> None:
    rule = IntervalRule(widths=(10,))
    read = Column(("x", "y"), ordering_of(pa.array(["x", "y"])), (rule,))
    assert read.reach(["x"]).covers(np.arange(2)).tolist() == [[True, False]]
