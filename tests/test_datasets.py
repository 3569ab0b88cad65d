"""The bundled datasets are what their README says, on every machine."""

import csv
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster.operations.anonymize import anonymize
from anon_dagster.request import (
    LinkedRequest,
    Request,
    Target,
    TreeRule,
    load_any_request,
    load_request,
)

DATA = Path(__file__).resolve().parents[1] / "data"
FOLDERS = sorted(path.parent for path in DATA.glob("*/request.yaml"))
TODAY = date(2025, 1, 1)

each_dataset = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def records_of(request: Request) -> pd.DataFrame:
    """Read every cell as text, a missing one as missing."""
    assert request.source is not None
    options = request.source.csv
    return pd.read_csv(
        str(request.source.path),
        sep=options.separator,
        dtype=str,
        keep_default_na=False,
        na_values=list(options.missing),
    )


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return records_of(load_request(DATA / "patients" / "request.yaml"))


@pytest.fixture(scope="module")
def visits() -> pd.DataFrame:
    return records_of(load_request(DATA / "visits" / "request.yaml"))


@pytest.fixture(scope="module")
def registered() -> pd.DataFrame:
    """Return the patients that the visits are of."""
    return pd.read_csv(DATA / "visits" / "patients.csv", dtype=str)


@pytest.fixture(scope="module")
def members() -> pd.DataFrame:
    return records_of(load_request(DATA / "credit_union" / "request.yaml"))


def hierarchy_files(folder: Path) -> Mapping[str, list[list[str]]]:
    """Return the lines of each hierarchy of a folder by the name of its file."""
    separator = ";" if folder.name == "credit_union" else ","
    tables = {"patients.csv", "members.csv", "visits.csv"}
    files = [path for path in sorted(folder.glob("*.csv")) if path.name not in tables]
    return {path.name: read_lines(path, separator) for path in files}


def read_lines(path: Path, separator: str) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines, delimiter=separator))


def leaves(nodes: Any) -> set[str]:
    """Return the values at the bottom of an inline tree."""
    if isinstance(nodes, dict):
        return set[str]().union(*(leaves(node) for node in nodes.values()))
    return {str(node) for node in nodes}


# -- the folders ---------------------------------------------------------------------------


