"""What names of columns say."""

import pytest

from anon_dagster.detection.domains import built_in
from anon_dagster.detection.headers import header_evidence, speaks
from anon_dagster.detection.words import tokens


def best(name: str) -> str:
    scores = header_evidence(name, built_in())
    return max(scores, key=scores.__getitem__, default="")


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("dob", "date_of_birth"),
        ("fecha_nac", "date_of_birth"),
        ("geb_dat", "date_of_birth"),
        ("DateOfBirth", "date_of_birth"),
        ("geboortedatum", "date_of_birth"),
        ("gndr", "sex"),
        ("PESEX", "sex"),
        ("mar_stat", "marital_status"),
        ("Fam.Stand", "marital_status"),
        ("maried", "marital_status"),
        ("hh_inc", "income"),
        ("einkommen_netto", "income"),
        ("fatheduc", "education"),
        ("niv_est", "education"),
        ("zip5", "postal_code"),
        ("PRTAGE", "age"),
        ("staatsang.", "nationality"),
        ("patient email", "email"),
        ("GENDER_CD", "sex"),
    ],
)
def test_names_that_registers_use_are_understood(name: str, domain: str) -> None:
    assert best(name) == domain


@pytest.mark.parametrize("name", ["c7", "V12", "column_3", "", " ", "\U0001f600", "42"])
def test_a_name_that_says_nothing_speaks_for_nothing(name: str) -> None:
    assert not speaks(name)
    assert not header_evidence(name, built_in())


@pytest.mark.parametrize(
    "name", ["mortgage", "message", "garbage", "province", "sandwich", "xqzzy"]
)
def test_words_that_only_look_alike_are_not_taken_for_a_person_s_age_or_sex(name: str) -> None:
    assert best(name) not in {"sex", "date_of_birth"}


def test_accents_case_and_plurals_do_not_matter() -> None:
    assert tokens("Prénoms") == tokens("PRENOM") == ("prenom",)
    assert tokens("dateOfBirth") == ("date", "of", "birth")


def test_a_phrase_inside_of_a_longer_one_does_not_count() -> None:
    assert "date" not in header_evidence("birth date", built_in())
    assert "date" not in header_evidence("geburtsdatum", built_in())
