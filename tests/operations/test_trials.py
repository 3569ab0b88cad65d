"""What is measured in which time, by a clock that stands still until a search moves it."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster.core.search import Budget
from anon_dagster.core.solution import Solution
from anon_dagster.operations import trials
from anon_dagster.operations.grid import grid_of, weaker_grid_of
from anon_dagster.operations.preparation import count_records, open_table
from anon_dagster.operations.trials import Deadline, Trials
from anon_dagster.planning import deciding
from anon_dagster.planning.plan import Plan, plan
from anon_dagster.progress import Progress, ProgressSink, ignore_progress
from anon_dagster.request import Request, parse_request


class Clock:
    """A clock, and how many seconds a search takes by it: of global, of local, in full."""

    def __init__(self, costs: tuple[float, float, float]) -> None:
        self.now = 0.0
        self.costs = costs
        self.begun: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pass_time(self, cost: float, sink: ProgressSink) -> None:
        self.begun.append(self.now)
        for _ in range(10):
            self.now += cost / 10
            sink(Progress("search", 1, 2))

    def soon(
        self, plan: Plan, budget: Budget, *, rounds: int, on_progress: ProgressSink
    ) -> Solution:
        local = plan.policy.recoding == "local"
        assert budget.seconds is not None
        cost = self.costs[1] if local else min(self.costs[0], budget.seconds)
        self.pass_time(cost, on_progress)
        return deciding.decide_soon(plan, Budget(200), rounds=rounds)

    def fully(self, plan: Plan, *, on_progress: ProgressSink) -> Solution:
        self.pass_time(self.costs[2], on_progress)
        return deciding.decide(plan)


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    dice = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "sex": dice.choice(["m", "f"], 80),
            "age": dice.integers(20, 70, 80).astype(str),
            "region": dice.choice(list("abcd"), 80),
            "ill": dice.choice(["J45", "E11"], 80),
        }
    )


def request(**privacy: Any) -> Request:
    ages = {"type": "interval", "widths": [5, 10]}
    attributes: dict[str, Any] = {n: {"role": "quasi_identifier"} for n in ("sex", "age", "region")}
    attributes["age"]["hierarchy"] = ages
    attributes["ill"] = {"role": "sensitive"}
    privacy = {"k_anonymity": {"k": 5}, **privacy}
    return parse_request({"policy": {"attributes": attributes, "privacy": privacy}})


def run(
    monkeypatch: pytest.MonkeyPatch,
    people: pd.DataFrame,
    costs: tuple[float, float, float],
    *,
    seconds: float,
    asked: Request | None = None,
    on_progress: ProgressSink = ignore_progress,
) -> tuple[Trials, Clock]:
    clock = Clock(costs)
    monkeypatch.setattr(trials, "monotonic", clock)
    monkeypatch.setattr(trials, "decide_soon", clock.soon)
    monkeypatch.setattr(trials, "decide", clock.fully)
    asked = asked or request()
    counted = count_records(asked, open_table(asked, frame=people))
    tried = Trials(counted, plan(asked, counted), 0.2, Deadline.of(seconds, begun=0), on_progress)
    tried.run(grid_of(asked.policy, 0.2))
    return tried, clock


@pytest.mark.parametrize("seconds", [0, 1, 5, 20, 100])
@pytest.mark.parametrize("costs", [(1, 1, 1), (1, 10, 30), (8, 2, 5)])
def test_nothing_is_begun_when_the_time_is_up_and_no_search_outlasts_it_for_long(
    monkeypatch: pytest.MonkeyPatch,
    people: pd.DataFrame,
    costs: tuple[float, float, float],
    seconds: float,
) -> None:
    tried, clock = run(monkeypatch, people, costs, seconds=seconds)
    assert all(begun < seconds for begun in clock.begun[1:])
    assert clock.now <= seconds + max(costs) / 10 + 0.1  # a search looks at the clock ten times
    assert tried.found
    assert len(tried.tried) + len(tried.left) == len(tried.planned)
    assert len(tried.tried) == len(tried.rows)


def test_with_enough_time_all_are_measured_and_the_best_in_full(
    monkeypatch: pytest.MonkeyPatch, people: pd.DataFrame
) -> None:
    tried, _ = run(monkeypatch, people, (1, 1, 1), seconds=1000)
    rows = tried.rows
    best = rows[rows["acceptable"]].sort_values("infoLoss").iloc[0]
    assert not tried.left
    assert best["search"] == "full"
    assert rows["search"].isin(["brief", "full"]).all()
    assert rows["infoLoss"][1] <= rows["infoLoss"][0] + 1e-12  # local recoding starts from global
    assert rows["frontier"].any()


def test_local_recoding_that_takes_too_long_leaves_time_for_the_others(
    monkeypatch: pytest.MonkeyPatch, people: pd.DataFrame
) -> None:
    tried, _ = run(monkeypatch, people, (1, 300, 1), seconds=200)
    assert {each.policy.recoding for each in tried.tried} == {"global"}
    assert len(tried.tried) == len(tried.planned) // 2


def test_local_recoding_is_measured_second(
    monkeypatch: pytest.MonkeyPatch, people: pd.DataFrame
) -> None:
    tried, _ = run(monkeypatch, people, (1, 1, 1), seconds=4)
    assert [each.policy.recoding for each in tried.tried[:2]] == ["global", "local"]


def test_whatever_came_before_a_quarter_of_the_time_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock((1, 1, 1))
    monkeypatch.setattr(trials, "monotonic", clock)
    for now, left in ((0, 8), (5, 3), (6, 2), (7, 2), (100, 2)):
        clock.now = now
        assert Deadline.of(8, begun=0).left == left


def test_what_cannot_be_kept_ends_a_grid_after_its_first_pair(
    monkeypatch: pytest.MonkeyPatch, people: pd.DataFrame
) -> None:
    asked = request(l_diversity=[{"attribute": "ill", "l": 3}])
    tried, _ = run(monkeypatch, people, (1, 1, 1), seconds=0, asked=asked)
    assert len(tried.tried) == 1  # there was no time for the second
    assert not any(tried.rows["acceptable"])
    tried.run(weaker_grid_of(asked.policy, 0.2))
    assert tried.found
    assert not tried.rows["reachable"].iloc[0]
    assert tried.tried[-1].settings["l"] == 2
    assert len(tried.hopeless) == len(grid_of(asked.policy, 0.2)) - 2


def test_progress_never_falls_and_names_what_there_is_to_do(
    monkeypatch: pytest.MonkeyPatch, people: pd.DataFrame
) -> None:
    told: list[Progress] = []
    run(monkeypatch, people, (1, 1, 1), seconds=1000, on_progress=told.append)
    assert {each.phase for each in told} == {"measure"}
    assert all(a.done <= b.done for a, b in pairwise(told))
    assert all(0 <= (each.share or 0) <= 1 for each in told)
