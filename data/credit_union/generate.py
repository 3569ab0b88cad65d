"""Invent the borrowers: ``python data/credit_union/generate.py`` writes the same bytes always.

Writes ``members.csv`` beside itself, or into the folder that is given.
"""

import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # a script sees only its own folder

from names import FAMILY, FEMALE, MALE  # noqa: E402
from synthetic import Chance, Record, cents, leave_out, scattered, write_records  # noqa: E402

T = TypeVar("T")

SEED = 314_159
MEMBERS = 6_000
TODAY = date(2025, 1, 1)

# -- distributions; weights are relative, shares in thousandths ----------------------------

AGES = ((0, 18), (200, 29), (450, 40), (700, 53), (900, 69), (1000, 91))
GENDERS = {"Female": 51, "Male": 48, "Nonbinary": 1}
COUNTIES = {
    "Milwaukee": 30,
    "Waukesha": 14,
    "Racine": 7,
    "Kenosha": 6,
    "Washington": 5,
    "Ozaukee": 4,
    "Walworth": 4,
    "Jefferson": 3,
    "Dane": 22,
    "Rock": 6,
    "Dodge": 3,
    "Sauk": 3,
    "Columbia": 2,
    "Grant": 2,
    "Green": 2,
    "Brown": 11,
    "Outagamie": 8,
    "Winnebago": 7,
    "Sheboygan": 4,
    "Fond du Lac": 4,
    "Manitowoc": 3,
    "Door": 1,
    "La Crosse": 6,
    "Eau Claire": 5,
    "St. Croix": 4,
    "Chippewa": 3,
    "Barron": 2,
    "Marathon": 6,
    "Portage": 3,
    "Wood": 3,
    "Oneida": 2,
    "Ashland": 1,
}
AREA_CODES = ("262", "414", "608", "715", "920")
EMPLOYMENT = {  # by the last age of a band
    24: {"Student": 38, "Part time": 24, "Full time": 28, "Seasonal": 5, "Unemployed": 5},
    61: {
        "Full time": 66,
        "Part time": 12,
        "Self-employed": 9,
        "Homemaker": 6,
        "Unemployed": 4,
        "Seasonal": 3,
    },
    67: {"Full time": 34, "Part time": 14, "Self-employed": 8, "Retired": 42, "Homemaker": 2},
    120: {"Retired": 93, "Part time": 4, "Self-employed": 3},
}
HOUSING = {
    24: {"With family": 45, "Rents": 50, "Mortgage": 5},
    39: {"Rents": 48, "Mortgage": 40, "With family": 10, "Owns": 2},
    61: {"Mortgage": 56, "Rents": 27, "Owns": 14, "With family": 3},
    120: {"Owns": 55, "Mortgage": 22, "Rents": 19, "With family": 4},
}
HOUSEHOLDS = {
    24: {1: 22, 2: 26, 3: 24, 4: 18, 5: 7, 6: 3},
    39: {1: 24, 2: 27, 3: 20, 4: 18, 5: 8, 6: 3},
    61: {1: 19, 2: 30, 3: 19, 4: 19, 5: 9, 6: 3, 7: 1},
    120: {1: 38, 2: 52, 3: 6, 4: 3, 5: 1},
}
PURPOSES = {
    "Vehicle": 30,
    "Debt consolidation": 20,
    "Home improvement": 12,
    "Medical bills": 9,
    "Education": 8,
    "Business": 7,
    "Wedding": 5,
    "Travel": 5,
}
OWNERS = ("Mortgage", "Owns")
TYPICAL_LOAN = {  # dollars
    "Vehicle": 21_000,
    "Debt consolidation": 11_000,
    "Home improvement": 17_000,
    "Medical bills": 5_000,
    "Education": 14_000,
    "Business": 32_000,
    "Wedding": 9_000,
    "Travel": 4_000,
}
LOAN_PERCENT = ((0, 20), (250, 60), (500, 95), (750, 140), (950, 260), (1000, 600))
SCORES = ((0, 420), (100, 575), (250, 640), (500, 705), (750, 765), (900, 805), (1000, 850))
SAVINGS = (  # dollars
    (0, 0),
    (200, 350),
    (500, 3_200),
    (750, 14_000),
    (900, 42_000),
    (990, 190_000),
    (1000, 1_400_000),
)
MISSING = {
    "phone": 40,
    "birth_year": 10,
    "gender": 10,
    "county": 10,
    "household_size": 10,
    "housing": 10,
    "employment": 10,
    "savings": 30,
}


