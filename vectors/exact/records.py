"""What a class of records promises of a sensitive value: the definitions of the papers.

``held`` counts the values of one class, ``table`` those of the whole table.

References
----------
.. [1] A. Machanavajjhala, J. Gehrke, D. Kifer, M. Venkitasubramaniam, "l-diversity: privacy beyond
   k-anonymity", ICDE 2006.
.. [2] R. C.-W. Wong, J. Li, A. W.-C. Fu, K. Wang, "(alpha, k)-anonymity", KDD 2006.
.. [3] N. Li, T. Li, S. Venkatasubramanian, "t-closeness: privacy beyond k-anonymity and
   l-diversity", ICDE 2007.
.. [4] J. Cao, P. Karras, "Publishing microdata with a robust privacy guarantee", PVLDB 5(11), 2012.
.. [5] J. Brickell, V. Shmatikov, "The cost of privacy", KDD 2008.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction

from vectors.exact.numbers import entropy_reaches, is_at_most_ln, is_below_power_of_two
from vectors.exact.tables import Tree, Value, in_order, leaves_of

Shares = Mapping[Value, Fraction]


def shares(held: Mapping[Value, int]) -> dict[Value, Fraction]:
    """Return the share of each value."""
    n = sum(held.values())
    return {value: Fraction(count, n) for value, count in held.items() if count}


def is_distinct_diverse(held: Counter[Value], l: int) -> bool:  # noqa: E741 (the papers' name)
    """Tell whether there are l different values [3]_ (section 2)."""
    return len(held) >= l


def is_entropy_diverse(held: Counter[Value], l: Fraction) -> bool:  # noqa: E741
    """Tell whether ``-Σ p log p >= log l`` [1]_ (definition 4.1)."""
    return bool(held) and entropy_reaches(list(held.values()), l)


def is_recursively_diverse(held: Counter[Value], l: int, c: Fraction) -> bool:  # noqa: E741
    """Tell whether ``r_1 < c (r_l + … + r_m)`` of the counts in descending order [1]_ (4.2)."""
    counts = sorted(held.values(), reverse=True)
    return bool(counts) and counts[0] < c * sum(counts[l - 1 :])


def largest_share(q: Shares, guarded: Iterable[Value] | None) -> Fraction:
    """Return the share of the most frequent guarded value [2]_ (definition 2)."""
    asked = q if guarded is None else guarded
    return max((q.get(value, Fraction(0)) for value in asked), default=Fraction(0))


def equal_distance(q: Shares, p: Shares) -> Fraction:
    """Return ``½ Σ |p - q|`` [3]_ (section 5.2)."""
    return sum((abs(q.get(v, Fraction(0)) - p[v]) for v in p), Fraction(0)) / 2


def ordered_distance(q: Shares, p: Shares) -> Fraction:
    """Return ``1/(m-1) Σ_i |Σ_{j <= i} (p_j - q_j)|`` over the m values of the table [3]_ (5.1)."""
    order = in_order(set(p))
    carried = moved = Fraction(0)
    for value in order:
        carried += p[value] - q.get(value, Fraction(0))
        moved += abs(carried)
    return moved / max(len(order) - 1, 1)


def hierarchical_distance(q: Shares, p: Shares, tree: Tree) -> Fraction:
    """Return ``Σ_N cost(N)`` over the inner nodes N of the tree [3]_ (section 5.2).

    ``cost(N) = height(N) / H · min(pos_extra(N), neg_extra(N))``, where pos_extra adds up what the
    children of N have more in the class than in the table, neg_extra what they have less.
    """
    paths = list(leaves_of(tree))
    height = len(paths[0])
    assert all(len(path) == height for path in paths), "all leaves are equally deep"
    extra: dict[tuple[str, ...], Fraction] = {}
    for path in paths:
        leaf = (path[-1],)
        ahead = q.get(leaf, Fraction(0)) - p.get(leaf, Fraction(0))
        for depth in range(height + 1):
            extra[path[:depth]] = extra.get(path[:depth], Fraction(0)) + ahead
    cost = Fraction(0)
    for node in extra:
        below = [amount for child, amount in extra.items() if child and child[:-1] == node]
        more = sum((amount for amount in below if amount > 0), Fraction(0))
        less = -sum((amount for amount in below if amount < 0), Fraction(0))
        cost += Fraction(height - len(node), height) * min(more, less)
    return cost


def gains(q: Shares, p: Shares) -> list[tuple[Fraction, Fraction]]:
    """Return ``(q - p) / p`` and p of each value of the class."""
    return [((q[value] - p[value]) / p[value], p[value]) for value in q]


def is_basic_likeness(q: Shares, p: Shares, beta: Fraction) -> bool:
    """Tell whether ``(q - p) / p <= β`` of each value [4]_ (definition 2)."""
    return all(gain <= beta for gain, _ in gains(q, p))


def is_enhanced_likeness(q: Shares, p: Shares, beta: Fraction) -> bool:
    """Tell whether ``(q - p) / p <= min(β, -ln p)`` of each value [4]_ (definition 3)."""
    return is_basic_likeness(q, p, beta) and all(
        is_at_most_ln(gain, 1 / share) for gain, share in gains(q, p)
    )


def discloses_less(q: Shares, p: Shares, delta: Fraction, *, present_only: bool) -> bool:
    """Tell whether ``|log2(q / p)| < δ`` of each value of the table [5]_ (section 3).

    With ``present_only``, of each value of the class: a weaker promise of some tools.
    """
    if not present_only and set(q) != set(p):
        return False  # log 0 is infinite
    ratios = [q[value] / p[value] for value in q]
    return all(is_below_power_of_two(max(ratio, 1 / ratio), delta) for ratio in ratios)
