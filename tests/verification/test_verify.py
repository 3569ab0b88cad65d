"""Verification finds every promise kept where it is, and broken where it is: by definition, by
papers, by pycanon where that is right, and where it is not."""

import random
from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.errors import PromiseBrokenError, SchemaMismatchError
from anon_dagster.reading import part
from anon_dagster.reading.counting import count
from anon_dagster.request import Policy, Source
from anon_dagster.request.attributes import PSEUDONYM_PATTERN
from anon_dagster.storage.sources import open_frame
from anon_dagster.verification import (
    MASKED,
    verify,
    verify_file,
    verify_frame,
)
from tests.counted import counted, policy_of
from tests.verification.examples import K2, ROLES, asking, illness, only, table

# -- papers --------------------------------------------------------------------------------

# Machanavajjhala et al. 2006, figure 2: 4-anonymous inpatient data.
INPATIENTS = table(
    [
        ["heart", "heart", "viral", "viral"],
        ["cancer", "heart", "viral", "viral"],
        ["cancer", "cancer", "cancer", "cancer"],
    ]
)

# Li et al. 2007, table 3: salaries of a 3-diverse table, 3K to 11K.
SALARIES = table([[3, 4, 5], [6, 11, 8], [7, 9, 10]])


def test_the_inpatients_of_machanavajjhala_are_4_anonymous_and_not_diverse() -> None:
    assert only(verify_frame(INPATIENTS, asking({"k_anonymity": {"k": 4}}))).reached == 4
    broken = only(verify_frame(INPATIENTS, asking(illness(l=2))))
    assert (broken.holds, broken.reached) == (False, 1)
    assert (broken.classes_failing, broken.records_failing) == (1, 4)


def test_the_salaries_of_li_are_as_far_as_the_paper_says() -> None:
    found = only(verify_frame(SALARIES, asking(illness(t=0.374, distance="ordered"))))
    assert found.reached == 0.375
    assert (found.holds, found.classes_failing, found.records_failing) == (False, 1, 3)
    assert verify_frame(SALARIES, asking(illness(t=0.375, distance="ordered"))).holds


# Li et al. 2007, figure 1.
DISEASES = {
    "respiratory": {
        "infection": ["flu", "pneumonia", "bronchitis"],
        "vascular": ["pulmonary edema", "pulmonary embolism"],
    },
    "digestive": {
        "stomach": ["gastric ulcer", "stomach cancer", "gastritis"],
        "colon": ["colitis", "colon cancer"],
    },
}


@pytest.mark.parametrize(
    ("classes", "distance"),
    [
        (["gastric ulcer", "gastritis", "stomach cancer"], Fraction(1, 2)),
        (["gastric ulcer", "stomach cancer", "pneumonia"], Fraction(5, 18)),
    ],
)
def test_the_diseases_of_li_are_as_far_along_their_tree_as_the_paper_says(
    classes: list[str], distance: Fraction
) -> None:
    # Section 5.2: 0.5 and 0.278 from six diseases that are equally frequent.
    six = ["flu", "pneumonia", "bronchitis", "gastric ulcer", "stomach cancer", "gastritis"]
    others = [disease for disease in six if disease not in classes]
    document = asking(illness(t=0.5, distance="hierarchical")).model_dump()
    document["attributes"]["illness"]["hierarchy"] = {"type": "tree", "nodes": DISEASES}
    found = only(verify_frame(table([classes, others]), Policy.model_validate(document)))
    assert found.reached == float(distance)
    assert found.holds


# -- definitions ---------------------------------------------------------------------------

frames = st.lists(
    st.tuples(st.sampled_from(["x", "y", None]), st.sampled_from([1, 2]), st.sampled_from("abcd")),
    min_size=1,
    max_size=30,
)


