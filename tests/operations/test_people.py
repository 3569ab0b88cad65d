"""Promises about people of a population, of whom each may have several records there."""

from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster import (
    AnonResult,
    RequestError,
    SourceError,
    UnreachableError,
    anonymize,
    measure,
    verify,
)
from anon_dagster.reading.packed_counts import packed, unpacked
from anon_dagster.request import parse_policy
from anon_dagster.verification import IDENTIFIERS
from tests.operations.test_promises import label_of

RECORD = st.tuples(st.integers(0, 12), st.integers(0, 9), st.sampled_from(["011", "012", "021"]))


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.sampled_from([0, 0, 0.1, 0.25]))
    presence = {"delta_min": low, "delta_max": draw(st.sampled_from([0.5, 0.75, 0.9, 1]))}
    asked = draw(st.sampled_from(["k_map", "delta_presence", "both"]))
    privacy: dict[str, Any] = {}
    if asked != "delta_presence":
        privacy["k_map"] = {"k": draw(st.integers(2, 6))}
    if asked != "k_map":
        privacy["delta_presence"] = presence
    return {
        "person": draw(st.sampled_from(["who", None])),
        "attributes": {
            "who": {"role": "direct_identifier"},
            "age": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "interval", "widths": [2, 4]},
            },
            "zip": {"role": "quasi_identifier", "hierarchy": {"type": "mask"}},
            "row": {"role": "non_sensitive"},
        },
        "privacy": privacy,
        "suppression_limit": draw(st.sampled_from([0, 0.1, 0.3, 1])),
        "suppressed_records": draw(st.sampled_from(["drop", "keep"])),
        "residual": {"given_back": "ignore", "alone": "ignore", "intersected": "ignore"},
    }


@given(
    st.lists(RECORD, min_size=1, max_size=40),
    policies(),
    st.lists(RECORD, max_size=60),
    st.integers(1, 3),
)
def test_a_release_keeps_every_promise_about_people(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[tuple[int, int, str]],
    policy: dict[str, Any],
    others: list[tuple[int, int, str]],
    times: int,
) -> None:
    names = ["who", "age", "zip"]
    frame = pd.DataFrame(records, columns=names)
    frame["row"] = [f"r{number}" for number in range(len(frame))]
    strangers = pd.DataFrame([(who + 100, *row) for who, *row in others], columns=names)
    if policy["person"] is None:  # each record is of another person of the population
        frame["who"] = range(200, 200 + len(frame))
    people = pd.concat([*[frame[names]] * times, strangers], ignore_index=True)
    path = tmp_path_factory.mktemp("people") / "people.csv"
    people.rename(columns={"who": "number"}).to_csv(path, index=False)
    policy = {**policy, "population": {"path": str(path), "person": "number"}}
    try:
        result = anonymize({"policy": policy}, frame=frame)
    except UnreachableError:
        return
    assert result.df is not None
    whose = result.df["row"].map(dict(zip(frame["row"], frame["who"], strict=True)))
    keyed = result.df.assign(who=whose) if policy["person"] else result.df
    measured = verify(parse_policy(policy), keyed, levels=result.levels)
    assert all(promise.holds for promise in measured.promises if promise.name != IDENTIFIERS)
    kept_by_definition(policy, result, whose, people)


def kept_by_definition(
    policy: dict[str, Any], result: AnonResult, whose: pd.Series, people: pd.DataFrame
) -> None:
    assert result.df is not None
    assert result.levels is not None
    levels, hierarchies = result.levels, result.decision.plan.hierarchies
    ours: dict[tuple[str | None, ...], set[int]] = defaultdict(set)
    released = result.df[["age", "zip"]].astype(str).to_numpy(object).tolist()
    for labels, who in zip(released, whose, strict=True):
        ours[tuple(labels)].add(who)
    behind: dict[tuple[str | None, ...], set[int]] = defaultdict(set)
    for who, *row in people[["who", "age", "zip"]].to_numpy(object).tolist():
        pairs = zip(["age", "zip"], map(str, row), strict=True)
        behind[tuple(label_of(hierarchies[n], levels[n], v) for n, v in pairs)].add(who)
    unmatched = {who for labels, own in behind.items() if labels not in ours for who in own}
    if policy["suppressed_records"] == "keep" and ("*", "*") in ours and ("*", "*") not in behind:
        behind["*", "*"] = unmatched
        unmatched = set()
    privacy = policy["privacy"]
    if "k_map" in privacy:
        assert all(len(behind[labels]) >= privacy["k_map"]["k"] for labels in ours)
    if presence := privacy.get("delta_presence"):
        low, high = (Fraction(str(presence[bound])) for bound in ("delta_min", "delta_max"))
        shares = [Fraction(len(own), len(behind[labels])) for labels, own in ours.items()]
        assert all(low <= share <= high for share in shares)
        assert not (unmatched and low)


