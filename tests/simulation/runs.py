"""Runs of Dagster and their processes: launched, aborted, killed, told of, deleted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from anon_dagster.defs import endings, housekeeping, retention
from anon_dagster.defs.ownership import lock_of, owner_of
from tests.simulation.history import LOG, is_over
from tests.simulation.scheduler import Process
from tests.simulation.world import World

_EVENT = dg.DagsterEventType
_BEGUN = {
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
}


@dataclass
class Context:
    """What the code of a run is told of it, as an operation of Dagster is."""

    world: World
    run: dg.DagsterRun
    log = LOG

    @property
    def instance(self) -> Any:
        """The history."""
        return self.world.history

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.run.run_id

    @property
    def job_def(self) -> dg.JobDefinition:
        """The job, all of whose steps one process runs."""
        return _job

    def log_event(self, event: object) -> None:
        """Write down what is shown of a file."""
        self.world.scheduler.step("tell of a file")
        self.world.said.append(repr(event))


@dg.job(executor_def=dg.in_process_executor)
def _job() -> None:
    """Stand for the job of a run, whose body the simulation has."""


@dataclass(eq=False)
class Runs:
    """The runs of a world."""

    world: World
    processes: dict[str, Process] = field(default_factory=dict)
    """Of each run that was started."""
    closed: set[str] = field(default_factory=set)
    """Runs whose end the sensors were told of."""

    # -- their lives -----------------------------------------------------------------------

    def launch(
        self,
        run_id: str,
        config: Mapping[str, Any],
        tags: Mapping[str, str],
        body: Callable[[dg.DagsterRun], None],
    ) -> None:
        """Make a run, if it is not there, and start its process, if it has none."""
        history = self.world.history
        run = history.get_run_by_id(run_id) or history.create_run_for_job(
            _job, run_id=run_id, run_config=config, tags=tags
        )
        if run.status is not dg.DagsterRunStatus.NOT_STARTED:
            return
        history.report(run, _EVENT.PIPELINE_STARTING)
        name = f"run {run_id[:4]}"
        process = self.world.start(name, lambda: self.live(run, body), steps=400)
        lock = lock_of(self.world.jobs.job(run_id).path)
        process.on_end.append(lambda: self.world.held.let_go(process, lock))
        self.processes[run_id] = process

    def live(self, run: dg.DagsterRun, body: Callable[[dg.DagsterRun], None]) -> None:
        """Do what the process of a run does: begin, work, and tell how it ended."""
        history = self.world.history
        if is_over(self._status(run)):
            return
        history.report(run, _EVENT.RUN_START)
        try:
            self._work(run, body)
        except dg.DagsterExecutionInterruptedError:  # also while it tells how it ended
            history.report_run_canceled(run)

    def _work(self, run: dg.DagsterRun, body: Callable[[dg.DagsterRun], None]) -> None:
        try:
            body(run)
        except dg.Failure as failure:
            self.world.said.append(str(failure.description))
            self.world.history.report_run_failed(run, str(failure.description))
        else:
            self.world.history.report(run, _EVENT.RUN_SUCCESS)

    def one_that(self, fits: Callable[[dg.DagsterRun], bool]) -> dg.DagsterRun | None:
        """Return one of the runs that fit, if there are any."""
        found = [run for run in self.world.history.get_runs() if fits(run)]
        return self.world.random.choice(found) if found else None

    def _status(self, run: dg.DagsterRun) -> dg.DagsterRunStatus | None:
        now = self.world.history.get_run_by_id(run.run_id)
        return None if now is None else now.status

    def are_over(self) -> bool:
        """Tell whether every run is over, and the sensors know."""
        return all(
            run.is_finished and run.run_id in self.closed for run in self.world.history.get_runs()
        )

    def _is_alive(self, run: dg.DagsterRun) -> bool:
        return run.run_id in self.processes and not self.processes[run.run_id].has_ended

    # -- what people do --------------------------------------------------------------------

    def abort(self) -> None:
        """Abort a run, as the launcher does: it is asked by a signal."""
        started = dg.DagsterRunStatus.STARTED
        run = self.one_that(lambda each: each.status is started and self._is_alive(each))
        if run is not None and not self.world.is_spared:
            self.world.is_calm = False
            self.world.history.report_run_canceling(run)
            self.processes[run.run_id].is_interrupted = self._is_alive(run)

    def kill(self) -> None:
        """Kill the process of a run; its code server may see it."""
        run = self.one_that(self._is_alive)
        if run is not None and not self.world.is_spared:
            self.world.scheduler.kill(self.processes[run.run_id])
            if self.world.random.random() < 0.5:
                self.world.start("code server", lambda: self.see_dead(run))

    def see_dead(self, run: dg.DagsterRun) -> None:
        """Let a run fail that has no process any more, as the code server does."""
        if not is_over(self._status(run)):
            self.world.history.report_run_failed(run, "its process ended")

    def delete(self) -> None:
        """Delete a run that is over, and all that it keeps."""
        run = self.one_that(lambda each: each.run_id in self.closed)
        if run is not None:
            self.world.start("deletion", lambda: self._forget(run))

    def _forget(self, run: dg.DagsterRun) -> None:
        retention.forget(self.world.instance, self.world.jobs, run)

    # -- sensors ---------------------------------------------------------------------------

    def close_all(self) -> None:
        """Tell the sensors of every run that ended since."""
        self.world.start("sensor", self._close_all)

    def monitor(self) -> None:
        """Let runs fail whose process ended before it marked their folders as theirs."""
        for run in self.world.history.get_runs():
            is_marked = owner_of(self.world.jobs.job(run.run_id).path) is not None
            if run.status in _BEGUN and not self._is_alive(run) and not is_marked:
                self.see_dead(run)

    def _close_all(self) -> None:
        for run in reversed(self.world.history.get_runs()):
            if run.is_finished and run.run_id not in self.closed:
                endings.close(self.world.instance, self.world.jobs, run.run_id)
                self.closed.add(run.run_id)

    def keep_house(self) -> None:
        """Let dead runs end, and deleted ones leave nothing."""
        self.world.start("house", self._keep_house)

    def _keep_house(self) -> None:
        instance, jobs = self.world.instance, self.world.jobs
        housekeeping.end_dead(instance, jobs)
        housekeeping.try_again(instance, jobs)
        housekeeping.clear_away(instance, jobs)
