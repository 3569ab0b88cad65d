"""The values that a hierarchy is built for, and what becomes of those that it lacks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from operator import lt
from typing import cast

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Hierarchy, Label, Level
from anon_dagster.core.ordering import Ordering
from anon_dagster.discreet import Discreet
from anon_dagster.errors import HierarchyError, counted


@dataclass(frozen=True, eq=False)
class Domain(Discreet, shown=("column",)):
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
        if len(self.texts) + 1 >= len(self.values) and is_ascending(self.texts):
            return
        twice = len(self.values) - len(set(self.values))
        if twice:
            raise HierarchyError(f"{self.column}: {twice} values stand in it more than once")

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The values that are not missing."""
        if None not in self.values:
            return cast("tuple[str, ...]", self.values)
        return tuple([value for value in self.values if value is not None])

    @property
    def in_order(self) -> list[str]:
        """The values that have a place in the order, by that place."""
        assert self.ordering is not None, "whoever asks for the order brings it along"
        values = [self.values[position] for position in self.ordering.in_order.tolist()]
        return [value for value in values if value is not None]

    @property
    def has_missing(self) -> bool:
        """Whether one of the values is a missing one."""
        return len(self.texts) < len(self.values)


def is_ascending(texts: Sequence[str]) -> bool:
    """Tell whether each text comes after the one before it by the alphabet, so that all differ."""
    return all(map(lt, texts, texts[1:]))


def grow(
    domain: Domain,
    known: NDArray[np.bool_],
    levels: Sequence[Level],
    *,
    remedy: str = "add them to the hierarchy",
) -> Hierarchy:
    """Build the hierarchy of the values that a rule knows.

    Parameters
    ----------
    known
        (texts of the domain,): the values that the rule can read.
    levels
        The levels between these values, which are the leaves, and ``*``.
    remedy
        What a caller can do about values that are left out.
    """
    leaves, lacking = domain.texts, list[str]()
    if not known.all():
        leaves = tuple(compress(domain.texts, known.tolist()))
        lacking = list(compress(domain.texts, (~known).tolist()))
    rows = [Level.of_different(leaves), *levels]
    return _joined(domain, rows, lacking, missing=domain.has_missing, remedy=remedy)


def complete(domain: Domain, levels: Sequence[Level], *, remedy: str) -> Hierarchy:
    """Add the values that the levels lack, and the root, which is a level of its own."""
    leaves = frozenset(levels[0].labels)
    lacking = [text for text in domain.texts if text not in leaves]
    missing = domain.has_missing and None not in leaves
    return _joined(domain, levels, lacking, missing=missing, remedy=remedy)


def _joined(
    domain: Domain, levels: Sequence[Level], lacking: list[str], *, missing: bool, remedy: str
) -> Hierarchy:
    if lacking and domain.other is None:
        raise _lacks(domain, set(lacking), remedy)
    if len(lacking) > 1 and domain.other in lacking:
        raise joins_its_name(domain, domain.other, "other")
    added: list[tuple[Sequence[Label], list[Label]]] = []
    if lacking:
        added.append((lacking, _branch(levels, domain.other)))
    if missing:
        added.append(([None], _branch(levels, None)))
    for leaves, labels in added:
        above = zip(levels[1:], labels[1:], strict=True)
        levels = [
            levels[0].with_leaves(leaves),
            *(level.with_branch(label, len(leaves)) for level, label in above),
        ]
    if not len(levels[0].codes):
        levels = [*levels, Level.of([])]
    try:
        return Hierarchy.from_levels(levels)
    except HierarchyError as error:
        raise HierarchyError(f"{domain.column}: {error}") from None


def _branch(levels: Sequence[Level], label: Label) -> list[Label]:
    """Return what a branch of that label reads at each level, (levels,).

    If the label is part of the hierarchy, the branch has the parents that it has there.
    """
    for height, level in enumerate(levels):
        if label in level.labels:
            leaf = int(np.argmax(level.codes == level.labels.index(label)))
            above = [other.labels[other.codes[leaf]] for other in levels[height:]]
            return [*[label] * height, *above]
    return [label] * len(levels)


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
