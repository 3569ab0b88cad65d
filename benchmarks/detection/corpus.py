"""Labelled columns for measuring detection: people, places, codes, surveys and registers.

Columns come from Faker in many locales and from distributions of our own, with dirty values,
missing ones and mixed formats. Those that detection is tuned on and those that are reported have
neither seeds nor locales in common.
"""

import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from faker import Faker

Values = list[Any]
RECORDS = 600
TUNING = ("en_US", "de_DE", "es_ES", "fr_FR", "it_IT", "pt_BR")
REPORTING = (
    "en_GB",
    "de_AT",
    "es_MX",
    "fr_CA",
    "pt_PT",
    "nl_NL",
    "en_IN",
    "sv_SE",
    "pl_PL",
    "fi_FI",
)
_LANGUAGES = ("en", "de", "es", "fr", "it", "pt")


@dataclass(frozen=True)
class Column:
    """A column whose domain and role are known."""

    domain: str
    role: str
    name: str
    values: Values
    bare: tuple[str, str]
    """Domain and role that the values alone can tell: nobody sees of "yes" that it is a smoker's."""


@dataclass(frozen=True)
class Kind:
    """A way to make columns of a domain."""

    domain: str
    role: str
    names: tuple[str, ...]
    make: Callable[["Maker"], Values]
    bare: str = ""
    """The domain without a name, if it is another."""


@dataclass(frozen=True)
class Maker:
    """Dice and a Faker of one locale."""

    fake: Faker
    dice: np.random.Generator
    locale: str

    def per_record(self, make: Callable[[], Any]) -> Values:
        """Call a function for every record."""
        return [make() for _ in range(RECORDS)]

    def choose(self, values: Sequence[Any], *, even: bool = False) -> Values:
        """Draw from values, the first ones more often unless evenly."""
        shares = np.ones(len(values)) if even else 1.0 / np.arange(1, len(values) + 1) ** 0.7
        positions = self.dice.choice(len(values), RECORDS, p=shares / shares.sum())
        return [values[position] for position in positions]

    def pattern(self, written: str) -> Values:
        """Fill ``#`` with digits, ``?`` with capitals, ``^`` with hexadecimal digits."""
        sets = {"#": string.digits, "?": string.ascii_uppercase, "^": "0123456789abcdef"}
        return self.per_record(
            lambda: "".join(
                sets[c][int(self.dice.integers(len(sets[c])))] if c in sets else c for c in written
            )
        )


def columns(*, seed: int, reporting: bool) -> Iterator[Column]:
    """Make the corpus, each kind in several locales and conditions."""
    locales = REPORTING if reporting else TUNING
    for number, kind in enumerate(KINDS):
        for copy in range(6):
            dice = np.random.default_rng([seed, number, copy])
            locale = locales[(number + copy) % len(locales)]
            maker = Maker(_faker(locale), dice, locale)
            maker.fake.seed_instance(int(dice.integers(2**31)))
            values = _spoilt(kind.make(maker), dice, copy)
            name = kind.names[int(dice.integers(len(kind.names)))]
            bare = (kind.bare or kind.domain, _BARE_ROLES.get(kind.bare, kind.role))
            role = _NAMED_ROLES.get(name, kind.role)
            yield Column(kind.domain, role, _styled(name, copy), values, bare)


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


def _styled(name: str, copy: int) -> str:
    words = name.split()
    if copy % 4 == 1:
        return "".join(word.capitalize() for word in words)
    if copy % 4 == 2:
        return "_".join(words).upper()
    return ("_" if copy % 4 else " ").join(words)


def _spoilt(values: Values, dice: np.random.Generator, copy: int) -> Values:
    """Take values away, 1 % to 30 % of them, and spoil a few in half of the columns."""
    share = dice.uniform(0.01, 0.3)
    mark: Any = (None, "", "NA", None, "n/a", "?")[copy % 6]
    gone = dice.random(len(values)) < share
    dirty = dice.random(len(values)) < (0.03 if copy % 2 else 0.0)
    junk = ["x", "unknown", "--", "99999999", "see file", "0"]
    return [
        mark if g else (junk[int(dice.integers(len(junk)))] if d else _varied(value, dice, copy))
        for value, g, d in zip(values, gone, dirty, strict=True)
    ]


