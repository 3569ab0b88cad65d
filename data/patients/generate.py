"""Invent the patients: ``python data/patients/generate.py`` writes the same bytes every time.

Writes ``patients.csv`` and the hierarchies that follow from the facts, ``city.csv`` and
``icd10.csv``, beside itself, or into the folder that is given.
"""

import csv
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # a script sees only its own folder

from names import FAMILY, FEMALE, MALE, mailbox  # noqa: E402
from synthetic import (  # noqa: E402
    Chance,
    Record,
    cents,
    leave_out,
    scattered,
    write_records,
    write_table,
)

SEED = 271_828
PATIENTS = 10_000
TODAY = date(2025, 1, 1)
"""The day that every age is the age of."""
FIRST_ADMISSION = date(2022, 1, 1)

# -- distributions; weights are relative, shares in thousandths ----------------------------

AGES = (
    (0, 0),
    (150, 17),
    (300, 32),
    (480, 47),
    (660, 62),
    (860, 76),
    (980, 89),
    (1000, 98),
)
SEXES = {"Female": 53, "Male": 47}
RACES = {
    "Northeast": (62, 13, 13, 8, 1, 1, 2),
    "Midwest": (73, 12, 7, 4, 1, 1, 2),
    "South": (52, 20, 21, 4, 1, 1, 1),
    "West": (46, 5, 30, 12, 3, 2, 2),
}
RACE_NAMES = (
    "White",
    "Black",
    "Hispanic",
    "Asian",
    "American Indian",
    "Pacific Islander",
    "Two or more",
)
SCHOOL_UP_TO_AGE = (
    (5, "No schooling"),
    (10, "Elementary school"),
    (13, "Middle school"),
    (17, "Some high school"),
)
DEGREES = (
    "No schooling",
    "Middle school",
    "Some high school",
    "High school diploma",
    "Some college",
    "Associate degree",
    "Bachelor's degree",
    "Master's degree",
    "Professional degree",
    "Doctorate",
)
DEGREES_UP_TO_AGE = (
    (24, (1, 2, 80, 330, 400, 60, 125, 2, 0, 0)),
    (64, (6, 20, 62, 270, 160, 105, 235, 105, 20, 17)),
    (120, (12, 45, 88, 330, 160, 75, 165, 90, 20, 15)),
)
WORK = {
    "school": "Cleaner|Construction worker|Cook|Cashier|Driver|Farm worker|Warehouse worker",
    "diploma": "Care assistant|Cashier|Construction worker|Driver|Electrician|Hairdresser"
    "|Machine operator|Mechanic|Office clerk|Police officer|Security guard|Warehouse worker",
    "college": "Accountant|Designer|Manager|Nurse|Office clerk|Police officer"
    "|Sales representative|Software developer|Teacher|Technician",
    "graduate": "Engineer|Lawyer|Manager|Pharmacist|Physician|Scientist|Software developer|Teacher",
}
STAGE = dict(
    zip(
        DEGREES,
        ("school",) * 3 + ("diploma",) * 2 + ("college",) * 2 + ("graduate",) * 3,
        strict=True,
    )
)
MARITAL = (
    "Never married",
    "Married",
    "Domestic partnership",
    "Separated",
    "Divorced",
    "Widowed",
)
MARITAL_UP_TO_AGE = (
    (17, (1, 0, 0, 0, 0, 0)),
    (24, (860, 70, 60, 5, 5, 0)),
    (39, (400, 450, 80, 20, 48, 2)),
    (64, (140, 590, 40, 30, 170, 30)),
    (79, (60, 590, 15, 15, 150, 170)),
    (120, (50, 340, 5, 5, 90, 510)),
)
INCOMES = (  # dollars a year
    (0, 4_000),
    (50, 13_000),
    (200, 31_000),
    (400, 52_000),
    (600, 74_000),
    (800, 112_000),
    (900, 158_000),
    (970, 245_000),
    (995, 520_000),
    (999, 1_150_000),
    (1000, 3_600_000),
)
INCOME_PERCENT = {"school": 55, "diploma": 80, "college": 118, "graduate": 165}
VISITS = {
    "child": ((0, 1), (600, 3), (900, 5), (1000, 14)),
    "young": ((0, 1), (700, 3), (950, 7), (1000, 22)),
    "middle": ((0, 1), (600, 4), (930, 10), (1000, 35)),
    "old": ((0, 1), (500, 5), (900, 14), (1000, 60)),
}
NOTES = {
    "Follow-up: {area}.": 16,
    "Checked {area}, no change.": 14,
    "{area} — stable": 10,
    "New complaint, {area}; blood test ordered": 8,
    "{who} reports less trouble ({area}).": 10,
    '{who} says "it comes and goes", mostly {area}': 6,
    "Temp. 38.4 °C; {area}": 5,
    "Takes ½ tablet, daily.\nReview {area} in 6 weeks": 4,
    "Allergies: none\nConcern: {area}\nPlan: wait": 3,
    "{who}'s daughter called about {area}": 4,
    'Patient: "I am fine, really."': 3,
    "Interpreter needed (español); {area}": 2,
    "Referred by Dr. {family}, {area}": 4,
}
MISSING = {
    "ssn": 25,
    "email": 45,
    "birth_date": 10,
    "age": 10,
    "zip_code": 10,
    "race": 10,
    "education": 10,
    "occupation": 35,
    "marital_status": 10,
    "income": 40,
    "insurance": 15,
    "note": 50,
}


