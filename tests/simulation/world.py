"""What processes of a simulation share: a machine, a store, Dagster's history, and who watches."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, cast

import dagster as dg
from fsspec.implementations.local import LocalFileSystem

from anon_dagster.defs import ownership
from anon_dagster.defs.resources import JobStore
from anon_dagster.errors import SourceError
from anon_dagster.storage import moving
from anon_dagster.storage.addresses import is_local
from anon_dagster.storage.listing import resolve
from anon_dagster.storage.opening import open_to_read
from tests.simulation import effects, store
from tests.simulation.effects import Disk
from tests.simulation.history import History
from tests.simulation.scheduler import Process, Scheduler, current
from tests.simulation.store import Store
from tests.simulation.tables import is_unfit, number_in, number_of

OUT = "out"


class HeldByProcesses:
    """The files that each process holds locked: what one has is not another one's."""

    def __init__(self) -> None:
        self._held: dict[Process | None, set[Path]] = {}

    def __contains__(self, path: object) -> bool:
        return path in self._held.get(current(), ())

    def add(self, path: Path) -> None:
        """Note what the process that has the turn locked."""
        self._held.setdefault(current(), set()).add(path)

    def let_go(self, process: Process, path: Path) -> None:
        """Close a file of a process, as the operating system does when it is no more.

        It may have died while it locked the file, before it knew that it has it.
        """
        self._held.pop(process, None)
        if any(path in held for held in self._held.values()):
            return
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if descriptor.readlink() == path:
                    os.close(int(descriptor.name))


@dataclass(eq=False)
class World:
    """Everything but the processes."""

    folder: Path
    random: Random
    ids: Random
    """Draws ids: how many are drawn changes nothing else."""
    scheduler: Scheduler
    disk: Disk
    store: Store
    history: History
    is_remote: bool
    """Whether files come from the store and go to it, and not to this machine's disk."""
    is_spared: bool = False
    """Whether nobody may kill or abort anything."""
    is_calm: bool = True
    """Whether nothing failed, nobody died and nobody aborted anything."""
    working: set[int] = field(default_factory=set)
    """Tables that a living process releases at this moment."""
    deaths: float = 0.0
    """How often a process is killed at some step."""
    watched: dict[str, "Watched"] = field(default_factory=dict)
    """The targets, by their addresses."""
    on_step: list[Callable[[], None]] = field(default_factory=list)
    """Who looks after each step."""
    said: list[str] = field(default_factory=list)
    """What anybody was told."""
    held: HeldByProcesses = field(default_factory=HeldByProcesses)
    """The folders of runs that are locked."""

    @property
    def instance(self) -> dg.DagsterInstance:
        """The history, for whoever takes it for Dagster's."""
        return cast("dg.DagsterInstance", self.history)

    @property
    def jobs(self) -> JobStore:
        """Where jobs keep what they make."""
        return JobStore(self.folder / ".anon")

    def place(self, name: str) -> str:
        """Return the address of a file or folder."""
        return f"s3://{name}" if self.is_remote else str(self.folder / name)

    # -- processes -------------------------------------------------------------------------

    def start(self, name: str, body: Callable[[], object], *, steps: int = 120) -> Process:
        """Start a process, which may be killed within so many steps."""
        dies = self.random.random() < self.deaths
        dies_in = self.random.randrange(steps) if dies else None
        return self.scheduler.start(name, body, dies_in=dies_in)

    def note(self, what: str) -> None:
        """Write down what is no step of a process."""
        self.scheduler.trace.append(f"  {what}")

    def fresh_id(self) -> str:
        """Return an id that nothing else has."""
        return str(uuid.uuid4())

    def disturb(self) -> None:
        """Note that something failed."""
        self.is_calm = False

    @contextmanager
    def alone_at(self, number: int) -> Iterator[None]:
        """Let a process release a table, while no other one does.

        Raises
        ------
        AssertionError
            If another one does.
        """
        assert number not in self.working, f"two processes release {number} at once"
        self.working.add(number)
        try:
            yield
        finally:
            self.working.discard(number)

    # -- files -----------------------------------------------------------------------------

    def number_at(self, path: str) -> int:
        """Return which table a file has, or 0 if there is none any more; this is no step."""
        if self.is_remote:
            found = self.store.objects.get(path.removeprefix("s3://"))
            return number_in(found.content) if found else 0
        with effects.unseen(), suppress(FileNotFoundError):
            return number_in(Path(path).read_bytes())
        return 0

    def put(self, name: str, content: bytes) -> None:
        """Let a file appear whole, as a careful sender does."""
        if self.is_remote:
            self.store.put(name, content)
            return
        path = self.folder / name
        beside = path.with_name(f".{path.name}")
        with effects.unseen():
            beside.write_bytes(content)
            os.utime(beside, (self.scheduler.now(), self.scheduler.now()))
            beside.replace(path)

    def remove(self, name: str) -> None:
        """Remove a file."""
        if self.is_remote:
            self.store.objects.pop(name, None)
            return
        with effects.unseen():
            (self.folder / name).unlink(missing_ok=True)

    def left_over(self) -> list[str]:
        """Return what lies beside the targets and is none."""
        if self.is_remote:
            found = [key.partition("/")[2] for key in self.store.below(f"{OUT}/")]
            uploads = [key for key in self.store.uploads.values() if key.startswith(f"{OUT}/")]
        else:
            out = self.folder / OUT
            found = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
            uploads = sorted(str(p.relative_to(out)) for p in out.rglob(".*") if p.is_dir())
        known = {each.name: each for each in self.watched.values()}
        return [
            name
            for name in found
            if name.partition("/")[0] not in known or not self._is_part(name, known)
        ] + uploads

    def _is_part(self, name: str, known: dict[str, "Watched"]) -> bool:
        target, _, part = name.partition("/")
        if not part:
            return True
        here = known[target].address
        if part == "_SUCCESS":
            return True
        with suppress(SourceError):  # of parts that no table lists
            return f"{here}/{part}" in resolve(here)
        return False

    # -- targets ---------------------------------------------------------------------------

    def watch(self, name: str) -> "Watched":
        """Watch a target from now on."""
        address = self.place(f"{OUT}/{name}")
        return self.watched.setdefault(address, Watched(address, name))

    def look(self) -> None:
        """Look at what the last step did."""
        for each in self.on_step:
            each()

    def look_at_targets(self) -> None:
        """Look at every target whether it changed, and whether it may."""
        for each in self.watched.values():
            mark = self._mark(each.address)
            if mark != each.mark:
                each.mark = mark
                each.see(self._number(each.address) if mark else None, self.scheduler)

    def _mark(self, address: str) -> object:
        """Return what changes with a target."""
        if not is_local(address):
            key = address.removeprefix("s3://")
            there = self.store.objects
            return there.get(key) or there.get(f"{key}/_SUCCESS")
        with suppress(FileNotFoundError):
            found = os.stat(address)  # noqa: PTH116 (of a text, at every step)
            return found.st_ino, found.st_mtime_ns, found.st_size
        return None

    def _number(self, address: str) -> int:
        """Read a release as anybody would."""
        parts = []
        for path in resolve(address):
            with open_to_read(path) as file:
                parts.append(file.read())
        return number_of(parts)


