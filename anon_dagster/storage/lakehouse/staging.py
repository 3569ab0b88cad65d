"""A release on its way to a Delta table: written beside it, proven there, and then committed."""

import uuid
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from anon_dagster.errors import TargetError
from anon_dagster.request import Target
from anon_dagster.request.lakehouse import folder_of
from anon_dagster.storage.addresses import absolute, is_local, parent
from anon_dagster.storage.extras import extra
from anon_dagster.storage.failures import writing
from anon_dagster.storage.lakehouse.commits import (
    commit,
    create,
    mark_of,
    require_current,
    require_moments,
)
from anon_dagster.storage.lakehouse.kept_types import kept, kept_schema
from anon_dagster.storage.lakehouse.versions import (
    identity_of,
    job_of,
    names_the_log,
    require_replaceable,
)
from anon_dagster.storage.listing import names_in
from anon_dagster.storage.manifest import SUCCESS
from anon_dagster.storage.moving import make_folder, move, remove
from anon_dagster.storage.targets.leftovers import dead_tokens, sweep_files
from anon_dagster.storage.targets.preflight import check_place, require_no_source
from anon_dagster.storage.targets.publishing import remove_quietly, try_to_remove
from anon_dagster.storage.targets.staging import StagedTarget
from anon_dagster.storage.targets.tables import TableKind

_ALL = 2**62  # records of a table that is one file


class StagedDelta(StagedTarget):
    """A release on its way to a Delta table; left behind nowhere if it does not get there."""

    def __init__(self, target: Target, schema: pa.Schema, token: str) -> None:
        self._token = token
        self._size = 0  # bytes of its data files
        self._kept = kept_schema(schema)
        self._base = require_replaceable(target.path)
        if self._base is not None:
            require_moments(target.path, self._kept)
        with writing(target.path):
            make_folder(parent(absolute(target.path)))
            super().__init__(target, self._kept, token, form=_form_of(target))
        self._mark = f"{mark_of(token)}{uuid.uuid4().hex[:8]}"

    def write(self, table: pa.Table) -> None:
        """Add records; their order is kept.

        Raises
        ------
        TargetError
            If the disk is full, or a Delta table does not hold a value.
        """
        super().write(kept(table, self._kept))

    def seal(self) -> tuple[str, ...]:
        """Close the files and return where they lie for now."""
        files = super().seal()
        self._size = sum(Path(file).stat().st_size for file in files)
        remove(f"{self._staged}/{SUCCESS}")  # a log says what is whole
        return files

    @property
    def final_paths(self) -> tuple[str, ...]:
        """The address of the table."""
        return (absolute(self.target.address),)

    @property
    def versions(self) -> Sequence[Sequence[str]]:
        """What will tell the version that it becomes."""
        return [[f"size={self._size}", f"ETag={identity_of(self._next, self._token)}"]]

    def publish(self) -> tuple[str, ...]:
        """Let the files be the next version of the table, by one commit.

        Raises
        ------
        TargetError
            If somebody else has committed since it was begun; their version is left as it is.
        """
        assert self._sealed, "only a sealed target is published"
        require_replaceable(self.target.path)
        require_current(self.target.path, self._base)
        if self._base is None:
            self._put_whole()
        else:
            self._commit()
        self.left_behind = try_to_remove(self._staged) is None
        self._published = True
        return self.final_paths

    @property
    def _next(self) -> int:
        return 0 if self._base is None else self._base.number + 1

    def _put_whole(self) -> None:
        """Make a table beside its place, and move it there."""
        create(self._staged, self._kept, self._names, self._token)
        with writing(self.target.path):
            Path(self._staged).rename(self._path)  # which fails if there is anything by now

    def _commit(self) -> None:
        """Move the files to the table, where nobody sees them, and commit them."""
        assert self._base is not None, "there is a version"
        try:
            with writing(self.target.path):
                for name in self._names:
                    move(f"{self._staged}/{name}", f"{self._path}/{name}")
            commit(self.target.path, self._base, self._kept, self._names, self._token)
        except BaseException:
            self._published = job_of(self.target.path, self._next) == self._token
            if not self._published:
                for name in self._names:
                    remove_quietly(f"{self._path}/{name}")
            raise


def check_delta(target: Target, sources: Sequence[str]) -> None:
    """Find out what would keep a release from becoming a version of a table.

    Parameters
    ----------
    sources
        What is read: files, folders, globs, and tables.

    Raises
    ------
    TargetError
        If the package is missing, or a table cannot be written there, or is one of the sources.
    """
    extra("deltalake", "delta", f"{target.path}, a Delta table,", TargetError)
    form, folders = _form_of(target), [folder_of(source) for source in sources]
    _require_no_source(target, folders)
    require_no_source(form, folders)
    require_replaceable(target.path)
    check_place(form, folders)


def _require_no_source(target: Target, folders: Sequence[str]) -> None:
    """Refuse a table that is read: what it was stays readable in its former versions."""
    own = Path(absolute(target.path)).resolve()
    if any(is_local(each) and Path(absolute(each)).resolve() == own for each in folders):
        raise TargetError(f"the target {target.path} is also a source; name another folder")


def sweep_delta(target: Target, alive: Container[str]) -> tuple[str, ...]:
    """Remove what dead jobs left beside a table, and in it if no version has it; return names."""
    path, swept = absolute(target.path), []
    with writing(target.path):
        marks = [mark_of(token) for token in dead_tokens(path, alive)]
        named = [n for n in names_in(path) if any(mark in n for mark in marks)] if marks else []
        for name in named:
            if not names_the_log(target.path, name):
                remove(f"{path}/{name}")
                swept.append(name)
    return (*swept, *sweep_files(target, alive))  # these last: they tell of the others


DELTA_TABLES: Final = TableKind(StagedDelta, check_delta, sweep_delta)


def _form_of(target: Target) -> Target:
    """Return the target of the data files: Parquet, in the folder of the table."""
    most = _ALL if target.single_file else target.rows_per_file
    return target.model_copy(
        update={"format": "parquet", "single_file": False, "rows_per_file": most}
    )