def _varied(value: Any, dice: np.random.Generator, copy: int) -> Any:  # noqa: ANN401 (any cell)
    if isinstance(value, str) and copy == 3 and dice.random() < 0.1:
        return f" {value}"
    return value


# -- numbers and the like -------------------------------------------------------------------


def _ages(m: Maker) -> Values:
    low, high = ((18, 90), (0, 99), (16, 75), (20, 65))[int(m.dice.integers(4))]
    if m.dice.random() < 0.5:
        return list(m.dice.integers(low, high, RECORDS).tolist())
    return list(np.clip(m.dice.normal(45, 16, RECORDS), low, high).astype(int).tolist())


def _age_ranges(m: Maker) -> Values:
    forms = (
        ["18-24", "25-34", "35-44", "45-54", "55-64", "65+"],
        ["0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-79", "80+"],
        ["<20", "20-39", "40-59", "60-79", ">=80"],
        ["[0-10)", "[10-20)", "[20-30)", "[30-40)", "[40-50)", "[50-60)", "[60-70)", "[70-80)"],
        ["under 18", "18 to 34", "35 to 54", "55 to 74", "75 and over"],
    )
    return m.choose(forms[int(m.dice.integers(len(forms)))])


def _dates(first: int, last: int) -> Callable[[Maker], Values]:
    forms = (
        "%Y-%m-%d",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d.%m.%Y",
        "%Y/%m/%d",
        "%d-%b-%Y",
        "%b %d, %Y",
        "%d %B %Y",
    )

    def make(m: Maker) -> Values:
        form = forms[int(m.dice.integers(len(forms)))]
        start = datetime(first, 1, 1)  # noqa: DTZ001 (its clock counts)
        days = m.dice.integers(0, (last - first) * 365, RECORDS)
        return [(start + timedelta(days=int(day))).strftime(form) for day in days]

    return make


def _timestamps(m: Maker) -> Values:
    forms = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p")
    form = forms[int(m.dice.integers(len(forms)))]
    start = datetime(2021, 1, 1)  # noqa: DTZ001 (its clock counts)
    seconds = m.dice.integers(0, 10**8, RECORDS)
    return [(start + timedelta(seconds=int(second))).strftime(form) for second in seconds]


def _times(m: Maker) -> Values:
    form = ("%H:%M", "%H:%M:%S", "%I:%M %p")[int(m.dice.integers(3))]
    return m.per_record(lambda: m.fake.date_time().strftime(form))


def _incomes(m: Maker) -> Values:
    amounts = np.exp(m.dice.normal(10.6, 0.6, RECORDS))
    form = int(m.dice.integers(4))
    if form == 0:
        return list((amounts / 1000).round().astype(int).__mul__(1000).tolist())
    if form == 1:
        return list(amounts.round(2).tolist())
    if form == 2:
        return list(amounts.astype(int).tolist())
    return [f"${amount:,.0f}" for amount in amounts]


def _income_ranges(m: Maker) -> Values:
    forms = (
        ["<=50K", ">50K"],
        ["Less than $25,000", "$25,000 - $49,999", "$50,000 - $99,999", "$100,000+"],
        ["0-1000", "1000-2000", "2000-3000", "3000-5000", "5000+"],
    )
    return m.choose(forms[int(m.dice.integers(len(forms)))])


def _amounts(m: Maker) -> Values:
    amounts = np.exp(m.dice.normal(5, 1.2, RECORDS)).round(2)
    form = int(m.dice.integers(3))
    formats = ("{:.2f}", "€ {:,.2f}", "{:.2f} USD")
    return [formats[form].format(amount) for amount in amounts]


def _counts(m: Maker) -> Values:
    kind = int(m.dice.integers(5))
    if kind == 0:
        return list(m.dice.poisson(2.5, RECORDS).tolist())
    if kind == 1:
        return list(m.dice.geometric(0.2, RECORDS).tolist())
    if kind == 2:
        return list(np.clip(m.dice.normal(40, 11, RECORDS), 1, 99).astype(int).tolist())
    if kind == 3:
        return list(m.dice.negative_binomial(2, 0.05, RECORDS).tolist())
    return list(m.dice.integers(0, 13, RECORDS).tolist())


