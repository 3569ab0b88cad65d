"""What the page of transformations shows is done as it says."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster import RequestError, anonymize, apply, verify
from anon_dagster.request import parse_policy
from anon_dagster.request.documents import parse_yaml
from anon_dagster.verification import MASKED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "transformations.md"
ROWS = 24
SAMPLING = {"fraction": 0.2, "seed": 7}
PERSON = "patient_id"
DERIVED = {
    "age_at_visit": {
        "from": "birth",
        "at": "visit",
        "unit": "years",
        "from_format": "%d.%m.%Y",
    }
}
OF_VISITS = ("birth", "age_at_visit", "patient_id", "visit", "discharge")
COLUMNS: dict[str, list[Any]] = {
    "name": [f"person {n}" for n in range(ROWS)],
    "ssn": [f"{n:03}" for n in range(ROWS)],
    "patient": [f"p{n}" for n in range(ROWS)],
    "card": [f"5500{n:08}{1000 + n % 2}" for n in range(ROWS)],
    "phone": [f"0151{n // 12:08}" for n in range(ROWS)],
    "age": [17, 19, *range(20, 40), 80, 95],
    "income": [1040 + n for n in range(ROWS)],
    "town": ["Lyon", "Oslo"] * (ROWS // 2),
    "region": ["Lyon", "Lima"] * (ROWS // 2),
    "job": ["nurse"] * (ROWS - 2) + ["mayor", "bishop"],
    "stay": [1, 2, 8, 9] * (ROWS // 4),
    "ward": ["heart", "eyes", "skin", "lungs"] * (ROWS // 4),
    "born": ["17.05.25", "03.11.26"] * (ROWS // 2),
    "address": [f"10.2.{n % 2 + 33}.{n}" for n in range(ROWS)],
    "weight": [60 + n % 3 for n in range(ROWS)],
}


def shown() -> dict[str, dict[str, Any]]:
    snippets = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = {
        name: each
        for text in snippets
        for name, each in parse_yaml(text, name="the example").items()
    }
    assert found.pop("sampling") == SAMPLING
    assert found.pop("recoding") == "local"
    assert found.pop("person") == PERSON
    assert found.pop("derive") == DERIVED
    return found


def released(name: str, **options: Any) -> pd.DataFrame:
    policy = {
        "attributes": {name: shown()[name], "sex": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 2}},
        **options,
    }
    frame = pd.DataFrame({name: COLUMNS[name], "sex": ["f"] * ROWS})
    df = anonymize({"policy": policy}, frame=frame).df
    assert df is not None
    return df


def test_every_snippet_of_the_page_is_a_valid_attribute() -> None:
    assert shown().keys() == {*COLUMNS, *OF_VISITS}
    parse_policy(
        {
            "attributes": shown(),
            "person": PERSON,
            "derive": DERIVED,
            "privacy": {"k_anonymity": {"k": 2}},
        }
    )


def test_dates_of_a_person_move_together_and_the_birth_becomes_an_age(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANON_KEY", "a key of more than sixteen characters")
    policy = {
        "attributes": {name: shown()[name] for name in OF_VISITS},
        "person": PERSON,
        "derive": DERIVED,
        "privacy": {"k_anonymity": {"k": 2}},
        "suppression_limit": 0.2,
    }
    visits = pd.date_range("2020-01-01", "2023-12-31", freq="7D")
    frame = pd.DataFrame(
        {
            "patient_id": [n % 40 for n in range(len(visits))],
            "birth": [f"0{n % 9 + 1}.07.19{n % 40 + 40}" for n in range(len(visits))],
            "visit": visits.strftime("%Y-%m-%d"),
            "discharge": visits + pd.Timedelta(days=3),
        }
    )
    result = anonymize({"policy": policy}, frame=frame)
    assert result.df is not None
    assert set(result.df) == {"age_at_visit", "visit", "discharge"}
    assert result.shift is not None
    assert 0 < result.shift.dropped < result.shift.read == len(frame)
    assert set(result.df["discharge"].dt.day_of_week) == {5}, "a Saturday, as all of them were"


def test_dates_of_two_digits_and_parts_of_addresses_read_as_the_page_says() -> None:
    rule = {**shown()["born"], "lowest_level": 2, "highest_level": 2}
    policy = {"attributes": {"born": rule}, "privacy": {"k_anonymity": {"k": 2}}}
    years = anonymize({"policy": policy}, frame=pd.DataFrame({"born": COLUMNS["born"]})).df
    assert years is not None
    assert set(years["born"]) == {"2025", "1926"}
    assert set(released("address")["address"]) == {"10.2.33.*", "10.2.34.*"}


def test_local_labels_are_ranges_and_sets_of_the_values_of_a_class() -> None:
    asked = {"privacy": {"k_anonymity": {"k": 12}}}
    assert set(released("stay", recoding="local", **asked)["stay"]) == {"[1, 2]", "[8, 9]"}
    wards = released("ward", recoding="local", **asked)["ward"]
    assert all(re.fullmatch(r"\{\w+, \w+\}", label) for label in wards)
    labels = {*released("stay", **asked)["stay"], *released("ward", **asked)["ward"]}
    assert not any(re.match(r"[\[{]\w+, \w+[\]}]", label) for label in labels)


def test_direct_identifiers_are_gone_constant_or_pseudonyms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANON_KEY", "a key of more than sixteen characters")
    assert "name" not in released("name")
    assert set(released("ssn")["ssn"]) == {"XXX-XX-XXXX"}
    assert released("patient")["patient"].nunique() == ROWS


def test_a_part_of_an_identifier_is_counted_with_the_quasi_identifiers() -> None:
    assert set(released("card")["card"]) == {f"{'*' * 12}1000", f"{'*' * 12}1001"}


def test_of_a_masked_identifier_nothing_stays_where_a_promise_asks_for_it() -> None:
    assert set(released("card", privacy={"k_anonymity": {"k": 13}})["card"]) == {"*"}
    assert set(released("phone")["phone"]) == {"01510000****"}


@pytest.mark.parametrize(
    ("options", "masked"),
    [
        ({}, ["**", "****", "*****"]),
        ({"keep": 3}, ["**", "*bcd", "**cde"]),
        ({"keep": 3, "from": "right"}, ["**", "abc*", "abc**"]),
        ({"keep": 2, "character": "#"}, ["##", "##cd", "###de"]),
    ],
)
@pytest.mark.parametrize("recoding", ["global", "local"])
def test_a_mask_leaves_some_characters_of_longer_values(
    options: dict[str, Any], masked: list[str], recoding: str
) -> None:
    attribute = {"role": "direct_identifier", "redaction": "mask", **options}
    policy = {
        "attributes": {"id": attribute},
        "privacy": {"k_anonymity": {"k": 2}},
        "recoding": recoding,
    }
    values = ["ab", "abcd", "abcde"]
    result = anonymize({"policy": policy}, frame=pd.DataFrame({"id": values * 2}))
    assert result.df is not None
    assert sorted(result.df["id"]) == sorted(masked * 2)
    assert verify(policy, result.df).holds
    bare = verify(policy, pd.DataFrame({"id": values * 2})).promises[0]
    assert (bare.name, bare.holds, bare.records_failing) == (MASKED, False, 6)


def test_statistics_and_the_report_show_no_more_of_an_identifier_than_its_mask_leaves() -> None:
    attribute = {"role": "direct_identifier", "redaction": "mask", "keep": 1}
    policy = {"attributes": {"id": attribute}, "privacy": {"k_anonymity": {"k": 2}}}
    result = anonymize({"policy": policy}, frame=pd.DataFrame({"id": ["765431", "234561"]}))
    told = result.exploratory
    assert told.values["value"].tolist() == ["*****1"]  # noqa: PD011 (a table of them)
    assert "765431" not in told.summary.to_csv()
    page = result.report()
    assert "*****1" in page
    assert "765431" not in page


def test_what_a_mask_is_told_goes_with_a_mask() -> None:
    attribute = {"role": "direct_identifier", "keep": 4}
    with pytest.raises(RequestError, match="redaction: mask"):
        parse_policy({"attributes": {"id": attribute}, "privacy": {"k_anonymity": {"k": 2}}})


def test_later_records_are_masked_alike() -> None:
    attribute = {"role": "direct_identifier", "redaction": "mask", "keep": 2}
    policy = {"attributes": {"id": attribute}, "privacy": {"k_anonymity": {"k": 2}}}
    first = anonymize({"policy": policy}, frame=pd.DataFrame({"id": ["1234", "5634"]}))
    later = apply(first.document(), frame=pd.DataFrame({"id": ["9934", "1235"]}))
    assert later.df is not None
    assert later.df["id"].tolist() == ["**34"]


def test_values_beyond_the_bounds_are_joined() -> None:
    labels = released("age")["age"].value_counts()
    assert labels[["< 20", ">= 80"]].tolist() == [2, 2]
    assert labels.size == 2 + 4


def test_numbers_are_rounded_as_little_as_possible() -> None:
    assert set(released("income")["income"]) == {"1000", "1100"}


def test_a_suppressed_attribute_tells_nothing() -> None:
    assert set(released("town")["town"]) == {"*"}


def test_cells_are_suppressed_where_their_class_must() -> None:
    assert released("job", recoding="local")["job"].value_counts().to_dict() == {
        "nurse": ROWS - 2,
        "*": 2,
    }


def test_values_are_averaged_within_their_class() -> None:
    assert set(released("weight")["weight"]) == {61}


def test_a_tree_of_arx_is_read_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree,) = re.findall(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (tmp_path / "regions.csv").write_text(tree, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    attribute = {**shown()["region"], "lowest_level": 2, "highest_level": 2}
    policy = {"attributes": {"region": attribute}, "privacy": {"k_anonymity": {"k": 2}}}
    df = anonymize({"policy": policy}, frame=pd.DataFrame({"region": COLUMNS["region"]})).df
    assert df is not None
    assert set(df["region"]) == {"Europe", "America"}