@given(frames, st.integers(2, 4), st.randoms(use_true_random=False))
def test_every_model_agrees_with_its_definition_record_by_record(
    rows: list[tuple[str | None, int, str]], bound: int, shuffled: random.Random
) -> None:
    classes: dict[Any, list[str]] = defaultdict(list)
    for zip_code, age, value in rows:
        classes[zip_code, age].append(value)
    shuffled.shuffle(rows)
    frame = pd.DataFrame(rows, columns=["zip", "age", "illness"])
    whole = Counter(row[2] for row in rows)
    held = [Counter(values) for values in classes.values()]

    def reached(privacy: dict[str, Any]) -> float | None:
        return only(verify_frame(frame, asking(privacy))).reached

    def entropy(counts: Counter[str]) -> float:
        shares = [c / counts.total() for c in counts.values()]
        return -sum(p * log(p) for p in shares)

    def variation(counts: Counter[str]) -> Fraction:
        return (
            sum(
                (
                    abs(Fraction(counts[v], counts.total()) - Fraction(whole[v], whole.total()))
                    for v in whole
                ),
                Fraction(0),
            )
            / 2
        )

    def ratio(counts: Counter[str]) -> float:
        ranked = sorted(counts.values(), reverse=True)
        tail = sum(ranked[bound - 1 :])
        return ranked[0] / tail if tail else float("inf")

    assert reached({"k_anonymity": {"k": bound}}) == min(c.total() for c in held)
    assert reached(illness(l=bound)) == min(len(c) for c in held)
    least = min(entropy(c) for c in held)
    assert reached(illness(l=1.0001, variant="entropy")) == pytest.approx(
        max(exp(least), 1.0001 if least >= log(1.0001) else 0)
    )
    recursive = illness(l=bound, c=3, variant="recursive")
    assert reached(recursive) == max(ratio(c) for c in held)
    assert only(verify_frame(frame, asking(recursive))).holds == all(ratio(c) < 3 for c in held)
    assert reached(illness(t=0.5)) == float(max(variation(c) for c in held))
    holds = all(variation(c) <= Fraction(1, 2) for c in held)
    assert only(verify_frame(frame, asking(illness(t=0.5)))).holds == holds


# -- what others get wrong -----------------------------------------------------------------


def test_the_order_and_the_index_of_the_rows_play_no_part() -> None:
    frame = table([["a", "b", "c"], ["a", "a", "a"]])
    for same in (
        frame.sample(frac=1, random_state=3),
        frame.iloc[::-1],
        frame.set_index(np.zeros(len(frame), dtype=int)),
        frame.set_index(np.arange(len(frame)) + 100),
    ):
        assert only(verify_frame(same, asking(illness(l=2)))).reached == 1


def test_a_missing_value_in_the_only_quasi_identifier_is_a_class() -> None:
    policy = policy_of({"zip": "quasi_identifier"}, privacy={"k_anonymity": {"k": 5}})
    frame = pd.DataFrame({"zip": ["a"] * 5 + [None]})
    found = only(verify_frame(frame, policy))
    assert (found.reached, found.holds) == (1, False)


def test_a_missing_value_is_not_its_text() -> None:
    policy = policy_of({"zip": "quasi_identifier"}, privacy=K2)
    frame = pd.DataFrame({"zip": [None, "None", "nan", ""]})
    assert verify_frame(frame, policy).classes.classes == 4


def test_recursive_diversity_starts_at_the_most_frequent_value_of_the_worst_class() -> None:
    frame = table([list("aaaaaaaaabc"), list("abc")])
    rule = {"l": 3, "variant": "recursive"}
    assert only(verify_frame(frame, asking(illness(c=9, **rule)))).reached == 9
    assert not verify_frame(frame, asking(illness(c=9, **rule))).holds
    assert verify_frame(frame, asking(illness(c=9.01, **rule))).holds


@pytest.mark.parametrize("values", [2, 3, 4, 6, 7, 8, 10])
def test_equally_frequent_values_have_their_number_as_entropy_diversity(values: int) -> None:
    frame = table([[str(v) for v in range(values)] * 2])
    found = only(verify_frame(frame, asking(illness(l=values, variant="entropy"))))
    assert found.holds
    assert found.reached == pytest.approx(values)


def test_types_of_columns_play_no_part() -> None:
    rows = [("a", True, 1), ("a", True, 2), (None, False, None), (None, False, 1)]
    frame = pd.DataFrame(rows, columns=["zip", "age", "illness"])
    frame = frame.astype({"zip": "category", "age": "boolean", "illness": "Int64"})
    found = verify_frame(frame, asking({**K2, **illness(l=2)}))
    assert [promise.reached for promise in found.promises] == [2, 2]


