"""Groups of values: neighbours in their order, and the rare ones joined."""

from collections.abc import Sequence
from functools import partial
from itertools import accumulate, repeat
from operator import mul

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders.arrangement import Arrangement
from anon_dagster.core.builders.domain import Domain, grow, is_ascending, joins_its_name
from anon_dagster.core.hierarchy import Hierarchy, Level
from anon_dagster.errors import HierarchyError

Ints = NDArray[np.int64]

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
    places = _places(domain) if order is None else _given_places(domain, ordered)
    known = places >= 0
    places, last = places[known], max(len(ordered) - 1, 0)
    arranged, levels = Arrangement.by(places), list[Level]()
    for size in (min(size, last + 1) for size in accumulate(sizes, mul)):
        level = arranged.level(places // size, partial(_spans, ordered, size))
        levels.append(level.further(level.labels))  # the last group may be named like another one
    remedy = "add them to the order" if order is not None else _NAME_THE_MISSING
    return grow(domain, known, levels, remedy=remedy)


def _places(domain: Domain) -> Ints:
    """Return the place of each text in the order of what they mean, (texts,), or -1."""
    assert domain.ordering is not None, "whoever asks for the order brings it along"
    positions = domain.ordering.in_order
    places = np.full(len(domain.values), -1, dtype=np.int64)
    places[positions] = np.arange(len(positions))
    return places[[value is not None for value in domain.values]]


def _given_places(domain: Domain, ordered: list[str]) -> Ints:
    """Return the place of each text in an order that is given, (texts,), or -1."""
    places = {text: place for place, text in enumerate(ordered)}
    if len(places) < len(ordered):
        twice = len(ordered) - len(places)
        raise HierarchyError(f"{domain.column}: {twice} values stand in the order more than once")
    of_texts = map(places.get, domain.texts, repeat(-1))
    return np.fromiter(of_texts, np.int64, len(domain.texts))


def _spans(ordered: list[str], size: int, groups: Ints) -> list[str]:
    """Name groups of so many neighbours, (groups,)."""
    bounds = ((first, min(first + size, len(ordered)) - 1) for first in (groups * size).tolist())
    ends = ((ordered[first], ordered[last]) for first, last in bounds)
    return [first if first == last else f"{first} .. {last}" for first, last in ends]


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
    texts, present = domain.texts, [value is not None for value in domain.values]
    by_text = np.arange(len(texts))
    if not is_ascending(texts):
        by_text = np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)
    ranked = by_text[np.argsort(-domain.counts[present][by_text], kind="stable")]
    names = [texts[place] for place in ranked.tolist()]
    if rest in texts and any(text != rest for text in names[min(keep) :]):
        raise joins_its_name(domain, rest, "rest")
    ranks = np.empty(len(texts), dtype=np.int64)
    ranks[ranked] = np.arange(len(texts))
    arranged = Arrangement.by(ranks)
    levels = [
        arranged.level(np.minimum(ranks, kept), partial(_kept_names, [*names[:kept], rest]))
        for kept in keep
    ]
    return grow(domain, np.ones(len(texts), dtype=np.bool_), levels)


def _kept_names(names: list[str], ranks: Ints) -> list[str]:
    return [names[rank] for rank in ranks.tolist()]
