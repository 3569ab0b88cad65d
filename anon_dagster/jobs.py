"""What a job leaves behind: a private folder per job, until the job is deleted.

::

    <root>/jobs/<job id>/
    ├── owner.json, job.lock             whose it is; locked while the job runs
    ├── request.json                     the request as it was validated
    ├── application.json                 whose solution is applied, and how
    ├── source.json                      where the records are, and their columns
    ├── count.parquet, count.npz         values and counts by column; the frequency table, of the
    │                                    population too; the key that a sample was drawn by
    ├── solution.json, solution.npz      what was decided: labels, levels, proof; classes
    ├── release.json                     where the release is, and what was measured on it
    ├── released.parquet, released.npz   the release counted, as it is stored
    ├── release.parquet                  the release itself, if the request names no target
    ├── exploratory_values.parquet       every value and its count
    ├── exploratory_summary.parquet      … and how the values of each column lie
    ├── risk.json, utility.json          the other statistics
    ├── risk_details.json                what a request wants examined besides
    ├── risk_of_source_records.parquet   … and the risk of every record, by its row
    ├── risk_of_released_records.parquet
    ├── detection.parquet                what each column seems to be
    ├── proposal.yaml, hierarchies.json  a request, or rules, to start from
    ├── measurement.parquet              other configurations, compared
    ├── report.html                      all of it in words and pictures
    └── files/<key>/                     the same, of each of the files that a job releases

Only the owner may read any of it. No file is changed once it is written, so one job may take
over the files of another by a link, and either can be deleted without harm to the other.
"""

import base64
import filecmp
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.sampling import Sampling
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.counting import ColumnCount, Count
from anon_dagster.decision import Decision
from anon_dagster.errors import JobError, JobKindError, SourceChangedError
from anon_dagster.planning import plan
from anon_dagster.request import Request, Source, parse_request
from anon_dagster.storage.places import Fingerprint
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.values import Kinds

if TYPE_CHECKING:
    import pandas as pd

    from anon_dagster.record_risk import RecordRisks, TupleRisks
    from anon_dagster.releasing import Release
    from anon_dagster.report import Findings
    from anon_dagster.statistics.risk_details import RiskDetails

