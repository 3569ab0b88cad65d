"""Progress goes from 0 to 99 and never back; 100 is for what is done."""

import itertools

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.defs.run_progress import percent, restart, words
from anon_dagster.jobs.tags import PERCENT_TAG, PHASE_TAG
from anon_dagster.progress import Progress

PHASES = ("count", "search", "recode", "write", "verify", "publish", "measure")


@given(st.sampled_from(PHASES), st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_step_that_runs_is_never_at_100(phase: str, done: int, total: int) -> None:
    assert 0 <= percent(Progress(phase, done, total)) < 100
    assert 0 <= percent(Progress(phase, done)) < 100


@given(st.sampled_from(PHASES), st.lists(st.integers(0, 1000), min_size=2))
def test_more_done_is_no_smaller_percentage(phase: str, done: list[int]) -> None:
    percents = [percent(Progress(phase, each, 1000)) for each in sorted(done)]
    assert percents == sorted(percents)


def test_a_later_phase_starts_where_the_one_before_ends() -> None:
    for earlier, later in itertools.pairwise(PHASES[:-1]):
        assert percent(Progress(earlier, 9, 9)) == percent(Progress(later, 0, 9))


def test_what_is_done_is_said_in_counts() -> None:
    assert words(Progress("count", 12_000)) == "count 12,000"
    assert words(Progress("write", 5, 10)) == "write 5 of 10"


def test_a_run_that_repeats_another_begins_anew() -> None:
    @dg.job
    def idle() -> None:
        """Do nothing."""

    done = {PERCENT_TAG: "100%", PHASE_TAG: "done"}
    with dg.DagsterInstance.ephemeral() as instance:
        first = instance.create_run_for_job(idle, tags=done)
        again = instance.create_run_for_job(
            idle, tags=done, parent_run_id=first.run_id, root_run_id=first.run_id
        )
        for run in (first, again):
            restart(instance, run)
        told = [instance.get_run_by_id(run.run_id) for run in (first, again)]
    assert [run.tags[PERCENT_TAG] for run in told if run] == ["100%", "0%"]
