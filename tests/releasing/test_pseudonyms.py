"""Pseudonyms: stable under a key, meaningless without it, and the key is nowhere."""

import hashlib
import hmac
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import RequestError, anonymize, apply, verify
from anon_dagster.request import parse_policy

KEY = "correct horse battery staple"
PEOPLE = pd.DataFrame(
    {
        "name": ["Ann", "Bob", None, "Zoë", "Ann", "Bob"],
        "age": [31, 32, 33, 34, 35, 36],
        "town": ["a", "b", "a", "b", "a", "b"],
    }
)


def policy(**identifier: Any) -> dict[str, Any]:
    return {
        "attributes": {
            "name": {"role": "direct_identifier", "redaction": "pseudonym", **identifier},
            "age": {"role": "quasi_identifier"},
            "town": {"role": "non_sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 2}},
    }


def released(frame: pd.DataFrame = PEOPLE, **identifier: Any) -> pd.Series:
    df = anonymize({"policy": policy(**identifier)}, frame=frame).df
    assert df is not None
    names: pd.Series = df["name"]
    return names


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANON_KEY", KEY)


def test_a_pseudonym_is_the_hmac_of_its_value() -> None:
    expected = {
        hmac.new(KEY.encode(), b"\0" + name.encode(), hashlib.sha256).hexdigest()[:32]
        for name in ("Ann", "Bob", "Zoë")
    }
    assert set(released().dropna()) == expected
    assert released().isna().sum() == 1


def test_pseudonyms_depend_on_value_key_and_scope_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    shuffled = PEOPLE.iloc[np.random.default_rng(1).permutation(len(PEOPLE))]
    assert set(released(shuffled).dropna()) == set(released().dropna())
    assert not set(released(scope="study 2").dropna()) & set(released().dropna())
    before = set(released().dropna())
    monkeypatch.setenv("ANON_KEY", KEY + "!")
    assert not set(released().dropna()) & before


def test_persons_are_linked_as_before() -> None:
    pairs = zip(PEOPLE["name"].fillna("?"), PEOPLE["town"], strict=True)
    df = anonymize({"policy": policy()}, frame=PEOPLE).df
    assert df is not None
    found = df.groupby([df["name"].fillna("?"), "town"]).size()
    assert sorted(found) == sorted(pd.Series(list(pairs)).value_counts())


def test_the_key_is_in_nothing_that_a_job_leaves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    target = tmp_path / "out.csv"
    result = anonymize({"policy": policy(), "target": {"path": str(target)}}, frame=PEOPLE)
    left = [json.dumps(result.document()), caplog.text, *capsys.readouterr()]
    left += [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()]
    assert not any(KEY in text or "Ann" in text for text in left)
    assert KEY not in repr(result)


def test_later_records_get_the_pseudonyms_of_the_first() -> None:
    result = anonymize({"policy": policy()}, frame=PEOPLE)
    later = apply(json.loads(json.dumps(result.document())), frame=PEOPLE.iloc[:2]).df
    assert later is not None
    assert result.df is not None
    assert set(later["name"]) <= set(result.df["name"].dropna())


@pytest.mark.parametrize("key", [None, "", "too short"])
def test_without_a_fit_key_nothing_begins(key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANON_KEY")
    if key is not None:
        monkeypatch.setenv("ANON_KEY", key)
    with pytest.raises(RequestError, match=r"attributes\.name\.key_variable.*set ANON_KEY") as told:
        released()
    assert not key or key not in str(told.value)


def test_no_other_variable_of_the_environment_can_be_a_key() -> None:
    for variable in ("AWS_SECRET_ACCESS_KEY", "ANON_KEYS", "anon_key"):
        with pytest.raises(RequestError, match="key_variable"):
            parse_policy(policy(key_variable=variable))
    parse_policy(policy(key_variable="ANON_KEY_STUDY_2"))


def test_an_identifier_in_the_place_of_its_pseudonym_breaks_the_promise() -> None:
    asked = parse_policy(policy())
    df = anonymize({"policy": policy()}, frame=PEOPLE).df
    assert df is not None
    assert verify(asked, df).holds
    broken = verify(asked, df.assign(name=df["name"].where(df.index > 1, "Ann")))
    assert [promise.records_failing for promise in broken.failures] == [2]


def test_a_value_that_looks_like_a_pseudonym_is_still_no_pseudonym() -> None:
    from anon_dagster.reading.counting import count
    from anon_dagster.storage.sources import open_frame
    from anon_dagster.verification import verify as verify_count

    frame = PEOPLE.assign(name=[hashlib.md5(bytes([n])).hexdigest() for n in range(6)])  # noqa: S324
    counted = count(open_frame(frame.assign(age="*")), ["age"])
    found = verify_count(counted, parse_policy(policy()), source_count=counted)
    assert [promise.records_failing for promise in found.failures] == [6]
