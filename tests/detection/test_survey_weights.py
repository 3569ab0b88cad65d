"""The role of a survey weight is proposed by its name, where the values fit, and else nothing."""

import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster.detection.proposal import detect

RECORDS = 300


def people(**columns: object) -> pd.DataFrame:
    dice = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "age": dice.integers(18, 90, RECORDS),
            "sex": dice.choice(["female", "male"], RECORDS),
            "diagnosis": dice.choice(["influenza", "asthma", "diabetes"], RECORDS),
            **columns,
        }
    )


def weights(low: float = 1.0) -> np.ndarray:
    return np.random.default_rng(5).gamma(2, 300, RECORDS).round(2) + low


@pytest.mark.parametrize("name", ["pweight", "fnlwgt", "sample_weight", "PWGTP", "gewichtung"])
def test_a_column_that_is_called_so_is_the_weight(name: str) -> None:
    found = detect(people(**{name: weights()}))
    assert found[name].role == "weight"
    assert "survey weight" in found[name].reasons[-1]
    released = anon_dagster.anonymize(found.request(), frame=people(**{name: weights()}))
    assert released.df is not None
    assert name not in released.df
    assert "survey_population" in released.risk.index


@pytest.mark.parametrize("name", ["weight", "weight_kg", "body_weight", "birthweight", "income"])
def test_no_other_column_is_one_however_its_values_fit(name: str) -> None:
    assert detect(people(**{name: weights()}))[name].role != "weight"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(weights() / 1_000, id="below 1"),
        pytest.param([None, *weights()[1:]], id="missing"),
        pytest.param(np.full(RECORDS, 2.5), id="all the same"),
        pytest.param([f"w{number}" for number in range(RECORDS)], id="no numbers"),
    ],
)
def test_values_that_can_be_no_weights_keep_their_role(values: object) -> None:
    assert detect(people(pweight=values))["pweight"].role != "weight"


def test_of_several_none_is_chosen() -> None:
    found = detect(people(pweight=weights(), fnlwgt=weights(2)))
    assert {found[name].role for name in ("pweight", "fnlwgt")}.isdisjoint({"weight"})


def test_what_was_not_looked_at_may_be_no_weight() -> None:
    frame = people(pweight=weights())
    found = detect(frame, sample=RECORDS // 2)
    assert found["pweight"].role != "weight"
    assert any("the role weight" in note for note in found.notes)
