"""Jobs of embedded clients: a host that keeps their queue and may die, and a process for each."""

import itertools
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import dagster as dg

from anon_dagster.defs import ownership
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.leftovers import sweep_target
from anon_dagster.defs.run_progress import require_wanted
from anon_dagster.errors import JobError
from anon_dagster.host.folders import HostFolders
from anon_dagster.host.queue import Queue
from anon_dagster.host.worker import loaded
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.jobs.names import REQUESTS
from anon_dagster.jobs.tags import DATASET_TAG, KIND_TAG
from anon_dagster.operations.preparation import open_table
from anon_dagster.progress import Progress
from anon_dagster.request import Request, parse_request
from anon_dagster.storage.locks import lock
from tests.simulation import effects, tables
from tests.simulation.laws import require
from tests.simulation.runs import Context, Runs
from tests.simulation.scheduler import Process, current
from tests.simulation.world import OUT, Watched, World

_SUCCESS, _CANCELED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED
_LINES = {_SUCCESS: "completed", dg.DagsterRunStatus.FAILURE: "failed", _CANCELED: "aborted"}
_TARGETS = {"one.csv": True, "two.csv": True, "parts": False}
"""The names of the targets, and whether each is a single file."""
_HALF = 0.5
_TICK = 0.5  # seconds
_KEPT = 60.0  # seconds that a host has, at least, once it is to end


class Guard:
    """A lock that is waited for by giving way to others."""

    def __init__(self) -> None:
        self._holder: Process | None = None
        self._depth = 0

    def __enter__(self) -> None:
        me = current()
        while me is not None and self._holder not in {None, me}:
            me.scheduler.sleep(0.01)
        self._holder, self._depth = me, self._depth + 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._holder = None


@dataclass(eq=False)
class JobProcess:
    """The process of a job, as its parent sees it."""

    pid: int
    process: Process

    @property
    def exitcode(self) -> int | None:
        """How it ended."""
        if not self.process.has_ended:
            return None
        return -signal.SIGKILL if self.process.is_dead else 0

    def is_alive(self) -> bool:
        """Tell whether it has not ended."""
        return not self.process.has_ended

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        scheduler = self.process.scheduler
        until = scheduler.time + (timeout or 0.0)
        while self.is_alive() and scheduler.time < until:
            scheduler.sleep(0.1)


@dataclass(eq=False)
class Job:
    """What a client asked for, and what became of it."""

    number: int
    target: str
    fails: bool
    """Whether it fails after it has published its release."""
    begun: int = 0
    """How often it began."""
    was_aborted_waiting: bool = False


