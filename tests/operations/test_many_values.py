"""Jobs on columns that have too many values to keep them."""

from typing import Any

import pandas as pd
import pytest

import anon_dagster
from anon_dagster.errors import PromiseBrokenError
from anon_dagster.reading import part
from anon_dagster.reading.counting import count
from anon_dagster.reading.packed_counts import packed, unpacked
from anon_dagster.releasing import treatments
from anon_dagster.storage.sources import open_frame
from anon_dagster.verification import verify_frame
from tests.counted import policy_of

PEOPLE = 40


@pytest.fixture(autouse=True)
def _few_values_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "MOST_VALUES", 5)
    monkeypatch.setenv("ANON_KEY", "a key of enough characters")


def _frame() -> pd.DataFrame:
    people = range(PEOPLE)
    return pd.DataFrame(
        {
            "name": [f"person {n}" for n in people],
            "age": [30 + n % 20 for n in people],
            "note": ["none" if n % 2 else f"note {n}" for n in people],
            "amount": [n / 4 for n in people],
        }
    )


def _policy(**identifier: Any) -> dict[str, Any]:
    return {
        "attributes": {
            "name": {"role": "direct_identifier", **identifier},
            "age": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "interval", "widths": [5, 10]},
            },
            "note": {"role": "non_sensitive"},
            "amount": {"role": "non_sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 2}},
    }


def _pseudonyms() -> dict[str, Any]:
    return _policy(redaction="pseudonym", key_variable="ANON_KEY")


def test_a_release_has_every_value_whether_or_not_they_were_kept() -> None:
    result = anon_dagster.anonymize({"policy": _pseudonyms()}, frame=_frame())
    assert result.df is not None
    assert sorted(result.df["note"]) == sorted(_frame()["note"])
    assert result.df["amount"].dtype == float
    assert result.df["name"].nunique() == PEOPLE
    assert result.release.verification.holds


def test_statistics_tell_frequent_values_and_how_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("anon_dagster.reading.multitude._FREQUENT", 8)
    result = anon_dagster.anonymize({"policy": _policy()}, frame=_frame())
    told = result.exploratory
    assert told.summary["distinct"]["note", "release"] == PEOPLE // 2 + 1
    assert told.summary["mode_count"]["note", "release"] == PEOPLE // 2
    shown = told.values.query("attribute == 'note'")  # noqa: PD011 (its name)
    assert dict(zip(shown["value"], shown["release"], strict=True)) == {"none": PEOPLE // 2}
    assert told.summary["kind"]["amount", "source"] == "decimal"
    assert told.summary["distinct"]["amount", "source"] == PEOPLE
    assert pd.isna(told.summary["median"]["amount", "source"])


@pytest.mark.parametrize(
    ("altered", "remaining"),
    [
        (lambda names: names, 0),
        (lambda names: ["Ada Lovelace", *names[1:]], 1),
        (lambda names: [f"person {n}" for n in range(len(names))], PEOPLE),
    ],
)
def test_what_is_no_pseudonym_is_found_among_however_many(altered: Any, remaining: int) -> None:
    policy = _pseudonyms()
    result = anon_dagster.anonymize({"policy": policy}, frame=_frame())
    assert result.df is not None
    released = result.df.assign(name=altered(result.df["name"].tolist()))
    verified = verify_frame(released, result.decision.request.policy)
    (promise,) = (p for p in verified.promises if p.attribute == "name")
    assert promise.records_failing == remaining


def test_a_value_of_the_source_is_no_pseudonym_whatever_it_looks_like(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = _frame().assign(name=[f"{n:032x}" for n in range(PEOPLE)])
    monkeypatch.setattr(treatments, "pseudonymizer", lambda _: lambda values: values)
    with pytest.raises(PromiseBrokenError, match="identifiers"):
        anon_dagster.anonymize({"policy": _pseudonyms()}, frame=frame)


def test_a_stored_count_tells_what_it_told() -> None:
    counted = count(open_frame(_frame()), ["age"], patterns={"note": "^n"})
    again = unpacked(*packed(counted), decimal=".")
    for name in ("note", "amount"):
        own, loaded = counted.columns[name], again.columns[name]
        assert own.many is not None
        assert loaded.many is not None
        assert (own.labels, own.distinct, own.misfits) == (
            loaded.labels,
            loaded.distinct,
            loaded.misfits,
        )
        assert own.many.mode == loaded.many.mode
        assert own.ordering.meaning is loaded.ordering.meaning


def test_values_of_an_attribute_are_all_kept() -> None:
    policy = policy_of({"name": "quasi_identifier"}, privacy={"k_anonymity": {"k": 2}})
    counted = count(open_frame(_frame()), list(policy.attributes))
    assert len(counted.columns["name"].labels) == PEOPLE
