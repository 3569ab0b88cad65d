"""l-diversity: how many values of a sensitive attribute, by whatever count, each class holds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import ceil, gcd, inf

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit.contents import Contents
from anon_dagster.core.audit.quantity import MARGIN


def distinct_values(held: Contents) -> NDArray[np.int64]:
    """Return how many values each class holds, (classes,)."""
    return np.diff(held.starts, append=len(held.classes))


def entropies(held: Contents) -> NDArray[np.float64]:
    """Return the entropy of each class in nats, (classes,)."""
    return held.totals(held.shares * -np.log(held.shares))


def entropy_below(held: Contents, bound: Fraction) -> NDArray[np.bool_]:
    """Tell which classes, (classes,), have an entropy below ``ln bound``, exactly."""
    excess = entropies(held) - float(np.log(float(bound)))
    below: NDArray[np.bool_] = excess < 0
    unclear = np.abs(excess) <= MARGIN
    if unclear.any():  # mostly values that are equally frequent: as many as their entropy says
        least, most = (f.reduceat(held.counts, held.starts) for f in (np.minimum, np.maximum))
        uniform = unclear & (least == most)
        below[uniform] = distinct_values(held)[uniform] < ceil(bound)
        unclear &= ~uniform
    for index in np.flatnonzero(unclear).tolist():
        counts = sorted(held.of(index).values())
        divisor = gcd(*counts)
        below[index] = _entropy_is_below(tuple(c // divisor for c in counts), bound)
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
        for index in np.flatnonzero(np.abs(excess) <= MARGIN * self.most).tolist():
            failing[index] = int(self.most[index]) >= c * int(self.tail[index])
        return failing


def head_and_tail(held: Contents, l: int) -> HeadAndTail:  # noqa: E741 (the model's name)
    """Split the values of each class: the most frequent, and all from the l-th on."""
    left, tail = held.counts.copy(), held.sizes.copy()
    largest: list[NDArray[np.int64]] = []  # r_1, r_2, ...: (classes,) each
    for _ in range(l - 1):
        largest.append(np.maximum.reduceat(left, held.starts) if len(left) else left)
        tail = tail - largest[-1]
        at = np.flatnonzero(left == largest[-1][held.classes])
        left[at[np.diff(held.classes[at], prepend=-1) > 0]] = 0
        if not left.any():
            break
    return HeadAndTail(largest[0], tail)
