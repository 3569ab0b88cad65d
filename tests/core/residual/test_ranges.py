"""A value need not be given back whole: a quarter of what its label leaves is a finding, too."""

import numpy as np
import pytest

from anon_dagster.core.residual import relations
from tests.core.residual.columns import labelled, numeric, written

RECORDS = 3_000
DICE = np.random.default_rng(0)
PAY = np.exp(DICE.normal(10, 0.8, RECORDS)).round(2)
BANDS = np.searchsorted(np.quantile(PAY, np.linspace(0, 1, 6)[1:-1]), PAY)


def shares_by_noise(levels: list[float]) -> list[float]:
    dice = np.random.default_rng(1)
    noise = dice.normal(size=RECORDS)
    width = float(np.median([np.ptp(PAY[band == BANDS]) for band in range(4)]))
    shares = []
    for level in levels:
        found = relations([labelled(numeric(PAY), BANDS)], [numeric(PAY + level * width * noise)])
        shares.append(found[0].gained if found else 0.0)
    return shares


def test_the_more_noise_the_less_is_given_back() -> None:
    shares = shares_by_noise([0.0, 0.005, 0.02, 0.06, 0.5, 2.0])
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.9
    assert shares[-1] == 0.0


@pytest.mark.parametrize("unit", [1_000, 2_000])
def test_rounded_pay_gives_back_a_narrow_range(unit: int) -> None:
    rounded = numeric(np.round(PAY / unit) * unit)
    found = relations([labelled(numeric(PAY), BANDS)], [rounded])
    assert [(relation.kind, relation.tells) for relation in found] == [("rounded copy", "range")]


def test_coarse_rounding_is_no_more_than_the_label() -> None:
    wide = labelled(numeric(PAY), np.floor(PAY / 10_000))
    assert relations([wide], [numeric(np.floor(PAY / 10_000))]) == []


def test_a_finer_code_than_the_label_leaves_fewer_values() -> None:
    age = DICE.integers(20, 80, RECORDS)
    words = written([f"{4 * (each // 4)} to {4 * (each // 4) + 3}" for each in age])
    found = relations([labelled(numeric(age), age // 20)], [words])
    assert [relation.tells for relation in found] == ["range"]
    assert relations([labelled(numeric(age), age // 4)], [words]) == []


def test_a_county_leaves_few_of_the_towns_that_are_hidden() -> None:
    town = DICE.integers(0, 120, RECORDS)
    county = written([f"county {each % 15}" for each in town])
    found = relations([labelled(written([f"town {each}" for each in town]))], [county])
    assert [(relation.kind, relation.tells) for relation in found] == [("coarser code", "range")]


def test_products_and_quotients_of_two_give_back() -> None:
    hours = DICE.integers(5, 60, RECORDS).astype(np.float64)
    pay = labelled(numeric(PAY), BANDS)
    for second, kind in ((PAY / hours, "product of two"), (PAY * hours, "quotient of two")):
        found = relations([pay], [numeric(hours), numeric(second)])
        assert kind in {relation.kind for relation in found if relation.tells == "value"}


def test_what_is_shown_itself_is_not_given_back() -> None:
    age = DICE.integers(20, 80, RECORDS)
    protected = labelled(numeric(age), age // 10)
    shown = np.arange(RECORDS) % 2 == 0
    half = type(protected)(protected.column, protected.labels, shown=shown)
    found = relations([half], [numeric(age**2)])
    assert found[0].share == 1.0
    assert found[0].baseline >= 0.5
    assert found[0].gained <= 0.5
    everywhere = type(protected)(protected.column, protected.labels, shown=shown | True)
    assert relations([everywhere], [numeric(age**2)]) == []


def test_a_sentinel_and_missing_values_lower_the_share_alone() -> None:
    age = DICE.integers(20, 80, RECORDS).astype(np.float64)
    square = age**2
    square[:300] = 9_999
    square[300:600] = np.nan
    found = relations([labelled(numeric(age), age // 10)], [numeric(square)])
    assert [relation.kind for relation in found] == ["square"]
    assert found[0].share == pytest.approx(0.8, abs=0.01)