# -- facts ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A city where patients live."""

    city: str
    state: str
    region: str
    zip_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """An ICD-10-CM code, and how likely it is in each band of ages."""

    code: str
    block: str
    chapter: str
    sex: str
    weights: Mapping[str, int]
    area: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true outside the table."""

    places: Mapping[Place, int]
    diagnoses: tuple[Diagnosis, ...]
    likely: Mapping[tuple[str, str], Mapping[Diagnosis, int]]
    """Weights of the diagnoses for each sex and band of ages."""


def read_facts(folder: Path) -> Facts:
    """Read the places and the diagnoses."""
    places = {
        Place(row["city"], row["state"], row["region"], tuple(row["zip_codes"].split())): int(
            row["weight"]
        )
        for row in _rows(folder / "places.csv")
    }
    diagnoses = tuple(
        Diagnosis(
            code=row["code"],
            block=row["block"],
            chapter=row["chapter"],
            sex=row["sex"],
            weights={name: int(row[name]) for name in VISITS},
            area=row["area"],
        )
        for row in _rows(folder / "diagnoses.csv")
    )
    return Facts(places, diagnoses, _likely(diagnoses))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _likely(
    diagnoses: tuple[Diagnosis, ...],
) -> dict[tuple[str, str], dict[Diagnosis, int]]:
    return {
        (sex, band): {
            diagnosis: diagnosis.weights[band]
            for diagnosis in diagnoses
            if diagnosis.sex in ("any", sex) and diagnosis.weights[band]
        }
        for sex in SEXES
        for band in VISITS
    }


# -- one patient ---------------------------------------------------------------------------


def invent(number: int, facts: Facts, chance: Chance) -> Record:
    """Invent one patient; nothing is missing yet."""
    sex = chance.weighted(SEXES)
    given = chance.pick(FEMALE if sex == "Female" else MALE)
    family = chance.pick(FAMILY)
    age = chance.quantile(AGES)
    birth = date(TODAY.year - age, 1, 1) - timedelta(days=1 + chance.below(364))
    place = chance.weighted(facts.places)
    schooling = education(age, chance)
    money = income(age, schooling, chance)
    diagnosis = chance.weighted(facts.likely[sex, band(age)])
    title = "Ms." if sex == "Female" else "Mr."
    who = given if age <= 17 else f"{title} {family}"
    return {
        "patient_id": f"P{scattered(number, 10_000_000):07d}",
        "ssn": social_security_number(number),
        "given_name": given,
        "family_name": family,
        "email": email(given, family, birth, chance),
        "birth_date": birth.isoformat(),
        "age": str(age),
        "sex": sex,
        "zip_code": chance.pick(place.zip_codes),
        "city": place.city,
        "state": place.state,
        "race": chance.weighted(dict(zip(RACE_NAMES, RACES[place.region], strict=True))),
        "education": schooling,
        "occupation": occupation(age, schooling, chance),
        "marital_status": chance.weighted(up_to(age, MARITAL_UP_TO_AGE, MARITAL)),
        "admission_date": admission(birth, chance).isoformat(),
        "diagnosis": diagnosis.code,
        "insurance": insurance(age, money, chance),
        "income": cents(money),
        "visits": str(chance.quantile(VISITS[band(age)])),
        "note": note(who, diagnosis.area, chance),
    }


def band(age: int) -> str:
    """Name the band of ages that diagnoses are counted by."""
    bounds = {"child": 17, "young": 39, "middle": 64}
    return next((name for name, last in bounds.items() if age <= last), "old")


def up_to(
    age: int, table: tuple[tuple[int, tuple[int, ...]], ...], names: tuple[str, ...]
) -> dict[str, int]:
    """Return the weights of the names at an age."""
    weights = next(weights for last, weights in table if age <= last)
    return dict(zip(names, weights, strict=True))


def social_security_number(number: int) -> str:
    """Return a number of the right form that nobody has: no area above 899 is ever given."""
    area, rest = divmod(scattered(number, 100 * 49 * 9999), 49 * 9999)
    group, serial = divmod(rest, 9999)
    return f"{900 + area}-{1 + group:02d}-{1 + serial:04d}"


def email(given: str, family: str, birth: date, chance: Chance) -> str:
    """Return an address in a domain that is reserved for examples."""
    year = f"{birth.year % 100:02d}" if chance.happens(600) else ""
    domain = chance.weighted({"example.com": 6, "example.org": 2, "example.net": 1})
    return f"{mailbox(given, family)}{year}@{domain}"


def education(age: int, chance: Chance) -> str:
    """Return where a child goes to school, or the highest degree of an adult."""
    for last, school in SCHOOL_UP_TO_AGE:
        if age <= last:
            return school
    return chance.weighted(up_to(age, DEGREES_UP_TO_AGE, DEGREES))


def occupation(age: int, schooling: str, chance: Chance) -> str:
    """Return what a person of this age and education does."""
    if age <= 17:
        return "Child" if age <= 5 else "Student"
    if age <= 24 and chance.happens(420):
        return "Student"
    if age >= 62 and chance.happens(250 if age <= 65 else 910):
        return "Retired"
    if chance.happens(110):
        return chance.weighted({"Unemployed": 5, "Homemaker": 6})
    return chance.pick(WORK[STAGE[schooling]].split("|"))


def income(age: int, schooling: str, chance: Chance) -> int:
    """Return the income of the household, in cents a year."""
    earner = schooling if age > 17 else education(40, chance)
    percent = INCOME_PERCENT[STAGE[earner]]
    share = 60 if age <= 24 or age >= 67 else 100
    dollars = chance.quantile(INCOMES)
    return dollars * percent * (share if age > 17 else 100) // 100 + chance.below(100)


def insurance(age: int, money: int, chance: Chance) -> str:
    """Return who pays: Medicare for the old, Medicaid for the poor, most others private."""
    if age >= 65:
        return chance.weighted({"Medicare": 95, "Private": 4, "Military": 1})
    if money < 3_500_000:
        return chance.weighted({"Medicaid": 66, "Private": 16, "Uninsured": 16, "Medicare": 2})
    return chance.weighted(
        {"Private": 82, "Medicaid": 5, "Military": 5, "Uninsured": 7, "Medicare": 1}
    )


def admission(birth: date, chance: Chance) -> date:
    """Return a day after the birth, before today."""
    first = max(birth, FIRST_ADMISSION)
    return first + timedelta(days=chance.below((TODAY - first).days))


def note(who: str, area: str, chance: Chance) -> str:
    """Return what was written down, in which names, quotes and line ends occur."""
    written = chance.weighted(NOTES)
    return written.format(area=area, who=who, family=chance.pick(FAMILY))


# -- files ---------------------------------------------------------------------------------


def write_all(folder: Path) -> None:
    """Write the patients and the hierarchies of their cities and diagnoses."""
    facts = read_facts(HERE / "facts")
    chance = Chance(SEED)
    patients = [
        leave_out(invent(number, facts, chance), MISSING, chance) for number in range(PATIENTS)
    ]
    write_records(folder / "patients.csv", patients)
    write_table(
        folder / "city.csv",
        [(place.city, place.state, place.region, "*") for place in facts.places],
    )
    write_table(
        folder / "icd10.csv",
        [(each.code, each.code[:3], each.block, each.chapter, "*") for each in facts.diagnoses],
    )


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
