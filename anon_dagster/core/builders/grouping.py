"""Groups of values: neighbours in their order, and the rare ones joined."""

from collections.abc import Sequence
from itertools import accumulate
from operator import mul

from anon_dagster.core.builders.domain import Domain, grow
from anon_dagster.core.builders.number import common_places, read_number, units
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.errors import HierarchyError


def by_order(
    domain: Domain, *, sizes: Sequence[int], order: Sequence[str] | None = None
) -> Hierarchy:
    """Join neighbours in the order of the values; a group reads ``first .. last``.

    Parameters
    ----------
    sizes
        (levels - 2,); how many groups of the level below (values, at first) a group joins. The
        last group of a level may be smaller.
    order
        The values in their order; then the label of a value depends on nothing but the value
        and the rule. If left out, the values themselves, as :func:`in_order` puts them.

    Raises
    ------
    HierarchyError
        If ``order`` names a value twice, or lacks values and the domain has no branch ``other``.
    """
    ordered = in_order(domain.texts, decimal=domain.decimal) if order is None else list(order)
    ranks = {text: rank for rank, text in enumerate(ordered)}
    if len(ranks) < len(ordered):
        twice = len(ordered) - len(ranks)
        raise HierarchyError(f"{domain.column}: {twice} values stand in the order more than once")

    def groups(of_values: list[int]) -> list[list[str]]:
        return [
            [_span(ordered, rank - rank % size, size) for rank in of_values]
            for size in accumulate(sizes, mul)
        ]

    present = {text: ranks[text] for text in domain.texts if text in ranks}
    return grow(domain, present, groups, remedy="add them to the order")


def in_order(texts: Sequence[str], *, decimal: str = ".") -> list[str]:
    """Sort numbers by size if all of the texts are numbers, else texts by their characters."""
    numbers = {text: read_number(text, decimal=decimal) for text in texts}
    read = [number for number in numbers.values() if number is not None]
    if len(read) < len(numbers):
        return sorted(texts)
    places = common_places(read)
    sizes = {text: units(number, places) for text, number in zip(numbers, read, strict=True)}
    return sorted(texts, key=lambda text: (sizes[text], text))


def _span(ordered: list[str], start: int, size: int) -> str:
    first, last = ordered[start], ordered[min(start + size, len(ordered)) - 1]
    return first if first == last else f"{first} .. {last}"


def by_frequency(domain: Domain, *, keep: Sequence[int], rest: str = "other") -> Hierarchy:
    """Keep the most frequent values and join the others, more of them level by level.

    Missing values are neither ranked nor joined. What a value becomes depends on the counts.

    Parameters
    ----------
    keep
        (levels - 2,); how many values each level keeps, falling. Among equally frequent values
        the alphabet decides.
    rest
        Label of those that are joined.
    """
    assert domain.counts is not None, "frequencies need the counts of the values"
    counts = dict(zip(domain.values, domain.counts.tolist(), strict=True))
    ranked = sorted(domain.texts, key=lambda text: (-counts[text], text))
    ranks = {text: rank for rank, text in enumerate(ranked)}

    def joined(texts: list[str]) -> list[list[str]]:
        return [[text if ranks[text] < kept else rest for text in texts] for kept in keep]

    return grow(domain, {text: text for text in domain.texts}, joined)
