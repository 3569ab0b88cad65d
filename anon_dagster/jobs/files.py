"""The private files of a job, whatever is in them: they appear whole, for their owner only."""

import filecmp
import os
import re
import shutil
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anon_dagster.errors import JobError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.documents import FORMAT, FORMAT_KEY, of_text, require_known, to_text
from anon_dagster.jobs.statistics_json import statistics_document, statistics_of

if TYPE_CHECKING:
    import pandas as pd

_OWNERSHIP = {
    *(file_names.OWNER, file_names.LOCK, file_names.RELEASE),
    *(file_names.HOLD, file_names.HOLD_LOCK),  # a lock that is removed keeps nobody off
}
_NOT_ALWAYS = {file_names.PERSONS, file_names.LINKED, file_names.VERIFIED_TOGETHER}
"""What a step leaves for some requests only."""
_DAMAGED = (ValueError, KeyError, TypeError, OSError, EOFError, BadZipFile, pa.ArrowException)
"""What numpy and Arrow say of a file that is not what it should be."""
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DELETED = ".deleted-"
"""What names of folders of jobs begin with that are deleted but for what tells whose they were."""


def is_deleted(folder: Path) -> bool:
    """Tell whether a folder is left of a job whose deletion died at its last step."""
    return folder.name.startswith(_DELETED)


