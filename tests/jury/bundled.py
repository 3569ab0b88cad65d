"""The bundled tables before the jury: half of the people released, the other half held back."""

import csv
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from anon_dagster import anonymize
from tests.jury.reading import (
    Column,
    Way,
    days,
    intervals,
    itself,
    masked,
    neighbours,
    nested,
    tree,
)

DATA = Path(__file__).resolve().parents[2] / "data"


@dataclass(frozen=True, slots=True)
class Table:
    """What anybody knows of a bundled table who has read its description."""

    folder: str
    file: str
    ways: Mapping[str, Way]
    halves: tuple[Sequence[str], Sequence[str]] = ((), ())  # one is to be linked with the other
    secrets: Mapping[str, str] = field(default_factory=dict)  # number or text
    separator: str = ","
    missing: str = ""
    person: str | None = None
    serial: str = "serial"
    """A column of the jury's own, by which it knows whose a record is; no attacker sees it."""

    @property
    def names(self) -> list[str]:
        """The quasi-identifiers."""
        return list(self.ways)

    @property
    def owner(self) -> str:
        """The column that tells whose a record is."""
        return self.person or self.serial


PATIENTS = Table(
    "patients",
    "patients.csv",
    {
        "age": intervals(0, 5, 10, 20, 40),
        "sex": itself,
        "zip_code": masked(4),
        "city": tree(DATA / "patients" / "city.csv"),
        "race": tree(DATA / "patients" / "race.csv"),
        "education": tree(DATA / "patients" / "education.csv"),
        "marital_status": tree(DATA / "patients" / "marital_status.csv"),
    },
    (["age", "zip_code", "marital_status"], ["sex", "city", "race", "education"]),
    {"diagnosis": "text", "income": "number"},
)
MEMBERS = Table(
    "credit_union",
    "members.csv",
    {
        "birth_year": intervals(1930, 5, 10, 20, 40),
        "gender": itself,
        "county": tree(DATA / "credit_union" / "county.csv", ";"),
        "joined_on": days("%d.%m.%Y", "year", "5_years", "decade"),
        "household_size": neighbours("1234567", 2, 2),
        "housing": nested(
            {"Owner": ["Owns", "Mortgage"], "Not an owner": ["Rents", "With family"]}
        ),
        "employment": tree(DATA / "credit_union" / "employment.csv", ";"),
    },
    (["birth_year", "county", "housing"], ["gender", "joined_on", "household_size", "employment"]),
    {"loan_purpose": "text", "credit_score": "number"},
    separator=";",
    missing="n/a",
)
VISITS = Table(
    "visits",
    "visits.csv",
    {
        "age_at_visit": intervals(0, 5, 10, 20, 40),
        "sex": itself,
        "town": tree(DATA / "visits" / "town.csv"),
    },
    (["age_at_visit"], ["sex", "town"]),
    {"diagnosis": "text", "charge": "number"},
    person="patient_id",
)
TABLES = {table.folder: table for table in (PATIENTS, MEMBERS, VISITS)}

_TOWN = tree(DATA / "visits" / "town.csv")
LINKED = {
    "patients": Table(
        "visits",
        "patients.csv",
        {"birth_date": days("%Y-%m-%d", "year", "decade"), "sex": itself, "town": _TOWN},
        person="patient_id",
        serial="patient_serial",
    ),
    "visits": Table(
        "visits",
        "visits.csv",
        {"visit_date": days("%Y-%m-%d", "quarter", "year")},
        person="patient_id",
        serial="visit_serial",
    ),
}
"""Two tables of the same patients, which are released together."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release of half of a table, beside both halves as they were."""

    table: Table
    inside: pd.DataFrame  # who was released, a row per record; texts
    outside: pd.DataFrame  # who was held back
    released: pd.DataFrame  # texts, in an order that tells nothing
    columns: Mapping[str, Column] = field(repr=False)

    @classmethod
    def of(
        cls, table: Table, inside: pd.DataFrame, outside: pd.DataFrame, released: pd.DataFrame
    ) -> "Release":
        everybody = pd.concat([inside, outside])
        columns = {
            name: Column.of(way, everybody[name], released[name])
            for name, way in table.ways.items()
        }
        shuffled = released.sample(frac=1, random_state=1).reset_index(drop=True)
        return cls(table, inside, outside, shuffled, columns)

    @classmethod
    def raw(cls, of: "Release") -> "Release":
        """Take the table itself for a release: what a jury must find guilty."""
        return cls.of(of.table, of.inside, of.outside, of.inside)


