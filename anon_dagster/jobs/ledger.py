"""A line for each job that is over, kept also when the job is deleted.

No cell is in it: who asked for what and when, what was promised, the figures of risk and utility,
where the release went and its checksum.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from anon_dagster.jobs.file_names import LEDGER
from anon_dagster.storage.private_database import PrivateDatabase, Table

FORMAT = 2
"""The version of the format of the file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a job."""

    job_id: str
    kind: str
    dataset: str
    request: str
    """The fingerprint of the request."""
    user: str
    status: str
    started: float | None
    """Seconds since the epoch, as the next."""
    ended: float | None
    promises: str
    risk: Mapping[str, float]
    utility: Mapping[str, float]
    target: str
    checksum: str
    source: str = ""
    """The file, of a job that releases each file by itself."""
    reason: str = ""
    """Why a job failed, a file was set aside, or a release that waited was not published."""
    requested_by: str = ""
    """Who asked for it; empty if nobody is known, as the next ones."""
    approved_by: str = ""
    """Who approved a release that waited."""
    rejected_by: str = ""
    """Who rejected one."""
    decided: float | None = None
    """When."""

    def document(self) -> dict[str, Any]:
        """Return the line as JSON has it."""
        return asdict(self)

    @property
    def outside(self) -> "Entry":
        """The line as others may have it: why a person rejected a release is not theirs."""
        return replace(self, reason="") if self.status == "rejected" else self


_COLUMNS = tuple(field.name for field in fields(Entry))
_TABLE = Table("ledger", _COLUMNS, ("job_id",), ("''", "''", "''", "''", "''", "NULL"))


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines of a store, in a SQLite file that only its owner may read."""

    root: Path
    seconds: float = 10.0
    """How long one writer waits for another."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.root / LEDGER

    def write(self, entry: Entry) -> bool:
        """Add a line; tell whether it is new. A job has one line, however often it is written."""
        document = entry.document()
        values = [json.dumps(v) if isinstance(v, dict) else v for v in document.values()]
        marks = ", ".join("?" * len(values))
        with self._database.transaction() as file:
            found = file.execute("SELECT 1 FROM ledger WHERE job_id = ?", (entry.job_id,))
            is_new = found.fetchone() is None
            file.execute(f"INSERT OR REPLACE INTO ledger VALUES ({marks})", values)  # noqa: S608 (marks alone)
        return is_new

    def find(self, job_id: str) -> Entry | None:
        """Return the line of a job."""
        if not self.path.exists():
            return None
        with self._database.transaction() as file:
            row = file.execute("SELECT * FROM ledger WHERE job_id = ?", (job_id,)).fetchone()
        return None if row is None else _entry(row)

    def entries(self) -> list[Entry]:
        """Return all lines, in the order the jobs ended."""
        if not self.path.exists():
            return []
        with self._database.transaction() as file:
            rows = file.execute("SELECT * FROM ledger ORDER BY ended, job_id").fetchall()
        return [_entry(row) for row in rows]

    @property
    def _database(self) -> PrivateDatabase:
        return PrivateDatabase(self.path, (_TABLE,), FORMAT, self.seconds)


def _entry(row: tuple[Any, ...]) -> Entry:
    document = dict(zip(_COLUMNS, row, strict=True))
    for name in ("risk", "utility"):
        document[name] = json.loads(document[name])
    return Entry(**document)
