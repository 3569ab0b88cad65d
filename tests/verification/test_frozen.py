"""Measured against a frozen table, a release is compared with that table alone."""

from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.request import Policy
from anon_dagster.storage.sources import open_frame
from anon_dagster.verification import Promise, verify
from anon_dagster.verification.verify import counted_release

classes = st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=6), min_size=1, max_size=4)
references = st.lists(st.integers(1, 4), min_size=1, max_size=12)


def against(table: list[list[int]], reference: list[int], *, persons: bool, **rule: Any) -> Promise:
    """Measure the t-closeness of classes of values against a frozen table."""
    attributes = {
        "age": {"role": "quasi_identifier"},
        "ill": {"role": "sensitive"},
        **({"who": {"role": "direct_identifier"}} if persons else {}),
    }
    privacy = {"t_closeness": {"attribute": "ill", **rule}}
    person = {"person": "who"} if persons else {}
    policy = Policy.model_validate({"attributes": attributes, "privacy": privacy, **person})
    rows = [(f"a{n}", str(value)) for n, held in enumerate(table) for value in held]
    frames = [
        pd.DataFrame(rows, columns=["age", "ill"]),
        pd.DataFrame({"age": "a0", "ill": list(map(str, reference))}),
    ]
    if persons:
        frames = [frame.assign(who=[f"p{n}" for n in range(len(frame))]) for frame in frames]
    release, frozen = (counted_release(open_frame(each), policy, decimal=".") for each in frames)
    promises = verify(release, policy, reference=frozen).promises
    (promise,) = (each for each in promises if each.attribute == "ill")
    return promise


def distance(held: list[int], reference: list[int]) -> Fraction:
    """Return half of what the shares of all values differ by."""
    gaps = [
        abs(Fraction(held.count(v), len(held)) - Fraction(reference.count(v), len(reference)))
        for v in range(1, 5)
    ]
    return sum(gaps, Fraction()) / 2


@pytest.mark.parametrize("persons", [False, True])
@settings(max_examples=settings().max_examples // 4)
@given(table=classes, reference=references, t=st.integers(0, 10))
def test_classes_are_as_far_as_from_the_frozen_table(
    table: list[list[int]], reference: list[int], t: int, *, persons: bool
) -> None:
    found = against(table, reference, persons=persons, t=t / 10, distance="equal")
    distances = [distance(held, reference) for held in table]
    far = [held for held, d in zip(table, distances, strict=True) if d > Fraction(t, 10)]
    assert found.reached == pytest.approx(float(max(distances)))
    assert (found.holds, found.classes_failing) == (not far, len(far))
    assert found.records_failing == sum(map(len, far))


@pytest.mark.parametrize("persons", [False, True])
@settings(max_examples=settings().max_examples // 4)
@given(table=classes, reference=references)
def test_a_value_that_the_frozen_table_lacks_has_no_place_in_its_order(
    table: list[list[int]], reference: list[int], *, persons: bool
) -> None:
    found = against(table, reference, persons=persons, t=1, distance="ordered")
    strange = [held for held in table if set(held) - set(reference)]
    assert (found.holds, found.classes_failing) == (not strange, len(strange))
