"""What a table actually reaches: its classes, and the k, l and t that they keep.

A second path to the numbers that the search relies on: classes are runs of sorted rows instead of
keys, distances are shares and quantiles instead of cross-multiplied counts. Floats decide where
the answer is clear; within :data:`NEAR` of a bound exact fractions do.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cached_property, lru_cache
from math import ceil, gcd, inf

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Hierarchy

NEAR = 1e-7
"""How close to a bound a float is not trusted: far above the error of any sum made here."""

_RADIX = 2**16
"""Columns with fewer values are sorted by radix: numpy does so for 16-bit integers."""


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """The tuples of a table, put into classes."""

    of: NDArray[np.int64]  # (tuples,): class of each tuple
    sizes: NDArray[np.int64]  # (classes,): records, each at least 1

    @property
    def records(self) -> int:
        """How many records there are."""
        return int(self.sizes.sum())

    @property
    def smallest(self) -> int:
        """The k of k-anonymity that the table reaches; 0 for an empty table."""
        return int(self.sizes.min(initial=np.iinfo(np.int64).max)) if len(self.sizes) else 0

    @property
    def largest(self) -> int:
        """The size of the largest class; 0 for an empty table."""
        return int(self.sizes.max(initial=0))

    @property
    def squares(self) -> int:
        """The sum of the squared class sizes, which no type bounds."""
        sizes, classes = np.unique(self.sizes, return_counts=True)
        return sum(s * s * c for s, c in zip(sizes.tolist(), classes.tolist(), strict=True))

    def records_above(self, threshold: Fraction) -> int:
        """Return how many records have a risk, 1 / class size, strictly above a threshold."""
        return int(self.sizes[self.sizes < ceil(1 / threshold)].sum())


def partition(columns: Sequence[NDArray[np.integer]], counts: NDArray[np.int64]) -> Partition:
    """Put tuples that agree in every column into a class.

    Parameters
    ----------
    columns
        Codes from 0, each (tuples,).
    counts
        (tuples,): records of each tuple.
    """
    order = None if _ascending(columns, len(counts)) else np.lexsort(_narrow(columns)[::-1])
    opens = np.zeros(len(counts), dtype=np.bool_)
    opens[:1] = True
    for column in columns:
        ordered = column if order is None else column[order]
        opens[1:] |= ordered[1:] != ordered[:-1]
    ids = opens.cumsum() - 1
    ordered_counts = counts if order is None else counts[order]
    sizes = np.add.reduceat(ordered_counts, np.flatnonzero(opens)) if len(counts) else counts
    if order is None:
        return Partition(ids, sizes)
    of = np.empty_like(ids)
    of[order] = ids
    return Partition(of, sizes)


def _ascending(columns: Sequence[NDArray[np.integer]], rows: int) -> bool:
    """Tell whether rows are in lexicographic order, as those of a frequency table mostly are."""
    tied = np.ones(max(rows - 1, 0), dtype=np.bool_)
    for column in columns:
        if (tied & (column[1:] < column[:-1])).any():
            return False
        tied &= column[1:] == column[:-1]
    return True


def _narrow(columns: Sequence[NDArray[np.integer]]) -> list[NDArray[np.integer]]:
    return [c.astype(np.uint16) if c.max(initial=0) < _RADIX else c for c in columns]


@dataclass(frozen=True, eq=False)
class Contents:
    """How often each class holds each value of a sensitive attribute."""

    sizes: NDArray[np.int64]  # (classes,): records, each at least 1
    classes: NDArray[np.int64]  # (entries,): ascending, every class at least once
    values: NDArray[np.int64]  # (entries,): ascending within a class
    counts: NDArray[np.int64]  # (entries,), each at least 1

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First entry of each class, (classes,)."""
        return np.flatnonzero(np.diff(self.classes, prepend=-1))

    @cached_property
    def _bounds(self) -> NDArray[np.int64]:
        return np.append(self.starts, len(self.classes))

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of each entry in its class, (entries,)."""
        return self.counts / self.sizes[self.classes]

    def totals(self, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up amounts, (entries,), within each class, (classes,)."""
        return np.add.reduceat(amounts, self.starts) if len(amounts) else amounts

    def of(self, place: int) -> dict[int, int]:
        """Return the counts of one class by value."""
        own = slice(self._bounds[place], self._bounds[place + 1])
        return dict(zip(self.values[own].tolist(), self.counts[own].tolist(), strict=True))

    def recode(self, values: NDArray[np.integer]) -> "Contents":
        """Replace each value by another: ``values[v]`` stands for v."""
        if np.array_equal(values, np.arange(len(values))):
            return self
        return _contents(self.sizes, self.classes, values[self.values], self.counts)


