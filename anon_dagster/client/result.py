"""What a job made, as it lies in the store."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from anon_dagster.discreet import Discreet, lines_html
from anon_dagster.jobs import file_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    import pyarrow as pa

    from anon_dagster.jobs.folder import JobFolder
    from anon_dagster.residual import ResidualDisclosure
    from anon_dagster.storage.tables_in_memory import Tabular

_TABLES = {
    "measure": file_names.MEASUREMENT,
    "detect": file_names.DETECTION,
    "auto_anonymize": file_names.MEASUREMENT,
}


@dataclass(frozen=True, slots=True)
class JobResult(Discreet, shown=("paths", "checksum", "residual", "notes")):
    """What a completed job made."""

    df: "pd.DataFrame | None"
    """The release, unless the request sent it to a target of its own; or the table that was
    measured, detected or found."""
    paths: tuple[str, ...] = ()
    """The files of the release."""
    checksum: str | None = None
    """SHA-256 over the files of the release in their order."""
    proposal: str | None = None
    """A request as YAML, to check and to start from."""
    residual: "ResidualDisclosure | None" = None
    """What a release tells although every promise holds, if the job made or examined one."""
    notes: tuple[str, ...] = ()
    """What a person should know of a detection or a proposal before anything is run."""
    picture: str | None = None
    """What was measured for a proposal, risk against loss, as an SVG document."""
    tables: "Mapping[str, JobResult]" = field(default_factory=dict)
    """Of linked tables what was made of each, by name; this is then that of the one that joins."""
    _given_back: Any = None
    """The release as a table of the library that the records came of, unless that is pandas."""

    @property
    def arrow(self) -> "pa.Table | None":
        """The same as a table of Arrow."""
        import pyarrow as pa

        if self.df is None:
            return None
        return pa.Table.from_pandas(self.df, preserve_index=False).replace_schema_metadata()

    @property
    def frame(self) -> Any:  # noqa: ANN401 (of any library)
        """The release as a table of the type that was handed over; if nothing was, as ``df``."""
        return self.df if self._given_back is None else self._given_back

    def _tables(self) -> "Iterator[str]":
        if self.residual is not None:
            yield self.residual.findings_html()
        yield lines_html("What to look at", self.notes)
        if self.picture is not None:
            yield self.picture


def read_result(folder: "JobFolder", kind: str, like: "Tabular | None") -> JobResult:
    """Read what a job made.

    Parameters
    ----------
    like
        A table without records, of the library and the types of what was handed over; columns that
        were kept have them.

    Raises
    ------
    JobError
        If it is not there any more.
    """
    if kind in _TABLES:
        from anon_dagster.assessment.measured import MeasuredConfigurations

        proposal, picture = (_text(folder, n) for n in (file_names.PROPOSAL, file_names.FRONTIER))
        table = folder.load_frame(_TABLES[kind])
        measured = table if kind == "detect" else MeasuredConfigurations(table)
        return JobResult(measured, proposal=proposal, picture=picture)
    told = folder.has((file_names.RESIDUAL,))  # not by jobs of earlier versions
    residual = folder.load_residual() if told else None
    if kind == "residual":
        return JobResult(None if residual is None else residual.table, residual=residual)
    made = _release_of(folder, like, residual)
    if folder.linked is None:
        return made
    others = {
        name: _release_of(each, None, each.load_residual())
        for name, each in folder.linked.folders.items()
    }
    return replace(made, tables=others)


def _release_of(
    folder: "JobFolder", like: "Tabular | None", residual: "ResidualDisclosure | None"
) -> JobResult:
    release = folder.load_release()
    paths = tuple(release["source"]["path"])
    df, given = (None, None) if folder.load_request().target else _tables_of(folder, like)
    return JobResult(df, paths, release["checksum"], residual=residual, _given_back=given)


def _tables_of(folder: "JobFolder", like: "Tabular | None") -> "tuple[pd.DataFrame, Any]":
    """Return a release as a DataFrame, and as a table of the library that the records came of."""
    import pandas as pd

    from anon_dagster.storage.frames import read_table
    from anon_dagster.storage.tables_in_memory import given_back

    if like is None or isinstance(like, pd.DataFrame):
        return _frame(folder, like), None
    given = given_back(read_table(folder.load_stored()), like, folder.load_kept())
    return _frame(folder, None), given


def _text(folder: "JobFolder", name: str) -> str | None:
    path = folder.path / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def _frame(folder: "JobFolder", like: "pd.DataFrame | None") -> "pd.DataFrame":
    from anon_dagster.storage.frames import read_frame

    counted = folder.load_count(name=file_names.RELEASED).columns
    frame = read_frame(folder.load_stored(), {name: each.kinds for name, each in counted.items()})
    if like is None:
        return frame
    return frame.astype({name: like.dtypes[name] for name in folder.load_kept()})
