"""Continuous release: files that arrive add up to one release, delta by delta.

Each delta keeps every promise by itself, and each person is in one delta only: so whoever keeps all
of them knows no more than their union tells, which keeps every promise, too. What a dataset has to
remember for it lies in its private folder, below that of the jobs::

    continuous/<dataset>/
    ├── ledger.sqlite               what became of each file and each person; see ledger
    ├── solution.<v>.json           how records are recoded under version v
    ├── reference.<v>.{parquet,npz} the sensitive values it was decided from: the frozen reference
    ├── judged.<v>.json             at how many people a class is judged, and the shares of values
    ├── read.<v>.<n>.{parquet,npz}  what file n, read under it, has: the next version is of these
    ├── released.<v>.<n>.*, stored.<v>.<n>.*  what delta n has, where promises are about all of them
    ├── spread.<n>.json             how many records of each label were read, up to file n
    ├── waiting.<n>.parquet         the records that are not released after step n
    ├── incoming.<n>.{parquet,npz}  those of the file of step n, while it is not finished
    ├── erased.<n>.*                whom step n erases, while it is not finished
    └── rows.<d>.<n>.npz            whose the records of delta d are, by block, since step n
"""

from anon_dagster.continuous.appending import append_file, erase
from anon_dagster.continuous.auditing import Audit, Claim, audit
from anon_dagster.continuous.erasing import Erasure
from anon_dagster.continuous.given_keys import keys_at
from anon_dagster.continuous.ledger import Fate, Kind, Ledger, Line, StoredDelta
from anon_dagster.continuous.reopening import reopen
from anon_dagster.continuous.rewriting import schema_of
from anon_dagster.continuous.standing import Standing, standing
from anon_dagster.continuous.stream import Stream

__all__ = [
    "Audit",
    "Claim",
    "Erasure",
    "Fate",
    "Kind",
    "Ledger",
    "Line",
    "Standing",
    "StoredDelta",
    "Stream",
    "append_file",
    "audit",
    "erase",
    "keys_at",
    "reopen",
    "schema_of",
    "standing",
]
