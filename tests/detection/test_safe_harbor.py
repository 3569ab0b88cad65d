"""A request by HIPAA's Safe Harbor releases nothing that the rule calls an identifier.

The rule is 45 CFR 164.514(b)(2); the areas of few people are those that the Department of Health
and Human Services names in its guidance of 2012. Releases are read here by code of the test alone.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.cli import main
from anon_dagster.detection import detect
from anon_dagster.detection.safe_harbor import by_safe_harbor
from anon_dagster.errors import HierarchyError, RequestError
from anon_dagster.facts.safe_harbor import age_row, small_zip3, year_row, zip_row
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.request import KnownRule, parse_request

FEW = [
    *("036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831"),
    *("878", "879", "884", "890", "893"),
]
YEAR = 2026
RECORDS = 900


def test_no_age_over_89_is_told_and_every_other_is() -> None:
    for age in range(200):
        row = age_row(str(age))
        assert row is not None
        if age > 89:
            assert set(row) == {"90+"}
        else:
            assert row[0] == str(age)
            for label in row[1:]:
                low, high = map(int, label.split("-"))
                assert low <= age <= high <= 89
    assert age_row("89.9") == age_row("89")
    assert age_row("90,0") == age_row("90")
    assert [age_row(text) for text in ("", "-1", "old", "40-49", "1000")] == [None] * 5


@pytest.mark.parametrize("now", [2024, 2026, 2031])
def test_no_year_tells_an_age_over_89_and_every_other_is_told(now: int) -> None:
    told = {}
    for born in range(1880, now + 1):
        row = year_row(str(born), now)
        assert row == year_row(f"{born}-07-21", now) == year_row(f"{born}-07-21T08:00", now)
        assert row is not None
        told[born] = row
        if now - born > 89:  # who is 90 at some time of that year
            assert set(row) == {f"{now - 90} or before"}
        else:
            assert row[0] == str(born)
            for label in row[1:]:
                low, high = map(int, label.split("-"))
                assert now - 90 < low <= born <= high
    for level in (0, 1, 2):  # a label stands for the same years wherever it stands
        for label in {row[level] for row in told.values()}:
            years = [born for born, row in told.items() if row[level] == label]
            assert years == list(range(years[0], years[-1] + 1))
    assert year_row("21/07/1950", now) is None


def test_every_zip_code_becomes_its_first_three_digits_or_zeros() -> None:
    assert sorted(small_zip3()) == FEW
    for code in range(100_000):
        text = f"{code:05}"
        assert zip_row(text) == (("000",) if text[:3] in FEW else (text[:3],))
    assert zip_row("02139-4307") == zip_row("021394307") == zip_row("2139") == ("021",)
    assert [zip_row(text) for text in ("021", "SW1A 1AA", "", "021390")] == [None] * 4
    assert zip_row("02139", ["021"]) == ("000",)
    assert zip_row("03601", ["021"]) == ("036",)


def test_a_list_of_ones_own_is_taken_and_what_does_not_fit_is_refused() -> None:
    rule = KnownRule(tree="us_zip3", small=("021",))
    built = build_hierarchy(rule, "zip", ["02139", "03601"], np.ones(2, np.int64))
    assert built.labels[1] == ("000", "036")
    with pytest.raises(HierarchyError, match="zip"):
        build_hierarchy(rule, "zip", ["SW1A 1AA"], np.ones(1, np.int64))
    for wrong, told in (
        ({"tree": "birth_year"}, "year, in which the release is used"),
        ({"tree": "us_zip3", "year": 2026}, "year, in which the release is used"),
        ({"tree": "country", "small": ["036"]}, "small goes with tree"),
        ({"tree": "us_zip3", "small": ["36"]}, "small"),
    ):
        attribute = {"role": "quasi_identifier", "hierarchy": {"type": "known", **wrong}}
        policy = {"attributes": {"a": attribute}, "privacy": {"k_anonymity": {"k": 2}}}
        with pytest.raises(RequestError, match=told):
            parse_request({"policy": policy})


# -- a table with every kind ---------------------------------------------------------------------


def people() -> pd.DataFrame:
    dice = np.random.default_rng(7)
    who = range(RECORDS)
    ages = dice.integers(0, 105, RECORDS)
    zips = [f"{dice.choice(['021', '100', '606', *FEW])}{dice.integers(0, 100):02}" for _ in who]
    first = ["Anna", "James", "Maria", "John", "Linda", "Robert"]
    last = ["Smith", "Garcia", "Miller", "Brown", "Jones", "Davis"]
    return pd.DataFrame(
        {
            "full_name": [f"{first[p % 6]} {last[p // 6 % 6]}" for p in who],
            "email": [f"person{p}@mail.example.org" for p in who],
            "phone": [f"(617) 555-{p:04}" for p in who],
            "ssn": [f"{100 + p % 500}-{10 + p % 80}-{1000 + p:04}" for p in who],
            "mrn": [f"MRN{p:07}" for p in who],
            "street": [f"{p + 1} Main Street" for p in who],
            "city": dice.choice(["Boston", "Chicago", "New York", "Denver"], RECORDS),
            "county": dice.choice(["Middlesex", "Cook", "Kings", "Denver"], RECORDS),
            "state": dice.choice(["MA", "IL", "NY", "CO"], RECORDS),
            "zip_code": zips,
            "date_of_birth": [f"{YEAR - a}-0{1 + a % 9}-1{a % 10}" for a in ages.tolist()],
            "admission_date": [f"20{20 + p % 6}-{1 + p % 12:02}-{1 + p % 28:02}" for p in who],
            "age": ages.astype(str),
            "ip_address": [f"10.1.{p // 250}.{p % 250}" for p in who],
            "website": [f"https://example.org/~p{p}" for p in who],
            "sex": dice.choice(["f", "m"], RECORDS),
            "diagnosis": dice.choice(["I10", "E11", "J45", "M54"], RECORDS),
            "note": [f"Patient number {p} was seen by the nurse and felt well after" for p in who],
        }
    )


IDENTIFIERS = {
    *("full_name", "email", "phone", "ssn", "mrn", "street", "city", "county"),
    *("ip_address", "website", "note"),
}


def numbers(labels: "pd.Series[Any]") -> set[int]:
    return {int(n) for label in labels.dropna().astype(str) for n in re.findall(r"\d+", label)}


@pytest.mark.slow
def test_a_release_of_every_kind_of_column_tells_no_identifier(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people().to_csv(tmp_path / "people.csv", index=False)
    asked = ["init", str(tmp_path / "people.csv"), "--preset", "safe-harbor", "--year", str(YEAR)]
    request = tmp_path / "request.yaml"
    assert main([*asked, "--output", str(request)]) == 0
    text = request.read_text("utf-8")
    assert "45 CFR 164.514(b)(2)" in text
    assert not any(cell in text for cell in ("Main Street", "person1@", "Garcia", "MRN0000001"))
    released = anonymize(request).df
    assert released is not None
    assert not IDENTIFIERS & set(released.columns)
    assert {"zip_code", "date_of_birth", "admission_date", "age", "sex"} <= set(released.columns)
    ages = released["age"].dropna().astype(str)
    assert max(numbers(ages)) <= 90
    assert {label for label in ages if "90" in label} <= {"90+"}
    born = released["date_of_birth"].dropna().astype(str)
    assert all(re.fullmatch(r"\*|other|\d{4}|\d{4}-\d{4}|\d{4} or before", b) for b in born)
    assert min(numbers(born), default=YEAR) >= YEAR - 90
    dates = released["admission_date"].dropna().astype(str)
    assert all(re.fullmatch(r"\*|other|\d{4}(/\d{4})?|\d{4}s?", label) for label in dates)
    zips = set(released["zip_code"].dropna().astype(str))
    assert all(re.fullmatch(r"\*|other|\d{3}", label) for label in zips)
    assert not zips & set(FEW)
    capsys.readouterr()


@pytest.mark.slow
def test_what_is_found_is_dropped_or_generalized_with_a_reason() -> None:
    found = by_safe_harbor(detect(people()), year=YEAR)
    assert {c.column for c in found.columns if c.role == "direct_identifier"} >= IDENTIFIERS
    for name in ("age", "date_of_birth", "admission_date", "zip_code"):
        assert found[name].lowest_level == 1
        assert found[name].reasons[0].startswith("Safe Harbor: ")
    parse_request(found.request())


@pytest.mark.slow
def test_what_cannot_be_told_is_dropped() -> None:
    table = people()[["age", "date_of_birth", "zip_code", "sex", "diagnosis"]]
    table["age"] = [f"{int(a) // 10 * 10}-{int(a) // 10 * 10 + 9}" for a in table["age"]]
    table["date_of_birth"] = [f"{d[8:]}/{d[5:7]}/{d[:4]}" for d in table["date_of_birth"]]
    found = by_safe_harbor(detect(table), year=YEAR)
    assert found.roles["age"] == found.roles["date_of_birth"] == "direct_identifier"
    assert "nobody tells" in found["age"].reasons[0]


def test_a_year_without_the_preset_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "people.csv"), "--year", "2026"]) == 2
    assert "--year needs --preset" in capsys.readouterr().err