def contents(
    classes: Partition, values: NDArray[np.integer], counts: NDArray[np.int64]
) -> Contents:
    """Count the values, (tuples,), of a sensitive attribute in each class."""
    return _contents(classes.sizes, classes.of, values, counts)


def _contents(
    sizes: NDArray[np.int64],
    classes: NDArray[np.int64],
    values: NDArray[np.integer],
    counts: NDArray[np.int64],
) -> Contents:
    width = int(values.max(initial=0)) + 1  # classes · width is at most tuples · values
    pairs = classes * width + values
    if (pairs[1:] < pairs[:-1]).any():
        order = np.argsort(pairs)
        pairs, counts = pairs[order], counts[order]
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    if len(first) < len(pairs):
        pairs, counts = pairs[first], np.add.reduceat(counts, first)
    owners = pairs // width
    return Contents(sizes, owners, pairs - owners * width, counts)


# -- l-diversity ---------------------------------------------------------------------------


def distinct_values(held: Contents) -> NDArray[np.int64]:
    """Return how many values each class holds, (classes,)."""
    return np.diff(held.starts, append=len(held.classes))


def entropies(held: Contents) -> NDArray[np.float64]:
    """Return the entropy of each class in nats, (classes,)."""
    surprise = held.totals(held.shares * -np.log(held.shares))
    return np.maximum(surprise, 0.0)


