"""Numbers that are alike within strata: against a plain count of them."""

from itertools import combinations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core.residual import Strata, constant_within

RECORDS = 600


def alike(values: pd.Series, groups: list[pd.Series]) -> float:
    """Count the records that have the most frequent number of their group, if another one has."""
    most = values.groupby(groups).agg(lambda group: group.value_counts().iloc[0])
    return float(most[most > 1].sum()) / len(values)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 3), st.floats(0, 0.3))
def test_the_smallest_strata_are_found_that_make_a_number_constant(
    seed: int, depends_on: int, noise: float
) -> None:
    dice = np.random.default_rng(seed)
    columns = [dice.integers(0, 4, RECORDS) for _ in range(3)]
    weight = sum(columns[c] * 4**c for c in range(depends_on))
    weight = np.where(dice.random(RECORDS) < noise, dice.integers(0, 64, RECORDS), weight)
    values = np.unique(weight, return_inverse=True)[1].reshape(-1).astype(np.int64)
    labels = [np.zeros(RECORDS, dtype=np.int64)]
    found = constant_within(values, Strata.of(columns, labels, most=20))
    frame = pd.DataFrame(dict(enumerate(columns)))
    baseline = alike(pd.Series(values), [pd.Series(labels[0])])
    wanted = [
        (chosen, share)
        for size in (1, 2, 3)
        for chosen in combinations(range(3), size)
        if (share := alike(pd.Series(values), [frame[c] for c in chosen]))
        >= max(0.9, baseline + 0.2)
    ]
    if values.max() < 2 or not wanted:
        assert found is None
    else:
        assert found is not None
        assert (found.columns, found.share, found.baseline) == (*wanted[0], baseline)


def test_what_differs_in_nearly_every_record_is_no_stratum() -> None:
    columns = [np.arange(RECORDS) % 4]
    strata = Strata.of(columns, [np.zeros(RECORDS, dtype=np.int64)], most=5)
    assert constant_within(np.arange(RECORDS), strata) is None


def test_what_the_labels_tell_anyway_is_not_told_by_the_number() -> None:
    columns = [np.arange(RECORDS) % 4, np.arange(RECORDS) % 3]
    weight = columns[0] * 3 + columns[1]
    assert constant_within(weight, Strata.of(columns, columns, most=5)) is None
