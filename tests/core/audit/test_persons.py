"""What persons with several values have, beyond the integers of 64 bits."""

from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest

from anon_dagster.core.audit import Belongings, distances_of_weights
from anon_dagster.core.hierarchy import Hierarchy


def test_weights_of_persons_with_many_values_are_shared_beyond_64_bits() -> None:
    """Who has a prime number of values gives a fraction of its own to each."""
    primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]
    numbers = [
        *primes,
        1,
        1,
        1,
        1,
        2,
    ]  # their least common multiple is 6.1e17, of 20 persons 1.2e19
    who = np.repeat(np.arange(len(numbers)), numbers)
    has = np.concatenate([np.arange(n) for n in numbers])
    held = Belongings.of(2, who % 2, who, has)
    width = max(numbers)
    tree = Hierarchy.from_labels(
        [[str(v) for v in range(width)], [str(v // 9) for v in range(width)]]
    )
    found = distances_of_weights(held, held.together(), hierarchy=tree, leaves=np.arange(width))

    def shares(persons: list[int], of: int) -> dict[int, Fraction]:
        weights: dict[int, Fraction] = defaultdict(Fraction)
        for n in persons:
            for value in range(n):
                weights[value // of] += Fraction(1) / (n * len(persons))
        return weights

    for c in (0, 1):
        apart = Fraction(0)
        for of in (1, 9):
            own, whole = shares(numbers[c::2], of), shares(numbers, of)
            apart += sum((abs(own[v] - whole[v]) for v in range(width)), Fraction(0)) / 2
        assert found.exact(c) == apart / 2
        assert found.approximate[c] == pytest.approx(float(apart / 2))
