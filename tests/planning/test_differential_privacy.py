"""A differentially private release is of a secret sample, and tells of nothing that is left out."""

from collections import Counter
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import RequestError, UnreachableError, anonymize, apply, verify
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.request import parse_policy

AGE: dict[str, Any] = {
    "role": "quasi_identifier",
    "hierarchy": {"type": "interval", "widths": [10], "other": "other"},
    "lowest_level": 1,
    "highest_level": 1,
}
SEX: dict[str, Any] = {
    "role": "quasi_identifier",
    "hierarchy": {"type": "suppress"},
    "highest_level": 0,
}
ASKED: dict[str, Any] = {
    "attributes": {"name": {"role": "direct_identifier"}, "age": AGE, "sex": SEX},
    "privacy": {"differential_privacy": {"epsilon": 1, "delta": 0.001}},
    "suppression_limit": 1,
}
SIZES = {"[20, 30)": 500, "[30, 40)": 300, "[40, 50)": 5}


def people(seed: int = 0) -> pd.DataFrame:
    ages = np.repeat([25, 35, 45], list(SIZES.values()))
    frame = pd.DataFrame({"name": [f"p{n}" for n in range(len(ages))], "age": ages, "sex": "f"})
    return frame.sample(frac=1, random_state=seed)


def released(frame: pd.DataFrame) -> pd.DataFrame:
    df = anonymize({"policy": ASKED}, frame=frame).df
    assert df is not None
    return df


def test_records_are_drawn_with_the_probability_of_the_model_and_small_classes_are_gone() -> None:
    share = 1 - exp(-1)
    counts = [Counter(released(people())["age"]) for _ in range(5)]
    assert len({tuple(sorted(each.items())) for each in counts}) > 1, "another sample every time"
    for each in counts:
        assert set(each) == {"[20, 30)", "[30, 40)"}
        for label, number in each.items():
            deviation = (SIZES[label] * share * (1 - share)) ** 0.5
            assert abs(number - SIZES[label] * share) < 6 * deviation


def test_both_readings_draw_the_same_and_the_release_is_measured() -> None:
    result = anonymize({"policy": ASKED}, frame=people())
    size, share = result.release.verification.promises[1:3]
    assert size.holds
    assert size.reached is not None
    assert size.reached >= size.asked
    assert share.holds
    assert share.reached == pytest.approx(1 - exp(-1))
    assert result.df is not None
    assert verify(parse_policy(ASKED), result.df).holds
    assert not verify(parse_policy(ASKED), result.df.head(3)).holds


def test_records_are_in_one_order_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anon_dagster.releasing.recoder.BLOCK", 7)
    df = released(people())
    assert df["age"].tolist() == sorted(df["age"])
    assert len(df) > 100