def entropy_below(held: Contents, bound: Fraction) -> NDArray[np.bool_]:
    """Tell which classes, (classes,), have an entropy below ``ln bound``, exactly."""
    excess = entropies(held) - float(np.log(float(bound)))
    below: NDArray[np.bool_] = excess < 0
    near = np.abs(excess) <= NEAR
    if near.any():  # mostly values that are equally frequent: as many as their entropy says
        least, most = (f.reduceat(held.counts, held.starts) for f in (np.minimum, np.maximum))
        uniform = near & (least == most)
        below[uniform] = distinct_values(held)[uniform] < ceil(bound)
        near &= ~uniform
    for place in np.flatnonzero(near).tolist():
        counts = sorted(held.of(place).values())
        divisor = gcd(*counts)
        below[place] = _entropy_is_below(tuple(c // divisor for c in counts), bound)
    return below


@lru_cache(maxsize=65_536)
def _entropy_is_below(counts: tuple[int, ...], bound: Fraction) -> bool:
    """Compare ``n^n / Π c^c`` with ``bound^n``: first whether they are equal, then by digits."""
    n = sum(counts)
    held = ((c, -c * times) for c, times in Counter(counts).items())
    powers = [(n, n), (bound.denominator, n), (bound.numerator, -n), *held]
    if _is_one(powers):
        return False
    digits = 40
    while True:
        with localcontext() as context:
            context.prec = digits
            terms = [exponent * Decimal(base).ln() for base, exponent in powers]
            excess, magnitude = sum(terms, Decimal(0)), sum(map(abs, terms), Decimal(0))
            if abs(excess) > magnitude * len(terms) * Decimal(10) ** (2 - digits):
                return bool(excess < 0)
        digits *= 2


def _is_one(powers: Sequence[tuple[int, int]]) -> bool:
    """Tell whether ``Π base^exponent`` is 1, by refining the bases until they are coprime."""
    left = [(base, exponent) for base, exponent in powers if base > 1]
    coprime: dict[int, int] = {}
    while left:
        base, exponent = left.pop()
        shared = next((other for other in coprime if gcd(other, base) > 1), None)
        if shared is None:
            coprime[base] = exponent
            continue
        divisor, of_shared = gcd(shared, base), coprime.pop(shared)
        parts = (
            (divisor, exponent + of_shared),
            (base // divisor, exponent),
            (shared // divisor, of_shared),
        )
        left += [part for part in parts if part[0] > 1]
    return not any(coprime.values())


@dataclass(frozen=True, slots=True, eq=False)
class HeadAndTail:
    """The two sides of recursive l-diversity."""

    most: NDArray[np.int64]  # (classes,): r_1
    tail: NDArray[np.int64]  # (classes,): r_l + ... + r_m

    @property
    def ratio(self) -> float:
        """The c that every larger one exceeds in all classes; infinite if a tail is empty."""
        if not len(self.tail):
            return 0.0
        return float((self.most / self.tail).max()) if self.tail.all() else inf

    def fail(self, c: Fraction) -> NDArray[np.bool_]:
        """Tell which classes, (classes,), break ``r_1 < c (r_l + ... + r_m)``, exactly."""
        excess = self.most - float(c) * self.tail
        failing: NDArray[np.bool_] = excess >= 0
        for place in np.flatnonzero(np.abs(excess) <= NEAR * self.most).tolist():
            failing[place] = int(self.most[place]) >= c * int(self.tail[place])
        return failing


def head_and_tail(held: Contents, l: int) -> HeadAndTail:  # noqa: E741 (the model's name)
    """Split the values of each class: the most frequent, and all from the l-th on."""
    left, tail = held.counts.copy(), held.sizes.copy()
    most = tail[:0]
    for rank in range(l - 1):
        largest = np.maximum.reduceat(left, held.starts) if len(left) else left
        most = largest if rank == 0 else most
        tail = tail - largest
        at = np.flatnonzero(left == largest[held.classes])
        left[at[np.diff(held.classes[at], prepend=-1) > 0]] = 0
        if not left.any():
            break
    return HeadAndTail(most, tail)


# -- shares --------------------------------------------------------------------------------


def largest_shares(held: Contents, guarded: NDArray[np.bool_]) -> "Distances":
    """Measure the share of the most frequent guarded value in each class; 0 where it has none.

    Parameters
    ----------
    guarded
        (values,): which values count.
    """

    def exact(place: int) -> Fraction:
        counts = held.of(place)
        most = max((c for value, c in counts.items() if guarded[value]), default=0)
        return Fraction(most, sum(counts.values()))

    shares = np.where(guarded[held.values], held.shares, 0.0)
    largest = np.maximum.reduceat(shares, held.starts) if len(shares) else shares
    return Distances(largest, exact)


def relative_gains(held: Contents, reference: NDArray[np.int64]) -> "Distances":
    """Measure by which part of itself the share of a value in a table grows in each class.

    The largest ``(q - p) / p`` [1]_ over the values; at least 0, for some value is no rarer.

    Parameters
    ----------
    held, reference
        As for :func:`equal_distances`; the table has every value that a class holds.

    References
    ----------
    .. [1] J. Cao, P. Karras, "Publishing microdata with a robust privacy guarantee", PVLDB 5(11),
       2012, definition 2.
    """
    whole, total = reference.tolist(), int(reference.sum())

    def exact(place: int) -> Fraction:
        counts = held.of(place)
        n = sum(counts.values())
        return max(Fraction(c * total, n * whole[value]) for value, c in counts.items()) - 1

    gains = held.shares / (reference[held.values] / max(total, 1)) - 1
    return Distances(np.maximum.reduceat(gains, held.starts) if len(gains) else gains, exact)


def beyond_information(held: Contents, reference: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which classes, (classes,), raise a value's share by more than it tells [1]_.

    ``(q - p) / p > -ln p``, that is ``exp(q / p - 1) > 1 / p``, exactly. A value that every
    record of the table has is raised by nothing.

    References
    ----------
    .. [1] J. Cao, P. Karras, "Publishing microdata with a robust privacy guarantee", PVLDB 5(11),
       2012, definition 3.
    """
    expected, total = reference[held.values], int(reference.sum())
    shares = expected / max(total, 1)
    excess = held.shares - shares * (1 - np.log(shares))
    beyond: NDArray[np.bool_] = excess > 0
    sizes = held.sizes[held.classes]
    for entry in np.flatnonzero(np.abs(excess) <= NEAR * held.shares).tolist():
        p = Fraction(int(expected[entry]), total)
        gain = Fraction(int(held.counts[entry]), int(sizes[entry])) / p - 1
        beyond[entry] = p < 1 and _exceeds(gain, 1 / p)
    verdict = np.zeros(len(held.sizes), dtype=np.bool_)
    verdict[held.classes[beyond]] = True
    return verdict


@lru_cache(maxsize=65_536)
def _exceeds(exponent: Fraction, odds: Fraction) -> bool:
    """Tell whether ``exp(exponent) > odds``, of which only ``exp(0) = 1`` could be equal."""
    if exponent == 0:
        return odds < 1
    digits = 40
    while True:
        with localcontext() as context:
            context.prec = digits
            power = (Decimal(exponent.numerator) / exponent.denominator).exp()
            ratio = power * odds.denominator / odds.numerator
            slack = (abs(float(exponent)) + 1) * 10.0 ** -(digits - 5)
            if abs(ratio - 1) > Decimal(slack):
                return ratio > 1
        digits *= 2


@dataclass(frozen=True, slots=True, eq=False)
class Disclosure:
    """By how many bits a class changes what is known of a value: the largest ``|log2(q / p)|``."""

    approximate: NDArray[np.float64]  # (classes,), infinite where a value is ruled out
    ratios: Callable[[int], list[Fraction]]
    """All ``q / p`` of one class."""

    @property
    def largest(self) -> float:
        """The bits of the class that tells most; 0 if there are none."""
        return float(self.approximate.max(initial=0.0))

    def reach(self, delta: Fraction) -> NDArray[np.bool_]:
        """Tell which classes, (classes,), tell ``delta`` bits or more, exactly."""
        reaching: NDArray[np.bool_] = self.approximate >= float(delta)
        excess = self.approximate - float(delta)
        for place in np.flatnonzero(np.abs(excess) <= NEAR * (1 + float(delta))).tolist():
            ratios = (max(ratio, 1 / ratio) for ratio in self.ratios(place))
            reaching[place] = any(not _is_below_power(ratio, delta) for ratio in ratios)
        return reaching


def disclosures(held: Contents, reference: NDArray[np.int64], *, present_only: bool) -> Disclosure:
    """Measure what classes disclose beyond the whole table [1]_.

    Parameters
    ----------
    held, reference
        As for :func:`equal_distances`; the table has every value that a class holds.
    present_only
        Leave out the values that a class lacks; they are infinitely rarer in it.

    References
    ----------
    .. [1] J. Brickell, V. Shmatikov, "The cost of privacy: destruction of data-mining utility in
       anonymized data publishing", KDD 2008, section 3.
    """
    whole, total = reference.tolist(), int(reference.sum())

    def ratios(place: int) -> list[Fraction]:
        counts = held.of(place)
        n = sum(counts.values())
        return [Fraction(c * total, n * whole[value]) for value, c in counts.items()]

    bits = np.abs(np.log2(held.shares / (reference[held.values] / max(total, 1))))
    most = np.maximum.reduceat(bits, held.starts) if len(bits) else bits
    if not present_only:
        most = np.where(distinct_values(held) < np.count_nonzero(reference), np.inf, most)
    return Disclosure(most, ratios)


@lru_cache(maxsize=65_536)
def _is_below_power(ratio: Fraction, exponent: Fraction) -> bool:
    """Tell whether ``ratio < 2^exponent``: by whole powers if they are short, else by digits."""
    a, b = exponent.numerator, exponent.denominator
    if b <= 64:
        return bool(ratio.numerator**b < ratio.denominator**b * 2**a)
    digits = 40
    while True:  # a power with a broken exponent is irrational
        with localcontext() as context:
            context.prec = digits
            left = Decimal(ratio.numerator) / ratio.denominator
            excess = left / Decimal(2) ** (Decimal(a) / b) - 1
            if abs(excess) > Decimal(10) ** (5 - digits) * (1 + Decimal(a) / b):
                return bool(excess < 0)
        digits *= 2


# -- t-closeness ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """A number for each class, such as how far it is from a reference distribution."""

    approximate: NDArray[np.float64]  # (classes,)
    exact: Callable[[int], Fraction]
    """The same for one class, without rounding."""

    @property
    def largest(self) -> float:
        """The largest of them, such as the t that the classes reach; 0 if there are none."""
        if not len(self.approximate):
            return 0.0
        return float(self.exact(int(self.approximate.argmax())))

    def above(self, t: Fraction) -> NDArray[np.bool_]:
        """Tell which classes, (classes,), are above a bound, exactly."""
        excess = self.approximate - float(t)
        above: NDArray[np.bool_] = excess > 0
        for place in np.flatnonzero(np.abs(excess) <= NEAR).tolist():
            above[place] = self.exact(place) > t
        return above


def equal_distances(held: Contents, reference: NDArray[np.int64]) -> Distances:
    """Measure with the equal ground distance: half the sum of the differences of the shares [1]_.

    Parameters
    ----------
    held
        What each class holds.
    reference
        (values,): counts of each value in the table compared with.

    References
    ----------
    .. [1] N. Li, T. Li, S. Venkatasubramanian, "t-closeness: privacy beyond k-anonymity and
       l-diversity", ICDE 2007, section 5.2.
    """
    whole = reference.tolist()

    def exact(place: int) -> Fraction:
        return _variation(held.of(place), whole)

    return Distances(_variations(held, reference), exact)


def hierarchical_distances(
    held: Contents,
    reference: NDArray[np.int64],
    *,
    hierarchy: Hierarchy,
    leaves: NDArray[np.integer],
) -> Distances:
    """Measure along a hierarchy [1]_: the mean of the equal distances at each level below ``*``.

    Every edge of the tree carries what its subtree has too much or too little; with all leaves
    equally deep and the leaves under a node of height h at h / H from each other, it costs
    1 / 2H. Summed over the edges of one level that is the equal distance there, over H.

    Parameters
    ----------
    held, reference
        As for :func:`equal_distances`.
    hierarchy
        The tree of the attribute.
    leaves
        (values,): leaf of each value.

    References
    ----------
    .. [1] N. Li et al., "t-closeness", ICDE 2007, section 5.2 (hierarchical distance).
    """
    levels = [
        (nodes[leaves], len(labels))
        for nodes, labels in zip(hierarchy.codes[:-1], hierarchy.labels[:-1], strict=True)
    ]
    seen = [(held.recode(nodes), _grouped(reference, nodes, size)) for nodes, size in levels]

    wholes = [r.tolist() for _, r in seen]

    def exact(place: int) -> Fraction:
        steps = [_variation(h.of(place), r) for (h, _), r in zip(seen, wholes, strict=True)]
        return sum(steps, Fraction(0)) / len(steps)

    return Distances(np.mean([_variations(h, r) for h, r in seen], axis=0), exact)


def ordered_distances(
    held: Contents, reference: NDArray[np.int64], *, ranks: NDArray[np.integer]
) -> Distances:
    """Measure along the order of the values, neighbours of m being 1 / (m - 1) apart [1]_.

    The records of a class and of the table, both in order, are matched by quantile: nothing moves
    less. With G the cumulated shares of the table and ``H(u)`` the integral of its quantiles, the
    entry of a class at place x between the quantiles a and b costs ``∫ |x - G⁻¹(u)| du`` there.

    Parameters
    ----------
    held, reference
        As for :func:`equal_distances`.
    ranks
        (values,): place of each value in the order. Values that neither the table nor a class
        has are no steps on the way.

    References
    ----------
    .. [1] N. Li et al., "t-closeness", ICDE 2007, section 5.1 (ordered distance).
    """
    occurs = reference > 0
    occurs[held.values] = True
    ranks = np.searchsorted(np.sort(ranks[occurs]), ranks)
    steps = max(int(occurs.sum()) - 1, 1)
    ordered = held.recode(ranks)
    table = _grouped(np.where(occurs, reference, 0), ranks, len(ranks))
    shares = table / max(int(table.sum()), 1)
    cumulated = np.concatenate([[0.0], shares.cumsum()])  # G: (values + 1,)
    integral = np.concatenate([[0.0], (shares * np.arange(len(shares)) / steps).cumsum()])
    running = ordered.counts.cumsum()
    before = (running - ordered.counts)[ordered.starts][ordered.classes]
    upper = (running - before) / ordered.sizes[ordered.classes]
    lower = (running - before - ordered.counts) / ordered.sizes[ordered.classes]
    place = ordered.values / steps
    turn = np.clip(cumulated[ordered.values + 1], lower, upper)
    h_lower, h_turn, h_upper = (np.interp(u, cumulated, integral) for u in (lower, turn, upper))
    cost = place * (2 * turn - lower - upper) + h_lower + h_upper - 2 * h_turn

    whole = table.tolist()

    def exact(place: int) -> Fraction:
        return _moved(ordered.of(place), whole) / steps

    return Distances(ordered.totals(cost), exact)


def _grouped(
    reference: NDArray[np.int64], groups: NDArray[np.integer], size: int
) -> NDArray[np.int64]:
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, groups, reference)
    return sums


def _variations(held: Contents, reference: NDArray[np.int64]) -> NDArray[np.float64]:
    expected = reference / max(int(reference.sum()), 1)
    return held.totals(np.maximum(held.shares - expected[held.values], 0.0))


def _variation(counts: dict[int, int], reference: list[int]) -> Fraction:
    n, total = sum(counts.values()), sum(reference)
    ahead = (c * total - reference[value] * n for value, c in counts.items())
    return Fraction(sum(a for a in ahead if a > 0), n * total)


def _moved(counts: dict[int, int], reference: list[int]) -> Fraction:
    n, total = sum(counts.values()), sum(reference)
    carried = moved = 0
    for place, r in enumerate(reference):
        carried += counts.get(place, 0) * total - r * n
        moved += abs(carried)
    return Fraction(moved, n * total)