def test_the_callers_table_is_left_as_it_is_and_two_calls_do_not_meet() -> None:
    frame = table([["a", "b"], ["c", "c"]])
    before = frame.copy(deep=True)
    assert only(verify_frame(frame, asking(illness(l=2)))).reached == 1
    assert only(verify_frame(frame.iloc[:2], asking(illness(l=2)))).reached == 2
    pd.testing.assert_frame_equal(frame, before)


# -- bounds --------------------------------------------------------------------------------


def test_a_distance_of_exactly_t_is_close_enough() -> None:
    # 0.1 + 0.2 and the like: shares that no float holds.
    frame = table([["a"] * 3 + ["b"] * 7, ["a"] * 9 + ["b"]])
    assert verify_frame(frame, asking(illness(t=0.3))).holds
    assert only(verify_frame(frame, asking(illness(t=0.3)))).reached == 0.3
    assert not verify_frame(frame, asking(illness(t=0.2999999999999))).holds


def test_numbers_are_ordered_by_size_and_missing_ones_come_last() -> None:
    frame = table([[9, 10], [100, None]])
    # 9, 10, 100, missing: the shares move two steps of three.
    assert only(verify_frame(frame, asking(illness(t=1, distance="ordered")))).reached == (
        pytest.approx(1 / 3)
    )


# -- source, suppression, identifiers ------------------------------------------------------


def test_a_release_is_held_against_the_source_as_well() -> None:
    source = counted(table([["a", "b"], ["a", "b"], ["c", "c"]]), list(ROLES))
    release = counted(table([["a", "b"], ["a", "b"]]), list(ROLES))
    policy = asking(illness(t=0.3), suppression_limit=0.5)
    own, of_source, limit = verify(release, policy, source_count=source).promises
    assert (own.reached, own.holds) == (0, True)
    assert of_source.reached == pytest.approx(1 / 3)
    assert not of_source.holds
    assert "to the source" in of_source.name
    assert limit.holds


def test_records_that_vanish_are_told_from_records_that_may_be_suppressed() -> None:
    source = counted(table([["a"] * 10, ["b"] * 2]), list(ROLES))
    release = counted(table([["a"] * 10]), list(ROLES))
    for limit, kept, holds in (
        (0.2, "drop", True),
        (0.16, "drop", False),
        (0.2, "keep", False),
    ):
        policy = asking(K2, suppression_limit=limit, suppressed_records=kept)
        promise = verify(release, policy, source_count=source).promises[-1]
        assert (promise.reached, promise.holds) == (2, holds)


def test_a_record_that_was_not_in_the_source_is_no_release_of_it() -> None:
    source, release = (counted(table([["a"] * n]), list(ROLES)) for n in (3, 4))
    assert not verify(release, asking(K2), source_count=source).holds


def test_a_decimal_comma_in_the_source_is_the_same_number() -> None:
    source = counted(table([["1,5", "2,5"]]), list(ROLES), decimal=",")
    release = counted(table([[1.5, 2.5]]), list(ROLES))
    policy = asking(illness(t=0, distance="ordered"))
    assert verify(release, policy, source_count=source).holds


def test_suppressed_records_that_stay_must_keep_the_promises_together() -> None:
    frame = table([["a", "b"], ["a", "b"]])
    suppressed = pd.DataFrame({"zip": ["*", "*"], "age": ["*", "*"], "illness": ["a", "a"]})
    policy = asking(illness(l=2))
    assert verify_frame(frame, policy).holds
    assert not verify_frame(pd.concat([frame, suppressed]), policy).holds


NAMED = {"name": "direct_identifier", **ROLES}


@pytest.mark.parametrize(
    ("names", "left"),
    [(["*", "*"], 0), ([None, "*"], 0), (["Ann", "Ann"], 2), (["Ann", "*"], 1)],
)
def test_a_direct_identifier_must_be_gone_or_constant(names: list[str | None], left: int) -> None:
    frame = table([["a", "b"]]).assign(name=pd.array(names, dtype="string"))
    promise = verify_frame(frame, policy_of(NAMED)).promises[0]
    assert (promise.attribute, promise.records_failing) == ("name", left)
    assert promise.holds == (left == 0)