def test_columns_are_text_so_that_no_type_tells_of_what_was_left_out() -> None:
    frame = people().assign(sex=1)
    assert {str(kind) for kind in released(frame).dtypes} == {"str"}


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_the_same_sample_reads_alike_in_every_format(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anon_dagster.reading.sampled.token_bytes", lambda size: b"d" * size)
    anonymize({"policy": ASKED, "target": {"path": str(tmp_path / name)}}, frame=people())
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    pd.testing.assert_frame_equal(read(tmp_path / name), released(people()))


def test_no_value_changes_what_another_becomes() -> None:
    tree = {"type": "tree", "nodes": {"some": [39], "none": [0]}, "other": "other"}
    number = {**AGE, "hierarchy": tree}
    asked = {**ASKED, "attributes": {"age": number}}
    for more in ([], ["text"]):
        frame = pd.DataFrame({"age": ["39"] * 100 + ["39.0"] * 100 + more})
        df = anonymize({"policy": asked}, frame=frame).df
        assert df is not None
        assert set(df["age"]) == {"some", "other"}


def test_the_key_is_kept_with_the_job_alone(tmp_path: Path) -> None:
    result = anonymize({"policy": ASKED}, frame=people())
    drawn = result.decision.counted.sampling
    assert drawn is not None
    assert drawn.key.hex() not in repr(drawn)
    job = JobFolder(tmp_path, "job")
    job.save_count(result.decision.counted, result.decision.request)
    assert job.load_count().sampling == drawn
    assert (job.path / "count.npz").stat().st_mode & 0o077 == 0


def test_a_solution_is_of_the_records_that_were_drawn() -> None:
    with pytest.raises(RequestError, match="cannot be applied to others"):
        apply(anonymize({"policy": ASKED}, frame=people()), frame=people())


@pytest.mark.parametrize(
    ("key", "reason"), [(b"d", r"there are [1-4]"), (b"X", "no record was drawn")]
)
def test_nothing_is_released_where_every_class_is_small(
    key: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anon_dagster.reading.sampled.token_bytes", lambda size: key * size)
    with pytest.raises(UnreachableError, match=f"(?s)(?=.*nothing is left to release).*{reason}"):
        released(people().head(4))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"suppression_limit": 0.5}, "policy.suppression_limit"),
        ({"suppressed_records": "keep"}, "policy.suppressed_records"),
        ({"recoding": "local"}, "policy.recoding"),
        ({"sampling": {"fraction": 0.5}}, "policy.sampling"),
        ({"name": {"role": "non_sensitive"}}, "policy.attributes.name.role"),
        ({"name": {"role": "sensitive"}}, "policy.attributes.name.role"),
        (
            {"name": {"role": "direct_identifier", "redaction": "pseudonym"}},
            "policy.attributes.name.redaction",
        ),
        ({"age": {**AGE, "highest_level": 2}}, "policy.attributes.age.highest_level"),
        (
            {"sex": {"role": "quasi_identifier", "highest_level": 0}},
            "policy.attributes.sex.hierarchy",
        ),
        (
            {"sex": {**SEX, "hierarchy": {"type": "frequency", "keep": [1]}}},
            "policy.attributes.sex.hierarchy",
        ),
        ({"sex": {**SEX, "hierarchy": {"type": "mask"}}}, "policy.attributes.sex.hierarchy.levels"),
        (
            {"sex": {**SEX, "hierarchy": {"type": "order", "sizes": [2], "other": "o"}}},
            "policy.attributes.sex.hierarchy.order",
        ),
        (
            {"age": {**AGE, "hierarchy": {"type": "interval", "widths": [10]}}},
            "policy.attributes.age.hierarchy.other",
        ),
        (
            {
                "sex": {
                    "role": "quasi_identifier",
                    "transformation": "microaggregation",
                    "aggregate": "mode",
                }
            },
            "policy.attributes.sex.transformation",
        ),
    ],
)
def test_what_would_tell_of_the_records_is_refused(change: dict[str, Any], place: str) -> None:
    asked = {**ASKED, "attributes": dict(ASKED["attributes"])}
    for key, value in change.items():
        (asked["attributes"] if key in asked["attributes"] else asked)[key] = value
    with pytest.raises(RequestError) as refused:
        parse_policy(asked)
    assert [problem.path for problem in refused.value.problems] == [place]


def test_maps_are_estimated_without_counting_the_records() -> None:
    k_map = {"k": 5, "estimator": "poisson"}
    asked = {**ASKED, "privacy": {**ASKED["privacy"], "k_map": k_map}, "population": 10_000}
    with pytest.raises(RequestError, match="sampling_fraction"):
        parse_policy(asked)
    asked["privacy"]["k_map"] = {**k_map, "sampling_fraction": 0.1}
    assert anonymize({"policy": asked}, frame=people()).release.verification.holds


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"type": "known", "tree": "country", "other": "other"}, "hierarchy"),
        ({"type": "interval", "widths": [10], "other": "[30, 40)"}, "hierarchy.other"),
        ({"type": "date", "other": "2024"}, "hierarchy.other"),
        ({"type": "order", "sizes": [2], "order": ["a", "b"], "other": "b"}, "hierarchy.other"),
    ],
)
def test_a_hierarchy_whose_labels_another_record_could_change_is_refused(
    rule: dict[str, Any], path: str
) -> None:
    asked = {**ASKED, "attributes": {"age": {**AGE, "hierarchy": rule}}}
    with pytest.raises(RequestError) as caught:
        parse_policy(asked)
    assert f"policy.attributes.age.{path}" in {p.path for p in caught.value.problems}