def request_of(path: Path, **given: Any) -> dict[str, Any]:
    return {
        "policy": {
            "person": "who",
            "attributes": {
                "who": {"role": "direct_identifier"},
                "age": {
                    "role": "quasi_identifier",
                    "hierarchy": {"type": "interval", "widths": [10]},
                },
            },
            "privacy": {"k_map": {"k": 5}},
            "population": {"path": str(path), "person": "who"},
            **given,
        }
    }


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Write a register with three entries of each of 60 people."""
    who = np.repeat(np.arange(60), 3)
    path = tmp_path / "people.csv"
    pd.DataFrame({"who": who, "age": 20 + who}).to_csv(path, index=False)
    return path


def table() -> pd.DataFrame:
    who = np.repeat(np.arange(0, 60, 3), 2)
    return pd.DataFrame({"who": who, "age": 20 + who})


def test_three_entries_of_a_person_are_one_of_the_population(people: Path) -> None:
    request = request_of(people, privacy={"k_map": {"k": 11}})
    result = anonymize(request, frame=table())
    assert result.levels == {"age": 2}  # ten of them read alike one level below
    told = request["policy"]["population"]
    plain = {**request["policy"], "person": None, "population": {"path": told["path"]}}
    assert anonymize({"policy": plain}, frame=table()).levels == {"age": 1}
    note = result.risk.loc["journalist_highest", "note"]
    assert result.risk.loc["journalist_highest", "release"] == pytest.approx(1 / 60), note
    kept = unpacked(*packed(result.decision.counted), decimal=".")
    assert kept.population is not None
    assert kept.population.persons is not None
    assert len(kept.population.persons.hashes) == 60
    compared = measure(request, frame=table(), measurement={"k_map": [5, 11]})
    assert compared["reachable"].all()


def test_a_share_of_persons_is_a_share_of_people(people: Path) -> None:
    third = {"delta_presence": {"delta_min": 0.3, "delta_max": 0.4}}
    result = anonymize(request_of(people, privacy=third), frame=table())
    told = result.release.verification.to_frame().set_index("name")
    (share,) = told.loc[[name for name in told.index if "presence" in name], "reached"]
    assert share <= 0.4  # two records of a third of the people are no two thirds


def test_records_of_the_population_must_tell_whose_they_are(people: Path) -> None:
    frame = pd.read_csv(people, dtype={"who": "Int64"})
    frame.loc[:9, "who"] = None
    frame.to_csv(people, index=False)
    with pytest.raises(SourceError, match="10 records of 180 of the population"):
        anonymize(request_of(people), frame=table())
    together = request_of(people, without_person="together")
    assert anonymize(together, frame=table()).release.verification.holds


def test_what_a_population_lacks_is_told(people: Path) -> None:
    asked = request_of(people, population={"path": str(people), "person": "number"})
    with pytest.raises(SourceError, match="the population table has no number"):
        anonymize(asked, frame=table())
    present = request_of(people, privacy={"delta_presence": {"delta_max": 0.9}})
    crowd = pd.concat([table(), table().assign(who=lambda df: df["who"] + 1_000)])
    with pytest.raises(RequestError, match="20 persons of the source are of nobody in the table"):
        anonymize(present, frame=crowd)
    more = pd.DataFrame({"who": range(61), "age": 20})
    with pytest.raises(RequestError, match="its 60 people are fewer than the 61 persons"):
        anonymize(present, frame=more)


def test_uniqueness_in_the_population_is_that_of_persons() -> None:
    who = np.repeat(np.arange(40), 2)
    frame = pd.DataFrame({"who": who, "age": who})
    policy = request_of(Path("-"), population=10_000)["policy"]
    policy["privacy"] = {"population_uniqueness": {"share": 0.001, "estimator": "zayatz"}}
    result = anonymize({"policy": policy}, frame=frame)
    assert result.release.verification.holds
    assert result.levels != {"age": 0}  # every person is unique, though no record is
