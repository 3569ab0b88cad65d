"""Groups of values: neighbours in their order, and the rare ones joined."""

from collections.abc import Sequence
from itertools import accumulate
from operator import mul

from anon_dagster.core.builders.domain import Domain, grow, joins_its_name
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.errors import HierarchyError

_NAME_THE_MISSING = (
    "the others are numbers or dates, and these are none: name those that stand for a missing "
    "value in missing, give the whole order"
)


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
        and the rule. If left out, the values themselves in the order of
        what they mean.

    Raises
    ------
    HierarchyError
        If ``order`` names a value twice, or lacks values and the domain has no branch ``other``.
    """
    ordered = domain.in_order if order is None else list(order)
    places = {text: place for place, text in enumerate(ordered)}
    if len(places) < len(ordered):
        twice = len(ordered) - len(places)
        raise HierarchyError(f"{domain.column}: {twice} values stand in the order more than once")

    def groups(of_values: list[int]) -> list[list[str]]:
        return [
            [_span(ordered, rank - rank % size, size) for rank in of_values]
            for size in accumulate(sizes, mul)
        ]

    present = {text: places[text] for text in domain.texts if text in places}
    remedy = "add them to the order" if order is not None else _NAME_THE_MISSING
    return grow(domain, present, groups, remedy=remedy)


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

    Raises
    ------
    HierarchyError
        If ``rest`` is one of the values, and others are joined with it.
    """
    assert domain.counts is not None, "frequencies need the counts of the values"
    counts = dict(zip(domain.values, domain.counts.tolist(), strict=True))
    ranked = sorted(domain.texts, key=lambda text: (-counts[text], text))
    ranks = {text: rank for rank, text in enumerate(ranked)}
    if rest in ranks and any(text != rest for text in ranked[min(keep) :]):
        raise joins_its_name(domain, rest, "rest")

    def joined(texts: list[str]) -> list[list[str]]:
        return [[text if ranks[text] < kept else rest for text in texts] for kept in keep]

    return grow(domain, {text: text for text in domain.texts}, joined)