def test_the_name_of_a_single_person_is_no_constant() -> None:
    frame = table([["a"]]).assign(name=["Ann"])
    assert not verify_frame(frame, policy_of(NAMED)).promises[0].holds


def test_identifiers_whose_values_were_forgotten_are_not_taken_on_trust() -> None:
    names = pd.array(["*", "*", None], dtype="string")
    frame = table([["a", "b", "c"]]).assign(name=names)
    release = counted(frame, list(ROLES)).forget(["name"])
    assert verify(release, policy_of(NAMED)).promises[0].records_failing == 2


@pytest.mark.parametrize("number", [1, 3, 4])
@pytest.mark.parametrize("patterns", [{}, {"name": PSEUDONYM_PATTERN}])
def test_no_value_of_the_source_is_a_pseudonym_however_many_there_are(
    number: int, patterns: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "MOST_VALUES", 2)
    document = policy_of(NAMED).model_dump(by_alias=True)
    rule = {"redaction": "pseudonym", "key_variable": "ANON_KEY"}
    document["attributes"]["name"] = {"role": "direct_identifier", **rule}
    policy, records = Policy.model_validate(document), table([["a"] * 4])
    names = [f"{n:032x}" for n in range(8)]  # which look like pseudonyms
    source = count(open_frame(records.assign(name=names[:4])), list(ROLES))
    own = source.columns["name"]
    without = replace(own, values=pa.array([], pa.string()), counts=own.counts[:0])
    forgotten = replace(source, columns={**source.columns, "name": without})
    # Of too many to keep it must have been looked at while they were counted.
    certain = 0 if number < 3 or patterns else 4
    for shown, left in ((names[-number:], certain), (names[:number], 4)):
        told = (shown * 4)[:4]
        release = count(open_frame(records.assign(name=told)), list(ROLES), patterns=patterns)
        for known in (source, forgotten):
            promise = verify(release, policy, source_count=known).promises[0]
            assert (promise.attribute, promise.records_failing) == ("name", left)
        one = count(open_frame(records.assign(name=told[0])), list(ROLES))
        promise = verify(release, policy, source_count=one).promises[0]
        assert promise.records_failing >= told.count(told[0])


@pytest.mark.parametrize(
    ("rule", "labels", "bare"),
    [
        ({"from": "left"}, ["***12", "**345", None, "*", "abcd", "ab", "**", "***1*"], 3),
        ({"from": "right"}, ["12***", "345**", "ab", "ab*d", "abc", None], 4),
        ({"from": "left", "parts": ".", "other": "none"}, ["*.*.3.4", "*.2.3.4", "none", "1.2"], 2),
        ({"from": "left", "keep": 0}, ["***", "a**", "**a", None], 2),
    ],
)
def test_of_a_masked_identifier_nothing_is_shown_but_what_its_mask_leaves(
    rule: dict[str, Any], labels: list[str | None], bare: int
) -> None:
    masked = {"hierarchy": {"type": "mask", "keep": 2, **rule}, "lowest_level": 1}
    role = {"role": "quasi_identifier"}
    policy = Policy.model_validate(
        {"attributes": {"age": role, "phone": role | masked}, "privacy": K2}
    )
    frame = pd.DataFrame({"age": "a", "phone": pd.array(labels, dtype="string")})
    (promise,) = [each for each in verify_frame(frame, policy).promises if each.name == MASKED]
    assert (promise.attribute, promise.records_failing, promise.holds) == ("phone", bare, False)
    hidden = frame.assign(phone="*" * 5 if rule.get("parts") is None else "*.*")
    (promise,) = [each for each in verify_frame(hidden, policy).promises if each.name == MASKED]
    assert promise.holds


def test_weights_are_in_no_release() -> None:
    policy = policy_of({**ROLES, "pweight": "weight"})
    records = table([["a", "b", "a"]])
    weights: list[list[str | None]] = [["1", None, "2"], ["1", None, None], [None] * 3]
    released = [records.assign(pweight=pd.array(each, dtype="string")) for each in weights]
    for release, left in zip([records, *released], (0, 2, 1, 0), strict=True):
        (told,) = [p for p in verify_frame(release, policy).promises if p.attribute == "pweight"]
        assert (told.records_failing, told.reached, told.holds) == (left, left, left == 0)
        assert (told.asked, told.classes_failing) == (0, 0)


