"""From a rule of a request, or none, and the values of a column to its hierarchy.

Under most rules a value becomes the same whatever other values there are: tree, known, interval,
date, rounding, suppress, mask with levels, order with an order. Under the others it depends on the
values: frequency, mask without levels, order without an order. Later records are only recoded like
earlier ones by a rule of the first kind. Where no rule is given, :func:`default_rule` first makes
one out of the values.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.core.builders import (
    NO_DAY,
    Domain,
    Mask,
    by_frequency,
    by_interval,
    by_mask,
    by_order,
    by_period,
    by_rounding,
    by_suppression,
    free_label,
    from_nodes,
    from_rows,
    read_days,
    read_lines,
    refuse_confusion,
    without_arx_missing,
)
from anon_dagster.core.builders.domain import complete
from anon_dagster.core.builders.numbers import Numbers
from anon_dagster.core.hierarchy import Hierarchy, Label, Level
from anon_dagster.core.ordering import Meaning, Ordering
from anon_dagster.errors import HierarchyError, SourceError, StoreAccessError
from anon_dagster.facts import DEPTHS, known_rows
from anon_dagster.request import (
    DateLevel,
    DateRule,
    FrequencyRule,
    HierarchyRule,
    IntervalRule,
    KnownRule,
    MaskRule,
    OrderRule,
    RoundingRule,
    SuppressRule,
    TreeRule,
)
from anon_dagster.storage.addresses import base_name
from anon_dagster.storage.failures import reading
from anon_dagster.storage.meaning import ordering_of
from anon_dagster.storage.opening import open_to_read

_FEW = 20  # distinct texts that are rather suppressed than grouped
_SHORTEST_CODE = 3  # characters
_PAIR = 2  # numbers that have no span worth dividing
_MOST_WIDTHS = 3
_Computed = (
    IntervalRule
    | RoundingRule
    | DateRule
    | MaskRule
    | OrderRule
    | FrequencyRule
    | KnownRule
    | SuppressRule
)
_CODE = re.compile(r"[0-9A-Za-z./ -]*[0-9][0-9A-Za-z./ -]*")


def build_hierarchy(
    rule: HierarchyRule | None,
    column: str,
    values: Sequence[Label],
    counts: NDArray[np.int64],
    *,
    ordering: Ordering | None = None,
    decimal: str = ".",
) -> Hierarchy:
    """Build the hierarchy of a column.

    Parameters
    ----------
    rule
        What the request says; the obvious rule for the values (:func:`default_rule`) if nothing.
    values
        (values,): the distinct values of the column; ``None`` is a missing value.
    counts
        (values,): how many records hold each.
    ordering
        What the values mean; found out if left out. Among numbers, a tree's 39.0 is the column's
        39.
    decimal
        The decimal mark of the values.

    Raises
    ------
    HierarchyError
        If the rule makes no tree, its file cannot be read, or it lacks values of the column.
    """
    if ordering is None and (rule is None or isinstance(rule, TreeRule | OrderRule)):
        ordering = ordering_of(pa.array(values, pa.string()), decimal=decimal)
    if rule is None:
        assert ordering is not None, "it was found out just now"
        rule = default_rule(values, ordering, decimal=decimal)
    return _built(Domain(tuple(values), counts, column, rule.other, decimal, ordering), rule)


def build_released_hierarchy(
    rule: HierarchyRule | None,
    column: str,
    values: Sequence[Label],
    counts: NDArray[np.int64],
    *,
    ordering: Ordering,
    decimal: str = ".",
) -> Hierarchy:
    """Build the hierarchy of a column whose labels are released; see :func:`build_hierarchy`.

    Raises
    ------
    HierarchyError
        Also if a label could be taken for a value that it does not cover.
    """
    if rule is None:
        rule = default_rule(values, ordering, decimal=decimal)
    domain = Domain(tuple(values), counts, column, rule.other, decimal, ordering)
    built = _built(domain, rule)
    refuse_confusion(domain, built)
    return built


def _built(domain: Domain, rule: HierarchyRule) -> Hierarchy:
    if isinstance(rule, TreeRule):
        assert domain.ordering is not None, "whoever brings a tree brings it along"
        return _tree(domain, rule, numeric=domain.ordering.meaning is Meaning.number)
    return _computed(domain, rule)


def _computed(domain: Domain, rule: _Computed) -> Hierarchy:  # noqa: PLR0911 (a kind of rule each)
    match rule:
        case IntervalRule() | RoundingRule():
            return _numeric(domain, rule)
        case DateRule():
            return by_period(
                domain, levels=rule.levels, written=rule.format, until=rule.two_digit_years_until
            )
        case MaskRule():
            return _mask(domain, rule)
        case OrderRule():
            return by_order(domain, sizes=rule.sizes, order=rule.order)
        case FrequencyRule():
            return by_frequency(domain, keep=rule.keep, rest=rule.rest)
        case KnownRule():
            return _known(domain, rule)
        case SuppressRule():
            return by_suppression(domain)


def _numeric(domain: Domain, rule: IntervalRule | RoundingRule) -> Hierarchy:
    if isinstance(rule, RoundingRule):
        return by_rounding(domain, steps=rule.steps or [10])
    return by_interval(
        domain, widths=rule.widths, lower=rule.lower, upper=rule.upper, outside=rule.outside
    )


def _mask(domain: Domain, rule: MaskRule) -> Hierarchy:
    return by_mask(
        domain,
        mask=Mask(rule.side, rule.character, rule.parts),
        levels=rule.levels,
        per_level=rule.per_level,
        keep=rule.keep,
    )


def _known(domain: Domain, rule: KnownRule) -> Hierarchy:
    above = known_rows(
        rule.tree, domain.texts, country=rule.country, year=rule.year, small=rule.small
    )
    rows = zip(*above.values(), strict=True) if above else repeat((), DEPTHS[rule.tree])
    levels = [Level.of(row) for row in ([*above], *rows)]
    return complete(domain, levels, remedy="add them to a tree of your own")


# -- trees ---------------------------------------------------------------------------------


def _tree(domain: Domain, rule: TreeRule, *, numeric: bool) -> Hierarchy:
    if rule.nodes is not None:
        return from_nodes(domain, rule.nodes, numeric=numeric)
    named = replace(domain, column=f"{domain.column} ({base_name(str(rule.path))})")
    text = _text(named.column, rule)
    lines = read_lines(text, domain.values, column=named.column, separator=rule.separator)
    first = int(rule.header)
    rows = without_arx_missing(lines.rows[first:], domain.values)
    return from_rows(named, rows, lines=lines.numbers[first:], numeric=numeric)


def _text(column: str, rule: TreeRule) -> str:
    """Return the content of a tree's file as text, in the encoding that the rule names."""
    content = _content(column, str(rule.path))
    encoding = "utf-8-sig" if rule.encoding.lower().replace("_", "-") == "utf-8" else rule.encoding
    try:
        return content.decode(encoding)
    except LookupError:
        problem = f"{rule.encoding} is no known encoding"
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"line {line} of the hierarchy is not written in {rule.encoding}"
    # Outside of the handler: the decoder's error holds the content of the file.
    raise HierarchyError(
        f"{column}: {problem}; say which encoding it is, such as encoding: latin-1"
    )


