"""How records get to a job: through the private store, never through Dagster."""

import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anon_dagster.errors import HandoverError
from anon_dagster.jobs.file_names import HANDED
from anon_dagster.request import LinkedRequest, Request

if TYPE_CHECKING:
    import pyarrow as pa

    from anon_dagster.storage.tables_in_memory import Tabular

_SPELLED_OUT = ("nodes", "order", "guarded", "query")
_USUAL = frozenset(
    {"", "NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "Null", "null", "None", "none"}
    | {"-", "--", ".", "..", "?", "*", "missing", "unknown"}
)
"""Tokens for what is missing that are no values of anybody."""
_LIBRARY = b"anon_library"
"""What the types of a table that was handed over say of it; of one of pandas, nothing."""
LARGEST = 2**30
"""Bytes that a DataFrame may take in memory to be handed over."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A folder in the store with what a job is given besides its configuration."""

    store: Path
    name: str

    @classmethod
    def new(cls, store: Path | None) -> "Handover":
        """Name a new one; nothing is created yet.

        Raises
        ------
        HandoverError
            If there is no store that both sides see.
        """
        if store is None:
            raise HandoverError(
                "records and lists of values reach a deployment through a folder that both sides "
                "see: say AnonClient(url, store=…), or ANON_STORE; or let the request name files "
                "that the deployment can read"
            )
        return cls(store, uuid.uuid4().hex)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.store / HANDED / self.name

    def delete(self) -> None:
        """Remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def is_name(text: str) -> bool:
        """Tell whether a text is a name that we gave: anybody may set a tag."""
        return re.fullmatch("[0-9a-f]{32}", text) is not None

    def give_frame(
        self,
        frame: "Tabular",
        *,
        largest: int = LARGEST,
        may_skip: Callable[[str], bool] = lambda _: False,
    ) -> Path:
        """Hand over records; return the file that a job reads.

        Parameters
        ----------
        may_skip
            Which columns may stay here if their values are lists or the like. The job finds an
            empty column of lists in their place, and treats it as such.

        Raises
        ------
        HandoverError
            If they are too many.
        RequestError
            If they are no table in memory.
        SourceError
            If they are no table.
        """
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        from anon_dagster.storage.sources import open_frame, require_frame
        from anon_dagster.storage.tables_in_memory import arrow_table, library_of

        require_frame(frame)
        library = library_of(frame)
        if isinstance(frame, pd.DataFrame):
            size = int(frame.memory_usage(deep=True).sum())
        else:
            frame = table = arrow_table(frame)
            size = int(table.nbytes)
        if size > largest:
            raise HandoverError(
                f"the DataFrame takes {_sizes(size, largest)} can be handed over: write it to "
                "Parquet where the jobs run and name the file as the source"
            )
        opened = open_frame(frame, may_skip=may_skip)
        unread = pa.list_(pa.null())
        schema = pa.schema(
            [f.with_type(unread) if f.name in opened.skipped else f for f in opened.schema]
        )
        records = [batch for part in opened.parts for batch in opened.batches(part)]
        path = self._make() / "frame.parquet"
        with _private(path) as file, pq.ParquetWriter(file, schema) as writer:
            for batch in records:
                writer.write_batch(batch.cast(schema))
        if isinstance(frame, pd.DataFrame):
            empty = pa.RecordBatch.from_pandas(frame.iloc[:0], preserve_index=False)
        else:
            columns = [each.combine_chunks().slice(0, 0) for each in table.columns]
            empty = pa.RecordBatch.from_arrays(columns, schema=table.schema)
        self._keep_types(empty, library)
        return path

    def _keep_types(self, empty: "pa.RecordBatch", library: str) -> None:
        """Keep the types of columns, which a release has again that is handed back."""
        import pyarrow as pa

        told = {**(empty.schema.metadata or {}), _LIBRARY: library.encode()}
        with _private(self._like) as file:
            kept = empty.replace_schema_metadata(told)
            with pa.ipc.new_file(file, kept.schema) as writer:
                writer.write_batch(kept)

    def give_document(self, document: Mapping[str, Any]) -> Path:
        """Hand over a document that names values; return its file."""
        path = self._make() / "request.json"
        with _private(path) as file:
            file.write(json.dumps(document).encode())
        return path

    def give_text(self, text: str) -> Path:
        """Hand over a text; return its file."""
        path = self._make() / "text.txt"
        with _private(path) as file:
            file.write(text.encode())
        return path

    def like(self) -> "Tabular | None":
        """Return a table without records, of the library and the types of what was handed over."""
        import pyarrow as pa

        from anon_dagster.storage.tables_in_memory import empty_like

        if not self._like.exists():
            return None
        with pa.ipc.open_file(self._like.read_bytes()) as file:
            empty = file.read_all()
        library = (empty.schema.metadata or {}).get(_LIBRARY, b"").decode()
        frame: Tabular = empty_like(empty, library) if library else empty.to_pandas()
        return frame

    @property
    def _like(self) -> Path:
        """The types alone: Arrow's own format keeps the categories of a column without records."""
        return self.folder / "like.arrow"

    def _make(self) -> Path:
        for folder in (self.store, self.store / HANDED, self.folder):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise HandoverError(
                    f"cannot hand anything over in {self.store}: {error.strerror}; name another "
                    "store"
                ) from None
        return self.folder


def _sizes(size: int, largest: int) -> str:
    """Return both in the unit of the limit, so rounded that one is the larger of them."""
    units = {"MB": 2**20, "KB": 2**10, "bytes": 1}
    unit, one = next((u, n) for u, n in units.items() if largest >= n or n == 1)
    return f"{-(-size // one):,} {unit}, and {largest // one:,} {unit}"


def _private(path: Path) -> Any:  # noqa: ANN401 (a file)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def given(document: Mapping[str, Any], store: Path | None) -> Mapping[str, Any]:
    """Return a document as it was given, also if it was handed over and can be read from here."""
    handed = Path(str(document["file"])) if set(document) == {"file"} else None
    if handed is None or store is None or handed.parents[1:2] != (store / HANDED,):
        return document
    try:
        read: Mapping[str, Any] = json.loads(handed.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return document
    return read


def withheld(document: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return a document without the values that it spells out."""
    if isinstance(document, list | tuple):
        return [withheld(each) for each in document]
    if not isinstance(document, Mapping):
        return document
    return {
        name: "withheld" if _spells_out(name, each) else withheld(each)
        for name, each in document.items()
    }


def names_values(request: Request | LinkedRequest) -> bool:
    """Tell whether a request spells out values of columns, as a written tree does."""
    return any(_lists(request.model_dump(mode="json", by_alias=True)))


def _spells_out(name: str, value: Any) -> bool:  # noqa: ANN401 (JSON)
    if name == "missing" and isinstance(value, list | tuple):
        return not _USUAL.issuperset(value)
    return name in _SPELLED_OUT and bool(value)


def _lists(value: Any) -> Iterator[bool]:  # noqa: ANN401 (JSON)
    if isinstance(value, Mapping):
        yield any(_spells_out(name, each) for name, each in value.items())
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _lists(each)
