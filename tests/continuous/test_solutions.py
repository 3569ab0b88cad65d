"""When a class is judged, and when another solution begins: laws and plain counting."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.continuous.renewing import drift
from anon_dagster.continuous.solutions import groups_of
from tests.continuous.streams import append_frame, people, stream_at

LABELS = "abc"
members = st.lists(
    st.tuples(st.integers(-1, 2), st.integers(0, 6)), max_size=20
)  # rows: the class and the person of each


@given(members, st.integers(1, 4))
def test_classes_are_cut_into_whole_groups_of_so_many_persons_by_their_order(
    rows: list[tuple[int, int]], size: int
) -> None:
    classes, persons = (np.array([row[i] for row in rows], dtype=np.int64) for i in (0, 1))
    groups = groups_of(classes, persons, size).tolist()
    expected: dict[tuple[int, int], tuple[int, int]] = {}
    for own in range(3):
        crowd = sorted({person for c, person in rows if c == own})
        for rank, person in enumerate(crowd[: len(crowd) // size * size]):
            expected[own, person] = (own, rank // size)
    numbers = {group: number for number, group in enumerate(sorted({*expected.values()}))}
    assert groups == [numbers[expected[row]] if row in expected else -1 for row in rows]


counts = st.dictionaries(st.sampled_from(LABELS), st.integers(1, 50), min_size=1)


def shares_of(told: dict[str, int], scale: int = 1) -> dict[str, float]:
    return {label: n * scale / (sum(told.values()) * scale) for label, n in told.items()}


@given(counts, counts)
def test_drift_is_the_total_variation_less_what_chance_makes_of_it(
    now: dict[str, int], then: dict[str, int]
) -> None:
    read, records = sum(now.values()), sum(then.values())
    apart = [abs(now.get(x, 0) / read - then.get(x, 0) / records) for x in LABELS]
    found = drift(now, shares_of(then), records)
    assert found <= sum(apart) / 2 + 1e-12
    many = {label: n * 10**9 for label, n in now.items()}
    assert drift(many, shares_of(then), records * 10**9) == pytest.approx(sum(apart) / 2, abs=1e-3)


@given(counts, st.integers(1, 20))
def test_nothing_has_drifted_from_its_own_shares(told: dict[str, int], scale: int) -> None:
    own = {label: n * scale for label, n in told.items()}
    assert drift(own, shares_of(told), sum(told.values())) <= 1e-12


def test_what_chance_makes_of_it_seldom_counts_as_drift() -> None:
    draw = np.random.default_rng(0)
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    found = []
    for _ in range(300):
        times = draw.multinomial(400, [*shares.values()])
        told = dict(zip(shares, times.tolist(), strict=True))
        found.append(drift(told, shares, 10**9))
    assert np.mean(found) <= 0
    assert max(found) < 0.1


def test_of_nothing_nothing_has_drifted() -> None:
    assert drift({}, {"a": 1.0}, 10) == 0.0
    assert drift({"a": 3}, {}, 0) == 0.0


@pytest.mark.slow
def test_counts_of_a_version_are_kept_no_longer_than_solutions_are_decided_of_them(
    tmp_path: Path,
) -> None:
    draw = np.random.default_rng(0)
    for k in (3, 4, 4):
        stream = stream_at(tmp_path, policy={"privacy": {"k_anonymity": {"k": k}}})
        first = 1000 * len(stream.ledger.lines())
        append_frame(stream, tmp_path, f"day{first}", people(draw, first, 100))
    with stream.alone():
        kept = [path.name for path in stream.files.path.iterdir()]
    assert stream.last.next_version == 2
    assert {name for name in kept if name.startswith("read.")} == {
        f"read.2.{n}.{ending}" for n in (2, 3) for ending in ("npz", "parquet")
    }
