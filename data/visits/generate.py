"""Invent a hospital's visits: ``python data/visits/generate.py`` writes the same bytes every time.

Writes ``patients.csv``, a record per patient, ``visits.csv``, a record per visit, and the
hierarchies ``town.csv`` and ``diagnosis.csv``, beside itself, or into the folder that is given.

Few patients come often, and always for the same: so many records that read alike are one person's.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # a script sees only its own folder

from names import FAMILY, FEMALE, MALE  # noqa: E402
from synthetic import (  # noqa: E402
    Chance,
    Record,
    cents,
    leave_out,
    scattered,
    write_records,
    write_table,
)

SEED = 161_803
PATIENTS = 2_000
FIRST_DAY = date(2023, 1, 1)
DAYS = 731
"""Of 2023 and 2024, in which all visits are."""

# -- distributions; weights are relative, shares in thousandths ----------------------------

AGES = ((0, 0), (120, 15), (260, 30), (430, 47), (640, 63), (860, 77), (980, 90), (1000, 98))
SEXES = {"Female": 54, "Male": 46}
VISITS = ((0, 1), (450, 2), (700, 5), (880, 10), (970, 22), (1000, 70))
NEVER = 40
"""Who is registered and did not come."""
TOWNS = {  # of Chittenden County, Vermont: ZIP code, zone, weight
    "Burlington": ("05401", "City", 30),
    "South Burlington": ("05403", "City", 16),
    "Winooski": ("05404", "City", 7),
    "Essex Junction": ("05452", "Suburbs", 16),
    "Colchester": ("05446", "Suburbs", 14),
    "Williston": ("05495", "Suburbs", 8),
    "Shelburne": ("05482", "Suburbs", 6),
    "Milton": ("05468", "Countryside", 9),
    "Jericho": ("05465", "Countryside", 4),
    "Richmond": ("05477", "Countryside", 3),
    "Hinesburg": ("05461", "Countryside", 4),
    "Underhill": ("05489", "Countryside", 3),
    "Charlotte": ("05445", "Countryside", 3),
    "Huntington": ("05462", "Countryside", 2),
}
INSURANCE = {"Private": 66, "Medicaid": 24, "Uninsured": 7, "Military": 3}
ARRIVALS = {"Appointment": 70, "Walk-in": 20, "Referral": 10}
WAITING = ((0, 0), (300, 8), (700, 25), (950, 70), (1000, 240))  # minutes
CHARGES = ((0, 60), (400, 140), (800, 420), (970, 1_900), (1000, 9_800))  # dollars
SAME_AGAIN = 780
"""Visits for what a patient has, and not for something new."""
MISSING = {
    "birth_date": 8,
    "sex": 6,
    "town": 12,
    "arrival": 20,
    "waiting_minutes": 35,
    "diagnosis": 6,
    "charge": 25,
    "family_name": 5,
    "zip_code": 12,
    "insurance": 18,
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """An ICD-10-CM code, where it is treated, and how often."""

    code: str
    chapter: str
    department: str
    weight: int
    lasting: bool
    """Whether who has it comes again for it."""


DIAGNOSES = tuple(
    Diagnosis(code, chapter, department, weight, lasting)
    for department, chapter, lasting, codes in (
        ("Cardiology", "Circulatory", True, {"I10": 30, "I25.10": 12, "I48.91": 9, "I50.9": 6}),
        ("Endocrinology", "Endocrine", True, {"E11.9": 22, "E11.65": 7, "E03.9": 9, "E66.9": 8}),
        ("Pulmonology", "Respiratory", True, {"J45.909": 12, "J44.9": 8}),
        ("Psychiatry", "Mental", True, {"F32.9": 11, "F41.1": 12, "F33.1": 6}),
        ("Neurology", "Nervous", True, {"G43.909": 9, "G40.909": 4, "G35": 2}),
        ("Oncology", "Neoplasms", True, {"C18.9": 3, "C34.90": 3, "C50.919": 4}),
        ("Rheumatology", "Musculoskeletal", True, {"M06.9": 5, "M17.11": 10, "M54.50": 18}),
        ("Dermatology", "Skin", False, {"L20.9": 9, "L40.0": 5, "L70.0": 6}),
        ("Emergency", "Symptoms", False, {"R07.9": 12, "R10.9": 13, "R51.9": 9}),
        ("Emergency", "Injury", False, {"S61.419A": 7, "S93.401A": 10, "T78.40XA": 4}),
        ("Primary care", "Respiratory", False, {"J02.9": 15, "J06.9": 25, "J18.9": 6}),
        ("Primary care", "Genitourinary", False, {"N39.0": 14}),
        ("Primary care", "Factors", False, {"Z00.00": 30, "Z23": 12}),
    )
    for code, weight in codes.items()
)
LASTING = {each: each.weight for each in DIAGNOSES if each.lasting}
PASSING = {each: each.weight for each in DIAGNOSES if not each.lasting}


# -- a patient, and her visits -------------------------------------------------------------


def invent(number: int, chance: Chance) -> tuple[Record, list[Record]]:
    """Invent a patient and her visits; nothing is missing yet."""
    sex = chance.weighted(SEXES)
    age = chance.quantile(AGES)
    birth = FIRST_DAY - timedelta(days=365 * age + age // 4 + chance.below(365))
    town = chance.weighted({name: weight for name, (_, _, weight) in TOWNS.items()})
    patient = {
        "patient_id": f"{scattered(number, 1_000_000):06d}",
        "given_name": chance.pick(FEMALE if sex == "Female" else MALE),
        "family_name": chance.pick(FAMILY),
        "birth_date": birth.isoformat(),
        "sex": sex,
        "town": town,
        "zip_code": TOWNS[town][0],
        "insurance": "Medicare" if age >= 65 else chance.weighted(INSURANCE),
    }
    times = 0 if chance.happens(NEVER) else chance.quantile(VISITS)
    return {**patient}, list(visits_of(patient, times, chance))


def visits_of(patient: Mapping[str, str], times: int, chance: Chance) -> Iterator[Record]:
    """Invent so many visits of a patient, in their order."""
    own = chance.weighted(LASTING)
    for day in sorted(chance.below(DAYS) for _ in range(times)):
        diagnosis = own if chance.happens(SAME_AGAIN) else chance.weighted(PASSING)
        yield {
            "patient_id": patient["patient_id"],
            "birth_date": patient["birth_date"],
            "sex": patient["sex"],
            "town": patient["town"],
            "visit_date": (FIRST_DAY + timedelta(days=day)).isoformat(),
            "department": diagnosis.department,
            "arrival": arrival(diagnosis, chance),
            "waiting_minutes": str(chance.quantile(WAITING)),
            "diagnosis": diagnosis.code,
            "charge": cents(chance.quantile(CHARGES) * 100 + chance.below(100)),
        }


def arrival(diagnosis: Diagnosis, chance: Chance) -> str:
    """Return how a patient came; to an emergency some are brought."""
    brought = diagnosis.department == "Emergency" and chance.happens(300)
    return "Ambulance" if brought else chance.weighted(ARRIVALS)


# -- files ---------------------------------------------------------------------------------


def write_all(folder: Path) -> None:
    """Write the patients, their visits in the order of the days, and the hierarchies."""
    chance = Chance(SEED)
    patients, visits = [], []
    for number in range(PATIENTS):
        patient, own = invent(number, chance)
        patients.append(leave_out(patient, MISSING, chance))
        visits += own
    visits.sort(key=lambda visit: (visit["visit_date"], visit["patient_id"]))
    numbered = [
        {"visit_id": f"V{scattered(place, 10_000_000):07d}", **leave_out(visit, MISSING, chance)}
        for place, visit in enumerate(visits)
    ]
    write_records(folder / "patients.csv", patients)
    write_records(folder / "visits.csv", numbered)
    write_table(folder / "town.csv", [(town, zone, "*") for town, (_, zone, _) in TOWNS.items()])
    write_table(
        folder / "diagnosis.csv",
        [(each.code, each.code[:3], each.chapter, "*") for each in DIAGNOSES],
    )


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