_RECORDS = ("risk_of_source_records.parquet", "risk_of_released_records.parquet")
_OWNERSHIP = {"owner.json", "job.lock", "release.json"}
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class JobFolder:
    """Everything that one job made, under its id."""

    root: Path
    job_id: str
    file: str = ""
    """The key of one of the files that a job releases each by itself."""

    def __post_init__(self) -> None:
        if not all(_JOB_ID.fullmatch(each) for each in (self.job_id, self.file or "none")):
            raise JobError("a job id consists of letters, digits, dots, dashes and underscores")

    @property
    def path(self) -> Path:
        """The folder, whether or not it exists."""
        path = self.root / "jobs" / self.job_id
        return path / "files" / self.file if self.file else path

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
        return all((self.path / name).exists() for name in names)

    def files(self) -> list[str]:
        """Return the keys of the files that the job released each by itself."""
        folder = self.path / "files"
        return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []

    def delete(self) -> None:
        """Remove everything that the job keeps here; a published target stays."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.path)

    def empty(self) -> None:
        """Remove what the job made; what tells whose it was is left to its deployment."""
        if not self.has(("owner.json",)):
            self.delete()
            return
        with suppress(FileNotFoundError):  # the deployment may be at it, too
            for each in self.path.iterdir():
                if each.name == "files":  # whose names are those of partitions
                    for key in self.files():
                        shutil.rmtree(each / key)
                        (each / key).mkdir()
                elif each.is_dir():
                    shutil.rmtree(each)
                elif each.name not in _OWNERSHIP:
                    each.unlink()

    def adopt(self, other: "JobFolder", names: Iterable[str]) -> None:
        """Take over files of another job.

        Raises
        ------
        JobError
            If the other job lacks one, or if this job has one of another content.
        """
        for name in names:
            mine, theirs = self.create() / name, other.path / name
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
        text = json.dumps(document, indent=1, ensure_ascii=False)
        return self.write(name, lambda file: file.write(text.encode()))

    def load_document(self, name: str) -> dict[str, Any]:
        """Read a JSON document."""
        document: dict[str, Any] = json.loads(self._found(name).read_text(encoding="utf-8"))
        return document

    def save_table(self, name: str, table: pa.Table) -> Path:
        """Write a Parquet file."""
        return self.write(name, lambda file: pq.write_table(table, file))

    def load_table(self, name: str) -> pa.Table:
        """Read a Parquet file."""
        return pq.read_table(self._found(name), partitioning=None)

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
        return statistics_of(self.load_document(name))

    def save_risk_details(self, details: "RiskDetails") -> Path:
        """Write what was examined of the risk, as JSON."""
        tables = {name: statistics_document(frame) for name, frame in details.tables.items()}
        return self.save_document("risk_details.json", tables)

    def load_risk_details(self) -> "RiskDetails":
        """Return what was examined of the risk."""
        from anon_dagster.statistics.risk_details import RiskDetails

        tables = self.load_document("risk_details.json")
        return RiskDetails(**{name: statistics_of(each) for name, each in tables.items()})

    def save_record_risks(
        self, risks: "Iterable[TupleRisks]", tables: "Iterable[OpenSource]"
    ) -> None:
        """Write the risk of every record of the source and of the release."""
        for name, measured, table in zip(_RECORDS, risks, tables, strict=True):
            self.save_batches(name, measured.schema, measured.tables(table))

    def load_record_risks(self) -> "RecordRisks":
        """Return the risk of every record.

        Raises
        ------
        JobKindError
            If it was not asked for.
        """
        from anon_dagster.record_risk import RecordRisks

        if not self.has(_RECORDS):
            raise JobKindError(
                f"job {self.job_id} has no risk per record: ask for it in its request, by "
                "risk_analysis: {records: true}"
            )
        return RecordRisks(*map(self.load_frame, _RECORDS))

    def _found(self, name: str) -> Path:
        path = self.path / name
        if not path.exists():
            raise JobError(f"job {self.job_id} has no {name}; materialize from the request on")
        return path

    # -- what the steps of a job make ----------------------------------------------------------

    def save_request(self, request: Request) -> Path:
        """Keep a request, its paths made absolute by now."""
        return self.save_document("request.json", request.model_dump(mode="json", by_alias=True))

    def load_request(self) -> Request:
        """Return the request."""
        return parse_request(self.load_document("request.json"))

    def save_source(self, source: OpenSource) -> Path:
        """Keep which columns a source has, and the versions of its files."""
        document = {
            "columns": source.columns,
            "parts": len(source.parts),
            "files": [_mark(each) for each in source.files],
        }
        return self.save_document("source.json", document)

    def require_source(self, source: OpenSource) -> None:
        """Refuse a source that is not the one that the job found at first.

        Raises
        ------
        SourceChangedError
            With how many files are other ones now.
        """
        found = self.load_document("source.json")["files"]
        marks = [_mark(each) for each in source.files]
        if found != marks:
            changed = max(sum(mark not in found for mark in marks), len(found) - len(marks), 1)
            raise SourceChangedError(
                f"{changed} of the {len(found)} files of the source changed since the job found "
                "them; materialize from the request on"
            )

    def save_count(self, count: Count, request: Request, *, name: str = "count") -> None:
        """Keep a count, without the values of direct identifiers."""
        direct = [n for n in request.policy.names("direct_identifier") if n in count.columns]
        columns, arrays = _columns_table(count.forget(direct).columns), _arrays(count)
        if count.population is not None:
            people = _columns_table(count.population.columns)
            named = [f"{_PEOPLE}{label}" for label in people["name"].to_pylist()]
            people = people.set_column(0, "name", pa.array(named, pa.string()))
            columns = pa.concat_tables([columns, people])
            arrays |= {f"people_{key}": each for key, each in _arrays(count.population).items()}
        if count.sampling is not None:
            drawn = count.sampling
            arrays["sampling"] = np.array([drawn.key.hex(), str(drawn.below), str(drawn.records)])
        self.save_table(f"{name}.parquet", columns)
        self.write(f"{name}.npz", lambda file: np.savez_compressed(file, **arrays))

    def load_count(self, *, name: str = "count") -> Count:
        """Return a count."""
        columns = _columns_of(self.load_table(f"{name}.parquet"))
        of_people = {
            each.removeprefix(_PEOPLE): columns.pop(each)
            for each in list(columns)
            if each.startswith(_PEOPLE)
        }
        with np.load(self._found(f"{name}.npz")) as arrays:
            population = _count_of(arrays, of_people, "people_") if of_people else None
            sampling = _sampling_of(*arrays["sampling"].tolist()) if "sampling" in arrays else None
            counted = _count_of(arrays, columns)
            return replace(counted, population=population, sampling=sampling)

    def save_solution(self, solution: Solution) -> None:
        """Keep what was decided."""
        document = {
            "levels": solution.levels,
            "proof": asdict(solution.proof),
            "labels": [each.labels for each in solution.generalized],
            "leaves": [each.leaves for each in solution.generalized],
        }
        arrays: dict[str, Any] = {"classes": solution.classes}
        for q, each in enumerate(solution.generalized):
            arrays |= {
                f"codes{q}": each.codes,
                f"covered{q}": each.covered,
                f"heights{q}": each.heights,
            }
        self.save_document("solution.json", document)
        self.write("solution.npz", lambda file: np.savez_compressed(file, **arrays))

    def load_solution(self) -> Solution:
        """Return what was decided."""
        document = self.load_document("solution.json")
        with np.load(self._found("solution.npz")) as arrays:
            generalized = tuple(
                Generalized(
                    codes=arrays[f"codes{q}"],
                    labels=tuple(labels),
                    covered=arrays[f"covered{q}"],
                    heights=arrays[f"heights{q}"],
                    leaves=leaves,
                )
                for q, (labels, leaves) in enumerate(
                    zip(document["labels"], document["leaves"], strict=True)
                )
            )
            classes = arrays["classes"]
        levels = document["levels"]
        return Solution(
            classes,
            generalized,
            Proof(**document["proof"]),
            None if levels is None else tuple(levels),
        )

    def load_decision(self) -> Decision:
        """Return what was asked for, found and decided."""
        request, counted = self.load_request(), self.load_count()
        return Decision(request, counted, plan(request, counted), self.load_solution())

    def save_release(self, release: "Release", request: Request) -> None:
        """Keep where a release is and what was measured on it."""
        target = release.target
        stored = Source(path=release.paths, format=target.format_found, csv=target.csv)
        document = {
            "source": stored.model_dump(mode="json"),
            "columns": {field.name: type_text(field.type) for field in release.schema},
            "kept": release.kept,
            "records": release.count.records,
            "checksum": release.checksum,
        }
        self.save_count(release.count, request, name="released")
        self.save_document("release.json", document)

    def load_stored(self) -> Source:
        """Return the release as a source that can be read again."""
        return Source.model_validate(self.load_document("release.json")["source"])

    def load_kept(self) -> tuple[str, ...]:
        """Return the columns that are released as they stand in the source."""
        return tuple(self.load_document("release.json")["kept"])

    def load_findings(self) -> "Findings":
        """Return what the steps of the job found, for its report."""
        from anon_dagster.report import Findings
        from anon_dagster.statistics import ExploratoryStatistics

        return Findings(
            decision=self.load_decision(),
            exploratory=ExploratoryStatistics(
                self.load_frame("exploratory_values.parquet"),
                self.load_frame("exploratory_summary.parquet"),
            ),
            risk=self.load_statistics("risk.json"),
            utility=self.load_statistics("utility.json"),
            paths=tuple(self.load_document("release.json")["source"]["path"]),
            risk_details=self.load_risk_details(),
        )


def _mark(file: Fingerprint) -> list[Any]:
    return [file.path, file.size, list(file.version)]


# -- counts as arrays -------------------------------------------------------------------------

_PEOPLE = "\0population\0"
"""Sets the columns of the population apart from those of the source, which have no such names."""


def _arrays(count: Count) -> dict[str, Any]:
    table = count.table
    return {
        "codes": table.codes,
        "counts": table.counts,
        "sizes": np.array(table.sizes, dtype=np.int64),
        "attributes": np.array(count.attributes, dtype=np.str_),
    }


def _sampling_of(key: str, below: str, records: str) -> Sampling:
    return Sampling(bytes.fromhex(key), int(below), int(records))


def _count_of(
    arrays: Mapping[str, Any], columns: dict[str, ColumnCount], prefix: str = ""
) -> Count:
    codes, counts, sizes, attributes = (
        arrays[f"{prefix}{key}"] for key in ("codes", "counts", "sizes", "attributes")
    )
    table = FrequencyTable(codes, counts, tuple(sizes.tolist()))
    return Count(columns, tuple(attributes.tolist()), table)


# -- statistics as documents ------------------------------------------------------------------


def statistics_document(statistics: "pd.DataFrame") -> dict[str, Any]:
    """Return statistics as JSON holds them without loss."""
    columns = {
        str(column): [value.item() if isinstance(value, np.generic) else value for value in values]
        for column, values in statistics.items()
    }
    index = {"name": statistics.index.name, "values": list(statistics.index)}
    # A list: Dagster sorts the keys of what it is shown.
    types = [[str(column), str(kind)] for column, kind in statistics.dtypes.items()]
    return {"index": index, "columns": columns, "types": types}


def statistics_of(document: Mapping[str, Any]) -> "pd.DataFrame":
    """Return the statistics that a document holds."""
    import pandas as pd

    index = pd.Index(document["index"]["values"], name=document["index"]["name"])
    types = dict(document["types"])
    frame = pd.DataFrame(document["columns"], index=index, columns=list(types), dtype=object)
    return frame.astype(types)


# -- columns as rows of a table ---------------------------------------------------------------


def _columns_table(columns: Mapping[str, ColumnCount]) -> pa.Table:
    counted = columns.values()
    kinds = [each.kinds.types for each in counted]
    return pa.table(
        {
            "name": pa.array(columns, pa.string()),
            "values": _lists([each.values for each in counted], pa.string()),  # noqa: PD011 (a column count)
            "counts": _lists([pa.array(each.counts) for each in counted], pa.int64()),
            "kinds": pa.array(
                [None if types is None else sorted(map(type_text, types)) for types in kinds],
                pa.list_(pa.string()),
            ),
            "distinct": pa.array([each.distinct for each in counted], pa.int64()),
            "missing": pa.array([each.missing for each in counted], pa.int64()),
        }
    )


def _lists(arrays: list[pa.Array], kind: pa.DataType) -> pa.LargeListArray:
    offsets = np.cumsum([0, *map(len, arrays)])
    joined = pa.concat_arrays([pa.array([], kind), *arrays])
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), joined)


def _columns_of(table: pa.Table) -> dict[str, ColumnCount]:
    lists = {name: table[name].combine_chunks() for name in ("values", "counts")}
    return {
        row["name"]: ColumnCount(
            values=lists["values"][place].values,
            counts=lists["counts"][place].values.to_numpy(),  # noqa: PD011 (of an Arrow list)
            kinds=Kinds(
                None if row["kinds"] is None else frozenset(type_of(k) for k in row["kinds"])
            ),
            distinct=row["distinct"],
            missing=row["missing"],
        )
        for place, row in enumerate(table.drop(["values", "counts"]).to_pylist())
    }


def type_text(kind: pa.DataType) -> str:
    """Return an Arrow type as text that :func:`type_of` reads."""
    return base64.b64encode(pa.schema([("", kind)]).serialize()).decode()


def type_of(text: str) -> pa.DataType:
    """Return the Arrow type that a text stands for."""
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text))).field(0).type