@dataclass(eq=False)
class Watched:
    """A target, and what was ever seen there."""

    address: str
    name: str
    seen: list[int | None] = field(default_factory=list)
    """The tables whose releases lay there, one after the other; None is nothing."""
    mark: object = None
    on_change: Callable[["Watched", int | None], None] = lambda _, __: None

    @property
    def now(self) -> int | None:
        """What lies there."""
        return self.seen[-1] if self.seen else None

    def see(self, number: int | None, scheduler: Scheduler) -> None:
        """Note what lies there now."""
        if number != self.now:
            scheduler.trace.append(f"  {self.name} is {'gone' if number is None else number}")
            self.seen.append(number)
            assert number is None or not is_unfit(number), f"{number} breaks a promise"
            self.on_change(self, number)


def make(folder: Path, seed: int) -> World:
    """Make an empty world of a seed."""
    random = Random(seed)  # noqa: S311 (it shall be told beforehand)
    for name in ("inbox", OUT, ".anon"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("inbox", OUT):
        (folder / name).mkdir()
    scheduler = Scheduler(random, restlessness=random.choice((0.02, 0.1, 0.3)))
    disk, store_ = Disk(folder, random), Store(scheduler, random)
    world = World(
        folder,
        random,
        Random(seed),  # noqa: S311 (as above)
        scheduler,
        disk,
        store_,
        History(scheduler),
        is_remote=random.random() < 0.5,
    )
    scheduler.on_step = world.look
    scheduler.on_death = store_.on_failure = disk.on_failure = world.disturb
    world.on_step.append(world.look_at_targets)
    return world


class running:  # noqa: N801 (reads as a statement)
    """Let a world be the one that code meets: its disk, its store, and ids of its seed."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __enter__(self) -> World:
        world = self._world
        effects.watch(world.disk)
        store.serve(world.store)
        self._kept = uuid.uuid4, moving._RENAMEAT2, LocalFileSystem.info  # noqa: SLF001 (what the machine can)
        self._held = ownership._held  # noqa: SLF001 (of each process of its own)
        ownership._held = cast("set[Path]", world.held)  # noqa: SLF001 (as above)
        uuid.uuid4 = lambda: uuid.UUID(int=world.ids.getrandbits(128), version=4)
        LocalFileSystem.info = _with_numbers(LocalFileSystem.info)
        can_exchange = world.random.random() < 0.5
        moving._RENAMEAT2 = self._exchanging if can_exchange else None  # noqa: SLF001 (as above)
        return world

    def __exit__(self, *_: object) -> None:
        uuid.uuid4, moving._RENAMEAT2, LocalFileSystem.info = self._kept  # noqa: SLF001 (as above)
        ownership._held = self._held  # noqa: SLF001 (as above)
        effects.ignore()
        store.close()

    def _exchanging(self, *args: object) -> int:
        self._world.scheduler.step("exchange two folders")
        exchange = self._kept[1]
        assert exchange is not None, "Linux has it"
        return int(exchange(*args))


def _with_numbers(info: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Let files be told apart by numbers in the order they are met, the same at each replay."""
    numbers: dict[object, int] = {}

    def numbered(self: LocalFileSystem, path: str, **options: object) -> dict[str, Any]:
        told = info(self, path, **options)
        told["ino"] = numbers.setdefault((told.get("ino"), told.get("mtime")), len(numbers))
        return told

    return numbered