@each_dataset
def test_the_generator_writes_the_committed_bytes(folder: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONHASHSEED": "12345", "PYTHONDONTWRITEBYTECODE": "1"}
    script = [sys.executable, str(folder / "generate.py"), str(tmp_path)]
    subprocess.run(script, check=True, cwd=tmp_path, env=environment)
    written = sorted(tmp_path.iterdir())
    assert written
    for path in written:
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


@each_dataset
def test_the_request_names_exactly_the_columns(folder: Path) -> None:
    request = load_request(folder / "request.yaml")
    named = sorted(request.policy.attributes)
    assert named == sorted([*records_of(request).columns, *request.policy.derive])


@each_dataset
def test_the_request_uses_every_role(folder: Path) -> None:
    policy = load_request(folder / "request.yaml").policy
    roles = ("direct_identifier", "quasi_identifier", "sensitive", "non_sensitive")
    assert all(policy.names(role) for role in roles)


@each_dataset
def test_the_release_stays_out_of_version_control(folder: Path) -> None:
    target = load_request(folder / "request.yaml").target
    assert target is not None
    assert Path(target.path).parent == folder / "out"


@each_dataset
def test_hierarchies_are_trees(folder: Path) -> None:
    for name, lines in hierarchy_files(folder).items():
        assert len({line[0] for line in lines}) == len(lines), f"{name}: a value stands twice"
        assert {line[-1] for line in lines} == {"*"}, name
        for level in range(len(lines[0]) - 1):
            edges = {(line[level], line[level + 1]) for line in lines}
            assert len({below for below, _ in edges}) == len(edges), f"{name}: level {level}"


@each_dataset
def test_trees_hold_every_value_of_their_column(folder: Path) -> None:
    request = load_request(folder / "request.yaml")
    records = records_of(request)
    for name, attribute in request.policy.attributes.items():
        rule = getattr(attribute, "hierarchy", None)
        if isinstance(rule, TreeRule):
            lines = read_lines(Path(rule.path), rule.separator or ",") if rule.path else []
            known = {line[0] for line in lines} if rule.path else leaves(rule.nodes)
            assert set(records[name].dropna()) <= known, name


@each_dataset
def test_some_cells_are_missing_but_few(folder: Path) -> None:
    request = load_request(folder / "request.yaml")
    shares = records_of(request).isna().mean()
    assert shares.max() < 0.06
    read = [name for name in request.policy.quasi_identifiers if name in shares]
    assert (shares[read] > 0).any()
    assert (shares > 0).sum() >= 5


# -- patients ------------------------------------------------------------------------------


def test_there_are_ten_thousand_patients_with_numbers_of_their_own(
    patients: pd.DataFrame,
) -> None:
    assert len(patients) == 10_000
    assert patients["patient_id"].is_unique
    assert patients["ssn"].dropna().is_unique
    # Area numbers from 900 on were never given to a person.
    assert patients["ssn"].dropna().str.fullmatch(r"9\d\d-\d\d-\d{4}").all()


def test_names_are_diverse_and_depend_on_sex(patients: pd.DataFrame) -> None:
    assert patients["given_name"].nunique() >= 300
    assert patients["family_name"].nunique() >= 300
    sexes_of_a_name = patients.groupby("given_name")["sex"].nunique()
    assert (sexes_of_a_name == 1).mean() > 0.9


def test_age_follows_from_the_birth_date(patients: pd.DataFrame) -> None:
    known = patients.dropna(subset=["birth_date", "age"])
    born = pd.to_datetime(known["birth_date"])
    birthday_to_come = (born.dt.month * 100 + born.dt.day) > TODAY.month * 100 + TODAY.day
    years = TODAY.year - born.dt.year - birthday_to_come
    assert (years == known["age"].astype(int)).all()


def test_nobody_is_admitted_before_birth(patients: pd.DataFrame) -> None:
    known = patients.dropna(subset=["birth_date"])
    assert (known["birth_date"] <= known["admission_date"]).all()
    assert (patients["admission_date"] < TODAY.isoformat()).all()


def test_a_zip_code_lies_in_one_city_and_a_city_in_one_state(patients: pd.DataFrame) -> None:
    for part, whole in (("zip_code", "city"), ("city", "state")):
        pairs = patients[[part, whole]].dropna().drop_duplicates()
        assert pairs[part].is_unique
    assert patients["zip_code"].dropna().str.fullmatch(r"\d{5}").all()
    assert patients["zip_code"].dropna().str.startswith("0").any()


def test_the_tree_of_cities_agrees_with_the_states(patients: pd.DataFrame) -> None:
    states = {line[0]: line[1] for line in hierarchy_files(DATA / "patients")["city.csv"]}
    assert (patients["city"].map(states) == patients["state"]).all()


def test_only_women_of_that_age_are_pregnant(patients: pd.DataFrame) -> None:
    pregnant = patients[patients["diagnosis"].str.match(r"O|Z34")]
    assert len(pregnant) > 50
    assert set(pregnant["sex"]) == {"Female"}
    assert pregnant["age"].dropna().astype(int).between(15, 49).all()


@pytest.mark.parametrize(
    ("codes", "sex"),
    [("C61|N40", "Male"), ("C56|N80|D25|N95", "Female")],
    ids=["prostate", "womb and ovaries"],
)
def test_organs_agree_with_the_sex(patients: pd.DataFrame, codes: str, sex: str) -> None:
    ill = patients[patients["diagnosis"].str.match(codes)]
    assert len(ill) > 20
    assert set(ill["sex"]) == {sex}


def test_dementia_comes_with_age(patients: pd.DataFrame) -> None:
    ages = patients.loc[patients["diagnosis"].str.match("F03|G30"), "age"].dropna().astype(int)
    assert ages.median() >= 65


def test_diagnoses_lie_in_the_block_and_the_chapter_of_their_hierarchy() -> None:
    for code, category, block, chapter, _ in hierarchy_files(DATA / "patients")["icd10.csv"]:
        assert code.startswith(category)
        for span in (block, chapter.split()[0]):
            first, last = span.split("-") if "-" in span else (span, span)
            assert first <= category <= last, code


def test_medicare_is_for_the_old_and_medicaid_for_the_poor(patients: pd.DataFrame) -> None:
    known = patients.dropna(subset=["age", "insurance", "income"])
    old = known["age"].astype(int) >= 65
    assert (known.loc[old, "insurance"] == "Medicare").mean() > 0.9
    assert (known.loc[~old, "insurance"] == "Medicare").mean() < 0.05
    median = known[~old].assign(income=known["income"].astype(float))
    incomes = median.groupby("insurance")["income"].median()
    assert incomes["Medicaid"] < incomes["Private"] / 2


def test_children_have_neither_degrees_nor_spouses_nor_jobs(patients: pd.DataFrame) -> None:
    children = patients[patients["age"].astype(float) <= 17]
    assert set(children["marital_status"].dropna()) == {"Never married"}
    assert set(children["occupation"].dropna()) == {"Child", "Student"}
    assert not children["education"].dropna().str.contains("degree|diploma|Doctorate").any()


def test_income_has_cents_and_a_long_tail_and_grows_with_education(
    patients: pd.DataFrame,
) -> None:
    assert patients["income"].dropna().str.fullmatch(r"\d+\.\d\d").all()
    adults = patients[patients["age"].astype(float) >= 25].dropna(subset=["income"])
    incomes = adults["income"].astype(float)
    assert incomes.mean() > 1.3 * incomes.median()
    assert incomes.max() > 20 * incomes.median()
    medians = incomes.groupby(adults["education"]).median()
    assert medians["Middle school"] < medians["High school diploma"] < medians["Master's degree"]


def test_notes_hold_what_makes_text_hard_to_read(patients: pd.DataFrame) -> None:
    notes = patients["note"].dropna()
    for mark in (",", '"', "\n", "°", "ñ"):
        assert notes.str.contains(mark, regex=False).sum() > 20


def test_the_patients_stay_a_small_file() -> None:
    assert (DATA / "patients" / "patients.csv").stat().st_size < 2_500_000


# -- credit union --------------------------------------------------------------------------


def test_members_are_written_in_another_dialect(members: pd.DataFrame) -> None:
    assert members["member_number"].is_unique
    assert members["member_number"].str.startswith("0").any()
    for column in ("savings", "loan_amount", "interest_rate"):
        assert members[column].dropna().str.fullmatch(r"\d+,\d\d").all()
    assert members["joined_on"].str.fullmatch(r"\d\d\.\d\d\.\d{4}").all()


def test_members_joined_as_adults_and_before_today(members: pd.DataFrame) -> None:
    joined = pd.to_datetime(members["joined_on"], format="%d.%m.%Y")
    known = members["birth_year"].notna()
    assert (joined.dt.date < TODAY).all()
    assert (joined[known].dt.year - members.loc[known, "birth_year"].astype(int) >= 17).all()


def test_those_in_arrears_have_lower_scores(members: pd.DataFrame) -> None:
    scores = members["credit_score"].astype(int)
    late = members["in_arrears"] == "true"
    assert scores.between(300, 850).all()
    assert scores[late].median() < scores[~late].median()


def test_only_owners_improve_their_homes(members: pd.DataFrame) -> None:
    improving = members[members["loan_purpose"] == "Home improvement"]
    assert set(improving["housing"].dropna()) == {"Owns", "Mortgage"}


# -- visits --------------------------------------------------------------------------------


def test_every_visit_is_of_a_registered_patient_and_some_never_came(
    visits: pd.DataFrame, registered: pd.DataFrame
) -> None:
    assert len(registered) == 2_000
    assert registered["patient_id"].is_unique
    assert 9_000 < len(visits) < 11_000
    assert visits["visit_id"].is_unique
    assert set(visits["patient_id"]) < set(registered["patient_id"])
    assert 20 < len(registered) - visits["patient_id"].nunique() < 200


@pytest.mark.parametrize("column", ["birth_date", "sex", "town"])
def test_a_patient_is_the_same_at_every_visit(
    visits: pd.DataFrame, registered: pd.DataFrame, column: str
) -> None:
    known = visits.dropna(subset=[column])
    assert len(known[["patient_id", column]].drop_duplicates()) == known["patient_id"].nunique()
    both = known.merge(registered, on="patient_id", suffixes=("", "_registered"))
    told = both.dropna(subset=[f"{column}_registered"])
    assert (told[column] == told[f"{column}_registered"]).all()


def test_nobody_visits_before_birth(visits: pd.DataFrame) -> None:
    known = visits.dropna(subset=["birth_date"])
    assert (known["birth_date"] <= known["visit_date"]).all()
    assert visits["visit_date"].between("2023-01-01", "2024-12-31").all()


def test_a_diagnosis_is_treated_in_one_department(visits: pd.DataFrame) -> None:
    pairs = visits[["diagnosis", "department"]].dropna().drop_duplicates()
    assert pairs["diagnosis"].is_unique


def test_rows_that_read_alike_are_often_one_patient(visits: pd.DataFrame) -> None:
    alike = visits.groupby(["birth_date", "sex", "town"])["patient_id"]
    several = alike.size() >= 5
    assert several.sum() > 200
    assert (alike.nunique()[several] == 1).mean() > 0.9
    times = visits.groupby(["patient_id", "diagnosis"]).size()
    most, all_of_them = (times.groupby("patient_id").agg(how) for how in ("max", "sum"))
    assert (most / all_of_them > 0.5).mean() > 0.8


def test_patients_and_visits_are_released_together(tmp_path: Path) -> None:
    linked = load_any_request(DATA / "visits" / "linked.yaml")
    assert isinstance(linked, LinkedRequest)
    targets = {
        name: Target(path=str(tmp_path / f"{name}.parquet"), format="parquet")
        for name in linked.tables
    }
    tables = {n: t.model_copy(update={"target": targets[n]}) for n, t in linked.tables.items()}
    result = anonymize(linked.model_copy(update={"tables": tables}))
    assert result.linked is not None
    assert result.linked.holds
    stored = {name: pd.read_parquet(target.path) for name, target in targets.items()}
    assert not set(stored["patients"]) & set(stored["visits"])
    assert all(len(frame) > 1_900 for frame in stored.values())


def test_the_visits_stay_small_files() -> None:
    assert (DATA / "visits" / "visits.csv").stat().st_size < 1_000_000
    assert (DATA / "visits" / "patients.csv").stat().st_size < 150_000
