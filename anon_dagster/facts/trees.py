"""Trees that are known by themselves: what a country, a diagnosis or a degree belongs to.

What a value becomes depends on nothing but the value, so later records are recoded alike.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.resources import files

from anon_dagster.facts import safe_harbor, vocabulary

Row = tuple[str, ...]
"""The labels above a value, from the nearest up."""


def known_rows(
    tree: str,
    values: Sequence[str | None],
    *,
    country: str | None = None,
    year: int | None = None,
    small: Sequence[str] | None = None,
) -> dict[str, Row]:
    """Return the labels above each value that a tree knows.

    Parameters
    ----------
    tree
        One of :data:`TREES`.
    country
        The ISO 3166 code of the country that cities are looked for in first.
    year
        In which a release is used that tells years of birth.
    small
        The first digits of ZIP codes where few people live; those that are known if left out.
    """
    above = TREES[tree]
    if tree == "city":
        above = partial(_of_city, country=country)
    elif tree == "us_zip3":
        above = partial(safe_harbor.zip_row, small=small)
    elif year is not None:
        above = partial(safe_harbor.year_row, year=year)
    rows = {v: above(v) for v in values if v is not None}
    return {value: row for value, row in rows.items() if row is not None}


def _of_country(value: str) -> Row | None:
    key = vocabulary.plain(value)
    by_code = vocabulary.country_codes(len(key)).get(key) if len(key) in (2, 3) else None
    country = by_code or vocabulary.country_names().get(key) or vocabulary.demonyms().get(key)
    return (country.region, vocabulary.continent(country.region)) if country else None


def _of_us_state(value: str) -> Row | None:
    state = vocabulary.us_states().get(vocabulary.folded(value))
    return state[1:] if state else None


def _of_city(value: str, country: str | None = None) -> Row | None:
    """Return state or country, country, region and continent of a city."""
    city = vocabulary.cities(country).get(vocabulary.plain(value))
    if city is None:
        return None
    country_of_city = vocabulary.country_codes(2).get(city.country.casefold())
    if country_of_city is None:
        return None
    state = f"{city.division}, {country_of_city.name}" if city.division else country_of_city.name
    return (
        state,
        country_of_city.name,
        country_of_city.region,
        vocabulary.continent(country_of_city.region),
    )


def _of_words(name: str) -> Callable[[str], Row | None]:
    def above(value: str) -> Row | None:
        group = vocabulary.group_of(value, name)
        return None if group is None else (group,)

    return above


def _of_occupation(value: str) -> Row | None:
    """Look for the title itself, then for its words, those at the end first."""
    known, title = vocabulary.occupations(), vocabulary.folded(value)
    if title in known:
        return known[title]
    parts = [p for p in re.split(r"[^\w'-]+", title) if p]
    for size in (2, 1):
        for start in range(len(parts) - size, -1, -1):
            if row := known.get(" ".join(parts[start : start + size])):
                return row
    return None


def _of_no_year(_: str) -> Row | None:
    """Know no year of birth: who is 90 depends on when that is asked."""
    return None


# -- ICD-10 --------------------------------------------------------------------------------

_CODE = re.compile(r"([A-TV-Z]|U)[0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?", re.IGNORECASE)


def _of_icd10(value: str) -> Row | None:
    """Return category, block and chapter of a code."""
    code = value.strip().upper()
    if not _CODE.fullmatch(code):
        return None
    category = code[:3]
    firsts, blocks = _blocks()
    position = bisect_right(firsts, category) - 1
    if position < 0 or category > blocks[position][0].split("-")[1]:
        return None
    return (category, *blocks[position])


@cache
def _blocks() -> tuple[list[str], list[tuple[str, str]]]:
    text = files(__package__).joinpath("icd10.txt").read_text(encoding="utf-8")
    blocks = []
    for line in text.splitlines():
        chapter, _, ranges = line.partition(";")
        blocks += [(block, chapter) for block in ranges.split()]
    blocks.sort()
    return [block[:3] for block, _ in blocks], blocks


DEPTHS = {
    "country": 2,
    "us_state": 2,
    "city": 4,
    "icd10": 3,
    "education": 1,
    "marital_status": 1,
    "race": 1,
    "religion": 1,
    "blood_type": 1,
    "employment": 1,
    "occupation": 2,
    "age_to_89": 3,
    "birth_year": 3,
    "us_zip3": 1,
}
"""How many labels each tree has above a value, whatever values occur."""

TREES: dict[str, Callable[[str], Row | None]] = {
    "country": _of_country,
    "us_state": _of_us_state,
    "city": _of_city,
    "icd10": _of_icd10,
    "education": _of_words("education"),
    "marital_status": _of_words("marital_status"),
    "race": _of_words("race"),
    "religion": _of_words("religion"),
    "blood_type": _of_words("blood_type"),
    "employment": _of_words("employment"),
    "occupation": _of_occupation,
    "age_to_89": safe_harbor.age_row,
    "birth_year": _of_no_year,
    "us_zip3": safe_harbor.zip_row,
}