# -- odd tables ----------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_small_tables_are_measured(rows: int) -> None:
    policy = asking({**K2, **illness(l=2), **illness(t=0.5)})
    found = verify_frame(table([["a"] * rows]), policy)
    assert found.classes.records == rows
    assert found.promises[0].holds == (rows != 1)
    assert (found.promises[0].reached is None) == (rows == 0)


def test_a_column_that_the_policy_does_not_name_is_refused_by_its_position() -> None:
    frame = table([["a", "b"]]).assign(index=[17, 18])
    with pytest.raises(SchemaMismatchError, match="the policy does not name column 4 of"):
        verify_frame(frame, asking(K2))


def test_a_column_that_is_needed_is_missed_by_name() -> None:
    with pytest.raises(SchemaMismatchError, match="lacks age"):
        verify_frame(table([["a"]]).drop(columns="age"), asking(K2))


def test_a_broken_promise_is_told_in_counts_and_names_alone() -> None:
    frame = table([["canary", "canary"], ["canary"]])
    found = verify_frame(frame, asking({**K2, **illness(l=2)}))
    with pytest.raises(PromiseBrokenError) as broken:
        found.require()
    assert str(broken.value) == (
        "2-anonymity is broken by 1 class with 1 record; "
        "distinct 2-diversity of illness is broken by 2 classes with 3 records"
    )
    assert "canary" not in repr(found)
    assert len(found.to_frame()) == 2


def test_a_stored_release_is_measured_like_the_table(tmp_path: Path) -> None:
    frame = table([["a", "b"], ["c", "c"], [None, "a"]])
    frame.to_csv(tmp_path / "release.csv", index=False)
    frame.to_parquet(tmp_path / "release.parquet")
    policy = asking({**K2, **illness(l=2), **illness(t=0.5)})
    expected = verify_frame(frame, policy)
    for name in ("release.csv", "release.parquet"):
        assert verify_file(Source(path=str(tmp_path / name)), policy) == expected


def test_classes_are_measured_by_themselves() -> None:
    release = counted(table([["a", "b"], ["c"], ["d"]]), list(ROLES))
    found = verify(release, asking(K2)).classes
    assert (found.classes, found.smallest_class, found.unique_records) == (3, 1, 2)


def test_counts_beyond_every_32_and_64_bit_product_are_exact() -> None:
    one = counted(table([["a"] * 7 + ["b", "c", "d"], ["d"] * 7 + ["a", "b", "c"]]), list(ROLES))
    many = 10**15
    release = replace(
        one,
        table=replace(one.table, counts=one.table.counts * many),
        columns={n: replace(c, counts=c.counts * many) for n, c in one.columns.items()},
    )
    found = verify(release, asking({**illness(t=0.3), **illness(l=2)}))
    assert found.holds
    assert found.promises[1].reached == 0.3
    assert found.classes.discernibility == 2 * (10 * many) ** 2
    assert not verify(release, asking(illness(t=0.29999999999999))).holds


# -- another program -----------------------------------------------------------------------


def test_pycanon_agrees_where_it_is_right() -> None:
    anonymity = pytest.importorskip("pycanon.anonymity")
    random_numbers = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "zip": random_numbers.choice(["1", "2"], 400),
            "age": random_numbers.choice(["x", "y", "z"], 400),
            "illness": random_numbers.choice(list("abcde"), 400, p=[0.4, 0.3, 0.1, 0.1, 0.1]),
        }
    )
    guarded = (frame, ["zip", "age"], ["illness"])
    found = verify_frame(frame, asking({**K2, **illness(l=2), **illness(t=0.5)}))
    assert [promise.reached for promise in found.promises] == [
        anonymity.k_anonymity(frame, ["zip", "age"]),
        anonymity.l_diversity(*guarded),
        pytest.approx(anonymity.t_closeness(*guarded)),
    ]
