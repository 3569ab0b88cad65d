"""What is written beside the labels of a release, for whoever computes with it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from anon_dagster.errors import Complaint
from anon_dagster.request.attributes import QuasiIdentifier
from anon_dagster.request.rules import (
    DateRule,
    IntervalRule,
    KnownRule,
    MaskRule,
    RoundingRule,
    TreeRule,
)
from anon_dagster.request.strict import StrictModel
from anon_dagster.request.suggestions import did_you_mean

ValuesAre = Literal["number", "whole", "date"]
"""Numbers of any kind; whole numbers, of which 29 is the last one below 30; dates."""
Tells = Literal["midpoint", "lower", "upper"]
_NAMED: Mapping[str, tuple[Tells, ...]] = {
    "midpoints": ("midpoint",),
    "bounds": ("lower", "upper"),
}
_AVERAGES = ("mean", "geometric_mean", "median", "mode")


class ReleaseRule(StrictModel):
    """Numbers beside labels, in columns of their own: ``age_midpoint``, ``age_lower``.

    They follow from the label and the request alone, and so tell nothing more than the label does.
    """

    numbers: Literal["midpoints", "bounds"] | None = None
    """The middle of what a label stands for, or its lower and upper end."""
    columns: dict[str, ValuesAre] | None = None
    """Of which quasi-identifiers, and what their values are. Left out: of those whose hierarchy is
    of type ``interval`` or ``rounding`` (numbers) or ``date``."""


class NumberColumn(NamedTuple):
    """A column of numbers beside one of labels."""

    name: str
    attribute: str
    """Whose labels it tells of."""
    tells: Tells
    meaning: ValuesAre


def number_column(attribute: str, tells: Tells) -> str:
    """Return the name of a column of numbers beside one of labels."""
    return f"{attribute}_{tells}"


def values_of_rules(attributes: Mapping[str, QuasiIdentifier]) -> dict[str, ValuesAre]:
    """Return what the values are of quasi-identifiers whose hierarchy tells it."""
    found: dict[str, ValuesAre] = {}
    for name, attribute in attributes.items():
        if attribute.aggregate is not None:
            continue
        if isinstance(attribute.hierarchy, IntervalRule | RoundingRule):
            found[name] = "number"
        elif isinstance(attribute.hierarchy, DateRule):
            found[name] = "date"
    return found


def number_columns(
    rule: ReleaseRule, attributes: Mapping[str, QuasiIdentifier]
) -> tuple[NumberColumn, ...]:
    """Return the columns of numbers that a release has, in the order of the quasi-identifiers."""
    if rule.numbers is None:
        return ()
    values = values_of_rules(attributes) if rule.columns is None else rule.columns
    return tuple(
        NumberColumn(number_column(name, tells), name, tells, values[name])
        for name in attributes
        if name in values
        for tells in _NAMED[rule.numbers]
    )


def quasi_identifiers_of(
    attributes: Mapping[str, Mapping[str, Any]],
) -> dict[str, QuasiIdentifier]:
    """Return the quasi-identifiers of a document that are valid by themselves."""
    found = {}
    for name, attribute in attributes.items():
        if attribute.get("role") == "quasi_identifier":
            with suppress(ValidationError):
                found[name] = QuasiIdentifier.model_validate(attribute)
    return found


def release_problems(
    rule: Mapping[str, Any],
    quasi_identifiers: Mapping[str, QuasiIdentifier],
    names: Sequence[str],
    *,
    local: bool,
) -> Iterator[Complaint]:
    """Find what numbers beside labels do not go with.

    Parameters
    ----------
    quasi_identifiers
        Those that are valid.
    names
        All attributes.
    local
        Whether recoding is local.
    """
    numbers, columns = rule.get("numbers"), rule.get("columns")
    if columns and numbers is None:
        yield Complaint("policy.release.columns", "goes with numbers: midpoints, or bounds")
    if not isinstance(numbers, str) or numbers not in _NAMED:
        return
    asked = columns if isinstance(columns, Mapping) else values_of_rules(quasi_identifiers)
    if not asked:
        yield Complaint(
            "policy.release.numbers",
            "no hierarchy tells of which attributes: name them in columns, such as "
            "columns: {age: whole}",
        )
    for name in map(str, asked):
        path = f"policy.release.columns.{name}"
        if name not in quasi_identifiers:
            if name not in names:
                yield Complaint(path, f"not among policy.attributes{did_you_mean(name, names)}")
            else:
                yield Complaint(path, "its role must be quasi_identifier: no other has labels")
            continue
        if why := without_numbers(quasi_identifiers[name], local=local):
            yield Complaint(path, why)
        taken = [n for n in (number_column(name, t) for t in _NAMED[numbers]) if n in names]
        if taken:
            yield Complaint(
                "policy.release.numbers",
                f"{' and '.join(taken)} would be written for {name}, and an attribute is called "
                "so: rename that column of the source, or leave the other out of columns",
            )


def is_averaged(attribute: QuasiIdentifier) -> bool:
    """Tell whether an average stands in the place of values: then nobody can tell their ends."""
    return attribute.aggregate in _AVERAGES


def without_numbers(attribute: QuasiIdentifier, *, local: bool) -> str | None:
    """Say why the labels of an attribute have no numbers; None if they may have some."""
    if is_averaged(attribute):
        return f"its {attribute.aggregate} is released, which is no label"
    listed = (local and attribute.local_labels != "nodes") or attribute.aggregate is not None
    if not listed and isinstance(attribute.hierarchy, TreeRule | KnownRule | MaskRule):
        return (
            f"the labels of a hierarchy of type {attribute.hierarchy.type} name no numbers; use "
            "interval, rounding, date or order, or local_labels: ranges"
        )
    return None