def _content(column: str, path: str) -> bytes:
    try:
        with open_to_read(path) as file, reading(path):
            return file.read()
    except StoreAccessError:
        raise
    except SourceError as error:
        problem = str(error)
    raise HierarchyError(f"{column}: {problem}")


# -- no rule -------------------------------------------------------------------------------


def default_rule(
    values: Sequence[Label], ordering: Ordering, *, decimal: str = "."
) -> HierarchyRule:
    """Return the obvious rule for a column that the request has none for.

    ====================  =================================================================
    numbers               intervals of up to three widths of the series 1, 2, 5, 10 …, the
                          first near a twentieth of the span; suppressed if there are two
    dates and times       month, quarter, year; month, year, decade if they span two years
                          or more; the day first for times
    codes                 masked from the right: more than 20 texts of one length, three
                          characters or longer, with a digit in each
    at most 20 texts      suppressed
    other texts           the 20, 10, 5 most frequent kept
    ====================  =================================================================

    Odd values among numbers and dates go to a branch of their own.
    """
    texts = [value for value in values if value is not None]
    if ordering.meaning is Meaning.number:
        return _default_intervals(texts, decimal)
    if ordering.meaning in {Meaning.date, Meaning.moment}:
        return _default_periods(texts, timed=ordering.meaning is Meaning.moment)
    if len(texts) <= _FEW:
        return SuppressRule()
    lengths = set(map(len, texts))
    if len(lengths) == 1 and min(lengths) >= _SHORTEST_CODE and all(map(_CODE.fullmatch, texts)):
        return MaskRule()
    return FrequencyRule(keep=(20, 10, 5), rest=free_label(texts))


def _default_intervals(texts: Sequence[str], decimal: str) -> HierarchyRule:
    numbers = Numbers.of(texts, decimal=decimal)
    places = numbers.common_places()
    sizes = numbers.in_units(places)
    if len(np.unique(sizes)) <= _PAIR:
        return SuppressRule()
    widths = _nice_widths(int(sizes.max()) - int(sizes.min()), least=2)
    other = free_label(texts)
    return IntervalRule(widths=tuple(float(f"{w}e{-places}") for w in widths), other=other)


def _nice_widths(span: int, *, least: int) -> list[int]:
    """Return up to three widths below a span, each a multiple of the one before it.

    Their first digits are 1, 2 or 5.
    """
    series = [digit * 10**power for power in range(len(str(span)) + 1) for digit in (1, 2, 5)]
    widths = [next(w for w in series if w >= least and 20 * w >= span)]
    for width in series:
        if widths[-1] < width < span and width % widths[-1] == 0:
            widths.append(width)
    return widths[:_MOST_WIDTHS]


def _default_periods(texts: Sequence[str], *, timed: bool) -> HierarchyRule:
    days = read_days(texts)
    days = days[days != NO_DAY]
    long = bool(len(days)) and int(days.max() - days.min()) >= 2 * 365
    finest: tuple[DateLevel, ...] = ("day", "month") if timed else ("month",)
    coarse: tuple[DateLevel, ...] = ("year", "decade") if long else ("quarter", "year")
    return DateRule(levels=finest + coarse, other=free_label(texts))
