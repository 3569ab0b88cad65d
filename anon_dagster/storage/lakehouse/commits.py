"""How a version of a Delta table comes about, and how the one before is brought back."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from anon_dagster.errors import TargetError
from anon_dagster.request.lakehouse import folder_of
from anon_dagster.storage.addresses import absolute
from anon_dagster.storage.extras import extra
from anon_dagster.storage.failures import writing
from anon_dagster.storage.lakehouse.kept_types import plain
from anon_dagster.storage.lakehouse.versions import (
    LOG,
    MADE_BY,
    NTZ,
    Version,
    current_version,
    delta_calls,
    opened,
)
from anon_dagster.storage.moving import move
from anon_dagster.storage.targets.publishing import remove_quietly, unowned_beside

_MARK = ".of-"
"""What the names of data files of a release have in them."""


def mark_of(token: str) -> str:
    """Return what the names of the data files of a job have in them."""
    return f"{_MARK}{token}."


def create(folder: str, schema: pa.Schema, names: Sequence[str], job: str) -> None:
    """Make the log of a new table in a folder that has its data files."""
    package = extra("deltalake.transaction", "delta", f"{folder}, a Delta table,", TargetError)
    with delta_calls(folder, "write"):
        package.create_table_with_add_actions(
            folder,
            _delta_schema(schema),
            _additions(folder, names),
            mode="error",
            commit_properties=_properties(job),
        )


def commit(path: str, base: Version, schema: pa.Schema, names: Sequence[str], job: str) -> None:
    """Let data files in the folder of a table be its next version, if its latest one is `base`.

    Raises
    ------
    TargetError
        If somebody else has committed since; their version is left as it is.
    """
    with delta_calls(path, "write"):
        table = opened(path, base.number)
        actions = _additions(absolute(path), names)
        try:
            table.create_write_transaction(
                actions,
                "overwrite",
                _delta_schema(schema),
                commit_properties=_properties(job),
            )
        except Exception:
            found = current_version(path)
            if found is not None and found.job == job:  # what failed came later, as a checkpoint
                return
            require_current(path, base)
            raise


def require_current(path: str, base: Version | None) -> None:
    """Refuse a table that is not as it was when the release was begun.

    Raises
    ------
    TargetError
        Saying that somebody else has committed.
    """
    found = current_version(path)
    if (found and found.identity) != (base and base.identity):
        raise TargetError(
            f"somebody else wrote to {path} while the release was made: their version is left as "
            "it is, and nothing is published; run the job again"
        )


def require_moments(path: str, schema: pa.Schema) -> None:
    """Refuse moments without a zone where a table that is there does not have them yet.

    Raises
    ------
    TargetError
        Naming the columns.
    """
    named = [f.name for f in schema if pa.types.is_timestamp(f.type) and f.type.tz is None]
    with delta_calls(path, "read"):
        known = NTZ in (opened(path).protocol().writer_features or ())
    if named and not known:
        raise TargetError(
            f"{path} does not have the feature {NTZ}, which {', '.join(named)} needs: add it to "
            "the table, or name another folder"
        )


def bring_back(path: str, version: Sequence[str] = ()) -> None:
    """Let the content of the version before the latest one be the next version.

    Of a table whose first version is the latest one, nothing stays. Data files of a release that
    is taken back are removed, so that nobody travels back to it.

    Parameters
    ----------
    version
        What the latest one has to be, as a fingerprint tells it; if empty, that of any release.

    Raises
    ------
    TargetError
        If somebody else commits meanwhile, or the former version cannot be read any more.
    """
    latest = current_version(path)
    if latest is None:
        raise FileNotFoundError(path)
    if latest.job is None or (version and f"ETag={latest.identity}" not in version):
        raise _not_ours(path)
    if latest.number == 0:
        _remove_whole(absolute(folder_of(path)))
        return
    with delta_calls(path, "restore"):
        table = opened(path, latest.number)
        try:
            table.restore(latest.number - 1)
        except Exception:  # noqa: BLE001 (the library does not say which ones it has)
            require_current(path, latest)
            raise TargetError(
                f"cannot restore {path}: files of version {latest.number - 1} are gone"
            ) from None
    for name in latest.files:
        if mark_of(latest.job) in name:
            remove_quietly(f"{absolute(folder_of(path))}/{name}")


def _remove_whole(folder: str) -> None:
    """Remove a table of one version, unless it has got another one meanwhile."""
    beside = unowned_beside(folder)
    with writing(folder):
        move(folder, beside)
        if len(list(Path(beside, LOG).glob("*.json"))) > 1:
            move(beside, folder)
            raise _not_ours(folder)
    remove_quietly(beside)


def _not_ours(path: str) -> TargetError:
    return TargetError(f"somebody else wrote to {path} meanwhile: it is left as it is")


def _additions(folder: str, names: Sequence[str]) -> list[Any]:
    """Tell the log of data files: how many records each has, and nothing that is in them."""
    package = extra("deltalake.transaction", "delta", f"{folder}, a Delta table,", TargetError)
    additions = []
    for name in names:
        file = Path(folder) / name
        stat = file.stat()
        told = json.dumps({"numRecords": pq.read_metadata(file).num_rows})
        changed = int(stat.st_mtime * 1000)
        additions.append(package.AddAction(name, stat.st_size, {}, changed, True, told))  # noqa: FBT003 (theirs)
    return additions


def _properties(job: str) -> Any:  # noqa: ANN401 (deltalake's)
    package = extra("deltalake", "delta", "a Delta table", TargetError)
    return package.CommitProperties(custom_metadata={MADE_BY: job}, max_commit_retries=0)


def _delta_schema(schema: pa.Schema) -> Any:  # noqa: ANN401 (deltalake's)
    package = extra("deltalake", "delta", "a Delta table", TargetError)
    fields = [pa.field(f.name, plain(f.type)) for f in schema]
    return package.Schema.from_arrow(pa.schema(fields))
