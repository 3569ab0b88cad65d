"""The values that a hierarchy is built for, and what becomes of those that it lacks."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders.number import Number, read_number
from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label
from anon_dagster.core.ordering import Ordering
from anon_dagster.errors import HierarchyError, counted

_T = TypeVar("_T")
Levels = list[list[Label]]  # (levels,) of (leaves,)


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """The distinct values of one attribute, as texts; ``None`` is a missing value.

    A missing value is a value like any other: a leaf of its own, which stays missing at every
    level below ``*`` unless the hierarchy itself says what becomes of it. Any other value that
    the hierarchy lacks goes to the branch ``other``: from level 1 on it reads ``other``, or what
    ``other`` itself becomes if that is a label of the hierarchy. Without that branch such values
    are an error.
    """

    values: tuple[Label, ...]  # (values,): all different
    counts: NDArray[np.int64] | None = None  # (values,): records that hold each
    column: str = "the column"
    other: str | None = None
    decimal: str = "."
    """The decimal mark of the numbers among the values."""
    ordering: Ordering | None = None
    """What the values mean, where a rule asks how they follow."""

    def __post_init__(self) -> None:
        twice = len(self.values) - len(set(self.values))
        if twice:
            raise HierarchyError(f"{self.column}: {twice} values stand in it more than once")

    @property
    def texts(self) -> list[str]:
        """The values that are not missing."""
        return [value for value in self.values if value is not None]

    @property
    def in_order(self) -> list[str]:
        """The values that have a place in the order, by that place."""
        assert self.ordering is not None, "whoever asks for the order brings it along"
        values = [self.values[position] for position in self.ordering.in_order]
        return [value for value in values if value is not None]

    def numbers(self) -> dict[str, Number]:
        """Return those of the values that are numbers, each with its number."""
        read = {text: read_number(text, decimal=self.decimal) for text in self.texts}
        return {text: number for text, number in read.items() if number is not None}


def grow(
    domain: Domain,
    readings: dict[str, _T],
    levels: Callable[[list[_T]], list[list[str]]],
    *,
    remedy: str = "add them to the hierarchy",
) -> Hierarchy:
    """Build the hierarchy of the values that a rule knows, as it has read them.

    Parameters
    ----------
    readings
        What the rule reads each value as; values that it cannot read are left out.
    levels
        From what was read to the labels of the levels between the values and ``*``.
    remedy
        What a caller can do about values that are left out.
    """
    rows: Levels = [list(readings)]
    rows += [[*row] for row in levels(list(readings.values()))]
    return complete(domain, rows, remedy=remedy)


def complete(domain: Domain, rows: Levels, *, remedy: str) -> Hierarchy:
    """Add the values that the rows lack, and the root, which is a level of its own."""
    leaves = frozenset[Label](rows[0])
    lacking: list[Label] = [v for v in domain.values if v not in leaves and v is not None]
    missing = None in domain.values and None not in leaves
    if lacking and domain.other is None:
        raise _lacks(domain, set(lacking), remedy)
    if len(lacking) > 1 and domain.other in lacking:
        raise joins_its_name(domain, domain.other, "other")
    added: list[tuple[list[Label], list[Label]]] = []
    if lacking:
        added.append((lacking, _branch(rows, domain.other)))
    if missing:
        added.append(([None], _branch(rows, None)))
    values = [*rows[0], *(value for more, _ in added for value in more)]
    above = [
        [*row, *(branch[level] for more, branch in added for _ in more)]
        for level, row in enumerate(rows[1:], start=1)
    ]
    try:
        return Hierarchy.from_labels([values, *above, [SUPPRESSED] * len(values)])
    except HierarchyError as error:
        raise HierarchyError(f"{domain.column}: {error}") from None


def _branch(rows: Levels, label: Label) -> list[Label]:
    """Return what a branch of that label reads at each level, (levels,).

    If the label is part of the hierarchy, the branch has the parents that it has there.
    """
    for level, row in enumerate(rows):
        if label in row:
            leaf = row.index(label)
            return [*[label] * level, *[above[leaf] for above in rows[level:]]]
    return [label] * len(rows)


def _lacks(domain: Domain, lacking: set[Label], remedy: str) -> HierarchyError:
    return HierarchyError(
        f"{domain.column}: the hierarchy lacks {counted(len(lacking), 'value')} of the column"
        f"{records_with(domain, lacking)}; {remedy}, or name a branch for them with other"
    )


def joins_its_name(domain: Domain, label: Label, option: str) -> HierarchyError:
    """Return the error for values that are joined under a label that is one of them itself."""
    return HierarchyError(
        f"{domain.column}: the label that {option} gives to values that are joined is a value of "
        f"the column itself{records_with(domain, {label})}, and the two could not be told apart; "
        f"give another label ({option}: …), or name the value as missing if it stands for none"
    )


def records_with(domain: Domain, values: Collection[Label]) -> str:
    """Tell in brackets how many records hold some of the values, if that is known."""
    if domain.counts is None:
        return ""
    held = (c for v, c in zip(domain.values, domain.counts, strict=True) if v in values)
    return f" ({counted(sum(map(int, held)), 'record')})"
