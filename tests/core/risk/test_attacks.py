"""Attacks carried out record by record, as their definitions say, against the counts."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.risk.attacks import Attack, inference, linkability, singling_out, wilson
from tests.core.risk.test_special_uniques import records, table_of

Row = Sequence[int]


def part(row: Row, chosen: Sequence[int]) -> tuple[int, ...]:
    return tuple(row[a] for a in chosen)


def guess(rows: list[list[int]], target: Row, known: Sequence[int], secret: int) -> float:
    """The chance that the target's secret is guessed from the rows."""
    seen = [row[secret] for row in rows if part(row, known) == part(target, known)]
    seen = seen or [row[secret] for row in rows]
    frequent = Counter(seen)
    best = [v for v, n in frequent.items() if n == max(frequent.values())]
    return (target[secret] in best) / len(best) if best else 0.0


@given(records)
def test_inference_is_the_guess_of_the_majority_with_and_without_the_own_record(
    rows: list[list[int]],
) -> None:
    secret = len(rows[0]) - 1
    known = list(range(secret))
    attack = inference(table_of(rows), known, secret)
    assert attack.success == pytest.approx(mean(guess(rows, r, known, secret) for r in rows))
    others = [rows[:i] + rows[i + 1 :] for i in range(len(rows))]
    controls = [guess(o, r, known, secret) for o, r in zip(others, rows, strict=True)]
    assert attack.control == pytest.approx(mean(controls))
    most = Counter(row[secret] for row in rows).most_common(1)[0][1]
    assert attack.naive == pytest.approx(most / len(rows))


@given(records)
def test_linkability_is_the_chance_to_find_the_right_person(rows: list[list[int]]) -> None:
    width = len(rows[0])
    found: list[float] = []
    controls: list[float] = []
    for first in combinations(range(width), width // 2) if width > 1 else ():
        second = [a for a in range(width) if a not in first]
        for i, target in enumerate(rows):
            people = sum(part(r, second) == part(target, second) for r in rows)
            for chances, left in ((found, rows), (controls, rows[:i] + rows[i + 1 :])):
                alike = [r for r in left if part(r, first) == part(target, first)]
                right = sum(part(r, second) == part(target, second) for r in alike)
                chances.append(right / len(alike) / people if alike else 0.0)
    attack = linkability(table_of(rows))
    assert attack.success == pytest.approx(mean(found) if found else 0)
    assert attack.control == pytest.approx(mean(controls) if controls else 0)
    assert attack.naive == pytest.approx(1 / len(rows))


@given(records, st.integers(1, 3))
def test_singling_out_is_the_chance_that_a_predicate_fits_one_record(
    rows: list[list[int]], known: int
) -> None:
    chances, controls = [], []
    for chosen in combinations(range(len(rows[0])), known):
        for row in rows:
            fitting = sum(part(r, chosen) == part(row, chosen) for r in rows)
            chances.append(fitting == 1)
            controls.append(fitting - 1 == 1)
    attack = singling_out(table_of(rows), known)
    assert attack.success == pytest.approx(mean(chances) if chances else 0)
    assert attack.control == pytest.approx(mean(controls) if controls else 0)


@given(records, st.integers(2, 5))
def test_no_one_is_singled_out_or_linked_beyond_one_in_k(rows: list[list[int]], k: int) -> None:
    table = table_of(rows * k)
    for known in range(1, len(rows[0]) + 1):
        assert singling_out(table, known).risk == 0
    assert linkability(table).success <= 1 / k + 1e-12


@given(records)
def test_counting_in_parts_changes_no_attack(rows: list[list[int]]) -> None:
    sizes = (4,) * len(rows[0])
    halves = [
        FrequencyTable.of(np.array(r, dtype=np.int32), np.ones(len(r), dtype=np.int64), sizes)
        for r in (rows, rows[::-1])
    ]
    merged, whole = halves[0].merge(halves[1]), table_of(rows * 2)
    secret = len(rows[0]) - 1
    for attack in (linkability, lambda t: inference(t, range(secret), secret)):
        assert attack(merged) == attack(whole)


def test_the_risk_is_what_is_beyond_the_control_group() -> None:
    """(0.8 - 0.6) / (1 - 0.6)."""
    attack = Attack(1000, 0.8, 0.6, 0.5)
    assert attack.risk == pytest.approx(0.5)
    low, high = attack.interval
    assert 0 < low < attack.risk < high < 1
    assert Attack(1000, 0.5, 0.6, 0.5).risk == 0
    assert Attack(0, 0.0, 0.0, 0.0).interval == (0.0, 1.0)


def test_intervals_are_wilsons() -> None:
    """Solutions of |p - x| = z √(p (1 - p) / n) for the share x."""
    for share, trials in ((0.1, 50), (0.0, 10), (1.0, 10), (0.5, 10**12)):
        for p in wilson(share, trials):
            if 1e-9 < p < 1 - 1e-9:
                assert abs(p - share) == pytest.approx(1.959964 * (p * (1 - p) / trials) ** 0.5)


def test_attacks_on_counts_beyond_32_bits_are_those_on_their_proportions() -> None:
    codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.int32)
    counts = np.array([3, 1, 2, 4])
    small, large = (FrequencyTable.of(codes, counts * f, (2, 2)) for f in (1, 2**40))
    assert inference(large, [0], 1).success == pytest.approx(inference(small, [0], 1).success)
    assert inference(large, [0], 1).control == pytest.approx(0.7)
    assert linkability(large).success == pytest.approx(0, abs=1e-11)


def test_many_halves_are_sampled_and_the_same_seed_draws_the_same() -> None:
    rng = np.random.default_rng(1)
    table = table_of(rng.integers(0, 3, (200, 12)).tolist())
    assert linkability(table, seed=3) == linkability(table, seed=3)
    assert 0 < linkability(table).success <= 1
