"""What persons with several values have, beyond the integers of 64 bits."""

from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import Belongings, distances_of_weights, share_differences
from anon_dagster.core.hierarchy import Hierarchy


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 2)), max_size=12),
    st.integers(0, 3),
)
def test_what_persons_have_is_counted_once_and_nobodys_class_is_left_out(
    said: list[tuple[int, int, int]], left_out: int
) -> None:
    sides = np.array(said, dtype=np.int64).reshape(-1, 3).T
    held = Belongings.of(4, *sides).without(left_out)
    own = {entry for entry in said if entry[2] != left_out}
    numbers = [len({who for of, who, _ in own if of == c}) for c in range(4)]
    assert held.sizes.tolist() == numbers
    assert held.together().sizes.tolist() == [len({who for _, who, _ in own})]
    ranks = np.array([2, 0, 3, 1])
    for high, best in ((False, min), (True, max)):
        ends = held.ends(ranks, high=high)
        found = zip(ends.classes.tolist(), ends.persons.tolist(), ends.values.tolist(), strict=True)
        of_own = {(c, who): [v for a, b, v in own if (a, b) == (c, who)] for c, who, _ in own}
        first = {(*one, best(has, key=ranks.tolist().__getitem__)) for one, has in of_own.items()}
        assert sorted(found) == sorted(first)
    unit = 6
    weights = {(c, who): sum((c, who) == entry[:2] for entry in own) for c, who, _ in own}
    expected: tuple[list[dict[int, int]], ...] = ([], [])
    for c in (c for c in range(4) if numbers[c]):
        has = [(who, value) for of, who, value in sorted(own) if of == c]
        expected[0].append(dict(Counter(sorted(value for _, value in has))))
        weighed = Counter[int]()
        for who, value in has:
            weighed[value] += unit // weights[c, who]
        expected[1].append(dict(sorted(weighed.items())))
    for contents, wanted, of_one in (
        (held.shares, expected[0], 1),
        (held.pairs, expected[0], None),
        (held.weighed(unit), expected[1], unit),
    ):
        assert [contents.of(place) for place in range(len(contents.sizes))] == wanted
        sizes = [n * of_one for n in numbers if n] if of_one else [sum(w.values()) for w in wanted]
        assert contents.sizes.tolist() == sizes
        assert np.unique(contents.classes).tolist() == list(range(len(sizes)))


def test_all_differ_from_a_table_of_nobody() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    one = np.zeros(1, dtype=np.int64)
    held, nobody = (Belongings.of(1, side, side, side) for side in (one, nothing))
    assert share_differences(held, nobody, 1).approximate.tolist() == [1]
    assert share_differences(nobody, nobody, 1).approximate.tolist() == []


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