def _weights(m: Maker) -> Values:
    if m.dice.random() < 0.5:
        return list(m.dice.gamma(3, 0.4, RECORDS).round(6).tolist())
    return list(m.dice.gamma(3, 400, RECORDS).round(4).tolist())


def _latitudes(m: Maker) -> Values:
    if m.dice.random() < 0.5:
        return m.per_record(lambda: float(m.fake.latitude()))
    return (
        (m.dice.choice([48.8, 40.4, 52.5, 51.5, 41.9]) + m.dice.normal(0, 1, RECORDS))
        .round(5)
        .tolist()
    )


def _longitudes(m: Maker) -> Values:
    if m.dice.random() < 0.5:
        return m.per_record(lambda: float(m.fake.longitude()))
    return (
        (m.dice.choice([-74.0, -99.1, -118.2]) + m.dice.normal(0, 0.5, RECORDS)).round(5).tolist()
    )


def _years(m: Maker) -> Values:
    first = int(m.dice.choice([1930, 1950, 1990, 2005]))
    return list(
        m.dice.integers(first, min(first + int(m.dice.integers(10, 70)), 2025), RECORDS).tolist()
    )


def _ratings(m: Maker) -> Values:
    low, high = ((1, 5), (1, 7), (1, 10), (0, 10))[int(m.dice.integers(4))]
    return (
        np.clip(m.dice.normal((low + high) / 1.7, (high - low) / 4, RECORDS).round(), low, high)
        .astype(int)
        .tolist()
    )


_LIKERT = (
    ["Strongly agree", "Agree", "Neutral", "Disagree", "Strongly disagree"],
    ["Very satisfied", "Satisfied", "Neither", "Dissatisfied", "Very dissatisfied"],
    ["Excellent", "Very good", "Good", "Fair", "Poor"],
    ["Never", "Rarely", "Sometimes", "Often", "Always"],
    ["Stimme voll zu", "Stimme zu", "Teils/teils", "Stimme nicht zu"],
)


def _of(*forms: Sequence[Any]) -> Callable[[Maker], Values]:
    return lambda m: m.choose(forms[int(m.dice.integers(len(forms)))])


def _said(method: str, fallback: str = "en_US") -> Callable[[Maker], Values]:
    """Call a method of Faker; of the fallback locale where a locale lacks it."""

    def make(m: Maker) -> Values:
        fake = m.fake if hasattr(m.fake, method) else _faker(fallback)
        return m.per_record(lambda: str(getattr(fake, method)()))

    return make


def _from(locales: Sequence[str], method: str) -> Callable[[Maker], Values]:
    def make(m: Maker) -> Values:
        fake = _faker(locales[int(m.dice.integers(len(locales)))])
        fake.seed_instance(int(m.dice.integers(2**31)))
        return m.per_record(lambda: str(getattr(fake, method)()))

    return make


def _written(*forms: str) -> Callable[[Maker], Values]:
    return lambda m: m.pattern(forms[int(m.dice.integers(len(forms)))])


def _keys(m: Maker) -> Values:
    kind = int(m.dice.integers(4))
    if kind == 0:
        return list(range(1, RECORDS + 1))
    if kind == 1:
        return list((10**6 + m.dice.permutation(9 * RECORDS)[:RECORDS]).tolist())
    if kind == 2:
        return [f"CUST-{n:05}" for n in m.dice.permutation(99_999)[:RECORDS]]
    return [
        f"{a}{n:07}"
        for a, n in zip("ABKX" * RECORDS, m.dice.permutation(10**6)[:RECORDS], strict=False)
    ]


def _patients(m: Maker) -> Values:
    form = ("MRN-######", "MRN########", "MRN: #######")[int(m.dice.integers(3))]
    return m.pattern(form)


def _icd(m: Maker) -> Values:
    pool = [
        "I10",
        "E11.9",
        "J45.909",
        "F32.9",
        "M54.5",
        "K21.9",
        "N39.0",
        "Z00.00",
        "R07.9",
        "G43.909",
        "L20.9",
        "C50.919",
        "A09",
        "B34.9",
        "D64.9",
        "H25.9",
        "O80",
        "S72.001",
        "T14.90",
        "I25.10",
        "J18.9",
        "E78.5",
        "F41.1",
        "I48.91",
        "K57.30",
    ]
    if m.dice.random() < 0.4:
        pool = [code.replace(".", "")[:4] for code in pool]
    elif m.dice.random() < 0.4:
        pool = sorted({code[:3] for code in pool})
    return m.choose(pool)


