"""Columns that stand in the names of folders: ``year=2023/part-0.parquet``, as Hive writes them.

Columns of a source are those below the folder that the source names, or below the folder where
its glob begins, or below the one that all files of a list lie in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from urllib.parse import unquote

import pyarrow as pa

from anon_dagster.discreet import Discreet
from anon_dagster.errors import SourceError
from anon_dagster.storage.addresses import absolute, parent
from anon_dagster.storage.globs import glob_root, is_step
from anon_dagster.storage.values import Kinds, typed

_MISSING = {"__HIVE_DEFAULT_PARTITION__", ""}


@dataclass(frozen=True, slots=True)
class Partitions(Discreet, shown=("names",)):
    """What the folders of files say of all the records in them."""

    names: tuple[str, ...] = ()
    values: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """Of each file, the text of each of the columns."""
    schema: pa.Schema = field(default_factory=lambda: pa.schema([]))
    """All are text, or of the types that hold the texts."""

    def extend(self, batch: pa.RecordBatch, path: str) -> pa.RecordBatch:
        """Give the records of a file the columns of its folders."""
        for column, value in zip(self.schema, self.values.get(path, ()), strict=True):
            (scalar,) = typed([value], Kinds(frozenset([column.type])))
            batch = batch.append_column(column, pa.repeat(scalar, batch.num_rows))
        return batch


def partitions(asked: str | Sequence[str], files: Sequence[str], *, text: bool) -> Partitions:
    """Find out what the folders of the files of a source say.

    Parameters
    ----------
    asked
        The paths of the source.
    files
        The files that they stand for.
    text
        Whether the values stay text; else they have the type that changes none of them.

    Raises
    ------
    SourceError
        If the files lie in folders of differing columns.
    """
    root = _root([asked] if isinstance(asked, str) else asked, files)
    found = {file: _steps(root, file) for file in files}
    names = tuple(found[files[0]])
    for file in files:
        if tuple(found[file]) != names:
            raise SourceError(
                f"{file} lies in folders that name {_listed(found[file])}, and {files[0]} in some "
                f"that name {_listed(names)}; the folders of all files must name the same columns"
            )
    if not names:
        return Partitions()
    values = {file: tuple(steps.values()) for file, steps in found.items()}
    columns = zip(*values.values(), strict=True)
    kinds = [Kinds.any() if text else Kinds.of(list(column)) for column in columns]
    schema = pa.schema([(n, k.type) for n, k in zip(names, kinds, strict=True)])
    return Partitions(names, values, schema)


def require_apart(columns: Sequence[str], folders: Partitions, path: str) -> None:
    """Refuse a file that has a column which its folders name, too.

    Raises
    ------
    SourceError
        Naming the column.
    """
    if both := [name for name in folders.names if name in columns]:
        raise SourceError(
            f"{path} has the column {', '.join(both)}, and a folder that it lies in names it, too: "
            "nobody can tell which of them is meant"
        )


def _steps(root: str, file: str) -> dict[str, str | None]:
    """Return the columns that the folders between a root and a file name, with their values."""
    below = parent(_inner(file)).removeprefix(root).strip("/")
    pairs = [step.partition("=") for step in below.split("/") if is_step(step)]
    texts = {unquote(key): unquote(value) for key, _, value in pairs}
    if len(texts) < len(pairs):
        raise SourceError(f"{file} lies in folders that name a column twice")
    return {key: None if value in _MISSING else value for key, value in texts.items()}


def _root(paths: Sequence[str], files: Sequence[str]) -> str:
    """Return the folder below which folders name columns."""
    folders = []
    for path in paths:
        whole = absolute(path)
        folders.append(_inner(parent(whole) if whole in files else absolute(glob_root(path))))
    steps = zip(*(folder.rstrip("/").split("/") for folder in folders), strict=False)
    return "/".join(level[0] for level in takewhile(lambda level: len(set(level)) == 1, steps))


def _inner(path: str) -> str:
    """Return a path without the name of its store, for which there may be several."""
    return path.rpartition("://")[2]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "no column"
