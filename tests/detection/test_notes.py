"""What a person is told to look at first."""

import numpy as np
import pandas as pd

from anon_dagster import detect

RECORDS = 600


def shop() -> pd.DataFrame:
    """Customers of a shop, by what they do there: each thing is harmless by itself."""
    dice = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": dice.integers(18, 90, RECORDS),
            "clicks": dice.integers(0, 30, RECORDS),
            "orders_shipped": dice.integers(0, 12, RECORDS),
            "browser": dice.choice(["firefox", "chrome", "safari"], RECORDS),
        }
    )


def test_records_that_harmless_columns_single_out_together_are_told_of() -> None:
    found = detect(shop())
    harmless = [each.column for each in found.columns if each.role == "non_sensitive"]
    (note,) = [note for note in found.notes if "groups of fewer than 5" in note]
    sizes = shop().groupby(harmless, dropna=False)["age"].transform("size")
    assert note.startswith(f"{(sizes < 5).mean():.0%} of the records")
    assert all(name in note for name in harmless)
    assert len(harmless) > 1


def test_nothing_is_told_where_harmless_columns_leave_everybody_in_a_crowd() -> None:
    found = detect(shop()[["age", "browser"]])
    assert found["browser"].role == "non_sensitive"
    assert not [note for note in found.notes if "fewer than 5" in note]