def _towns(m: Maker) -> Values:
    real = {
        "en": [
            "London",
            "Manchester",
            "Leeds",
            "Glasgow",
            "Bristol",
            "Boston",
            "Chicago",
            "Denver",
            "Seattle",
            "Austin",
            "Dallas",
            "Phoenix",
            "Portland",
            "Toronto",
            "Sydney",
            "Melbourne",
            "Dublin",
            "Cardiff",
            "Leicester",
            "Exeter",
        ],
        "de": [
            "Berlin",
            "Hamburg",
            "München",
            "Köln",
            "Frankfurt",
            "Stuttgart",
            "Leipzig",
            "Dresden",
            "Bonn",
            "Kassel",
            "Mainz",
            "Ulm",
            "Trier",
            "Wien",
            "Graz",
            "Linz",
            "Basel",
            "Bern",
        ],
        "es": [
            "Madrid",
            "Barcelona",
            "Valencia",
            "Sevilla",
            "Zaragoza",
            "Málaga",
            "Bilbao",
            "Murcia",
            "Granada",
            "Guadalajara",
            "Monterrey",
            "Puebla",
            "Bogotá",
            "Lima",
            "Quito",
        ],
        "fr": [
            "Paris",
            "Lyon",
            "Marseille",
            "Toulouse",
            "Nice",
            "Nantes",
            "Lille",
            "Rennes",
            "Reims",
            "Dijon",
            "Angers",
            "Montréal",
            "Québec",
            "Laval",
            "Gatineau",
        ],
    }
    for language, towns in real.items():
        if m.locale.startswith(language) and m.dice.random() < 0.7:
            return m.choose(towns)
    return m.choose(
        [
            "Lisboa",
            "Porto",
            "Amsterdam",
            "Utrecht",
            "Stockholm",
            "Helsinki",
            "Warszawa",
            "Kraków",
            "Milano",
            "Torino",
            "Napoli",
            "Mumbai",
            "Delhi",
            "São Paulo",
        ]
    )


def _countries(m: Maker) -> Values:
    forms = (
        [
            "United States",
            "Mexico",
            "Canada",
            "China",
            "India",
            "Philippines",
            "Vietnam",
            "El Salvador",
            "Cuba",
        ],
        ["Germany", "France", "Spain", "Italy", "Poland", "Austria", "Belgium", "Netherlands"],
        ["España", "Francia", "Alemania", "Italia", "Marruecos", "Rumania", "Colombia", "Perú"],
        ["Deutschland", "Österreich", "Schweiz", "Frankreich", "Italien", "Polen", "Türkei"],
    )
    if m.dice.random() < 0.4:
        return _from(("en_US", "en_GB"), "country")(m)
    return m.choose(forms[int(m.dice.integers(len(forms)))])


def _regions(m: Maker) -> Values:
    forms = (
        ["CA", "TX", "NY", "FL", "IL", "PA", "OH", "GA", "NC", "MI", "WA", "AZ", "MA", "CO"],
        ["California", "Texas", "New York", "Florida", "Illinois", "Ohio", "Georgia", "Utah"],
        ["Bayern", "Hessen", "Sachsen", "Berlin", "Nordrhein-Westfalen", "Niedersachsen"],
        ["Andalucía", "Cataluña", "Madrid", "Galicia", "Aragón", "Murcia", "Extremadura"],
        ["Ontario", "Quebec", "Alberta", "Manitoba", "British Columbia", "Nova Scotia"],
        ["Northeast", "Midwest", "South", "West"],
        ["Lombardia", "Lazio", "Veneto", "Toscana", "Puglia", "Sicilia", "Piemonte"],
    )
    return m.choose(forms[int(m.dice.integers(len(forms)))])


