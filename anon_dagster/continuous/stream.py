"""A dataset that is released continuously: its request, and the private folder of its state."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pyarrow as pa

from anon_dagster.arrivals.inbox import Inbox
from anon_dagster.continuous.ledger import Kind, Ledger, Line
from anon_dagster.continuous.records import Records
from anon_dagster.errors import BusyError, RequestError
from anon_dagster.jobs.file_names import CONTINUOUS, STEP_LOCK
from anon_dagster.jobs.files import JobFiles
from anon_dagster.reading.persons import fresh_key
from anon_dagster.request import DELTA, Arrivals, Policy, Request, parse_request
from anon_dagster.request.policy import fingerprint_of
from anon_dagster.storage.locks import lock

_KEY, _PERSON = "key of persons", "person"
_LOOK_AGAIN = 0.1  # seconds
_OF_STEP = re.compile(
    r"(?P<kind>waiting|spread|incoming|erased|(rows|read|released|stored)\.[0-9]+)\.(?P<number>[0-9]+)\."
)
"""The files of a step."""

_OF_INTENT = {"incoming", "erased"}


@dataclass(frozen=True, slots=True)
class StateFiles(JobFiles):
    """The files of a dataset that is released continuously."""

    @property
    def path(self) -> Path:
        """The folder, whether or not it exists."""
        return self.root / CONTINUOUS / self.job_id

    def _words(self, name: str) -> str:
        return f"{name} of the continuous release of {self.job_id}"


@dataclass(frozen=True, slots=True)
class Stream:
    """What is asked of a dataset, and where its state lies."""

    dataset: str
    request: Request
    root: Path
    """The folder of the jobs, ``.anon``."""
    patience: float = 60.0
    """How many seconds a step waits for another one to end."""

    def __post_init__(self) -> None:
        if self.request.arrivals is None or self.request.arrivals.mode != "append":
            raise RequestError("only what says arrivals: {mode: append} is released continuously")

    @property
    def settings(self) -> Arrivals:
        """How files are treated."""
        assert self.request.arrivals is not None, "checked at first"
        return self.request.arrivals

    @property
    def policy(self) -> Policy:
        """What each attribute is and what must hold."""
        return self.request.policy

    @property
    def asked(self) -> str:
        """What tells what is asked of deltas from anything else: a solution is decided for it."""
        return f"{fingerprint_of(self.policy)} {self.settings.observer} {self.settings.judge_at}"

    @property
    def files(self) -> StateFiles:
        """Its private files."""
        return StateFiles(self.root, self.dataset)

    @property
    def ledger(self) -> Ledger:
        """What became of each file and each person."""
        return Ledger(self.files.path / "ledger.sqlite")

    @property
    def key(self) -> str:
        """The key of the hashes of persons, the same for all steps."""
        self.files.create()
        return self.ledger.setting(_KEY, fresh_key())

    @property
    def last(self) -> Line:
        """The last finished step; number 0 before the first."""
        return self.ledger.last(but=[Kind.SET_ASIDE])

    @property
    def last_file(self) -> Line:
        """The last finished step that read a file; number 0 before the first."""
        return self.ledger.last(but=set(Kind) - {Kind.FILE})

    @property
    def next_number(self) -> int:
        """The number of the next step."""
        return self.ledger.last().number + 1

    def request_of(self, path: str) -> Request:
        """Return the request that reads one file."""
        inbox = Inbox(self.request)
        source = inbox.source.model_dump(by_alias=True) | {"path": path}
        policy = self.policy.model_dump(by_alias=True)
        return parse_request({"source": source, "policy": policy})

    def load_records(self, kind: str, number: int) -> Records:
        """Return the records that were kept of a step: those that wait, or that came."""
        if not number:
            return Records(pa.table({}), np.zeros(0))
        return Records.of_stored(self.files.load_table(f"{kind}.{number}.parquet"))

    def target_of(self, line: Line) -> str:
        """Return where a delta goes."""
        return self.settings.target.path.replace(DELTA, line.delta)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else take a step meanwhile; what a killed one left is removed.

        Raises
        ------
        BusyError
            If another one takes too long.
        """
        held, until = None, monotonic() + self.patience
        path = self.files.create() / STEP_LOCK
        while held is None:
            held = lock(path)
            if held is None and monotonic() > until:
                raise BusyError(f"another step of {self.dataset} is under way; try again later")
            if held is None:
                sleep(_LOOK_AGAIN)
        with held:
            self._require_same_people()
            self._sweep()
            yield

    def _require_same_people(self) -> None:
        """Refuse to tell people by other attributes than before: nobody would be known again."""
        told = ", ".join(self.policy.person or ())
        if (kept := self.ledger.setting(_PERSON, told)) != told:
            raise RequestError(
                f"the deltas of {self.dataset} were released with policy.person: {kept or 'none'}, "
                f"and the request says {told or 'none'}: nobody would be known again; release the "
                "files as another dataset"
            )

    def _sweep(self) -> None:
        """Remove files of steps that are neither finished nor intended, and what is used up."""
        intent, last = self.ledger.intent(), self.last.number
        told = {(f"rows.{delta.number}", delta.rows) for delta in self.ledger.deltas()}
        for path in self.files.path.iterdir():
            match = _OF_STEP.match(path.name)
            if match is None:
                continue
            kind, number = match["kind"], int(match["number"])
            begun = intent is not None and number == intent.number
            used = kind in _OF_INTENT and number <= last
            used |= kind == "waiting" and number < last
            used |= kind == "spread" and number < self.last_file.number
            used |= kind.startswith("read.") and int(kind[5:]) < self.last.next_version
            used |= kind.startswith("rows") and (kind, number) not in told and number <= last
            if used or (number > last and not begun):
                path.unlink()


def with_target(request: Request, stream: Stream, line: Line) -> Request:
    """Return the request of a delta."""
    target = stream.settings.target.model_copy(update={"path": stream.target_of(line)})
    return request.model_copy(update={"target": target})
