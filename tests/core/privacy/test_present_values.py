"""Promises of the records that have a value are those of the table without the others."""

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster import RequestError, UnreachableError, anonymize, verify
from anon_dagster.core.privacy import (
    DistinctLDiversity,
    EntropyLDiversity,
    EquivalenceClasses,
    Histogram,
    OfPresentValues,
    RecursiveLDiversity,
)

MODELS: list[DistinctLDiversity | EntropyLDiversity | RecursiveLDiversity] = [
    DistinctLDiversity(0, 2),
    EntropyLDiversity(0, Fraction(2)),
    RecursiveLDiversity(0, Fraction(2), 2),
]
MISSING = 3


def classes_of(rows: list[tuple[int, int]]) -> EquivalenceClasses:
    """Classes of records, each a class from 0 on without a gap and a value from 0 to 3."""
    classes, values = (np.array(column) for column in zip(*rows, strict=True))
    pairs, counts = np.unique(np.stack([classes, values]), axis=1, return_counts=True)
    reference = np.bincount(values, minlength=MISSING + 1)
    histogram = Histogram(pairs[0], pairs[1].astype(np.int32), counts, reference)
    return EquivalenceClasses(np.bincount(classes), (histogram,))


@given(st.lists(st.lists(st.integers(0, MISSING), min_size=1, max_size=8), min_size=1, max_size=5))
def test_a_class_is_judged_by_its_records_that_have_a_value(drawn: list[list[int]]) -> None:
    rows = [(number, value) for number, values in enumerate(drawn) for value in values]
    for model in MODELS:
        verdict = OfPresentValues(0, model, MISSING).holds(classes_of(rows))
        for number, values in enumerate(drawn):
            present = [(0, value) for value in values if value != MISSING]
            alone = bool(present) and bool(model.holds(classes_of(present))[0])
            assert verdict[number] == alone


def asked(*, counts: bool, variant: str = "distinct", c: float | None = None) -> dict[str, Any]:
    rule = {"attribute": "ill", "l": 2, "variant": variant, "missing_counts": counts}
    return {
        "attributes": {"age": {"role": "quasi_identifier"}, "ill": {"role": "sensitive"}},
        "privacy": {"l_diversity": rule if c is None else {**rule, "c": c}},
    }


def test_whether_a_missing_value_counts_is_what_the_request_says() -> None:
    frame = pd.DataFrame({"age": [1] * 4, "ill": ["flu", None, "flu", None]})
    assert anonymize({"policy": asked(counts=True)}, frame=frame).df is not None
    with pytest.raises(UnreachableError, match="missing values aside"):
        anonymize({"policy": asked(counts=False)}, frame=frame)
    assert verify(asked(counts=True), frame).holds
    (promise,) = (p for p in verify(asked(counts=False), frame).promises if not p.holds)
    assert str(promise).startswith("distinct 2-diversity (missing values aside) of ill is broken")


@pytest.mark.parametrize("variant", ["distinct", "entropy", "recursive"])
@settings(max_examples=20)
@given(st.lists(st.sampled_from(["flu", "cold", "gout", None]), min_size=2, max_size=12))
def test_what_is_released_without_counting_them_holds_of_the_present(
    variant: str, ills: list[str | None]
) -> None:
    frame = pd.DataFrame({"age": [n % 3 for n in range(len(ills))], "ill": ills}, dtype=object)
    policy = asked(counts=False, variant=variant, c=3.0 if variant == "recursive" else None)
    try:
        df = anonymize({"policy": policy}, frame=frame).df
    except (UnreachableError, RequestError):
        return
    assert df is not None
    present = df.dropna(subset=["ill"]).groupby("age")["ill"].nunique()
    assert (present.reindex(df["age"].unique(), fill_value=0) >= 2).all()