# -- one member ----------------------------------------------------------------------------


def invent(number: int, chance: Chance) -> Record:
    """Invent one borrower; nothing is missing yet."""
    gender = chance.weighted(GENDERS)
    age = chance.quantile(AGES)
    work = chance.weighted(at_age(EMPLOYMENT, age))
    housing = chance.weighted(at_age(HOUSING, age))
    purpose = chance.weighted(purposes(age, work, housing))
    score = credit_score(age, work, chance)
    return {
        "member_number": f"{scattered(number, 100_000_000):08d}",
        "full_name": full_name(gender, chance),
        "phone": phone(chance),
        "birth_year": str(TODAY.year - age - 1),
        "gender": gender,
        "county": chance.weighted(COUNTIES),
        "joined_on": joined(age, chance).strftime("%d.%m.%Y"),
        "household_size": str(chance.weighted(at_age(HOUSEHOLDS, age))),
        "housing": housing,
        "employment": work,
        "savings": cents(savings(age, chance), ","),
        "loan_purpose": purpose,
        "loan_amount": cents(TYPICAL_LOAN[purpose] * chance.quantile(LOAN_PERCENT), ","),
        "interest_rate": cents(2_400 - 2 * score - 100 * (purpose == "Vehicle"), ","),
        "credit_score": str(score),
        "in_arrears": "true" if chance.happens(max(5, (820 - score) // 2)) else "false",
    }


def at_age(table: Mapping[int, Mapping[T, int]], age: int) -> Mapping[T, int]:
    """Return the weights of the band of ages that an age falls into."""
    return next(weights for last, weights in table.items() if age <= last)


def full_name(gender: str, chance: Chance) -> str:
    """Return a given name, sometimes an initial or a nickname in quotes, and a family name."""
    given = {"Female": FEMALE, "Male": MALE}.get(gender, FEMALE + MALE)
    middle = chance.weighted({"": 60, " initial": 35, " nickname": 5})
    if middle == " initial":
        middle = f" {chance.pick('ABCDEFGHJKLMNPRSTW')}."
    elif middle == " nickname":
        middle = f' "{chance.pick(given)}"'
    return f"{chance.pick(given)}{middle} {chance.pick(FAMILY)}"


def phone(chance: Chance) -> str:
    """Return a number of those that are kept for fiction: 555-0100 to 555-0199."""
    return f"+1 {chance.pick(AREA_CODES)} 555 01{chance.below(100):02d}"


def joined(age: int, chance: Chance) -> date:
    """Return a day since the member came of age, more likely a recent one."""
    longest = 365 * min(age - 17, 45)
    return TODAY - timedelta(days=1 + chance.below(1 + chance.below(longest)))


def purposes(age: int, work: str, housing: str) -> dict[str, int]:
    """Return how likely each purpose of a loan is for such a member."""
    weights = dict(PURPOSES)
    weights["Education"] *= 4 if work == "Student" else 1
    weights["Business"] *= 5 if work == "Self-employed" else 1
    weights["Home improvement"] *= 2 if housing in OWNERS else 0
    weights["Medical bills"] *= 3 if age >= 65 else 1
    weights["Wedding"] *= 2 if age < 35 else 1
    return weights


def credit_score(age: int, work: str, chance: Chance) -> int:
    """Return a score from 300 to 850: higher for the older, lower for those without work."""
    shift = (age - 45) // 2 - (55 if work == "Unemployed" else 0)
    return max(300, min(850, chance.quantile(SCORES) + shift))


def savings(age: int, chance: Chance) -> int:
    """Return what lies on the member's account, in cents; it grows with age."""
    return chance.quantile(SAVINGS) * min(age, 70) * 2 + chance.below(100)


# -- file ----------------------------------------------------------------------------------


def write_all(folder: Path) -> None:
    """Write the members as they are exported: semicolons, decimal commas, ``n/a``."""
    chance = Chance(SEED)
    members = [leave_out(invent(number, chance), MISSING, chance) for number in range(MEMBERS)]
    write_records(folder / "members.csv", members, separator=";", missing="n/a")


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