_BARE_ROLES = {"boolean": "non_sensitive"}
_D, _Q, _S, _N = "direct_identifier", "quasi_identifier", "sensitive", "non_sensitive"
_NAMED_ROLES = {
    # What became of a person; what a test may have found of one.
    "survived": _S,
    "score": _S,
    # Neighbours and colleagues know these.
    "has car": _Q,
    "housing": _Q,
    "number of children": _Q,
}
"""Roles of columns whose name says more of a person than their domain does."""


def _k(domain: str, role: str, names: str, make: Callable[[Maker], Values], bare: str = "") -> Kind:
    return Kind(domain, role, tuple(names.split(",")), make, bare)


KINDS = (
    _k(
        "full_name",
        _D,
        "name,full name,patient name,nombre completo,nom complet,customer",
        _said("name"),
    ),
    _k(
        "full_name",
        _D,
        "customer name,kundenname,nome completo",
        lambda m: [f"{m.fake.last_name()}, {m.fake.first_name()}" for _ in range(RECORDS)],
    ),
    _k("given_name", _D, "first name,vorname,prénom,nome,given name,fname", _said("first_name")),
    _k(
        "family_name",
        _D,
        "last name,nachname,apellido,nom de famille,surname,cognome",
        _said("last_name"),
    ),
    _k("email", _D, "email,e mail,correo,contact email,courriel", _said("email")),
    _k("phone", _D, "phone,telefon,teléfono,mobile,tel,telefone", _said("phone_number")),
    _k(
        "phone",
        _D,
        "phone number,cell,móvil",
        _written(
            "+1 ### ### ####",
            "+49 170 #######",
            "(###) 555-####",
            "+34 6## ### ###",
            "###-###-####",
        ),
    ),
    _k("user_name", _D, "username,login,benutzername,usuario,user name,handle", _said("user_name")),
    _k(
        "postal_address",
        _D,
        "address,dirección,adresse,home address,indirizzo,anschrift",
        _said("address"),
    ),
    _k("street", _D, "street,calle,straße,rue,street address,via", _said("street_address")),
    _k("city", _Q, "city,ciudad,stadt,ville,town,cidade,wohnort", _towns),
    _k("city", _Q, "city,localidad,ort,commune,città", _said("city")),
    _k("region", _Q, "state,province,bundesland,región,provincia,region", _regions),
    _k("country", _Q, "country,país,land,pays,native country,country of birth", _countries),
    _k(
        "country_code_2",
        _Q,
        "country code,iso2,ländercode,country",
        lambda m: m.choose(
            [
                "US",
                "DE",
                "FR",
                "GB",
                "ES",
                "IT",
                "NL",
                "BR",
                "MX",
                "IN",
                "CN",
                "JP",
                "PL",
                "SE",
                "CH",
                "AT",
                "PT",
                "BE",
            ]
        ),
    ),
    _k(
        "country_code_3",
        _Q,
        "country code,iso3,country iso3",
        lambda m: m.choose(
            [
                "USA",
                "DEU",
                "FRA",
                "GBR",
                "ESP",
                "ITA",
                "NLD",
                "BRA",
                "MEX",
                "IND",
                "CHN",
                "JPN",
                "POL",
            ]
        ),
    ),
    _k(
        "postal_code",
        _Q,
        "zip,zip code,plz,code postal,postcode,cep,código postal",
        _said("postcode"),
    ),
    _k(
        "postal_code",
        _Q,
        "zip code,postal code,plz",
        lambda m: m.choose([f"{n:05}" for n in m.dice.integers(1000, 99_000, 200)], even=True),
    ),
    _k("latitude", _Q, "latitude,lat,latitud,geo lat", _latitudes),
    _k("longitude", _Q, "longitude,lon,lng,longitud", _longitudes),
    _k(
        "date_of_birth",
        _Q,
        "date of birth,dob,geburtsdatum,fecha de nacimiento,birth date,data di nascita",
        _dates(1935, 2006),
    ),
    _k(
        "date",
        _Q,
        "admission date,visit date,fecha de ingreso,datum,start date,date d entrée",
        _dates(2015, 2024),
    ),
    _k("date", _Q, "order date,hire date,eintrittsdatum,discharge date", _dates(2021, 2023)),
    _k("timestamp", _Q, "timestamp,created at,datetime,last login,zeitstempel", _timestamps),
    _k("time", _N, "time,hora,uhrzeit,arrival time", _times),
    _k("year", _Q, "year,birth year,jahr,año,año de nacimiento,graduation year", _years),
    _k(
        "month",
        _N,
        "month,mes,monat,mois",
        _of(
            ["January", "February", "March", "April", "May", "June", "July", "August"],
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"],
        ),
    ),
    _k("age", _Q, "age,edad,alter,âge,idade,patient age,età", _ages),
    _k("age", _Q, "age group,age,altersgruppe,age range,tranche d âge,faixa etária", _age_ranges),
    _k(
        "sex",
        _Q,
        "sex,gender,geschlecht,sexo,sexe,genere",
        _of(
            ["male", "female"],
            ["M", "F"],
            ["m", "f", "d"],
            ["männlich", "weiblich", "divers"],
            ["Hombre", "Mujer"],
            ["homme", "femme"],
            ["Female", "Male", "Non-binary"],
            ["H", "M"],
        ),
    ),
    _k(
        "race",
        _Q,
        "race,ethnicity,ethnic group,raza,raça",
        _of(
            ["White", "Black", "Asian", "Hispanic", "Other"],
            [
                "White",
                "Black or African American",
                "Asian",
                "Two or more races",
                "American Indian or Alaska Native",
            ],
            ["Caucasian", "African American", "Asian", "Hispanic/Latino", "Native American"],
            ["Branca", "Preta", "Parda", "Amarela", "Indígena"],
        ),
    ),
    _k(
        "nationality",
        _Q,
        "nationality,nacionalidad,staatsangehörigkeit,nationalité,citizenship",
        _of(
            ["German", "Turkish", "Polish", "Italian", "Syrian", "Romanian", "Swiss"],
            ["American", "Mexican", "Canadian", "Chinese", "Brazilian", "Indian", "Cuban"],
            ["British", "Irish", "Indian", "Pakistani", "Nigerian", "French"],
        ),
    ),
    _k(
        "language",
        _Q,
        "language,sprache,idioma,langue,mother tongue",
        _of(
            ["English", "Spanish", "French", "German", "Arabic", "Hindi"],
            ["Deutsch", "Français", "Italiano", "English"],
        ),
    ),
    _k(
        "religion",
        _S,
        "religion,konfession,religión,faith,religious affiliation",
        _of(
            ["Catholic", "Protestant", "Muslim", "Jewish", "None", "Other"],
            ["Christian", "Hindu", "Buddhist", "Muslim", "Sikh", "No religion"],
            ["evangelisch", "katholisch", "konfessionslos", "muslimisch"],
        ),
    ),
    _k(
        "marital_status",
        _Q,
        "marital status,familienstand,estado civil,civil status,état civil",
        _of(
            ["Single", "Married", "Divorced", "Widowed"],
            ["Never-married", "Married-civ-spouse", "Divorced", "Separated", "Widowed"],
            ["ledig", "verheiratet", "geschieden", "verwitwet"],
            ["soltero", "casado", "divorciado", "viudo"],
            ["célibataire", "marié(e)", "divorcé(e)", "veuf/veuve"],
            ["married", "single"],
        ),
    ),
    _k(
        "education",
        _Q,
        "education,education level,nivel de estudios,bildungsabschluss,schulabschluss,diplôme",
        _of(
            ["High school", "Some college", "Bachelor's degree", "Master's degree", "Doctorate"],
            ["primary", "secondary", "tertiary"],
            ["Bachelors", "HS-grad", "11th", "Masters", "9th", "Some-college", "Assoc-acdm"],
            ["Hauptschulabschluss", "Realschulabschluss", "Abitur", "Hochschule"],
            ["Primaria", "Secundaria", "Bachillerato", "Universidad"],
            ["Graduate", "Not Graduate"],
        ),
    ),
    _k("occupation", _Q, "occupation,job title,beruf,profesión,profession,job", _said("job")),
    _k(
        "occupation",
        _Q,
        "occupation,job,puesto,métier",
        _of(
            ["Teacher", "Nurse", "Engineer", "Driver", "Lawyer", "Cashier", "Farmer", "Manager"],
            [
                "admin.",
                "blue-collar",
                "technician",
                "services",
                "management",
                "retired",
                "entrepreneur",
                "student",
            ],
            ["Sales", "Exec-managerial", "Craft-repair", "Prof-specialty", "Other-service"],
            ["Lehrer", "Krankenschwester", "Elektriker", "Verkäufer", "Koch", "Rentner"],
        ),
    ),
    _k("employer", _Q, "employer,company,arbeitgeber,empresa,entreprise,firma", _said("company")),
    _k(
        "industry",
        _Q,
        "industry,sector,branche,secteur,ramo",
        _of(
            ["Retail", "Healthcare", "Manufacturing", "Education", "Construction", "Finance"],
            ["Information Technology", "Banking", "Insurance", "Hospitality", "Real Estate"],
        ),
    ),
    _k(
        "income",
        _S,
        "income,salary,gehalt,einkommen,salario,annual income,salaire",
        _incomes,
        "amount",
    ),
    _k("income", _S, "income,income bracket,household income,salary class", _income_ranges),
    _k("amount", _S, "amount,balance,betrag,saldo,loan amount,montant", _amounts),
    _k(
        "currency",
        _N,
        "currency,währung,moneda,devise",
        lambda m: m.choose(["EUR", "USD", "GBP", "CHF", "JPY", "SEK", "PLN"]),
    ),
    _k(
        "credit_card",
        _D,
        "credit card,card number,kreditkarte,tarjeta de crédito",
        _said("credit_card_number"),
    ),
    _k(
        "iban",
        _D,
        "iban,bank account iban,iban number",
        _from(("de_DE", "es_ES", "fr_FR", "en_GB"), "iban"),
    ),
    _k("bic", _N, "bic,swift,swift code", _from(("de_DE", "en_GB", "es_ES"), "swift")),
    _k(
        "blood_type",
        _Q,
        "blood type,blutgruppe,grupo sanguíneo,blood group",
        _of(["A+", "O+", "B+", "AB+", "A-", "O-", "B-", "AB-"], ["A", "B", "AB", "O"]),
    ),
    _k("icd10", _S, "diagnosis,icd10,icd code,diagnóstico,diagnose", _icd),
    _k(
        "diagnosis",
        _S,
        "diagnosis,condition,disease,enfermedad,krankheit",
        _of(
            ["Diabetes", "Hypertension", "Asthma", "Cancer", "Arthritis", "Obesity"],
            ["Flu", "Gastritis", "Pneumonia", "Bronchitis", "Gastric ulcer"],
        ),
    ),
    _k(
        "diagnosis",
        _S,
        "smoker,diabetes,hypertension,disability,fumador",
        _of(["yes", "no"], [0, 1], ["Y", "N"]),
        "boolean",
    ),
    _k(
        "drug_code",
        _S,
        "ndc,drug code,ndc code",
        _written("#####-####-##", "#####-###-##", "####-####-##"),
    ),
    _k("medical_record_number", _D, "mrn,medical record number,patient id", _patients),
    _k("ssn", _D, "ssn,social security number", _from(("en_US",), "ssn")),
    _k(
        "uk_national_insurance",
        _D,
        "nino,national insurance number,ni number",
        _from(("en_GB",), "ssn"),
    ),
    _k(
        "in_aadhaar",
        _D,
        "aadhaar,aadhaar number,uidai",
        _written("3### #### ####", "7### #### ####", "5###-####-####"),
    ),
    _k("in_pan", _D, "pan,pan number,pan card", _written("ABCP?####?", "KLMP?####?", "QRSC?####?")),
    _k("es_dni", _D, "dni,nif,documento nacional de identidad", _from(("es_ES",), "nif")),
    _k(
        "national_id",
        _D,
        "national id,personal number,citizen id,identity number",
        _from(("fr_FR", "it_IT", "pl_PL", "pt_BR", "sv_SE", "nl_NL", "fi_FI", "ro_RO"), "ssn"),
    ),
    _k(
        "passport",
        _D,
        "passport,passport number,reisepass,pasaporte",
        _written("?########", "??#######"),
    ),
    _k(
        "drivers_licence",
        _D,
        "drivers license,führerschein,driver license number",
        _written("?###-####-####", "?###-###-##-###-#"),
    ),
    _k(
        "licence_plate",
        _D,
        "license plate,kennzeichen,matrícula,plate",
        _from(("de_DE", "en_GB", "es_ES", "en_US", "it_IT", "fr_FR"), "license_plate"),
    ),
    _k("vin", _D, "vin,vehicle identification number,chassis number", _said("vin")),
    _k("ipv4", _D, "ip,ip address,client ip", _said("ipv4")),
    _k("ipv6", _D, "ipv6,ip address", _said("ipv6")),
    _k("mac_address", _D, "mac,mac address,device mac", _said("mac_address")),
    _k("url", _D, "url,website,webseite,link,homepage", _said("url")),
    _k("uuid", _D, "uuid,guid,record id", _said("uuid4")),
    _k("hash", _D, "hash,md5,sha256,checksum", _said("sha256")),
    _k(
        "unique_key", _D, "id,customer id,record id,kundennummer,identificador,respondent id", _keys
    ),
    _k(
        "boolean",
        _N,
        "active,newsletter,flag,consent,survived,has car",
        _of(
            ["yes", "no"],
            ["true", "false"],
            [0, 1],
            ["Y", "N"],
            ["ja", "nein"],
            ["sí", "no"],
            ["T", "F"],
        ),
    ),
    _k("rating", _N, "rating,score,satisfaction,bewertung,overall quality", _ratings),
    _k("rating", _N, "satisfaction,q1 agreement,trust,opinion", _of(*_LIKERT)),
    _k(
        "free_text",
        _D,
        "notes,comment,bemerkung,comentario,description,remarks",
        lambda m: m.per_record(lambda: m.fake.sentence(nb_words=10)),
    ),
    _k("constant", _N, "country,year,source,version", lambda m: m.choose([m.fake.word()])),
    _k(
        "category",
        _N,
        "segment,product,plan,gruppe,tier,housing",
        _of(
            ["gold", "silver", "bronze"],
            ["basic", "premium", "plus", "free"],
            ["own", "rent", "mortgage"],
            ["A1", "A2", "B1", "B2"],
            ["web", "store", "phone order"],
            ["cash", "card", "transfer"],
            ["low risk", "some risk", "at risk"],
        ),
    ),
    _k("number", _N, "visits,number of children,quantity,hours per week,anzahl", _counts),
    _k("number", _Q, "weight,sample weight,finalwt,distance", _weights),
    # Coded answers: without names they are numbers or categories.
)

