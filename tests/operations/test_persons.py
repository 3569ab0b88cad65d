"""Releases of persons with several records: what is stored, measured, applied and refused."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import (
    AnonResult,
    PromiseBrokenError,
    RequestError,
    UnreachableError,
    anonymize,
    apply,
    measure,
    verify,
)
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.operations.preparation import count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import plan
from anon_dagster.releasing.persons_file import StoredPersons
from anon_dagster.releasing.publication import count_release, verify_release, write_release
from anon_dagster.releasing.workspace import PERSONS as PERSONS_FILE
from anon_dagster.releasing.workspace import Workspace
from anon_dagster.request import Policy, parse_request

PERSONS, RECORDS = 400, 2_400


def visits(seed: int = 1) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    who = dice.integers(0, PERSONS, RECORDS)
    return pd.DataFrame(
        {
            "who": [f"person {number}" for number in who],
            "age": 20 + who * 7 % 60,
            "town": [f"{10_000 + number * 13 % 40}" for number in who],
            "ill": [f"d{number}" for number in dice.integers(0, 6, RECORDS)],
        }
    )


def request_of(**policy: Any) -> dict[str, Any]:
    return {
        "policy": {
            "person": "who",
            "attributes": {
                "who": {"role": "direct_identifier"},
                "age": {
                    "role": "quasi_identifier",
                    "hierarchy": {"type": "interval", "widths": [5, 10, 20]},
                },
                "town": {"role": "quasi_identifier", "hierarchy": {"type": "mask"}},
                "ill": {"role": "sensitive"},
            },
            "privacy": {"k_anonymity": {"k": 5}},
            "suppression_limit": 0.05,
            **policy,
        }
    }


def distinct_persons(result: AnonResult) -> pd.Series:
    """Count the persons of each class by the decision: which tuple each record is of."""
    persons, classes = result.decision.counted.persons, result.decision.solution.classes
    assert persons is not None
    of_pairs = pd.Series(classes[persons.tuples])
    return pd.Series(persons.owners).groupby(of_pairs).nunique().drop(-1, errors="ignore")


def test_five_records_of_one_person_are_no_class_of_five() -> None:
    frame = pd.DataFrame({"who": ["a"] * 5 + ["b"] * 5, "age": [30] * 5 + [40] * 5, "ill": "x"})
    policy = {
        "attributes": {
            "who": {"role": "direct_identifier"},
            "age": {"role": "quasi_identifier"},
            "ill": {"role": "sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 5}},
    }
    released = anonymize({"policy": policy}, frame=frame).df
    assert released is not None
    assert set(released["age"]) == {30, 40}
    with pytest.raises(UnreachableError, match="5-anonymity needs 5 persons, there are 2"):
        anonymize({"policy": policy | {"person": "who"}}, frame=frame)
    constant = "there is 1, who has all 10 records: look at what tells whose a record is"
    with pytest.raises(UnreachableError, match=constant):
        anonymize({"policy": policy | {"person": "who"}}, frame=frame.assign(who="one"))


@pytest.mark.parametrize("recoding", ["global", "local"])
def test_classes_have_k_persons_and_the_statistics_say_so(recoding: str) -> None:
    frame = visits()
    result = anonymize(request_of(recoding=recoding), frame=frame)
    sizes = distinct_persons(result)
    assert sizes.min() >= 5
    risk = result.risk["release"]
    assert risk["smallest_class_of_persons"] == risk["k"] == sizes.min()
    assert risk["person_average"] == pytest.approx(len(sizes) / sizes.sum())
    assert risk["persons"] + risk["persons_suppressed"] == frame["who"].nunique()
    assert result.risk["source"]["most_records_of_a_person"] == frame["who"].value_counts().max()
    promise = result.release.verification.promises[1]
    assert (promise.name, promise.reached) == ("5-anonymity", sizes.min())


def test_one_record_of_each_person_gives_the_bytes_without_persons(tmp_path: Path) -> None:
    frame = visits().assign(who=np.arange(RECORDS))
    sums = set()
    for kind in ("parquet", "csv"):
        for person in ("who", None):
            target = tmp_path / f"{person}.{kind}"
            policy = request_of(
                person=person,
                recoding="global",
                privacy={"k_anonymity": {"k": 5}, "l_diversity": [{"attribute": "ill", "l": 3}]},
            )
            anonymize({**policy, "target": {"path": str(target)}}, frame=frame)
            sums.add((kind, hashlib.sha256(target.read_bytes()).hexdigest()))
    assert len(sums) == 2


@pytest.mark.parametrize("ending", ["parquet", "csv", "folder"])
def test_whose_records_are_stays_with_the_job_and_goes_with_it(tmp_path: Path, ending: str) -> None:
    target = tmp_path / "out" / ("release" if ending == "folder" else f"release.{ending}")
    target.parent.mkdir()
    asked = request_of()
    asked["target"] = {"path": str(target), "format": "parquet" if ending == "folder" else ending}
    if ending == "folder":
        asked["target"]["single_file"] = False
    request = parse_request(asked)
    source = open_table(request, frame=visits())
    counted = count_records(request, source)
    made = plan(request, counted)
    decision = Decision(request, counted, made, decide(made))
    job = JobFolder(tmp_path / "store", "one")
    release = write_release(decision, source, Workspace("one", job.create()))
    kept = job.path / PERSONS_FILE
    assert kept.stat().st_size == 8 * release.count.records
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not [p for p in target.parent.rglob("*") if "person" in p.name]
    stored = count_release(request.policy, release.source, persons=StoredPersons(kept))
    assert verify_release(decision, stored).holds
    job.save_count(counted, request)
    again = job.load_count().persons
    assert again is not None
    assert counted.persons is not None
    assert again.key == counted.persons.key
    assert (again.owners == counted.persons.owners).all()
    os.truncate(kept, kept.stat().st_size - 8)
    with pytest.raises(PromiseBrokenError, match="other records than the job kept the persons of"):
        count_release(request.policy, release.source, persons=StoredPersons(kept))


def test_a_release_that_breaks_its_promise_about_persons_is_not_published(tmp_path: Path) -> None:
    target = tmp_path / "release.parquet"
    by_records = request_of(person=None)
    request = parse_request({**by_records, "target": {"path": str(target)}})
    asked = parse_request({**request_of(), "target": {"path": str(target)}})
    frame = visits().assign(who=np.arange(RECORDS) % 2)
    source = open_table(request, frame=frame)
    made = plan(request, count_records(request, source))
    decided = decide(made)
    counted = count_records(asked, source)
    decision = Decision(asked, counted, plan(asked, counted), decided)
    with pytest.raises(PromiseBrokenError, match="5-anonymity is broken"):
        write_release(decision, source, Workspace("one", tmp_path))
    assert not target.exists()


def test_a_table_is_verified_for_persons_if_it_tells_whose_its_records_are() -> None:
    frame = visits()
    result = anonymize(request_of(), frame=frame)
    assert result.df is not None
    policy = result.decision.request.policy
    found = verify(policy, result.df)
    assert not found.holds
    assert "needs who" in str(found.failures[0])
    with_keys = frame.assign(age="*", town="*")
    promises = {p.name: p for p in verify(policy, with_keys).promises}
    assert promises["5-anonymity"].reached == frame["who"].nunique()
    one = frame.assign(age="*", town="*", who="0012")
    one.loc[0, "who"] = "12.0"
    assert {p.name: p for p in verify(policy, one).promises}["5-anonymity"].reached == 1


def test_later_records_of_the_same_persons_are_recognised() -> None:
    frame = visits()
    result = anonymize(request_of(), frame=frame)
    few = frame[frame["who"].isin(frame["who"].unique()[:3])]
    later = apply(result, frame=few)
    assert later.together is not None
    names = {p.name: p for p in later.together.promises}
    first = {p.name: p for p in result.release.verification.promises}
    assert names["5-anonymity"].reached == first["5-anonymity"].reached
    assert not {p.name: p for p in later.alone.promises}["5-anonymity"].holds
    enforced = apply(result, frame=frame.sample(500, random_state=1), enforce=True)
    assert {p.name: p for p in enforced.alone.promises}["5-anonymity"].holds
    with pytest.raises(RequestError, match="apply the result of the job"):
        apply(result.document(), frame=few, first_release="any.parquet")


def test_configurations_are_compared_by_persons() -> None:
    table = measure(request_of(), frame=visits(), measurement={"k": [2, 5, 20]})
    highest = table["person_highest"].astype(float)
    assert (highest <= [1 / 2, 1 / 5, 1 / 20]).all()
    assert (table["person_highest"] >= table["maxProbabilityIdentification"]).all()


POLICIES: dict[str, tuple[dict[str, Any], str]] = {
    "not named": ({"person": "whom"}, "whom is not among policy.attributes.*did you mean who"),
    "not an identifier": ({"person": "age"}, "the role of age must be direct_identifier"),
    "twice": ({"person": ["who", "who"]}, "names an attribute twice"),
    "none": ({"person": []}, "policy.person"),
    "nobody": ({"person": None, "without_person": "own"}, "goes with policy.person"),
    "records drawn": ({"sampling": {"records": 5}}, "whole persons are drawn"),
    "map": ({"privacy": {"k_map": {"k": 3}}, "population": {"path": "p.csv"}}, "with k_map only"),
    "estimated map": (
        {
            "privacy": {"k_map": {"k": 3, "estimator": "poisson"}},
            "population": {"path": "p.csv", "person": "who"},
        },
        "does not go with an estimator",
    ),
    "presence": (
        {
            "privacy": {"delta_presence": {"delta_min": 0, "delta_max": 0.5}},
            "population": {"path": "p.csv"},
        },
        "goes with delta_presence only where .* policy.population: {path: …, person: …}",
    ),
    "private": (
        {"privacy": {"differential_privacy": {"epsilon": 1, "delta": 1e-6}}},
        "does not go with differential_privacy",
    ),
}


@pytest.mark.parametrize(("change", "message"), POLICIES.values(), ids=POLICIES)
def test_what_does_not_go_with_persons_is_refused_before_the_work(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        parse_request(request_of(**change))


def test_a_pseudonym_of_the_person_links_her_records_and_is_refused() -> None:
    asked = request_of()
    asked["policy"]["attributes"]["who"] = {"role": "direct_identifier", "redaction": "pseudonym"}
    with pytest.raises(RequestError, match="it links the records of a person"):
        parse_request(asked)


def test_no_name_of_a_person_is_in_what_may_be_seen(tmp_path: Path) -> None:
    frame = visits()
    frame.loc[0, "who"] = "canary-7f3a91"
    result = anonymize(
        {**request_of(), "target": {"path": str(tmp_path / "release.parquet")}}, frame=frame
    )
    seen = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"canary" in content for content in seen)
    assert isinstance(result.decision.request.policy, Policy)
    persons = result.decision.counted.persons
    assert persons is not None
    assert persons.key not in repr(persons)


def test_a_number_that_only_suppressed_records_have_may_be_written_in_any_way() -> None:
    frame = pd.DataFrame(
        {
            "who": [f"p{number}" for number in range(10)],
            "age": [1] * 9 + [9],
            "ill": ["1", "2", "3"] * 3 + ["1e3"],
        }
    )
    attributes = {
        "who": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "highest_level": 0},
        "ill": {"role": "sensitive"},
    }
    privacy = {"k_anonymity": {"k": 2}, "t_closeness": {"attribute": "ill", "t": 0.5}}
    policy = {"person": "who", "attributes": attributes, "privacy": privacy}
    result = anonymize({"policy": {**policy, "suppression_limit": 0.2}}, frame=frame)
    assert result.release.count.records == 9
