"""What a Delta table is now, and whether a release may become its next version."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from anon_dagster.errors import TargetError
from anon_dagster.request.lakehouse import folder_of
from anon_dagster.storage.addresses import absolute, is_folder
from anon_dagster.storage.extras import extra
from anon_dagster.storage.failures import writing
from anon_dagster.storage.listing import names_in
from anon_dagster.storage.understanding import raising

LOG: Final = "_delta_log"
MADE_BY: Final = "anon_job"
"""What an entry of the log says that a release made: the job."""
NTZ: Final = "timestampNtz"
_PLAIN: Final = frozenset({NTZ, "vacuumProtocolCheck", "appendOnly", "invariants"})
"""Features of a table that are kept by whoever replaces all of its records."""
_PLAIN_WRITER: Final = 2
_NAMED_WRITER: Final = 7  # from which on a table names its features
_OF_FIELDS: Final = ("delta.invariants", "delta.generationExpression", "delta.identity")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a table."""

    number: int
    table: str
    """The id of the table, which one that is made anew at the same place does not have."""
    job: str | None
    """That made it, if a release did."""
    files: tuple[str, ...]
    """Its data files, in their order, as they are called in the folder of the table."""

    @property
    def identity(self) -> str:
        """What tells it from any other version of any table at its place."""
        return identity_of(self.number, self.job, self.table)


def identity_of(number: int, job: str | None, table: str = "") -> str:
    """Return what tells a version; that of a job is known before it is made."""
    return f"version {number} of table {table}" if job is None else f"version {number} by {job}"


def current_version(path: str) -> Version | None:
    """Return the version that a table has now; none if there is no table.

    Raises
    ------
    TargetError
        If its log cannot be read.
    """
    folder = absolute(folder_of(path))
    if not is_folder(f"{folder}/{LOG}"):
        return None
    with delta_calls(path, "read"):
        table = opened(path)
        number, names = int(table.version()), sorted(f for f in _files_of(table, folder))
        identity = str(table.metadata().id)
    return Version(number, identity, job_of(path, number), tuple(names))


def opened(path: str, version: int | None = None) -> Any:  # noqa: ANN401 (deltalake's)
    """Open a table, the latest version of it unless one is named."""
    package = extra("deltalake", "delta", f"{path}, a Delta table,", TargetError)
    return package.DeltaTable(absolute(folder_of(path)), version=version)


def _files_of(table: Any, folder: str) -> Iterator[str]:  # noqa: ANN401 (deltalake's)
    for uri in table.file_uris():
        yield str(uri).removeprefix("file://").removeprefix(f"{folder}/")


def job_of(path: str, number: int) -> str | None:
    """Return the job whose release made a version; none if it is somebody else's."""
    entry = Path(entry_of(path, number))
    if not entry.exists():
        return None
    for line in entry.read_text(encoding="utf-8").splitlines():
        action = json.loads(line)
        if "commitInfo" in action:
            job = action["commitInfo"].get(MADE_BY)
            return None if job is None else str(job)
    return None


def entry_of(path: str, number: int) -> str:
    """Return the file of the log that makes a version."""
    return f"{absolute(folder_of(path))}/{LOG}/{number:020d}.json"


def names_the_log(path: str, name: str) -> bool:
    """Tell whether any version that the log still has, or the current one, has a data file."""
    current = current_version(path)
    if current is None or name in current.files:
        return current is not None
    log = Path(absolute(folder_of(path))) / LOG
    return any(name in entry.read_text(encoding="utf-8") for entry in log.glob("*.json"))


def require_replaceable(path: str) -> Version | None:
    """Return the version that a release would replace; none if there is no table yet.

    Raises
    ------
    TargetError
        If something else is there, or a table that a release cannot become a version of.
    """
    folder = Path(absolute(folder_of(path)))
    if folder.is_symlink():
        raise TargetError(f"{path} is a link; name the place it leads to")
    if folder.exists() and not folder.is_dir():
        raise TargetError(f"{path} is a file, but a Delta table needs a folder")
    found = current_version(path)
    if found is not None:
        _require_plain(path)
    elif folder.exists() and (others := len(names_in(str(folder)))):
        raise TargetError(
            f"the folder {path} has {others} files and is no Delta table: name another one"
        )
    return found


def _require_plain(path: str) -> None:
    """Refuse a table that asks more of its writers than to replace its files."""
    with delta_calls(path, "read"):
        table = opened(path)
        protocol, metadata = table.protocol(), table.metadata()
        fields = [field.metadata or {} for field in table.schema().fields]
    told = metadata.configuration
    features = (set(protocol.writer_features or ()) | set(protocol.reader_features or ())) - _PLAIN
    if _PLAIN_WRITER < protocol.min_writer_version < _NAMED_WRITER:
        features |= {f"writer version {protocol.min_writer_version}"}
    if told.get("delta.columnMapping.mode", "none") != "none":
        features |= {"columnMapping"}
    if told.get("delta.appendOnly", "false").lower() == "true":
        features |= {"appendOnly"}
    features |= {key for key in told if key.startswith("delta.constraints.")}
    features |= {key for each in fields for key in each if key.startswith(_OF_FIELDS)}
    if features:
        raise TargetError(
            f"{path} has features that are not kept here: {', '.join(sorted(features))}; name "
            "another folder"
        )
    if parts := metadata.partition_columns:
        raise TargetError(
            f"{path} is partitioned by {', '.join(parts)}, and a release has no partitions: name "
            "another folder"
        )


@contextmanager
def delta_calls(path: str, verb: str) -> Iterator[None]:
    """Turn whatever the library raises into an error that holds no cell.

    Parameters
    ----------
    verb
        What is done with the table, in words.

    Raises
    ------
    TargetError
        If it cannot be done.
    """
    wrong = TargetError(
        f"cannot {verb} {path}: its log is damaged, or of a kind that is not known here"
    )
    with raising(wrong), writing(path):
        yield