CODED = (
    _k("sex", _Q, "sex,gender,sexo,gndr,geschlecht", _of([1, 2], [0, 1])),
    _k(
        "marital_status",
        _Q,
        "marital status,familienstand,marst,estado civil",
        _of([1, 2, 3, 4], [1, 2, 3, 4, 5, 6]),
    ),
    _k(
        "education",
        _Q,
        "education,educ,isced,schulabschluss",
        _of(range(1, 9), range(1, 17), range(21)),
    ),
    _k("race", _Q, "race,ethnicity,rac1p,ethnic group", _of([1, 2, 3, 4, 5], [1, 2, 3, 4, 6, 7])),
    _k(
        "region",
        _Q,
        "region,state code,bundesland,statefip",
        _of([1, 2, 3, 4], range(1, 17), range(1, 57)),
    ),
    _k(
        "occupation",
        _Q,
        "occupation,isco,occupation code,beruf",
        _of(range(1, 10), range(1110, 9630, 113)),
    ),
    _k("religion", _S, "religion,religious denomination,konfession", _of([1, 2, 3, 4, 5, 9])),
)
"""Surveys write answers as numbers; only the name tells what they are."""


def coded(*, seed: int, reporting: bool) -> Iterator[Column]:
    """Make the columns that names alone can tell."""
    locales = REPORTING if reporting else TUNING
    for number, kind in enumerate(CODED):
        for copy in range(6):
            dice = np.random.default_rng([seed, 1_000 + number, copy])
            maker = Maker(_faker(locales[copy % len(locales)]), dice, locales[copy % len(locales)])
            name = kind.names[int(dice.integers(len(kind.names)))]
            values = _spoilt(kind.make(maker), dice, 2 * (copy // 2))
            bare = (kind.domain, kind.role)
            yield Column(kind.domain, kind.role, _styled(name, copy), values, bare)
