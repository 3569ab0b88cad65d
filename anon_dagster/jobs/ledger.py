"""A line for each job that is over, kept also when the job is deleted.

No cell is in it: who asked for what and when, what was promised, the figures of risk and utility,
where the release went and its checksum.
"""

import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from anon_dagster.jobs.file_names import LEDGER

_SECONDS = 10.0


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
    """Why a job failed, or a file was set aside."""

    def document(self) -> dict[str, Any]:
        """Return the line as JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines of a store, in a SQLite file that only its owner may read."""

    root: Path

    @property
    def path(self) -> Path:
        """The file."""
        return self.root / LEDGER

    def write(self, entry: Entry) -> bool:
        """Add a line; tell whether it is new. A job has one line, however often it is written."""
        document = entry.document()
        values = [json.dumps(v) if isinstance(v, dict) else v for v in document.values()]
        marks = ", ".join("?" * len(values))
        with closing(self._open()) as file, file:
            file.execute("BEGIN IMMEDIATE")  # or two would both find it new
            found = file.execute("SELECT 1 FROM ledger WHERE job_id = ?", (entry.job_id,))
            is_new = found.fetchone() is None
            file.execute(f"INSERT OR REPLACE INTO ledger VALUES ({marks})", values)  # noqa: S608 (marks alone)
        return is_new

    def find(self, job_id: str) -> Entry | None:
        """Return the line of a job."""
        if not self.path.exists():
            return None
        with closing(self._open()) as file:
            row = file.execute("SELECT * FROM ledger WHERE job_id = ?", (job_id,)).fetchone()
        return None if row is None else _entry(row)

    def entries(self) -> list[Entry]:
        """Return all lines, in the order the jobs ended."""
        if not self.path.exists():
            return []
        with closing(self._open()) as file:
            rows = file.execute("SELECT * FROM ledger ORDER BY ended, job_id").fetchall()
        return [_entry(row) for row in rows]

    def _open(self) -> sqlite3.Connection:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        columns = [each.name for each in fields(Entry)]
        file = sqlite3.connect(self.path, timeout=_SECONDS)
        listed = ", ".join(columns)
        file.execute(f"CREATE TABLE IF NOT EXISTS ledger ({listed}, PRIMARY KEY (job_id))")
        there = len(file.execute("PRAGMA table_info(ledger)").fetchall())
        for column in columns[there:]:  # of a ledger that an earlier version began
            file.execute(f"ALTER TABLE ledger ADD COLUMN {column} DEFAULT ''")
        return file


def _entry(row: tuple[Any, ...]) -> Entry:
    document = dict(zip((each.name for each in fields(Entry)), row, strict=True))
    for name in ("risk", "utility"):
        document[name] = json.loads(document[name])
    return Entry(**document)
