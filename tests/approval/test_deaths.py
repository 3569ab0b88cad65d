"""Whoever approves may die at any step: then the release is published and said to be, or waits."""

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import dagster as dg
import pytest

from anon_dagster.defs import holding as defs_holding
from anon_dagster.defs import ownership
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.stages import STAGES, Work
from anon_dagster.jobs import file_names
from anon_dagster.jobs.approval import approve
from anon_dagster.jobs.folder import JobFolder, tables_of
from anon_dagster.jobs.holding import begin, hold_of, reject
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.jobs.tags import DATASET_TAG, HOLD_TAG, KIND_TAG, REQUESTED_TAG
from anon_dagster.operations.preparation import open_table
from anon_dagster.progress import ignore_progress
from anon_dagster.releasing.publication import checksum_of
from anon_dagster.request import LinkedRequest, Request, parse_any_request, parse_request
from tests.approval.waiting import linked_request
from tests.parameters import slow_but
from tests.simulation import tables
from tests.simulation.runs import Context, Runs
from tests.simulation.world import OUT, World, make, running

FORMER, HELD = 1, 2
STEPS = 200
"""More than it takes."""
EVERY = 1 if os.environ.get("ANON_EVERY_DEATH") else 11
"""A stride over the steps, prime so that it meets every kind; ``make fuzz`` dies at each."""
PARTS = {"few": range(1, STEPS, 180), "more": range(EVERY // 2, STEPS, EVERY)}
TARGETS = {"one.csv": True, "parts": False}


@dataclass
class Approving:
    """A release that replaces another one, and waits."""

    world: World
    target: str
    job_id: str = ""

    def __post_init__(self) -> None:
        self.runs = Runs(self.world)
        self.watched = self.world.watch(self.target)
        for number in (FORMER, HELD):
            self.world.put(f"inbox/{number}.csv", tables.table(number))
            self.job_id = self.run("anonymize", lambda run, n=number: self._make(run, n))
            self.settle()
        assert self.watched.seen == [FORMER]

    def run(self, kind: str, body: Any, *, dies_in: int | None = None) -> str:
        """Let a run live, maybe not to its end."""
        run_id = str(uuid.uuid4())
        tags = {KIND_TAG: kind, DATASET_TAG: "adhoc", REQUESTED_TAG: f"who wants to {kind}"}
        self.runs.launch(run_id, {}, tags, body)
        self.runs.processes[run_id].dies_in = dies_in
        self.world.scheduler.run()
        return run_id

    def settle(self) -> None:
        """Let those who look after runs do so."""
        for _ in range(2):
            self.runs.monitor()
            self.runs.keep_house()
            self.world.scheduler.run()
            self.runs.close_all()
            self.world.scheduler.run()
        self.world.look()

    def _make(self, run: dg.DagsterRun, number: int) -> None:
        job, request = self._own(run), self._request(number)
        job.save_request(request)
        decision = tables.decided(request, number)
        job.save_count(decision.counted, request)
        job.save_solution(decision.solution)
        tables.publish(job, number, open_table(request), ignore_progress)
        begin(job)
        hold = hold_of(job)
        if hold is not None:
            defs_holding.tag_run(self.world.instance, run.run_id, hold)

    def _request(self, number: int) -> Request:
        single = TARGETS[self.target]
        return parse_request(
            {
                "source": {"path": self.world.place(f"inbox/{number}.csv")},
                "target": {
                    "path": self.world.place(f"{OUT}/{self.target}"),
                    "format": "csv",
                    "single_file": single,
                    "hold": number == HELD,
                    **({} if single else {"rows_per_file": 4}),
                },
                "policy": tables.POLICY | {"residual": {"repeated": "ignore"}},
            }
        )

    def approve(self, run: dg.DagsterRun) -> None:
        """Do what the step of an approval does."""
        with failures_in_words():
            approve(self.job, self._own(run), person="Bob")
            defs_holding.settle(self.world.instance, self.world.jobs, self.job)

    def reject(self, run: dg.DagsterRun) -> None:
        """Do what the step of a rejection does."""
        with failures_in_words():
            self._own(run)
            reject(self.job, person="Bob", why="no")
            defs_holding.settle(self.world.instance, self.world.jobs, self.job)

    def _own(self, run: dg.DagsterRun) -> JobFolder:
        context = Context(self.world, run)
        return ownership.own(cast("dg.OpExecutionContext", context), self.world.jobs)

    @property
    def job(self) -> JobFolder:
        """The job whose release waits."""
        return self.world.jobs.job(self.job_id)

    @property
    def state(self) -> str:
        """What is said of it, by everybody who says something."""
        hold = hold_of(self.job)
        assert hold is not None
        line = Ledger(self.world.jobs.root).find(self.job_id)
        assert line is not None
        said = "completed" if hold.state == "approved" else hold.state
        assert line.status == said
        assert self.world.history.runs[self.job_id].tags[HOLD_TAG] == hold.state
        return hold.state


def _world(folder: Path, seed: int, *, remote: bool) -> World:
    world = make(folder, seed)
    world.is_remote = remote
    return world


def _require_whole(approving: Approving) -> None:
    """Look whether what is said is so."""
    is_published = approving.state == "approved"
    waits = approving.state == "awaiting approval"
    assert approving.watched.now == HELD if is_published else approving.watched.now != HELD
    assert (approving.job.path / "held").exists() == waits
    assert approving.job.has((file_names.RELEASE,)) == (is_published or waits)
    release = approving.job.load_release() if is_published or waits else {}
    assert release.get("held", False) == waits
    if is_published:
        assert all(path.startswith(approving.watched.address) for path in release["source"]["path"])
    assert approving.world.left_over() == []


@pytest.mark.parametrize("steps", slow_but({"few"}, PARTS, PARTS.values()))
@pytest.mark.parametrize("remote", slow_but({"disk"}, ["disk", "store"], [False, True]))
@pytest.mark.parametrize("target", slow_but({"one.csv"}, TARGETS))
def test_whoever_approves_may_die_at_any_step(
    tmp_path: Path, target: str, steps: range, *, remote: bool
) -> None:
    ends = set()
    for dies_in in steps:
        world = _world(tmp_path, dies_in, remote=remote)
        with running(world):
            approving = Approving(world, target)
            run_id = approving.run("approve", approving.approve, dies_in=dies_in)
            approving.settle()
            ends.add(approving.state)
            _require_whole(approving)
            if approving.state == "awaiting approval":
                assert not world.history.runs[run_id].is_success
                approving.run("approve", approving.approve)
                approving.settle()
                _require_whole(approving)
            assert approving.state == "approved"
            world.scheduler.stop()
    assert ends == {"awaiting approval", "approved"}


REJECTING = sorted({12, *range(EVERY // 6, 60, max(EVERY // 3, 1))})


@pytest.mark.parametrize("dies_in", slow_but({"12"}, map(str, REJECTING), REJECTING))
def test_whoever_rejects_may_die_at_any_step(tmp_path: Path, dies_in: int) -> None:
    world = _world(tmp_path, 1, remote=False)
    with running(world):
        approving = Approving(world, "one.csv")
        approving.run("reject", approving.reject, dies_in=dies_in)
        approving.settle()
        assert approving.state in {"awaiting approval", "rejected"}
        assert approving.watched.seen == [FORMER]
        _require_whole(approving)
        world.scheduler.stop()


# -- linked tables -----------------------------------------------------------------------------


class ApprovingLinked(Approving):
    """Linked releases that replace others, and wait."""

    def __post_init__(self) -> None:
        self.runs = Runs(self.world)
        self.document, places = linked_request(self.world.folder), []
        for table in self.document["tables"].values():
            places.append(Path(table["target"]["path"]))
            places[-1].write_text("a former release", encoding="utf-8")
        self.targets = places
        self.job_id = self.run("anonymize", self._make_linked)
        self.settle()
        assert self.published == [False, False]

    def _make_linked(self, run: dg.DagsterRun) -> None:
        job, request = self._own(run), parse_any_request(self.document)
        assert isinstance(request, LinkedRequest)
        job.save_linked(request)
        for step in ("source", "frequency_table", "solution", "anonymized"):
            STAGES[step].make(Work(job, ignore_progress, dg.AssetKey("source")))
        hold = hold_of(job)
        assert hold is not None
        defs_holding.tag_run(self.world.instance, run.run_id, hold)

    @property
    def published(self) -> list[bool]:
        """Whether each target has what waited."""
        checksums = {each.load_release()["checksum"] for each in tables_of(self.job).values()}
        return [each.exists() and checksum_of([str(each)]) in checksums for each in self.targets]


@pytest.mark.parametrize("steps", slow_but(set(), ["some"], [range(EVERY // 2, 300, EVERY * 2)]))
def test_linked_tables_are_both_approved_or_none_whenever_somebody_dies(
    tmp_path: Path, steps: range
) -> None:
    ends = set()
    for dies_in in steps:
        world = _world(tmp_path, dies_in, remote=False)
        with running(world):
            approving = ApprovingLinked(world, "")
            approving.run("approve", approving.approve, dies_in=dies_in)
            approving.settle()
            ends.add(approving.state)
            assert approving.published == [approving.state == "approved"] * 2
            assert {each.name for each in (tmp_path / OUT).iterdir()} <= {
                each.name for each in approving.targets
            }
            if approving.state == "awaiting approval":
                approving.run("approve", approving.approve)
                approving.settle()
            assert approving.published == [True, True]
            world.scheduler.stop()
    assert ends == {"awaiting approval", "approved"}