@dataclass(eq=False)
class Queueing:
    """A store of jobs, its host, and clients."""

    world: World
    jobs: dict[int, Job] = field(default_factory=dict)
    """By the numbers of their tables."""
    processes: dict[int, JobProcess] = field(default_factory=dict)
    host: Process | None = None
    queue: Queue | None = None
    """That of the host, once it serves."""
    answers: list[Process] = field(default_factory=list)
    """Threads of the host that answer clients."""
    started: list[str] = field(default_factory=list)
    """The runs whose processes were started, in this order."""
    is_closing: bool = False
    """Whether the host ends once it has nothing to do."""

    def __post_init__(self) -> None:
        self.runs = Runs(self.world)
        self.folders = HostFolders(self.world.folder, self.world.jobs.root)
        self._numbers = itertools.count(1)
        self._pids = itertools.count(100_000)
        with effects.unseen():
            self.folders.make()
            loaded(self.folders.home / "data", self.folders.store)
        names = [*_TARGETS]
        self.targets = self.world.random.choice((names, *([name] for name in names)))
        for name in self.targets:
            self.world.watch(name)

    # -- what people do --------------------------------------------------------------------

    @property
    def deeds(self) -> Mapping[Callable[[], None], int]:
        """What may happen next, and how likely it is."""
        return {
            self.submit: 7,
            self.serve: 4,
            self.abort: 2,
            self.delete: 2,
            self.kill_host: 1,
            self.kill_job: 1,
        }

    def submit(self) -> None:
        """Ask for a job."""
        number = next(self._numbers)
        self.world.put(f"inbox/{number}.csv", tables.table(number))
        target, fails = self.world.random.choice(self.targets), self.world.random.random() < 0.15
        self.world.note(f"table {number} shall go to {target}{' and fail' if fails else ''}")
        self.jobs[number] = Job(number, target, fails)
        self._ask("submit", lambda queue: self._add(queue, number))

    def _add(self, queue: Queue, number: int) -> None:
        tags = {KIND_TAG: "anonymize", DATASET_TAG: "adhoc"}
        queue.add("anonymize_job", {"number": number}, tags, f"request-{number}")

    def abort(self) -> None:
        """Abort a job."""
        run = self.runs.one_that(lambda each: not each.is_finished)
        if run is not None and not self.world.is_spared:
            self.world.is_calm = False
            self._ask("abort", lambda queue: self._abort(queue, run))

    def _abort(self, queue: Queue, run: dg.DagsterRun) -> None:
        with queue.guard:
            waits = run.run_id in queue.waiting
            queue.abort(run.run_id)
            self.job_of(run).was_aborted_waiting |= waits

    def delete(self) -> None:
        """Delete a job."""
        run = self.runs.one_that(lambda _: True)
        if run is not None:
            self._ask("delete", lambda queue: queue.delete(run.run_id))

    def _ask(self, what: str, ask: Callable[[Queue], object]) -> None:
        """Let the host answer a client, in a thread of its own; one is started if there is none."""
        self.serve()
        if (queue := self.queue) is not None:
            self.answers.append(self.world.scheduler.start(what, lambda: ask(queue)))

    def kill_host(self) -> None:
        """Kill the host; its jobs go on."""
        if self.host is not None and not self.world.is_spared:
            self.world.scheduler.kill(self.host)

    def kill_job(self) -> None:
        """Kill the process of a job."""
        alive = [each.process for each in self.processes.values() if each.is_alive()]
        if alive and not self.world.is_spared:
            self.world.scheduler.kill(self.world.random.choice(alive))

    # -- the host --------------------------------------------------------------------------

    def serve(self) -> None:
        """Start a host unless there is one, as a client does before it asks anything."""
        if self.host is None or self.host.has_ended:
            self.queue = None
            self.host = self.world.start("host", self._serve, steps=200)
            self.host.on_end.append(self._silence)

    def _silence(self) -> None:
        """Let the threads of a host end with it."""
        self.queue = None
        for each in self.answers:
            self.world.scheduler.kill(each)
        self.answers.clear()

    def _serve(self) -> None:
        queue = Queue(self.folders, self.world.instance, guard=Guard(), processes=self)
        queue.adopt()
        self.queue = queue
        until = self.world.scheduler.time + _KEPT
        while not (self.is_closing and queue.is_idle and self.world.scheduler.time > until):
            queue.tick()
            self.world.scheduler.sleep(_TICK)

    def start(self, folders: HostFolders, job_id: str) -> JobProcess:
        """Start the process of a job, as the host does."""
        self.world.scheduler.step("fork")
        self.started.append(job_id)
        pid = next(self._pids)
        process = self.world.start(f"job {job_id[:4]}", lambda: self._work(folders, job_id, pid))
        mine = ownership.lock_of(self.world.jobs.job(job_id).path)
        process.on_end.append(lambda: self.world.held.let_go(process, mine))
        self.processes[pid] = JobProcess(pid, process)
        return self.processes[pid]

    def signal(self, pid: int, sign: signal.Signals) -> None:
        """Send a signal, as the host does."""
        self.world.scheduler.step(f"send {sign.name}")
        process = self.processes[pid].process
        if sign is signal.SIGKILL:
            self.world.scheduler.kill(process)
        elif not process.has_ended:
            process.is_interrupted = True

    # -- the process of a job --------------------------------------------------------------

    def _work(self, folders: HostFolders, job_id: str, pid: int) -> None:
        held = lock(folders.job_lock(job_id))
        if held is None:
            return
        with held:
            with effects.unseen():
                folders.job_lock(job_id).write_text(str(pid), encoding="ascii")
            run = self.world.history.get_run_by_id(job_id)
            if run is not None and run.status is dg.DagsterRunStatus.STARTING:
                self.runs.live(run, self._release)

    def _release(self, run: dg.DagsterRun) -> None:
        """Do what the steps of a job do."""
        job = self.job_of(run)
        job.begun += 1
        require(job.begun == 1, f"the job of table {job.number} began again")
        require(not job.was_aborted_waiting, f"the job of table {job.number} was aborted before")
        with failures_in_words():
            context = Context(self.world, run)
            folder = ownership.own(cast("dg.OpExecutionContext", context), self.world.jobs)
            request = self._request(job)
            sweep_target(context.instance, request)
            folder.save_request(request)
            source = open_table(request)
            with self.world.alone_at(job.number):
                at_once, most = len(self.world.working), self.world.history.most
                require(at_once <= most, f"{at_once} jobs run at once, and {most} may")
                tables.publish(folder, job.number, source, self._heed(run))
            if job.fails:
                raise JobError("its report could not be written")

    def _request(self, job: Job) -> Request:
        return parse_request(
            {
                "source": {"path": self.world.place(f"inbox/{job.number}.csv")},
                "target": {
                    "path": self.world.place(f"{OUT}/{job.target}"),
                    "format": "csv",
                    "single_file": _TARGETS[job.target],
                    **({} if _TARGETS[job.target] else {"rows_per_file": 4}),
                },
                "policy": tables.POLICY,
            }
        )

    def _heed(self, run: dg.DagsterRun) -> Callable[[Progress], None]:
        """Return what ends a step of a run that was aborted."""
        return lambda _: require_wanted(self.world.instance, run.run_id)

    def job_of(self, run: dg.DagsterRun) -> Job:
        """Return what a run is for."""
        return self.jobs[cast("int", run.run_config["number"])]

    # -- what must hold --------------------------------------------------------------------

    def leave(self) -> None:
        """Let the host end once it has nothing to do, or at once."""
        self.is_closing = True
        if self.world.random.random() < _HALF:
            self.kill_host()

    def keep_going(self) -> None:
        """Let a host serve until it has nothing to do."""
        self.serve()
        self.world.scheduler.run()

    def is_quiet(self) -> bool:
        """Tell whether nothing is left to be done."""
        return all(run.is_finished for run in self.world.history.get_runs())

    def require_right(self) -> None:
        """Look whether all is as it should be once it is quiet."""
        runs = self.world.history.get_runs()
        ever = (*self.world.history.deleted, *runs)
        ends = {self.job_of(run).number: run.status for run in ever}
        self._require_order(runs)
        lines = {entry.job_id: entry.status for entry in Ledger(self.world.jobs.root).entries()}
        for run in runs:
            line = lines.get(run.run_id)
            require(line == _LINES[run.status], f"a run is {run.status}, its line says {line}")
            self._require_reason(self.job_of(run), run.status)
        for target in self.world.watched.values():
            self._require_agreement(target, ends)
        self._require_deleted(runs)

    def _require_reason(self, job: Job, end: dg.DagsterRunStatus) -> None:
        """An aborted job is aborted, and where nothing failed only what is unfit fails."""
        if job.was_aborted_waiting:
            require(end is _CANCELED, f"an aborted job is {end}")
        may_fail = job.fails or tables.is_unfit(job.number) or not self.world.is_calm
        require(may_fail or end is _SUCCESS, f"{job.number} is {end}, and nothing had failed")

    def _require_order(self, runs: Sequence[dg.DagsterRun]) -> None:
        """Jobs begin in the order in which they came."""
        firsts = list(dict.fromkeys(self.started))
        came = [run.run_id for run in reversed(runs) if run.run_id in firsts]
        begun = [run_id for run_id in firsts if run_id in came]
        require(begun == came, "jobs did not begin in the order in which they came")

    def _require_agreement(self, target: Watched, ends: Mapping[int, dg.DagsterRunStatus]) -> None:
        """What lies at a target is of a job that is completed, the last one that was there."""
        if target.now is not None:
            end = ends.get(target.now)
            require(end is _SUCCESS, f"{target.name} is {target.now}, whose job is {end}")
        elif last := [number for number in target.seen if number is not None]:
            end = ends.get(last[-1])
            require(end is not _SUCCESS, f"{target.name} is gone, but {last[-1]} is completed")
        for number, end in ends.items():
            if end is _SUCCESS and self.jobs[number].target == target.name:
                require(number in target.seen, f"{number} is completed, but never was published")

    def _require_deleted(self, runs: Sequence[dg.DagsterRun]) -> None:
        """Of deleted jobs nothing is left, and all is left of others."""
        folder = self.world.jobs.root / "jobs"
        kept = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
        known = {run.run_id for run in runs}
        require(kept <= known, f"{len(kept - known)} folders are of deleted jobs")
        published = {run.run_id for run in runs if run.status is _SUCCESS}
        require(published <= kept, f"{len(published - kept)} completed jobs have no folder")
        partitions = set(self.world.history.get_dynamic_partitions(REQUESTS))
        wanted = {f"request-{self.job_of(run).number}" for run in runs}
        require(partitions >= wanted, "a partition of a job is gone")
