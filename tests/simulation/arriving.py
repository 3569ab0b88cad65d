"""Files that arrive: a daemon that finds them, runs that release them, and what people do."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import dagster as dg
import pandas as pd

from anon_dagster.arrivals import Arrival, Inbox, Registry, State
from anon_dagster.defs import arriving, ownership
from anon_dagster.defs.arriving import FilesConfig, file_run, release_files
from anon_dagster.defs.batch import FileRun, require_version
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.graph import Group
from anon_dagster.defs.stages import Shown
from anon_dagster.jobs import file_names
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.jobs.tags import DATASET_TAG, KIND_TAG, PARENT_TAG
from anon_dagster.operations.preparation import open_table
from anon_dagster.progress import ProgressSink
from anon_dagster.request import Request, parse_request
from anon_dagster.storage import listing
from tests.simulation import tables
from tests.simulation.laws import require
from tests.simulation.runs import Context, Runs
from tests.simulation.scheduler import unwatched
from tests.simulation.world import OUT, Watched, World

GROUP = Group("people")
NAMES = ("a", "b", "c[1]")
_STATUS = {State.RELEASED: "completed", State.SET_ASIDE: "failed"}
_OP = "people__release_files"
_COUNTER = 24  # bytes into a file of SQLite: the number of its changes
_RUN_KEY = "dagster/run_key"
_STATISTICS = pd.DataFrame({"release": [1.0]}, index=pd.Index(["k"], name="statistic"))


class SimulatedFileRun(FileRun):
    """A run whose tables were counted and decided before; all else is as it is."""

    def _anonymize(self, taken: Arrival, job: JobFolder, progress: ProgressSink) -> Shown:
        world = cast("Context", self.context).world
        source = open_table(job.load_request())
        require_version(taken)
        number = world.number_at(taken.path)
        with world.alone_at(number):
            release = tables.publish(job, number, source, progress)
        for name in (file_names.RISK, file_names.UTILITY):
            job.save_statistics(name, _STATISTICS)
        return {"checksum": dg.MetadataValue.text(release.checksum)}


@dataclass(eq=False)
class Arrivals:
    """A deployment with one dataset whose files arrive."""

    world: World
    pending: dict[str, dg.RunRequest] = field(default_factory=dict)
    """Runs that a tick asked for, by their ids, and that the daemon did not start yet."""
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    """The table of each version of a file, by its path and its version."""
    remembered: set[int] = field(default_factory=set)
    """Every table that the registry ever had."""
    once_released: set[int] = field(default_factory=set)
    """Every table that was released, whatever came then."""
    count: int = 0
    _changes: bytes = b""
    """How often the registry was changed."""

    def __post_init__(self) -> None:
        self.inbox = Inbox(self._request())
        self.registry = Registry(self.world.jobs.root, GROUP.name)
        self.runs = Runs(self.world)
        self.world.on_step.append(self._remember)
        for name in NAMES:
            self.world.watch(f"{name}.csv").on_change = self._require_running

    def _request(self) -> Request:
        random = self.world.random
        return parse_request(
            {
                "source": {"path": self.world.place("inbox") + "/*.csv"},
                "policy": tables.POLICY,
                "arrivals": {
                    "target": {"path": self.world.place(OUT) + "/{file}.csv"},
                    "settle_seconds": random.choice((0, 5)),
                    "files_per_run": random.choice((1, 2, 50)),
                },
            }
        )

    # -- what people do --------------------------------------------------------------------

    @property
    def deeds(self) -> Mapping[Callable[[], None], int]:
        """What may happen next, and how likely it is."""
        return {
            self.send: 5,
            self.tick: 6,
            self.runs.keep_house: 2,
            self.runs.close_all: 2,
            self.runs.abort: 1,
            self.runs.kill: 1,
            self.runs.delete: 1,
            self.take_away: 1,
            self.run_again: 1,
            self.name_files: 1,
        }

    def send(self) -> None:
        """Send a file, or another one of the same name."""
        name = f"{self.world.random.choice(NAMES)}.csv"
        self.count += 1
        self.world.note(f"{name} is sent with table {self.count}")
        self.world.put(f"inbox/{name}", tables.table(self.count))
        path = self.world.place(f"inbox/{name}")
        with unwatched():
            found = listing.look_up(path)
        assert found is not None, "it was just put there"
        self.versions[found.path, found.version] = self.count

    def take_away(self) -> None:
        """Remove a file, whether it was released or not."""
        name = f"{self.world.random.choice(NAMES)}.csv"
        self.world.note(f"{name} is taken away")
        self.world.remove(f"inbox/{name}")

    def run_again(self) -> None:
        """Execute a run again that did not succeed."""
        run = self.runs.one_that(lambda each: each.status is dg.DagsterRunStatus.FAILURE)
        if run is not None:
            self._launch("", run.run_config, {**run.tags, PARENT_TAG: run.run_id})

    def name_files(self) -> None:
        """Let a file be released whatever became of it before."""
        path = self.world.place(f"inbox/{self.world.random.choice(NAMES)}.csv")
        self._launch("", {"ops": {_OP: {"config": {"files": [path]}}}}, {})

    # -- the daemon ------------------------------------------------------------------------

    def tick(self) -> None:
        """Let a daemon look for new files; it may do so before another one is done."""
        self.world.start("tick", self._tick)

    def _tick(self) -> None:
        for run_id, request in list(self.pending.items()):  # it was ended before it came to them
            self._launch_asked(run_id, request)
        with failures_in_words():
            decided = arriving.evaluate(self.world.instance, self.world.jobs, GROUP, self.inbox)
        if isinstance(decided, dg.SkipReason):
            return
        self.world.scheduler.step("store a tick")
        asked = {self.world.fresh_id(): each for each in decided.run_requests or ()}
        self.pending |= asked
        for run_id, request in asked.items():
            self._launch_asked(run_id, request)

    def _launch_asked(self, run_id: str, request: dg.RunRequest) -> None:
        """Start a run unless one of the same key was made before."""
        tags = {**request.tags, _RUN_KEY: str(request.run_key)}
        same = self.world.history.get_runs(dg.RunsFilter(tags={_RUN_KEY: str(request.run_key)}))
        if not [each for each in same if each.run_id != run_id]:
            self._launch(run_id, request.run_config or {}, tags)
        self.pending.pop(run_id, None)

    def _launch(self, run_id: str, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        tags = {KIND_TAG: "files", DATASET_TAG: GROUP.name, **tags}
        self.runs.launch(run_id or self.world.fresh_id(), config, tags, self._release)

    # -- runs ------------------------------------------------------------------------------

    def _release(self, run: dg.DagsterRun) -> None:
        """Do what the operation of the job does."""
        context = cast("dg.OpExecutionContext", Context(self.world, run))
        configured: Any = run.run_config
        config = FilesConfig(**configured["ops"][_OP]["config"])
        with failures_in_words():
            ownership.own(context, self.world.jobs)
            made = file_run(context, self.world.jobs, GROUP, self.inbox)
            release_files(SimulatedFileRun(**vars(made)), config)

    # -- what must hold --------------------------------------------------------------------

    def states(self) -> dict[int, State]:
        """Return where each table stands, as the registry has it at this moment."""
        if not self.registry.path.exists():
            return {}
        with closing(sqlite3.connect(f"file:{self.registry.path}?mode=ro", uri=True)) as file:
            made = file.execute("SELECT 1 FROM sqlite_master WHERE name = 'arrivals'").fetchone()
            rows = file.execute("SELECT path, version, state FROM arrivals") if made else ()
            found = [(self.versions[path, version], State(state)) for path, version, state in rows]
        return dict(found)

    def _remember(self) -> None:
        """Note what is released, whenever the registry changed: a file may be asked for again."""
        with suppress(FileNotFoundError), self.registry.path.open("rb") as file:
            file.seek(_COUNTER)
            if (now := file.read(4)) != self._changes:
                self._changes = now
                states = self.states()
                self.once_released |= {n for n, s in states.items() if s is State.RELEASED}

    def _require_running(self, target: Watched, number: int | None) -> None:
        """Only what a run has is published, and nothing that is released is taken away."""
        states = self.states()
        if number is not None:
            require(
                states.get(number) is State.RUNNING,
                f"{target.name} became {number}, which is {states.get(number)}",
            )
        elif (former := target.seen[-2]) is not None:
            require(
                states.get(former) is not State.RELEASED,
                f"{target.name} went, although {former} is released",
            )

    def keep_going(self) -> None:
        """Let the daemon, the sensors and the runs do what is due."""
        for deed in (self.tick, self.runs.keep_house, self.runs.close_all):
            deed()
            self.world.scheduler.run()
        self.runs.monitor()

    def leave(self) -> None:
        """Do nothing: daemons tick only when they are told."""

    def is_quiet(self) -> bool:
        """Tell whether nothing is left to be done."""
        waiting = {State.SEEN, State.WAITING, State.GIVEN, State.RUNNING}
        return not self.pending and self.runs.are_over() and not waiting & {*self.states().values()}

    def require_right(self) -> None:
        """Look whether all is as it should be once it is quiet."""
        states = self.states()
        require(set(states) >= self.remembered, "the registry forgot versions")
        self.remembered = set(states)
        self._require_reasons(states)
        for target in self.world.watched.values():
            self._require_agreement(target, states)
        lines = {entry.job_id: entry.status for entry in Ledger(self.world.jobs.root).entries()}
        for arrival in self.registry.arrivals():
            self.world.said.append(arrival.reason)
            if status := _STATUS.get(arrival.state):
                line = lines.get(f"{GROUP.name}/{arrival.key}")
                require(line == status, f"{arrival.path} is {arrival.state}, its line {line}")

    def _require_reasons(self, states: Mapping[int, State]) -> None:
        """Where nothing failed, only what is unfit is set aside."""
        wrong = [n for n, s in states.items() if s is State.SET_ASIDE and not tables.is_unfit(n)]
        require(
            not (wrong and self.world.is_calm), f"{wrong} are set aside, and nothing had failed"
        )

    def _require_agreement(self, target: Watched, states: Mapping[int, State]) -> None:
        """A target is a release that the registry knows of, the last one if it has any."""
        if target.now is not None:
            state = states.get(target.now)
            released = target.now in self.once_released
            require(released, f"{target.name} is {target.now}, which is {state}")
        mine = [n for n, s in states.items() if s is State.RELEASED and n in target.seen]
        require(
            not mine or target.now == mine[-1],
            f"{target.name} is {target.now}, but {mine} are released",
        )
