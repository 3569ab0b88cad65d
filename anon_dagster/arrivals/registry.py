"""Every version of every file that arrived, in a SQLite file that only its owner may read."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from anon_dagster.arrivals.arrival import Arrival, State
from anon_dagster.errors import JobError
from anon_dagster.storage.listing import ListedFile
from anon_dagster.storage.private_database import PrivateDatabase, Table

FORMAT = 2
"""The version of the format of the file."""
_SET_BACK = 3_600.0  # seconds: of a clock, when what is listed next seems so much older
_COLUMNS = tuple(field.name for field in fields(Arrival))
_TABLES = (
    Table("arrivals", ("dataset", *_COLUMNS), ("dataset", "path", "version"), ("0",)),
    Table("listings", ("dataset", "listed"), ("dataset",)),
)


@dataclass(frozen=True, slots=True)
class Registry:
    """The files of one dataset; each change is one step, whoever else is at work."""

    root: Path
    dataset: str
    seconds: float = 30.0
    """How long it is waited for whoever else is at work."""

    @property
    def path(self) -> Path:
        """The file, of all datasets together."""
        return self.root / "arrivals.sqlite"

    def arrivals(self) -> list[Arrival]:
        """Return every version of a file that was ever seen, the oldest first."""
        if not self.path.exists():
            return []
        with self._open() as file:
            return self._read(file)

    def decide(
        self, plan: Callable[[Sequence[Arrival]], Iterable[Arrival]], *, listed: float
    ) -> bool:
        """Let a plan change what is known; nobody else changes it meanwhile.

        Parameters
        ----------
        listed
            When it was begun to list what the plan goes by, in seconds since the epoch.

        Returns
        -------
        bool
            Whether it was asked: in an older listing than one that was decided by, files look as
            if they had become again what they were.
        """
        with self._open() as file:
            if not self._is_newest(file, listed):
                return False
            self._change(file, plan)
        return True

    def of_batch(self, batch: str) -> list[Arrival]:
        """Return the files that are given to a batch, the oldest first."""
        given = [each for each in self.arrivals() if each.batch == batch]
        return [each for each in given if each.state is State.GIVEN]

    def reopen(self, batch: str) -> list[Arrival]:
        """Give a batch its files that were set aside once more, and return all that it has."""

        def again(known: Sequence[Arrival]) -> list[Arrival]:
            mine = [each for each in known if each.batch == batch]
            aside = [each for each in mine if each.state is State.SET_ASIDE]
            return [replace(each, state=State.GIVEN, crashes=0, reason="") for each in aside]

        with self._open() as file:
            self._change(file, again)
        return self.of_batch(batch)

    def give(self, found: Sequence[ListedFile], batch: str, *, now: float) -> list[Arrival]:
        """Give files to a batch whatever became of them before, unless a run is at them.

        Raises
        ------
        JobError
            If a run has one of them.
        """

        def given(known: Sequence[Arrival]) -> list[Arrival]:
            busy = {each.path for each in known if each.state.is_with_a_run}
            if taken := sum(each.path in busy for each in found):
                raise JobError(f"{taken} of the files are with another run; wait for its end")
            fresh = [Arrival.of(each, now=now) for each in found]
            return [replace(each, state=State.GIVEN, batch=batch) for each in fresh]

        with self._open() as file:
            self._is_newest(file, now)
            self._change(file, given)
        return self.of_batch(batch)

    def begin(self, arrival: Arrival) -> Arrival | None:
        """Begin with a file that is given to its batch; nothing if somebody else did."""
        taken = replace(arrival, state=State.RUNNING)
        with self._open() as file:
            if self._find(file, arrival) != replace(arrival, state=State.GIVEN):
                return None
            self._write(file, taken)
        return taken

    def end(self, taken: Arrival, ended: Arrival) -> bool:
        """Write down what became of a file; tell whether it was still its run's."""
        with self._open() as file:
            if self._find(file, taken) != taken:
                return False
            self._write(file, ended)
        return True

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return PrivateDatabase(self.path, _TABLES, FORMAT, self.seconds).transaction()

    def _is_newest(self, file: sqlite3.Connection, listed: float) -> bool:
        """Tell whether a listing is as new as any that was decided by, and remember it."""
        query = "SELECT listed FROM listings WHERE dataset = ?"
        last = next((row[0] for row in file.execute(query, (self.dataset,))), listed)
        if 0 < last - listed < _SET_BACK:
            return False
        file.execute("REPLACE INTO listings VALUES (?, ?)", (self.dataset, listed))
        return True

    def _change(
        self, file: sqlite3.Connection, plan: Callable[[Sequence[Arrival]], Iterable[Arrival]]
    ) -> None:
        for arrival in plan(self._read(file)):
            self._write(file, arrival)

    def _read(self, file: sqlite3.Connection) -> list[Arrival]:
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM arrivals WHERE dataset = ? ORDER BY modified, path"  # noqa: S608 (names of ours)
        )
        return [_arrival(row) for row in file.execute(query, (self.dataset,))]

    def _find(self, file: sqlite3.Connection, arrival: Arrival) -> Arrival | None:
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM arrivals "  # noqa: S608 (names of ours)
            "WHERE dataset = ? AND path = ? AND version = ?"
        )
        row = file.execute(query, (self.dataset, arrival.path, arrival.version)).fetchone()
        return None if row is None else _arrival(row)

    def _write(self, file: sqlite3.Connection, arrival: Arrival) -> None:
        marks = ", ".join("?" * (1 + len(_COLUMNS)))
        values = (self.dataset, *astuple(arrival))
        file.execute(f"INSERT OR REPLACE INTO arrivals VALUES ({marks})", values)  # noqa: S608 (marks alone)


def _arrival(row: tuple[object, ...]) -> Arrival:
    document = dict(zip(_COLUMNS, row, strict=True))
    return Arrival(**{**document, "state": State(document["state"])})  # type: ignore[arg-type]
