"""Households and trajectories from a table to its release, and to whoever is handed one."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import RequestError, SourceError, anonymize, apply, verify
from anon_dagster.core.wording import household_anonymity, trajectories
from anon_dagster.reading.packed_counts import packed, unpacked

POLICY: dict[str, Any] = {
    "attributes": {
        "who": {"role": "direct_identifier"},
        "house": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5, 50]}},
        "ill": {"role": "sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
    "person": "who",
    "household": {"by": "house", "k": 3},
}


def table(people: int = 40) -> pd.DataFrame:
    who = np.repeat(np.arange(people), 2)
    return pd.DataFrame({"who": who, "house": who // 3, "age": who, "ill": list("abcd") * 20})


def of_households(result: pd.DataFrame) -> Any:
    return result.set_index("name").loc[household_anonymity(3)]


def test_a_release_is_verified_by_whoever_has_its_keys() -> None:
    df = anonymize({"policy": POLICY}, frame=table()).df
    assert df is not None
    assert [*df.columns] == ["age", "ill"]
    keyed = table().assign(age=np.where(table()["age"] < 20, "young", "old"))
    assert of_households(verify(POLICY, keyed).to_frame())["holds"]
    one_house = keyed.assign(house=np.where(keyed["age"] == "old", 1, keyed["house"]))
    told = of_households(verify(POLICY, one_house).to_frame())
    assert (told["reached"], told["holds"], told["records_failing"]) == (1, False, 40)
    untold = of_households(verify(POLICY, keyed.drop(columns="house")).to_frame())
    assert "it needs house" in untold["untold"]


def test_whose_records_are_is_kept_with_the_job_in_the_order_of_the_release(
    tmp_path: Path,
) -> None:
    request = {"policy": POLICY, "target": {"path": str(tmp_path / "out.csv")}}
    result = anonymize(request, frame=table())
    stored = result.release.count
    assert stored.persons is not None
    assert stored.households is not None
    assert (len(stored.persons.hashes), len(stored.households.hashes)) == (40, 14)
    kept = unpacked(*packed(stored), decimal=".")
    assert kept.households is not None
    assert kept.households.hashes.tolist() == stored.households.hashes.tolist()
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_records_without_a_household_are_refused_unless_it_is_said_what_they_are() -> None:
    some = table().assign(house=lambda df: df["house"].where(df["who"] % 10 > 0))
    with pytest.raises(SourceError, match="8 records of 80 have no value of house"):
        anonymize({"policy": POLICY}, frame=some)
    for rule, households in (("together", 15), ("own", 22)):
        asked = {**POLICY, "without_person": rule}
        risk = anonymize({"policy": asked}, frame=some).risk
        assert risk.loc["households", "source"] == households


def test_later_records_are_measured_with_the_households_of_the_first() -> None:
    first = anonymize({"policy": POLICY}, frame=table())
    later = apply(first, frame=table().iloc[:30])
    assert later.together is not None
    assert of_households(later.together.to_frame())["holds"]
    only = {key: value for key, value in POLICY.items() if key != "person"}
    document = anonymize({"policy": only}, frame=table()).document()
    with pytest.raises(RequestError, match="does not tell whose its records are"):
        apply(document, frame=table(), first_release="x.csv")


def test_what_links_records_is_measured_on_the_release_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANON_KEY", "0123456789abcdef" * 4)
    attributes = {**POLICY["attributes"], "who": {"role": "direct_identifier"}}
    attributes["who"]["redaction"] = "pseudonym"
    policy = {**POLICY, "attributes": attributes, "trajectory": {"k": 5}}
    result = anonymize({"policy": policy}, frame=table())
    named = result.release.verification.to_frame().set_index("name")
    for by in (None, "who"):
        assert named.loc[trajectories(5, by), "holds"]
    assert result.df is not None
    again = verify({k: v for k, v in policy.items() if k != "household"}, result.df)
    assert again.holds
    split = result.df.assign(age=result.df["age"].where(result.df.index > 0, "9"))
    told = verify(policy, split).to_frame().set_index("name").loc[trajectories(5)]
    assert (told["reached"], told["records_failing"], told["holds"]) == (1, 2, False)


@pytest.mark.parametrize("persons", [True, False])
def test_an_average_is_published_of_as_many_households_as_are_promised(*, persons: bool) -> None:
    frame = table().drop(columns=["age", "ill"])
    frame = frame.assign(town=frame["who"] // 20, pay=frame["who"] * 10.0)
    frame.loc[(frame["town"] == 0) & (frame["house"] > 1), "pay"] = np.nan  # left of two houses
    frame.loc[(frame["town"] == 1) & (frame["house"] > 9), "pay"] = np.nan  # left of four
    attributes = {
        "who": {"role": "direct_identifier"},
        "house": {"role": "direct_identifier"},
        "town": {"role": "quasi_identifier"},
        "pay": {
            "role": "quasi_identifier",
            "transformation": "microaggregation",
            "aggregate": "mean",
            "groups": "classes",
        },
    }
    policy = {**POLICY, "attributes": attributes, "privacy": {"k_anonymity": {"k": 6}}}
    policy["person"] = "who" if persons else None
    for k, published in ((2, True), (3, False)):
        asked = {**policy, "household": {"by": "house", "k": k}, "suppression_limit": 0}
        df = anonymize({"policy": asked}, frame=frame).df
        assert df is not None
        first, second = (df.loc[df["town"] == town, "pay"] for town in (0, 1))
        assert first.notna().all() == published == first.notna().any()
        assert second.notna().all()
