"""Places: countries, regions, cities, postal codes, coordinates, streets and addresses."""

import re
from collections.abc import Container, Iterator
from functools import partial

from anon_dagster.detection.evidence import Evidence, percent, ramp
from anon_dagster.detection.profile import Profile
from anon_dagster.facts import vocabulary as facts
from anon_dagster.facts.vocabulary import plain

_STREET_WORDS = re.compile(
    r"\b(street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|way|"
    r"terrace|square|highway|hwy|parkway|pkwy|circle|trail|plaza|alley|crescent|close|row|"
    r"rue|impasse|allée|chemin|quai|calle|c/|avenida|avda|av|paseo|camino|carrera|plaza|glorieta|ronda|cuesta|pasaje|"
    r"rambla|callejón|urbanización|acceso|cañada|vial|alameda|via|viale|piazza|corso|vicolo|strada|"
    r"piazzale|borgo|contrada|canale|incrocio|rotonda|rua|travessa|largo|praça|estrada|rodovia|alameda|viela|campo|"
    r"ulica|ul|aleja|straat|laan|weg|plein|gade|vej|gata|gatan|vägen|katu|tie|"
    r"\w*(?:straße|strasse|str|platz|allee|gasse|ring|weg|damm|ufer|chaussee|steig|gracht|"
    r"straat|laan|gatan|vägen|veien|gata|gate|vej|gade|katu|tie|dreef|singel|kade|hof|baan|pad|steeg|boulevard|stieg|park))\b",
    re.IGNORECASE,
)
_STREET_END = re.compile(
    r"(Street|Avenue|Road|Lane|Drive|Boulevard|Court|Place|Way|Terrace|Square|Highway|Parkway|Circle|Trail|"
    r"Plaza|Alley|Crescent|Close|Row|Villages?|Heights|Ridges?|Springs?|Shoals?|Ports?|Manors?|Mission|Points?|"
    r"Viaduct|Turnpike|Expressway|Freeway|Crossing|Meadows?|Glens?|Creek|Fork|Forges?|Knolls?|Loaf|"
    r"Mountains?|Orchard|Pass|Pike|Pines?|Plains?|Prairie|Radial|Ramp|Ranch|Rapids?|Rest|River|Roads|Route|Run|"
    r"Spurs?|Squares|Station|Stravenue|Stream|Summit|Throughway|Trace|Track|Trafficway|Tunnel|Unions?|Valleys?|"
    r"Views?|Ville|Vista|Walks?|Wall|Wells?|Gardens?|Green|Grove|Haven|Hills?|Hollow|Inlet|Island|Isle|"
    r"Junctions?|Keys?|Lakes?|Landing|Lights?|Locks?|Lodge|Loop|Mall|Mews|Mills?|Motorway|Mount|Neck|Oval|"
    r"Overpass|Parks?|Passage|Path|Fields?|Flats?|Fords?|Forest|Gateway|Estates?|Dam|Divide|Dale|Curve|"
    r"Course|Corners?|Common|Cove|Coves|Club|Cliffs?|Centers?|Causeway|Canyon|Camp|Cape|Bypass|Burgs?|"
    r"Brooks?|Bridge|Branch|Bottom|Bluffs?|Bend|Beach|Bayou|Arcade|Annex|Extensions?|Falls|Ferry|Shores?|Harbors?|Underpass|Skyway)$"
)
_POSTAL = (
    (r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}", 0.97, "the United Kingdom"),
    (r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", 0.6, "the United Kingdom"),
    (r"[ABCEGHJ-NPRSTVXY]\d[A-Z][ -]?\d[A-Z]\d", 0.97, "Canada"),
    (r"[1-9]\d{3} ?[A-Z]{2}", 0.95, "the Netherlands"),
    (r"\d{5}-\d{4}", 0.96, "the USA"),
    (r"\d{5}-\d{3}", 0.93, "Brazil"),
    (r"\d{4}-\d{3}", 0.9, "Portugal"),
    (r"\d{2}-\d{3}", 0.9, "Poland"),
    (r"\d{3}-\d{4}", 0.8, "Japan"),
    (r"\d{3} \d{2}", 0.9, "Sweden or Czechia"),
    (r"[A-Z]{1,2}-\d{4,5}", 0.8, "Europe"),
    (r"\d{3}(?:xx|XX|\*\*)", 0.9, "the USA, cut short"),
)


def place_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for names and codes of places."""
    if profile.numeric or profile.distinct < 2:
        return
    yield from _country_evidence(profile)
    yield from _region_evidence(profile)
    if profile.mean_words <= 4 and profile.share(_lettered) >= 0.7:
        cities = facts.cities()
        share = profile.share(lambda v: _without_state(plain(v)) in cities)
        states = profile.share(lambda v: plain(v) in facts.regions())
        # A name of a state is often the name of a city as well.
        if (
            score := 0.86
            * ramp(share, low=0.15, high=0.6)
            * (1 - 0.5 * ramp(states, low=0.4, high=0.9))
        ):
            yield Evidence("city", score, f"{percent(share)} of the values are names of cities")
        elif (tail := profile.share(_town)) and (score := 0.75 * ramp(tail, low=0.3, high=0.7)):
            yield Evidence("city", score, f"{percent(tail)} of the values end like names of towns")


def _lettered(value: str) -> bool:
    return sum(map(str.isalpha, value)) >= 0.7 * len(value)


def _without_state(name: str) -> str:
    """Drop what follows a comma: ``austin, tx``."""
    return name.split(",", maxsplit=1)[0].strip()


_TOWN = re.compile(
    r"(ville|town|ton|burgh|borough|bury|mouth|chester|shire|haven|stad|view|side|land|furt|fort|"
    r"berg|burg|dorf|stadt|heim|hausen|ingen|ow|nau|witz|itz|polis|grad|city|port|berg|vik|sund|by|"
    r"s-sur-\w+|-les-\w+|-la-\w+|-sur-\w+|-de-\w+)$"
)
_TOWN_START = re.compile(
    r"^(port|new|north|south|east|west|lake|saint|st\.?|sainte|san|santa|villa|borgo|quarto|"
    r"settimo|bad|los|las|el|la|le|les) "
)


def _town(value: str) -> bool:
    name = plain(value)
    return bool(_TOWN.search(name) or _TOWN_START.search(name)) and len(name) > 5


def _country_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for countries by name and code, nationalities, and currencies, which look like codes."""
    names = profile.share(lambda v: plain(v).replace("-", " ") in _names() or plain(v) in _names())
    people = profile.share(lambda v: plain(v) in facts.demonyms())
    if score := 0.97 * ramp(names, low=0.35, high=0.85):
        yield Evidence("country", score, f"{percent(names)} of the values are names of countries")
    if people > names and (score := 0.93 * ramp(people, low=0.35, high=0.85)):
        # Where all are languages as well, they are rather languages.
        spoken = profile.within(facts.words("language"))
        score *= 1.0 if spoken < 0.9 * people else 0.9
        yield Evidence("nationality", score, f"{percent(people)} of the values are nationalities")
    for letters in (2, 3):
        if profile.one_length < 0.9 or profile.lengths.get(letters, 0) < 0.9:
            continue
        codes = facts.country_codes(letters)
        share = profile.share(partial(_among, codes))
        states = profile.share(lambda v: v.casefold() in facts.us_states()) if letters == 2 else 0.0
        money = profile.share(lambda v: v.casefold() in facts.currencies()) if letters == 3 else 0.0
        rival = max(states, money)
        wide = min(1.0, 0.6 + profile.distinct / 20)
        if rival <= share and (score := 0.95 * wide * ramp(share, low=0.5, high=0.95)):
            yield Evidence(
                f"country_code_{letters}",
                score,
                f"{percent(share)} of the values are codes of countries",
            )
    money = profile.share(lambda v: v.casefold() in facts.currencies())
    if score := 0.95 * ramp(money):
        yield Evidence("currency", score, f"{percent(money)} of the values are currencies")


def _names() -> dict[str, facts.Country]:
    return facts.country_names()


_DIVISION = re.compile(
    r"\b(county|parish|province|provincia|provincie|provinz|departement|departamento|region|regione|"
    r"regiao|prefecture|oblast|voivodeship|wojewodztwo|landkreis|kreis|canton|kanton|distrito|district|"
    r"borough|bezirk|estado de|state of|lan|fylke|kommune)\b|(kreis|\w lan|bezirk)$"
)


def _part_of_a_country(value: str) -> bool:
    name = plain(value)
    return name in facts.regions() or bool(_DIVISION.search(name))


def _coded_regions(profile: Profile) -> float:
    """Return the share of codes of states or provinces, of the country that knows most of them."""
    if max(profile.lengths) > 5 or profile.distinct < 4:
        return 0.0
    shares = (profile.share(partial(_among, codes)) for codes in facts.region_codes())
    return 0.9 * max(shares)


def _region_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for states and provinces; cities that are named like them speak against it."""
    states = profile.share(lambda v: v.casefold() in facts.us_states())
    others = profile.share(_part_of_a_country)
    cities = profile.share(lambda v: plain(v) in facts.cities())
    share = max(states, others, _coded_regions(profile))
    few = ramp(120 - profile.distinct, low=0, high=60)
    wide = min(1.0, 0.6 + profile.distinct / 12)
    strength = 0.96 * wide if share > cities - 0.15 else 0.75 * few
    if states < share and cities > 0.9 and profile.distinct > 20:
        strength = min(strength, 0.8)
    if score := strength * ramp(share, low=0.35, high=0.9):
        yield Evidence("region", score, f"{percent(share)} of the values are states or provinces")


# -- postal codes, streets, addresses, coordinates -------------------------------------------


def address_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for postal codes, streets and whole addresses."""
    for pattern, strength, where in _POSTAL:
        share = profile.matched(pattern)
        if score := strength * ramp(share, low=0.4, high=0.9) * min(1.0, profile.distinct / 5):
            yield Evidence(
                "postal_code",
                score,
                f"{percent(share)} of the values are postal codes as in {where}",
            )
    yield from _digits(profile)
    streets = profile.share(_street)
    towns = profile.share(_address)
    varied = ramp(profile.distinct, low=2, high=15)  # nobody lives in one of four streets
    if score := 0.94 * varied * ramp(streets - towns, low=0.2, high=0.6):
        yield Evidence(
            "street", score, f"{percent(streets)} of the values are written like streets"
        )
    if score := 0.95 * ramp(towns, low=0.2, high=0.6):
        yield Evidence(
            "postal_address",
            score,
            f"{percent(towns)} of the values hold a street and a town or code",
        )


def _digits(profile: Profile) -> Iterator[Evidence]:
    """Judge codes of five digits: zeros in front and many repeated codes speak for places."""
    digits = profile.matched(r"\d{5}|\d{4,5}\.0")
    if digits < 0.8 or profile.distinct < 10:
        return
    zeros = profile.share(lambda v: v.startswith("0"))
    score = 0.85 if zeros > 0.005 else 0.5 if profile.span.least > 500 else 0.0
    narrow = profile.span.high < 1.2 * profile.span.low  # those of a province
    if profile.span.high < 30_000 and not zeros and not narrow:
        score -= 0.15
    score *= ramp(digits, low=0.8)
    if score > 0:
        yield Evidence(
            "postal_code", score, f"{percent(digits)} of the values are codes of five digits"
        )


def _street(value: str) -> bool:
    """Tell whether a value reads like a street, with a number or without."""
    if not 5 <= len(value) <= 90 or not _LONG_WORD.search(value) or "$" in value:
        return False
    if re.fullmatch(r"[^\W\d]+ (19|20)\d\d", value):
        return False  # a season or a month of a year
    numbered = any(map(str.isdigit, value))
    if numbered:
        return bool(_STREET_WORDS.search(value)) or bool(
            re.fullmatch(
                r"\d{1,6}[A-Za-z]? [A-Z].+|[A-Z].+[ ,]+\d{1,4} ?[A-Za-z]?(, .{1,12})?", value
            )
        )
    return 2 <= len(value.split()) <= 5 and bool(
        _STREET_END.search(value)
        or _STREET_WORDS.search(value.split(maxsplit=1)[0])
        or _STREET_WORDS.search(value.rsplit(maxsplit=1)[-1])
    )


_LONG_WORD = re.compile(r"[^\W\d_]{4}")
_TOWN_CODE = re.compile(
    r"\b\d{4,5}(-\d{3,4})?\b|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b"
)


_VERSION = re.compile(r"[A-Za-z]/\d+\.\d")


def _address(value: str) -> bool:
    """Tell whether a value has a street, a number and, after a break, a town with its code."""
    parts = [part for part in re.split(r"[\n,;]", value) if part.strip()]
    lettered = sum(bool(_LONG_WORD.search(part)) for part in parts)
    if (
        _VERSION.search(value)
        or len(parts) < 2
        or lettered < 2
        or not any(map(str.isdigit, parts[0] + parts[1]))
    ):
        return False
    return bool(_TOWN_CODE.search(" ".join(parts[1:]))) or (
        len(parts) > 2 and any(map(str.isdigit, parts[0]))
    )


def coordinate_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for degrees with several decimal places."""
    span = profile.span
    if not profile.numeric or span.decimal_places < 3 or profile.distinct < 20:
        return
    if span.least < -180 or span.most > 180 or max(abs(span.least), abs(span.most)) <= 1.5:
        return
    reason = "numbers of degrees with many decimal places"
    fine = 0.12 if span.decimal_places >= 4 else 0.0
    largest = max(abs(span.least), abs(span.most))
    if largest > 90:
        yield Evidence("longitude", 0.7 + fine if span.low < 0 else 0.5 + fine, reason)
        return
    spread = span.high - span.low
    # Normal deviates and rates have many places as well: degrees lie far from 0, or all over.
    settled = span.low > 20 and span.high < 72 and spread < 52 and span.decimal_places >= 4
    worldwide = spread > 100 and largest > 60
    western = span.high < -60 and spread < 60
    if settled or worldwide:
        yield Evidence("latitude", 0.62 + fine, reason)
    if western:
        yield Evidence("longitude", 0.7 + fine, reason)


def _among(words: Container[str], value: str) -> bool:
    return value.casefold() in words