@dataclass(frozen=True, slots=True)
class JobFiles:
    """The files of one job, under its id."""

    root: Path
    job_id: str
    file: str = ""
    """The key of one of the files that a job releases each by itself."""

    def __post_init__(self) -> None:
        if not all(_JOB_ID.fullmatch(each) for each in (self.job_id, self.file or "none")):
            raise JobError(
                "a job id consists of letters, digits, dots, dashes and underscores: `anon jobs` "
                "and the page of its run show it"
            )

    @property
    def path(self) -> Path:
        """The folder, whether or not it exists."""
        path = self.root / file_names.JOBS / self.job_id
        return path / file_names.FILES / self.file if self.file else path

    def create(self) -> Path:
        """Make the folder, readable for its owner only."""
        below = self.path.relative_to(self.root)
        for folder in (
            self.root,
            *(self.root / each for each in reversed(below.parents)),
            self.path,
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.path

    def has(self, names: Iterable[str]) -> bool:
        """Tell whether the job has all of these files."""
        return all((self.path / name).exists() for name in names if name not in _NOT_ALWAYS)

    def files(self) -> list[str]:
        """Return the keys of the files that the job released each by itself."""
        folder = self.path / file_names.FILES
        return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []

    def delete(self) -> None:
        """Remove everything that the job keeps here; a published target stays.

        What tells whose it was goes last: who dies before leaves what is known as a deleted job's.
        """
        with suppress(FileNotFoundError):
            for each in self.path.iterdir():
                if each.is_dir():
                    shutil.rmtree(each)
                elif each.name != file_names.OWNER:
                    each.unlink()
            # In one step, or an empty folder would be left that may be of anybody.
            gone = self.root / file_names.JOBS / f"{_DELETED}{uuid.uuid4().hex}"
            shutil.rmtree(self.path.rename(gone))

    def empty(self) -> None:
        """Remove what the job made; what tells whose it was is left to its deployment.

        So is all of it, while what it published has to be taken back.
        """
        if self.has((file_names.TO_TAKE_BACK,)):
            return
        if not self.has((file_names.OWNER,)):
            self.delete()
            return
        with suppress(FileNotFoundError):  # the deployment may be at it, too
            for each in self.path.iterdir():
                if each.name == file_names.FILES:  # whose names are those of partitions
                    for key in self.files():
                        shutil.rmtree(each / key)
                        (each / key).mkdir()
                elif each.is_dir():
                    shutil.rmtree(each)
                elif each.name not in _OWNERSHIP:
                    each.unlink()

    def adopt(self, other: Self, names: Collection[str]) -> None:
        """Take over files of another job.

        Raises
        ------
        JobError
            If the other job lacks one, or if this job has one of another content.
        """
        for name in names:
            mine, theirs = self.create() / name, other.path / name
            if name in _NOT_ALWAYS and not theirs.exists():
                continue
            if not theirs.exists():
                raise JobError(
                    f"job {other.job_id} has no {name} any more; materialize from the request on"
                )
            if not mine.exists():
                os.link(theirs, mine)
            elif not filecmp.cmp(mine, theirs, shallow=False):
                raise JobError(
                    f"{name} of this job and of job {other.job_id} differ: they stem from "
                    "different requests or sources; materialize from the request on"
                )
        for key in other.files() if file_names.LINKED in names else ():
            replace(self, file=key).adopt(replace(other, file=key), names)

    # -- documents and tables ----------------------------------------------------------------

    def write(self, name: str, fill: Callable[[IO[bytes]], object]) -> Path:
        """Let a file appear whole, readable for its owner only."""
        path = self.create() / name
        beside = path.with_name(f".{name}.part")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                fill(file)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        return path

    def save_document(self, name: str, document: Mapping[str, Any]) -> Path:
        """Write a JSON document."""
        text = to_text(document)
        return self.write(name, lambda file: file.write(text.encode()))

    def load_document(self, name: str, *, needs: Iterable[str] = ()) -> dict[str, Any]:
        """Read a JSON document.

        Raises
        ------
        JobError
            If it is not there, is damaged, lacks what it needs, or is of a version that is not
            known here.
        """
        with self._intact(name):
            text = self.existing(name).read_text(encoding="utf-8")
        return of_text(text, self._words(name), needs=needs)

    def save_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> Path:
        """Write arrays by their names."""
        kept = {**arrays, FORMAT_KEY: np.array(FORMAT)}
        return self.write(name, lambda file: np.savez_compressed(file, **kept))  # type: ignore[arg-type]

    def load_arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Read arrays.

        Raises
        ------
        JobError
            If they are not there, are damaged, or are of a version that is not known here.
        """
        path = self.existing(name)
        with self._intact(name), path.open("rb") as file, np.load(file) as kept:
            arrays = {key: kept[key] for key in kept.files}
            version = arrays.pop(FORMAT_KEY, np.array(1)).item()
        require_known(version, self._words(name))
        return arrays

    def save_table(self, name: str, table: pa.Table) -> Path:
        """Write a Parquet file."""
        return self.write(name, lambda file: pq.write_table(table, file))

    def load_table(self, name: str) -> pa.Table:
        """Read a Parquet file."""
        path = self.existing(name)
        with self._intact(name):
            return pq.read_table(path, partitioning=None)

    def save_frame(self, name: str, frame: "pd.DataFrame") -> Path:
        """Write a DataFrame whose columns have one type each as a Parquet file."""
        return self.save_table(name, pa.Table.from_pandas(frame))

    def load_frame(self, name: str) -> "pd.DataFrame":
        """Read a DataFrame."""
        frame: pd.DataFrame = self.load_table(name).to_pandas()
        return frame

    def save_batches(self, name: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> Path:
        """Write tables one after the other into a Parquet file."""

        def fill(file: IO[bytes]) -> None:
            with pq.ParquetWriter(file, schema) as writer:
                for table in tables:
                    writer.write_table(table)

        return self.write(name, fill)

    def save_statistics(self, name: str, statistics: "pd.DataFrame") -> Path:
        """Write statistics, whose counts stay exact integers beside fractions, as JSON."""
        return self.save_document(name, statistics_document(statistics))

    def load_statistics(self, name: str) -> "pd.DataFrame":
        """Read statistics."""
        needs = ("index", "columns", "types")
        return statistics_of(self.load_document(name, needs=needs))

    def existing(self, name: str) -> Path:
        """Return where a file is.

        Raises
        ------
        JobError
            If the job has none of that name.
        """
        path = self.path / name
        if not path.exists():
            raise JobError(f"job {self.job_id} has no {name}; materialize from the request on")
        return path

    def _words(self, name: str) -> str:
        return f"{name} of job {self.job_id}"

    @contextmanager
    def _intact(self, name: str) -> Iterator[None]:
        """Refuse what cannot be read, in words: the library's error may quote what it read."""
        try:
            yield
        except _DAMAGED:
            raise JobError(
                f"{self._words(name)} cannot be read; is it damaged or cut off? Materialize from "
                "the request on"
            ) from None
