"""Replayed parts: what can be told of them without a cluster."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scale.simulation import Phase, Recording, extended, finish

seconds = st.floats(0.0, 10.0)
parts = st.lists(seconds, min_size=1, max_size=30)


def phase(parts: list[float], taking: float = 0.0) -> Phase:
    return Phase("count", tuple(parts), (taking,) * len(parts), (0,) * len(parts))


@given(parts, seconds)
def test_one_worker_takes_the_sum_of_its_parts(of_parts: list[float], taking: float) -> None:
    alone = finish(phase(of_parts), 1, sending=0.0)
    assert alone == pytest.approx(sum(of_parts))
    assert finish(phase(of_parts, taking), 1, sending=0.0) >= alone


@given(parts, st.integers(1, 40))
def test_workers_are_no_faster_than_their_share_or_the_longest_part(
    of_parts: list[float], workers: int
) -> None:
    took = finish(phase(of_parts), workers, sending=0.0)
    assert took >= max(sum(of_parts) / workers, *of_parts, 0.0) - 1e-9
    assert took <= sum(of_parts) + 1e-9, "nor slower than one worker"


@given(parts, st.integers(1, 40), seconds)
def test_what_one_process_does_is_done_by_one(
    of_parts: list[float], workers: int, each: float
) -> None:
    least = each * len(of_parts)
    assert finish(phase(of_parts, taking=each), workers, sending=0.0) >= least - 1e-9
    assert finish(phase(of_parts), workers, sending=each) >= least - 1e-9


def test_what_grows_with_the_records_goes_on_growing_and_what_does_not_stays() -> None:
    small = Recording(100, (phase([1.0]),), {"search": 1.0, "report": 2.0})
    large = Recording(300, (phase([1.0, 2.0, 3.0]),), {"search": 3.0, "report": 2.0})
    far = extended(small, large, 10)
    assert far.records == 3_000
    assert far.alone == {"search": pytest.approx(30.0), "report": pytest.approx(2.0)}
    assert far.phases[0].parts == (1.0, 2.0, 3.0) * 10
    assert far.seconds(1, sending=0.0) == pytest.approx(60.0 + 32.0)
