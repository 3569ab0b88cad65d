"""Progress does not fall, and totals do not jump, whatever a search tells of itself."""

import itertools
from collections.abc import Iterable

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import anon_dagster
from anon_dagster.progress import Progress, ignore_progress, steady

PHASES = st.sampled_from(["count", "search", "recode"])
counts = st.integers(0, 50)
whole = st.none() | st.integers(1, 60)


def require_steady(told: Iterable[Progress]) -> None:
    for _, phase in itertools.groupby(told, key=lambda progress: progress.phase):
        seen = list(phase)
        for before, after in itertools.pairwise(seen):
            assert after.done >= before.done
            assert (after.share or 1.0) >= (before.share or 0.0)
        totals = [progress.total for progress in seen]
        first = totals[0]
        assert totals == sorted(totals, key=lambda total: total is None)
        assert {*totals} <= {first, None}


@given(st.lists(st.builds(Progress, PHASES, counts, whole, whole, st.floats(0, 1)), max_size=30))
def test_nothing_falls_and_totals_stay_within_a_phase(hints: list[Progress]) -> None:
    told: list[Progress] = []
    sink = steady(told.append)
    for hint in hints:
        sink(hint)
    assert len(told) == len(hints)
    require_steady(told)


@given(st.lists(st.integers(0, 100), min_size=1), st.integers(1, 100))
def test_what_is_steady_by_itself_is_passed_on_as_it_is(done: list[int], total: int) -> None:
    hints = [Progress("count", each, total) for each in sorted(done)]
    told: list[Progress] = []
    sink = steady(told.append)
    for hint in hints:
        sink(hint)
    assert [(each.done, each.total, each.share) for each in told] == [
        (each.done, each.total, each.share) for each in hints
    ]


def test_what_is_steady_or_ignored_is_not_wrapped_again() -> None:
    sink = steady(lambda _: None)
    assert steady(sink) is sink
    assert steady(ignore_progress) is ignore_progress


def test_a_job_tells_steady_progress() -> None:
    people = pd.DataFrame({"age": [place % 60 for place in range(600)], "sex": ["f", "m"] * 300})
    policy = {
        "attributes": {name: {"role": "quasi_identifier"} for name in people.columns},
        "privacy": {"k_anonymity": {"k": 5}},
        "recoding": "local",
    }
    told: list[Progress] = []
    request = {"policy": policy}
    anon_dagster.anonymize(request, frame=people, on_progress=told.append)
    anon_dagster.measure(
        request,
        measurement={"k": [2, 5], "recoding": ["local", "global"]},
        frame=people,
        on_progress=told.append,
    )
    assert {"count", "search", "recode", "write", "measure"} <= {each.phase for each in told}
    require_steady(told)
