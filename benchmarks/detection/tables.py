"""Whole tables as registers and surveys have them: headers cut short, answers coded as numbers.

The tables are described in ``tables/``: those of ``examined.yaml`` detection may be tuned on, those
of ``reported.yaml`` it is not. A column names the domains and roles that a careful person would
accept for it, and how its values are made: a word of :data:`MAKERS` with its arguments, and after
``|`` how they are written.
"""

import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from faker import Faker

from anon_dagster.detection.domains import Role
from anon_dagster.request.documents import parse_yaml
from benchmarks.detection.judgements import LETTERS

RECORDS = 600
ROLES: dict[str, Role] = {letter: role for role, letter in LETTERS.items()}
_MISSING = ("", "NA", "N/A", "NULL", ".", "-")

Values = list[str]


@dataclass(frozen=True)
class TableColumn:
    """A column of a table, and what it may be taken for."""

    table: str
    name: str
    domains: tuple[str, ...]
    roles: tuple[Role, ...]
    values: tuple[str | None, ...]


def table_columns(*, reporting: bool) -> Iterator[TableColumn]:
    """Make the columns of all tables."""
    name = "reported" if reporting else "examined"
    text = (Path(__file__).parent / "tables" / f"{name}.yaml").read_text(encoding="utf-8")
    for number, (table, described) in enumerate(parse_yaml(text, name=f"{name}.yaml").items()):
        for position, (column, (domains, roles, written)) in enumerate(described.items()):
            dice = np.random.default_rng([977 if reporting else 976, number, position])
            values = _with_missing(_make(written, dice), dice, number)
            accepted = tuple(ROLES[role] for role in roles.split("/"))
            yield TableColumn(table, column, tuple(domains.split("/")), accepted, values)


def _with_missing(values: Values, dice: np.random.Generator, table: int) -> tuple[str | None, ...]:
    share = dice.choice([0.0, 0.02, 0.1])
    if len(set(values)) in (1, len(values)):  # constants and keys are complete
        share = 0.0
    mark = _MISSING[table % len(_MISSING)]
    return tuple(
        mark if gone else value
        for value, gone in zip(values, dice.random(len(values)) < share, strict=True)
    )


def _make(written: str, dice: np.random.Generator) -> Values:
    making, _, writing = written.partition(" | ")
    word, _, rest = making.partition(" ")
    values = MAKERS[word](rest, dice)
    for style in filter(None, writing.split(" ")):
        values = _written(values, style, writing)
    return values


def _written(values: Values, style: str, writing: str) -> Values:
    if style in ("prefix", "suffix"):
        sign = writing.split(" ")[writing.split(" ").index(style) + 1]
        return [sign + value if style == "prefix" else f"{value} {sign}" for value in values]
    return [STYLES[style](value) for value in values] if style in STYLES else values


def _last_first(value: str) -> str:
    *given, family = value.split(" ")
    return f"{family}, {' '.join(given)}"


STYLES: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "initial": lambda value: value[:1],
    "last_first": _last_first,
    "slash": lambda value: "/".join(reversed(value.upper().split(" "))),
    "thousands": lambda value: f"{int(value):,}",
    "space_thousands": lambda value: f"{int(value):,}".replace(",", " "),
    "german": lambda value: f"{float(value):,.2f}".translate(str.maketrans(",.", ".,")),
    "dollars": lambda value: f"${float(value):,.2f}",
    "euro": lambda value: f"€ {int(value):,}".replace(",", "."),
    "round": lambda value: str(int(value) // 25 * 25),
    "oneline": lambda value: value.replace("\n", ", "),
}


def _numbers(rest: str) -> list[float]:
    return [float(part) for part in rest.split(" ")]


def _decimals(drawn: np.ndarray, decimals: float) -> Values:
    return [f"{value:.{int(decimals)}f}" for value in drawn.tolist()]


def _int(rest: str, dice: np.random.Generator) -> Values:
    low, high = _numbers(rest)
    return [str(value) for value in dice.integers(int(low), int(high) + 1, RECORDS).tolist()]


def _normal(rest: str, dice: np.random.Generator) -> Values:
    mean, deviation, low, high = _numbers(rest)
    return _decimals(np.clip(dice.normal(mean, deviation, RECORDS).round(), low, high), 0)


def _gauss(rest: str, dice: np.random.Generator) -> Values:
    mean, deviation, decimals = _numbers(rest)
    return _decimals(dice.normal(mean, deviation, RECORDS), decimals)


def _uniform(rest: str, dice: np.random.Generator) -> Values:
    low, high, decimals = _numbers(rest)
    return _decimals(dice.uniform(low, high, RECORDS), decimals)


def _lognormal(rest: str, dice: np.random.Generator) -> Values:
    mean, deviation, decimals = _numbers(rest)
    return _decimals(np.exp(dice.normal(mean, deviation, RECORDS)), decimals)


def _geometric(rest: str, dice: np.random.Generator) -> Values:
    return [str(value) for value in dice.geometric(float(rest), RECORDS).tolist()]


