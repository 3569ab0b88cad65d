"""What a class promises of persons who may have several records, and so several values.

The share of a value is that of the persons who have it; shares may add up to more than 1. Where
each person has one record, each definition says what the one of records does. ``held`` and
``table`` give the values that each person has there.
"""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

from vectors.exact.records import Shares, equal_distance, hierarchical_distance
from vectors.exact.records import shares as shares_of_counts
from vectors.exact.tables import MISSING, Tree, Value, in_order

Held = Mapping[Value, set[Value]]


def together(classes: list[dict[Value, set[Value]]]) -> dict[Value, set[Value]]:
    """Return what each person has in all classes."""
    has: dict[Value, set[Value]] = {}
    for held in classes:
        for person, values in held.items():
            has.setdefault(person, set()).update(values)
    return has


def with_values(held: Held) -> dict[Value, set[Value]]:
    """Leave out missing values, and persons who have no other."""
    left = {person: values - {MISSING} for person, values in held.items()}
    return {person: values for person, values in left.items() if values}


def having(held: Held) -> Counter[Value]:
    """Count the persons who have each value: the pairs of a person and a value."""
    return Counter(value for values in held.values() for value in values)


def shares(held: Held) -> dict[Value, Fraction]:
    """Return the share of persons who have each value."""
    return {value: Fraction(n, len(held)) for value, n in having(held).items()}


def is_spread(held: Held, l: Fraction) -> bool:  # noqa: E741 (the papers' name)
    """Tell whether no value is had by more than all but ``l - 1`` of the persons."""
    return max(having(held).values(), default=0) <= len(held) - (l - 1)


def equal_distances(held: Held, table: Held) -> Fraction:
    """Return the distance of the pairs, or of the share of a value that is farther apart."""
    of_pairs = equal_distance(shares_of_counts(having(held)), shares_of_counts(having(table)))
    q, p = shares(held), shares(table)
    return max([of_pairs, *(abs(q.get(value, Fraction(0)) - p[value]) for value in p)])


def ordered_distances(held: Held, table: Held) -> Fraction:
    """Return the larger mean, over cuts, of how far shares of persons are apart.

    Of those who have a value up to the cut, and of those who have one beyond it.
    """
    order = in_order(set(having(table)))
    low = high = Fraction(0)
    for cut in range(1, len(order)):
        low += _apart(held, table, set(order[:cut]))
        high += _apart(held, table, set(order[cut:]))
    return max(low, high) / max(len(order) - 1, 1)


def _apart(held: Held, table: Held, some: set[Value]) -> Fraction:
    """Return how far the shares of persons who have one of some values are apart."""
    q, p = (
        Fraction(sum(bool(values & some) for values in has.values()), len(has))
        for has in (held, table)
    )
    return abs(q - p)


def hierarchical_distances(held: Held, table: Held, tree: Tree) -> Fraction:
    """Return the distance where the values of a person share her weight equally."""
    return hierarchical_distance(_weighed(held), _weighed(table), tree)


def _weighed(held: Held) -> Shares:
    weights: dict[Value, Fraction] = {}
    for values in held.values():
        for value in values:
            own = Fraction(1, len(values) * len(held))
            weights[value] = weights.get(value, Fraction(0)) + own
    return weights
