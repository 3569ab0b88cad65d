"""How well whole tables are judged, those of registers, surveys and this project's own data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster.detection import detect
from anon_dagster.detection.classification import classify
from anon_dagster.detection.domains import built_in
from anon_dagster.detection.profile import profile
from anon_dagster.detection.roles import assign_role
from anon_dagster.detection.separation import separation
from benchmarks.detection.tables import TableColumn, table_columns
from tests.known_tables import adult_folder

PATIENTS = {
    "direct_identifier": {"patient_id", "ssn", "given_name", "family_name", "email", "note"},
    "sensitive": {"diagnosis", "income"},
}


def role_of(column: TableColumn, name: str) -> str:
    described = profile(name, pa.array(list(column.values), pa.string()))
    verdict = classify(described, built_in())
    measured = separation(name, described.codes)
    return assign_role(verdict, built_in()[verdict.domain], described, measured)[0]


@pytest.mark.slow
@pytest.mark.parametrize("reporting", [False, True])
@pytest.mark.parametrize(("named", "least"), [(True, 0.93), (False, 0.85)])
def test_registers_and_surveys_are_judged_well_and_no_identifier_is_given_away(
    *, reporting: bool, named: bool, least: float
) -> None:
    columns = list(table_columns(reporting=reporting))
    roles = [role_of(c, c.name if named else f"c{n}") for n, c in enumerate(columns, 1)]
    found = list(zip(columns, roles, strict=True))
    given_away = [
        f"{c.table}.{c.name}"
        for c, role in found
        if "direct_identifier" in c.roles and role == "non_sensitive"
    ]
    assert not given_away
    assert np.mean([role in c.roles for c, role in found]) >= least


@pytest.mark.parametrize("named", [True, False])
def test_the_bundled_patients_are_protected(*, named: bool, project_folder: Path) -> None:
    path = project_folder / "data" / "patients" / "patients.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, nrows=3_000)
    columns = list(frame.columns)
    if not named:
        frame.columns = pd.Index([f"c{n}" for n in range(len(columns))])
    found = detect(frame)
    roles = {own: c.role for own, c in zip(columns, found.columns, strict=True)}
    for role, names in PATIENTS.items():
        assert {name for name in columns if roles[name] == role} == names
    assert {n for n in columns if roles[n] == "non_sensitive"} <= {"visits"}


@pytest.mark.parametrize("named", [True, False])
def test_the_adult_table_is_judged_as_its_literature_has_it(*, named: bool) -> None:
    frame = pd.read_csv(adult_folder() / "adult.csv", sep=";", dtype=str, nrows=5_000)
    columns = list(frame.columns)
    if not named:
        frame.columns = pd.Index([f"c{n}" for n in range(len(columns))])
    roles = dict(zip(columns, (c.role for c in detect(frame).columns), strict=True))
    assert roles.pop("salary-class") == "sensitive"
    assert set(roles.values()) == {"quasi_identifier"}
