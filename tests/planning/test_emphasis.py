"""What an attribute tells of a target, and how it counts for that."""

from math import log
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.planning.emphasis import uncertainty_coefficient, weights_for_target
from anon_dagster.planning.plan import plan
from anon_dagster.reading.counting import count
from anon_dagster.request import parse_request
from anon_dagster.storage.sources import open_frame

PAIRS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=40
)


@pytest.mark.hypothesis
@given(PAIRS)
def test_it_is_a_share_of_the_bits_whatever_the_order_of_tuples(pairs: Any) -> None:
    values, target, counts = np.array(pairs).T
    share = uncertainty_coefficient(values, target, counts)
    assert 0 <= share <= 1
    back = uncertainty_coefficient(values[::-1], target[::-1], counts[::-1])
    assert share == pytest.approx(back)
    ones = np.ones(int(counts.sum()), dtype=np.int64)
    by_record = uncertainty_coefficient(np.repeat(values, counts), np.repeat(target, counts), ones)
    assert share == pytest.approx(by_record)


@pytest.mark.hypothesis
@given(PAIRS)
def test_it_is_the_definition_less_what_chance_seems_to_tell(pairs: Any) -> None:
    values, target, counts = np.array(pairs).T
    n = int(counts.sum())
    shares: dict[Any, float] = {}
    for v, t, c in pairs:
        for key in (("v", v), ("t", t), (v, t)):
            shares[key] = shares.get(key, 0) + c / n
    of_target = -sum(p * log(p) for (kind, _), p in shares.items() if kind == "t")
    told = sum(
        p * log(p / shares["v", v] / shares["t", t])
        for (v, t), p in shares.items()
        if not isinstance(v, str)
    )
    sizes = [sum(isinstance(a, str) and a == kind for a, _ in shares) for kind in "vt"]
    chance = (len(shares) - 2 * sum(sizes) + 1) / (2 * n)
    expected = min(max((told - chance) / of_target, 0), 1) if of_target > 1e-12 else 0
    assert uncertainty_coefficient(values, target, counts) == pytest.approx(expected, abs=1e-9)


def test_what_chance_seems_to_tell_is_nothing() -> None:
    dice = np.random.default_rng(1)
    codes, target = np.arange(2_000), dice.integers(0, 2, 2_000)
    ones = np.ones(2_000, dtype=np.int64)
    assert uncertainty_coefficient(dice.permutation(codes) % 200, target, ones) < 0.02
    assert uncertainty_coefficient(target, target, ones) > 0.99


def test_importance_stays_and_what_tells_nothing_counts_little() -> None:
    quasi = {"role": "quasi_identifier"}
    document: dict[str, Any] = {
        "attributes": {"a": {**quasi, "importance": 0.5}, "b": quasi, "c": quasi},
        "privacy": {"k_anonymity": {"k": 2}},
        "recoding": "local",
        "target_use": {"attribute": "c"},
    }
    dice = np.random.default_rng(2)
    a = dice.integers(0, 3, 600)
    frame = pd.DataFrame({"a": a, "b": dice.integers(0, 3, 600), "c": a % 2})
    request = parse_request({"policy": document})
    made = plan(request, count(open_frame(frame), ("a", "b", "c")).understood())
    assert weights_for_target(made.problem, made.policy, 0.0) == (0.5, 1.0, 1.0)
    own, nothing, target = weights_for_target(made.problem, made.policy, 1.0)
    assert (own, target) == (0.5, 1.0)
    assert nothing < 0.05