def release(
    table: Table, folder: Path, recoding: str, *, k: int | None = None, forgotten: str | None = None
) -> Release:
    """Release half of a table by its bundled request, and read what was stored.

    Parameters
    ----------
    k
        Instead of the bundled one.
    forgotten
        A quasi-identifier that nobody calls one, so that it is released as it is.
    """
    inside, outside = _halves(table)
    job = folder / f"{table.folder}-{recoding}-{k}-{forgotten}"
    shutil.copytree(DATA / table.folder, job)
    _write(job / table.file, inside, table)
    request: dict[str, Any] = YAML(typ="safe").load(job / "request.yaml")
    _carry(table.serial, request)
    request["policy"]["recoding"] = recoding
    if k is not None:
        request["policy"]["privacy"]["k_anonymity"]["k"] = k
    if forgotten is not None:
        request["policy"]["attributes"][forgotten] = {"role": "non_sensitive"}
    return Release.of(table, inside, outside, _released(request, job)[""])


def release_linked(folder: Path) -> dict[str, Release]:
    """Release half of the patients and their visits, which are linked."""
    job = folder / "linked"
    shutil.copytree(DATA / "visits", job)
    request: dict[str, Any] = YAML(typ="safe").load(job / "linked.yaml")
    dealt = {name: _halves(table) for name, table in LINKED.items()}
    for name, table in LINKED.items():
        _write(job / table.file, dealt[name][0], table)
        _carry(table.serial, request["tables"][name])
    released = _released(request, job)
    return {n: Release.of(table, *dealt[n], released[n]) for n, table in LINKED.items()}


def _halves(table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Deal people into those who are released and those who are held back."""
    rows = _read(DATA / table.folder / table.file, table)
    rows[table.serial] = [str(number) for number in range(len(rows))]
    people = sorted(rows[table.serial])
    if table.person is not None:
        register = _read(DATA / table.folder / "patients.csv", table)
        people = sorted(register[table.person])
    random.Random("jury").shuffle(people)  # noqa: S311 (nobody's secret hangs on it)
    released = rows[table.owner].isin(people[: len(people) // 2])
    inside, outside = (
        _derived(rows[mask].reset_index(drop=True)) for mask in (released, ~released)
    )
    return inside, outside


def _carry(serial: str, asked: dict[str, Any]) -> None:
    asked["policy"]["attributes"][serial] = {"role": "non_sensitive"}
    asked["target"] = {"path": f"out/{asked['source']['path']}", "format": "csv"}


def _released(request: dict[str, Any], job: Path) -> dict[str, pd.DataFrame]:
    """Run a job, and read its releases by name; that of a table alone has none."""
    YAML(typ="safe").dump(request, job / "jury.yaml")
    anonymize(str(job / "jury.yaml"))
    asked = request.get("tables", {"": request})
    return {
        name: pd.read_csv(
            job / part["target"]["path"], dtype=str, keep_default_na=False, na_values=[""]
        )
        for name, part in asked.items()
    }


def _read(path: Path, table: Table) -> pd.DataFrame:
    return pd.read_csv(
        path, sep=table.separator, dtype=str, keep_default_na=False, na_values=[table.missing]
    )


def _write(path: Path, rows: pd.DataFrame, table: Table) -> None:
    rows.drop(columns="age_at_visit", errors="ignore").to_csv(
        path, sep=table.separator, na_rep=table.missing, index=False, quoting=csv.QUOTE_MINIMAL
    )


def _derived(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the age at a visit, as anybody reckons it who knows a birthday and a day."""
    if "visit_date" not in rows:
        return rows
    pairs = zip(rows["birth_date"], rows["visit_date"], strict=True)
    ages = [None if pd.isna(born) or pd.isna(day) else _age(born, day) for born, day in pairs]
    return rows.assign(age_at_visit=pd.Series(ages, dtype=object))


def _age(born: str, day: str) -> str:
    birth, visit = date.fromisoformat(born), date.fromisoformat(day)
    return str(visit.year - birth.year - ((visit.month, visit.day) < (birth.month, birth.day)))