def _of(rest: str, dice: np.random.Generator) -> Values:
    values = [value.strip() for value in rest.split(";")]
    shares = 1.0 / np.arange(1, len(values) + 1) ** 0.8
    return [values[i] for i in dice.choice(len(values), RECORDS, p=shares / shares.sum())]


def _pattern(rest: str, dice: np.random.Generator, records: int = RECORDS) -> Values:
    sets = {"#": string.digits, "?": string.ascii_uppercase, "^": "0123456789abcdef"}
    return [
        "".join(sets[c][int(dice.integers(len(sets[c])))] if c in sets else c for c in rest)
        for _ in range(records)
    ]


def _choice(rest: str, dice: np.random.Generator) -> Values:
    size, word, arguments = rest.split(" ", 2)
    pool = MAKERS[word](arguments, dice)[: int(size)]
    shares = 1.0 / np.arange(1, len(pool) + 1) ** 0.6
    return [pool[i] for i in dice.choice(len(pool), RECORDS, p=shares / shares.sum())]


def _serial(rest: str, dice: np.random.Generator) -> Values:
    first, *step = (int(part) for part in _numbers(rest))
    values = np.arange(RECORDS) * (step[0] if step else 1) + first
    return [str(value) for value in dice.permutation(values).tolist()]


def _moments(first: int, last: int, dice: np.random.Generator) -> list[datetime]:
    start = datetime(first, 1, 1, tzinfo=UTC)
    seconds = dice.integers(0, (last - first + 1) * 365 * 86_400, RECORDS)
    return [start + timedelta(seconds=int(second)) for second in seconds]


def _date(rest: str, dice: np.random.Generator) -> Values:
    form, first, last = rest.split(" ") if rest.count(" ") == 2 else rest.rsplit(" ", 2)
    form = form.replace("@", " ")
    return [moment.strftime(form) for moment in _moments(int(first), int(last), dice)]


def _epoch(_: str, dice: np.random.Generator) -> Values:
    return [str(int(moment.timestamp())) for moment in _moments(2022, 2023, dice)]


def _faker(rest: str, dice: np.random.Generator) -> Values:
    locale, method, *twice = rest.split(" ")
    fake = Faker(locale)
    fake.seed_instance(int(dice.integers(2**31)))
    return [
        " ".join(str(getattr(fake, method)()) for _ in range(1 + len(twice)))
        for _ in range(RECORDS)
    ]


def _icd(rest: str, dice: np.random.Generator) -> Values:
    pool = _pattern("?##" + ("." if rest == "1" else "") + "#", dice, 200)
    kept = [code for code in pool if code[0] not in "UVWXY"]
    return [kept[i] for i in dice.integers(0, len(kept), RECORDS)]


def _weighted(digits: str, weights: Sequence[int], modulus: int) -> int:
    return sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % modulus


def _imei(_: str, dice: np.random.Generator) -> Values:
    def with_check(body: str) -> str:
        doubled = [int(d) * (1 + position % 2) for position, d in enumerate(body)]
        return body + str(-sum(d // 10 + d % 10 for d in doubled) % 10)

    return [with_check(body) for body in _pattern("35##########0#", dice)]


def _nhs(_: str, dice: np.random.Generator) -> Values:
    numbers = []
    for body in _pattern("4########", dice, 2 * RECORDS):
        check = (11 - _weighted(body, range(10, 1, -1), 11)) % 11
        if check < 10:
            numbers.append(f"{body[:3]} {body[3:6]} {body[6:]}{check}")
    return numbers[:RECORDS]


def _svnr(_: str, dice: np.random.Generator) -> Values:
    numbers = []
    for moment in _moments(1950, 2000, dice):
        serial, birth = str(int(dice.integers(100, 1000))), moment.strftime("%d%m%y")
        check = _weighted(serial + birth, (3, 7, 9, 5, 8, 4, 2, 1, 6), 11)
        if check == 10:
            serial = str(int(serial) % 900 + 100)
            check = _weighted(serial + birth, (3, 7, 9, 5, 8, 4, 2, 1, 6), 11)
        numbers.append(f"{serial}{check % 10}{birth}")
    return numbers


def _curp(_: str, dice: np.random.Generator) -> Values:
    births = [moment.strftime("%y%m%d") for moment in _moments(1940, 1999, dice)]
    heads = _pattern("?A??", dice)
    return [
        f"{head}{birth}{'HM'[int(dice.integers(2))]}JCRRL0{int(dice.integers(10))}"
        for head, birth in zip(heads, births, strict=True)
    ]


MAKERS: dict[str, Callable[[str, np.random.Generator], Values]] = {
    "int": _int,
    "normal": _normal,
    "gauss": _gauss,
    "uniform": _uniform,
    "lognormal": _lognormal,
    "geometric": _geometric,
    "of": _of,
    "pattern": _pattern,
    "choice": _choice,
    "serial": _serial,
    "date": _date,
    "epoch": _epoch,
    "faker": _faker,
    "icd": _icd,
    "imei": _imei,
    "nhs": _nhs,
    "svnr": _svnr,
    "curp": _curp,
}
