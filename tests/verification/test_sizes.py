"""What sizes of classes promise, one by one and all together, and what is left out of a release."""

from dataclasses import replace
from fractions import Fraction
from math import expm1

import pandas as pd
import pytest

from anon_dagster.core.audit import records_that_hide
from anon_dagster.core.sampling import Sampling
from anon_dagster.verification import verify, verify_frame
from anon_dagster.verification.result import untold
from tests.counted import counted, policy_of
from tests.verification.examples import K2, ROLES, asking, illness, only, table


@pytest.mark.parametrize("times", [1, 2])
def test_risk_is_that_of_all_classes_together_and_of_persons(times: int) -> None:
    sizes = [1, 1, 2, 4]
    frame = pd.DataFrame({"zip": [str(i) for i, s in enumerate(sizes) for _ in range(s)], "age": 0})
    frame["who"] = range(len(frame))
    frame = pd.concat([frame] * times)
    roles = {"zip": "quasi_identifier", "age": "quasi_identifier", "who": "direct_identifier"}
    for risk, share, holds in ((0.5, 0.25, True), (0.499, 0.249, False)):
        privacy = {"average_risk": {"risk": risk}, "sample_uniqueness": {"share": share}}
        policy = policy_of(roles, privacy=privacy, person="who")
        found = [p for p in verify_frame(frame, policy).promises if p.attribute is None]
        assert [(p.asked, p.reached) for p in found] == [(risk, 0.5), (share, 0.25)]
        assert [p.holds for p in found] == [holds, holds]
        assert [p.classes_failing for p in found] == [0 if holds else 4] * 2
        assert [p.records_failing for p in found] == [0 if holds else 8 * times] * 2


def test_one_record_is_all_of_its_table() -> None:
    privacy = {"average_risk": {"risk": 0.999}, "sample_uniqueness": {"share": 0.999}}
    found = verify_frame(table([["a"]]), asking(privacy)).promises
    assert [(p.reached, p.holds) for p in found] == [(1, False), (1, False)]
    found = verify_frame(table([]).astype(str), asking(privacy)).promises
    assert [(p.reached, p.holds) for p in found] == [(None, True), (None, True)]


def test_a_class_has_the_households_that_are_asked_for() -> None:
    roles = {**ROLES, "house": "direct_identifier"}
    frame = table([["a"] * 4, ["a"] * 5]).assign(
        house=["h1", "h2", "h3", "h3"] + ["h4"] * 4 + ["h5"]
    )
    for k, failing in ((2, 0), (3, 5), (4, 9)):
        policy = policy_of(roles, household={"by": "house", "k": k})
        promises = verify_frame(frame, policy).promises
        (found,) = (p for p in promises if p.asked == k and p.reached == 2 and "househ" in p.name)
        assert (found.holds, found.records_failing) == (not failing, failing)


@pytest.mark.parametrize("epsilon", [0.5, 1, 2])
def test_a_sample_hides_its_records_if_classes_are_large_and_drawn_seldom(epsilon: float) -> None:
    rule = {"epsilon": epsilon, "delta": 0.01}
    policy = policy_of({"zip": "quasi_identifier"}, privacy={"differential_privacy": rule})
    least = records_that_hide(Fraction(str(epsilon)), Fraction("0.01"))
    most = int(-expm1(-epsilon) * 2**64)
    for size, below, hidden, seldom in (
        (least, most, True, True),
        (least - 1, most, False, True),
        (least, int(most * (1 + 1e-7)), True, False),
        (least, int(most * (1 - 1e-7)), True, True),
    ):
        release = counted(pd.DataFrame({"zip": ["a"] * size}), ["zip"])
        source = replace(release, sampling=Sampling(b"", below))
        sizes, share = verify(release, policy, source_count=source).promises[:2]
        assert (sizes.asked, sizes.reached, sizes.holds) == (least, size, hidden)
        assert share.asked == pytest.approx(-expm1(-epsilon))
        assert (share.reached, share.holds) == (below / 2**64, seldom)


def test_what_was_found_is_told_in_numbers() -> None:
    frame = table([["a", "b"], ["c"], ["a", "a", "a"], ["d"]])
    found = verify_frame(frame, asking({**K2, **illness(l=2)}))
    measures = found.classes
    assert (measures.records, measures.classes, measures.unique_records) == (7, 4, 2)
    assert (measures.smallest_class, measures.largest_class) == (1, 3)
    assert found.verdict == "2 of 2 promises not kept"
    assert verify_frame(frame, asking(illness(l=1.5, variant="entropy"))).verdict.startswith("1 of")
    assert verify_frame(table([["a", "b"]]), asking(K2)).verdict == "1 promise kept"


def test_what_nobody_can_tell_is_not_said_to_be_broken() -> None:
    held = verify_frame(table([["a", "b"]]), asking(K2))
    unknown = untold("of persons", None, 2, "the table does not tell whose its records are")
    both = replace(held, promises=(*held.promises, unknown))
    assert (both.holds, both.verdict) == (False, "1 of 2 promises cannot be told")
    broken = replace(held.promises[0], holds=False)
    worst = replace(held, promises=(broken, unknown))
    assert worst.verdict == "1 of 2 promises not kept, 1 cannot be told"


@pytest.mark.parametrize(("lost", "kept"), [(0, True), (1, True), (1, False), (2, False)])
def test_records_that_stay_may_none_be_lost(lost: int, *, kept: bool) -> None:
    rows = ["a"] * 10
    source, release = (counted(table([r]), list(ROLES)) for r in (rows, rows[lost:]))
    record = "keep" if kept else "drop"
    policy = asking(K2, suppression_limit=0.1, suppressed_records=record)
    promise = verify(release, policy, source_count=source).promises[-1]
    allowed = 0 if kept else 1
    assert (promise.asked, promise.reached, promise.classes_failing) == (allowed, lost, 0)
    assert promise.records_failing == max(lost - allowed, 0)
    assert promise.holds is (lost <= allowed)


def test_classes_are_weighed_by_their_records() -> None:
    frame = table([["a"], ["b"] * 99])
    found = verify_frame(frame, asking(K2))
    assert (found.classes.records, found.classes.classes) == (100, 2)
    assert only(found).records_failing == 1
    assert found.classes.discernibility == 1 + 99**2


def test_a_t_that_cannot_be_reached_is_not_reached() -> None:
    frame = table([["a"] * 3, ["b"] * 3])
    for t in (0.01, 0.1, 0.2, 0.49):
        assert only(verify_frame(frame, asking(illness(t=t)))).reached == 0.5
        assert not verify_frame(frame, asking(illness(t=t))).holds
