"""Promises that are proposed can be kept, however small or skewed a table is."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anon_dagster
from anon_dagster.detection.bounds import Promises, without_order
from anon_dagster.errors import RequestError

KINDS: dict[str, st.SearchStrategy[Any]] = {
    "age": st.integers(18, 90) | st.just(999),
    "sex": st.sampled_from(["f", "m"]),
    "town": st.sampled_from(["Ulm", "Bern", "Graz", None]),
    "diagnosis": st.sampled_from(["J45.9", "E11.9", "I10", "C50.1", "F32.0"]) | st.just("J45.9"),
    "income": st.integers(9_000, 90_000) | st.just(0),
    "religion": st.sampled_from(["catholic", "muslim", "none", None]),
    "hiv_positive": st.sampled_from(["yes", None]),
    "salary": st.floats(1_000, 90_000),
}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4, unique=True))
    records = draw(st.integers(2, 25))
    columns = {
        name: draw(st.lists(KINDS[name], min_size=records, max_size=records)) for name in names
    }
    return pd.DataFrame(columns)


@given(tables())
@settings(max_examples=40)
def test_a_small_table_can_be_anonymized_as_it_is_proposed(table: pd.DataFrame) -> None:
    try:
        asked = anon_dagster.detect(table).request()
    except RequestError as error:
        assert "nothing would be released" in str(error)  # noqa: PT017 (others are no error at all)
        return
    result = anon_dagster.anonymize(asked, frame=table)
    assert result.release.verification.holds


def promises_of(**columns: Any) -> dict[str, Any]:
    return dict(anon_dagster.detect(pd.DataFrame(columns)).promises.document)


@pytest.mark.parametrize(("records", "k"), [(2, 2), (3, 3), (40, 3), (1_000, 5), (100_000, 10)])
def test_k_grows_with_the_table_and_never_passes_it(records: int, k: int) -> None:
    assert promises_of(sex=["f", "m"] * (records // 2) + ["f"] * (records % 2)) == {
        "k_anonymity": {"k": k}
    }


def test_a_single_record_cannot_hide() -> None:
    with pytest.raises(RequestError, match="1 record, which cannot hide among others"):
        anon_dagster.detect(pd.DataFrame({"sex": ["f"], "age": [30]})).request()


@pytest.mark.parametrize("records", [12, 40, 300])
def test_sums_are_compared_by_size_in_a_small_table_too(records: int) -> None:
    dice = np.random.default_rng(records)
    incomes = dice.integers(9_000, 90_000, records)
    sexes = dice.choice(["f", "m"], records)
    assert promises_of(income=incomes, sex=sexes)["t_closeness"] == [
        {"attribute": "income", "t": 0.35, "distance": "ordered"}
    ]


def test_codes_of_answers_are_not_compared_by_size() -> None:
    codes = [1 + n % 12 for n in range(300)]
    privacy = promises_of(religion_code=codes, sex=["f", "m"] * 150)
    assert "t_closeness" not in privacy


def test_what_nearly_all_share_is_kept_near_the_whole() -> None:
    privacy = promises_of(religion=["catholic"] * 95 + ["muslim"] * 5, sex=["f", "m"] * 50)
    assert privacy["t_closeness"] == [{"attribute": "religion", "t": 0.3, "distance": "equal"}]


def test_only_columns_that_turn_out_otherwise_lose_their_order() -> None:
    rules = [{"attribute": name, "t": 0.35, "distance": "ordered"} for name in ("a", "b")]
    rules.append({"attribute": "c", "t": 0.3, "distance": "equal"})
    before = Promises({"k_anonymity": {"k": 5}, "t_closeness": rules}, {"a": "a: t", "b": "b: t"})
    after = without_order(before, {"a", "c"})
    assert after.document == {
        "k_anonymity": {"k": 5},
        "t_closeness": rules[1:],
        "l_diversity": [{"attribute": "a", "l": 2, "variant": "distinct"}],
    }
    assert after.reasons["b"] == "b: t"
    assert after.reasons["a"] != "a: t"
    assert without_order(before, {"c"}).document == before.document
