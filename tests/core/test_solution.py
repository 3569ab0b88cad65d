"""What a proof says of how much less could be lost."""

import pytest

from anon_dagster.core.solution import LOCAL, Proof


def proof(loss: float, bound: float) -> Proof:
    return Proof(
        optimal=False, loss=loss, lower_bound=bound, candidates=1, evaluated=1, method=LOCAL
    )


def test_the_gap_is_what_is_lost_beyond_the_bound_and_how_many_times_it() -> None:
    assert proof(0.3, 0.2).gap == pytest.approx(0.1)
    assert proof(0.3, 0.2).gap_ratio == pytest.approx(1.5)
    assert (proof(0.3, 0.3).gap, proof(0.3, 0.3).gap_ratio) == (0.0, 1.0)
    assert (proof(0.0, 0.0).gap, proof(0.0, 0.0).gap_ratio) == (0.0, 1.0)


def test_above_a_bound_of_0_nobody_knows_how_many_times_the_least_is_lost() -> None:
    assert proof(0.3, 0.0).gap == 0.3
    assert proof(0.3, 0.0).gap_ratio is None
