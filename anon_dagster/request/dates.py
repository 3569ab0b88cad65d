"""What may be done with dates before anything else: ages and stays derived, dates shifted."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from anon_dagster.errors import Complaint
from anon_dagster.request.date_formats import possible_levels, require_readable
from anon_dagster.request.strict import KEY_VARIABLE, StrictModel
from anon_dagster.request.strict import document as _document
from anon_dagster.request.suggestions import did_you_mean

_WRITTEN = frozenset("YmdHMSfjbBaAIpz")
"""The codes of strptime that strftime writes back as they were read."""


def _require_whole_dates(written: str) -> str:
    require_readable(written)
    if "day" not in possible_levels(written):
        raise ValueError(f"{written} holds no year or no day: a date needs both")
    codes = set(re.findall(r"%(.)", written))
    if strange := sorted(codes - _WRITTEN):
        raise ValueError(
            f"{written} has %{', %'.join(strange)}: dates are read and written by %Y, %m, %d, %j, "
            "%b, %B, %a, %A, %H, %I, %p, %M, %S, %f and %z"
        )
    return written


class ShiftRule(StrictModel):
    """Moves all dates of a person by one random number of whole weeks.

    See :mod:`anon_dagster.reading.shifted`.
    """

    weeks: Annotated[int, Field(ge=1, le=5_000)]
    """How far at most, to either side; every number of weeks from -weeks to weeks is as likely."""
    key_variable: Annotated[str, StringConstraints(pattern=KEY_VARIABLE)] = "ANON_KEY"
    """The environment variable that holds the key that the numbers are drawn with."""
    scope: str = ""
    """Columns of one scope move together; another one draws anew."""
    format: str | None = None
    """How dates are written that are text, in the codes of strptime; ISO 8601 if left out."""

    @field_validator("format")
    @classmethod
    def _whole(cls, written: str | None) -> str | None:
        return None if written is None else _require_whole_dates(written)


class DeriveRule(StrictModel):
    """A column made of two dates: how much time lies between them, completed units only.

    See :mod:`anon_dagster.reading.derived`.
    """

    begin: Annotated[str, Field(alias="from")]
    """The column of the earlier date, such as that of birth."""
    at: str
    """The column of the later one."""
    unit: Literal["years", "months", "weeks", "days"]
    from_format: str | None = None
    """How the earlier date is written, in the codes of strptime; ISO 8601 if left out."""
    at_format: str | None = None
    """How the later one is."""

    @field_validator("from_format", "at_format")
    @classmethod
    def _whole(cls, written: str | None) -> str | None:
        return None if written is None else _require_whole_dates(written)


def date_problems(
    policy: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    """Find what shifted and derived columns lack, or do not go with."""
    derived = {str(name): _document(rule) for name, rule in _document(policy.get("derive")).items()}
    shifted = {n: _document(a["shift"]) for n, a in attributes.items() if a.get("shift")}
    for name, rule in derived.items():
        yield from _derived_problems(name, rule, derived, attributes)
    for name in shifted:
        yield from _shifted_problems(name, attributes, derived)
    if shifted:
        yield from _combinations(policy, shifted)


def _derived_problems(
    name: str,
    rule: Mapping[str, Any],
    derived: Mapping[str, Any],
    attributes: Mapping[str, Mapping[str, Any]],
) -> Iterator[Complaint]:
    path = f"policy.derive.{name}"
    if name not in attributes:
        yield Complaint(path, f"give {name} a role in policy.attributes, as every column has one")
    elif attributes[name].get("missing") is not None:
        where = f"policy.attributes.{name}.missing"
        yield Complaint(
            where, "goes with a column of the source: a derived value is missing if a date is"
        )
    for key in ("from", "at"):
        of = rule.get(key)
        if not isinstance(of, str):
            continue
        if of in derived:
            yield Complaint(f"{path}.{key}", f"{of} is derived itself: name a column of the source")
        elif of not in attributes:
            cure = did_you_mean(of, attributes)
            yield Complaint(f"{path}.{key}", f"{of} is not among policy.attributes{cure}")


def _shifted_problems(
    name: str, attributes: Mapping[str, Mapping[str, Any]], derived: Mapping[str, Any]
) -> Iterator[Complaint]:
    path = f"policy.attributes.{name}.shift"
    role = attributes[name].get("role")
    if role in {"non_sensitive", "direct_identifier", "weight"}:
        yield Complaint(
            path,
            "goes with quasi_identifier and sensitive: a shifted date still tells of its person",
        )
    if name in derived:
        yield Complaint(path, "goes with a column of dates, and a derived one holds numbers")


def _combinations(
    policy: Mapping[str, Any], shifted: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    first = f"policy.attributes.{next(iter(shifted))}.shift"
    if not policy.get("person"):
        yield Complaint(
            first, "needs policy.person: all dates of a person move together, so say whose they are"
        )
    if _document(policy.get("privacy")).get("differential_privacy"):
        yield Complaint(
            first, "does not go with differential_privacy, which is about single records"
        )
    population = policy.get("population")
    if population is not None and not isinstance(population, int):
        yield Complaint(
            "policy.population",
            "a table of the population has dates that are not shifted, so that none would match: "
            "say the size of the population, or do without the shift",
        )
    weeks: dict[tuple[Any, Any], tuple[str, Any]] = {}
    for name, rule in shifted.items():
        scope = (rule.get("key_variable", "ANON_KEY"), rule.get("scope", ""))
        other, known = weeks.setdefault(scope, (name, rule.get("weeks")))
        if known != rule.get("weeks"):
            yield Complaint(
                f"policy.attributes.{name}.shift.weeks",
                f"must be that of {other}, for columns of one scope move together: say the same, "
                "or another scope",
            )
